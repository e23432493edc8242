"""A run's folder: what its manifest lists is verified when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.run.store import Store


@pytest.mark.parametrize("text", ['{"a"', "[1]", "\udcff", ""])
def test_a_damaged_record_is_one_sentence(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    store.write_json("summary.json", {"a": 1})
    store.list_files(1)
    (tmp_path / "summary.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(
        InputError, match=r"^[^;]*summary.json: [^;]*; got \d bytes, 13 were written\. [^;]*\.$"
    ) as caught:
        store.read_json("summary.json")
    assert str(caught.value).count("summary.json") == 1
    (tmp_path / "manifest.json").unlink()  # as runs of earlier versions are
    with pytest.raises(InputError, match=r"summary.json: .*; got not (JSON|UTF-8|a JSON record)"):
        store.read_json("summary.json")
