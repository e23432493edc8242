"""``gridproof check`` of a run at a URL names what is wrong there, and ``gridproof run`` repairs it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import gridproof as gp
from gridproof.sweeps.cli import app as app_module
from tests.support.observers import Heard
from tests.support.tiny import tiny_grid

fsspec = pytest.importorskip("fsspec")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

OUT = "memory://bucket/checked"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a finished run in an empty memory file system."""
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    monkeypatch.setattr(app_module, "open_streams", lambda: None)
    yield gp.run(tiny_grid(), out=OUT, verdict=False).place
    MemoryFileSystem.store.clear()


def stored(url: str) -> dict[str, bytes]:
    files, root = fsspec.core.url_to_fs(url)
    return {path: files.cat_file(path) for path in files.find(root) if not path.endswith("timing.json")}


def check(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and what was printed."""
    monkeypatch.setattr("sys.argv", ["gridproof", "check", url])
    with pytest.raises(SystemExit) as ended:
        app_module.main()
    return int(ended.value.code or 0), capsys.readouterr().out


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda content: content[: len(content) // 2],
    "zero": lambda content: bytes(len(content)),
    "changed": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
}


def test_damage_at_a_url_is_named_and_repaired(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, (files, _) = stored(OUT), fsspec.core.url_to_fs(OUT)
    run_alone = {key: text for key, text in before.items() if "/ledger/" not in key}
    assert check(place, monkeypatch, capsys) == (
        0,
        f"{place}: {len(before) - 3} files and all tiles are as they were written\n",  # not manifest, tile and ledger
    )
    for how, end in (("cut", "manifest.json"), ("zero", "top.parquet"), ("changed", ".npz"), ("zero", ".jsonl")):
        name = next(name for name in sorted(stored(OUT)) if name.endswith(end))
        files.pipe_file(name, DAMAGES[how](files.cat_file(name)))
        code, said = check(place, monkeypatch, capsys)
        assert code == 1, (name, how)
        assert name.rpartition("/")[2] in said
        heard = Heard()
        gp.run(tiny_grid(), out=OUT, verdict=False, observer=heard)
        assert any(name.rpartition("/")[2] in text for text in heard.notices), (name, how)
        after = stored(OUT)
        assert check(place, monkeypatch, capsys)[0] == 0
        # A call that sweeps adds a file to the ledger, and replaces a damaged one.
        assert {key: text for key, text in after.items() if "/ledger/" not in key} == run_alone
    files.rm_file(next(name for name in before if name.endswith("top.parquet")))
    assert check(place, monkeypatch, capsys) == (1, f"{place}/top.parquet: missing\n")
