"""The list of a run's finished files is read only as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.manifest import MANIFEST, FileDigest, Manifest, read_manifest

LISTED = Manifest(
    "demo-0123456789ab", 7, {"top.parquet": FileDigest(12, "a" * 64), "Übersicht.json": FileDigest(3, "b" * 64)}
)
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut by the last byte": lambda data: data[:-1],
    "cut in half": lambda data: data[: len(data) // 2],
    "emptied": lambda data: b"",
    "doubled": lambda data: data * 2,
    "a blank after it": lambda data: data + b" ",
    "other line ends": lambda data: data.replace(b"\n", b"\r\n"),
    "a number": lambda data: data.replace(b'"size": 12', b'"size": 13'),
    "a key more": lambda data: data.replace(b'"run":', b'"more": 1, "run":'),
    "not UTF-8": lambda data: data.replace("Ü".encode(), b"\xdc"),
}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    (tmp_path / MANIFEST).write_bytes(LISTED.text().encode())
    assert read_manifest(tmp_path) == LISTED


@pytest.mark.parametrize("damage", DAMAGE)
def test_any_other_bytes_are_damage(damage: str, tmp_path: Path) -> None:
    written = LISTED.text().encode()
    changed = DAMAGE[damage](written)
    assert changed != written
    (tmp_path / MANIFEST).write_bytes(changed)
    with pytest.raises(DamagedFileError):
        read_manifest(tmp_path)
