"""Runs at a URL: the bytes are a folder's, another machine goes on from them, nothing counts before it is there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gridproof as gp
from gridproof.results.ledger.ledger import ledger_rows
from gridproof.results.run import packages as packages_module
from gridproof.results.run import remote_store as mirror_module
from gridproof.results.run import tiles as tiles_module
from gridproof.results.run.remote_store import RemoteStore, UnreachableError
from gridproof.results.run.tile_file import read_tile
from gridproof.sweeps.execution import collect as collect_module
from gridproof.sweeps.execution import sweep as sweep_module
from tests.support.command import gridproof
from tests.support.executors import contents
from tests.support.observers import StopAt
from tests.support.tiny import tiny_grid, tiny_grid_file, tiny_plan
from tests.support.trapped import Trapped

fsspec = pytest.importorskip("fsspec")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402


class Unsteady(MemoryFileSystem):
    """A store that takes no file whose name ends so."""

    protocol = "unsteady"
    refused = "nothing"

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode == "wb" and path.endswith(self.refused):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return super()._open(path, mode, **options)


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty memory file system, and pieces of ten variants."""
    fsspec.register_implementation("unsteady", Unsteady, clobber=True)
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    monkeypatch.setattr(Unsteady, "refused", "nothing")
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, tmp_path / "traps"))
    yield
    MemoryFileSystem.store.clear()


def kept(url: str) -> dict[str, bytes]:
    """All files at a URL but timing.json, by their paths below it."""
    files, root = fsspec.core.url_to_fs(url)
    found = {path[len(root) :].lstrip("/"): files.cat_file(path) for path in files.find(root)}
    return {name: text for name, text in found.items() if not name.endswith("timing.json")}


def variants_of(pieces: int) -> int:
    """In the first pieces."""
    return Trapped(tiny_plan(), Path("none")).bounds(pieces - 1)[1]


def runs_alone(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: text for name, text in found.items() if not name.startswith("ledger/")}


def interrupted(url: str, after: int) -> None:
    """A run that is stopped once so many variants are done."""
    with pytest.raises(KeyboardInterrupt):
        gp.run(tiny_grid(), out=url, observer=StopAt(done=after), verdict=False)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the same run in a folder."""
    place = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, place / "traps"))
        folder = gp.run(tiny_grid(), out=place, verdict=False).folder
    return {f"{folder.name}/{name}": text for name, text in contents(folder).items()}


@pytest.mark.parametrize("url", ["memory://bucket/runs", "memory://bucket/ledger/", "file://{tmp}/far/runs"])
def test_the_same_bytes_as_in_a_folder(url: str, expected: dict[str, bytes], tmp_path: Path) -> None:
    url = url.format(tmp=tmp_path)
    run = gp.run(tiny_grid(), out=url, verdict=False)
    assert run.place == f"{url.rstrip('/')}/{run.folder.name}"
    assert run.summary["variants"] == tiny_grid().space.size
    assert runs_alone(kept(url)) == expected
    assert sum(name.startswith("ledger/") for name in kept(url)) == 1
    again = gp.run(tiny_grid(), out=url, verdict=False)
    assert again.reused
    assert again.folder != run.folder
    opened = gp.open_run(run.place)
    assert opened.folder not in (run.folder, again.folder)
    assert again.top().equals(run.top())
    assert opened.top().equals(run.top())


def test_the_command_line(tmp_path: Path) -> None:
    study = tiny_grid_file(tmp_path)
    url = f"file://{tmp_path}/far"

    place = gridproof("run", study, "--out", url, "--no-verdict").stdout.splitlines()[-1]
    assert place.startswith(f"{url}/tiny-")
    run = place.removesuffix("/report.html")
    report = Path(place.removeprefix("file://"))
    report.unlink()
    assert gridproof("report", run).stdout.strip() == place
    assert report.read_bytes()[:15] == b"<!doctype html>"
    assert gridproof("show", run, "--sql", "SELECT count(*) AS n FROM variants").stdout.split() == ["n", "192"]
    assert "192" in gridproof("ledger", "--out", url).stdout


def test_another_machine_goes_on_and_the_ledger_counts_once(expected: dict[str, bytes]) -> None:
    url = "memory://bucket/runs"
    interrupted(url, 60)
    begun = runs_alone(kept(url))
    tiles = [name for name in begun if name.endswith(".npz")]
    assert 3 <= len(tiles) < 12
    assert {name.replace(".npz", "-rows.npy") for name in tiles} <= set(begun)
    assert not any(name.endswith("summary.json") for name in begun)
    run = gp.run(tiny_grid(), out=url, verdict=False)
    assert run.timing["variants_evaluated_in_this_call"] == tiny_grid().space.size - variants_of(len(tiles))
    assert runs_alone(kept(url)) == expected
    (row,) = ledger_rows(run.folder.parent / "ledger")
    assert (row.runs, row.distinct) == (1, tiny_grid().space.size)


def test_folded_tiles_replace_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "ROWS_KEPT", 0)
    monkeypatch.setattr(collect_module, "_MERGE_EVERY", 3)
    monkeypatch.setattr(tiles_module, "_MANY", 3)
    url = "memory://bucket/runs"
    interrupted(url, variants_of(10) + 1)
    tiles = sorted(Path(name).stem for name in kept(url) if name.endswith(".npz"))
    assert tiles == [f"{low:014d}-{high:014d}" for low, high in ((0, 9), (9, 10))]
    run = gp.run(tiny_grid(), out=url, verdict=False)
    (whole,) = (name for name in kept(url) if name.endswith(".npz"))
    assert read_tile(run.folder.parent / whole)[1].counters[0] == tiny_grid().space.size


@pytest.mark.parametrize(
    ("refused", "tallies", "rows"), [("-00000000000003.npz", 2, 3), ("-00000000000003-rows.npy", 2, 2)]
)
def test_a_tile_is_a_trial_before_it_is_saved_and_saved_once_it_is_whole(
    refused: str, tallies: int, rows: int, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "unsteady://bucket/runs"
    monkeypatch.setattr(Unsteady, "refused", refused)
    with pytest.raises(gp.IncompleteError, match=r"unsteady://bucket/runs/.*OSError.*complete; rerun to resume"):
        gp.run(tiny_grid(), out=url, verdict=False)
    found = kept(url)
    assert sum(name.endswith(".npz") for name in found) == tallies
    assert sum(name.endswith("-rows.npy") for name in found) == rows
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    for name, text in found.items():
        if name.startswith("ledger/"):
            (tmp_path / name).write_bytes(text)
    (row,) = ledger_rows(ledger)
    assert row.distinct == variants_of(3)
    monkeypatch.setattr(Unsteady, "refused", "nothing")
    gp.run(tiny_grid(), out=url, verdict=False)
    assert runs_alone(kept(url)) == expected


def test_what_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(
        gp.InputError, match=r"the URL must be one that fsspec can open; got Protocol not known: nowhere"
    ):
        gp.run(tiny_grid(), out="nowhere://bucket/runs", verdict=False)

    def failing(files: Any, path: str, **options: Any) -> Any:
        raise PermissionError(errno.EACCES, "no entry", path)

    with monkeypatch.context() as patch:
        patch.setattr(Unsteady, "find", failing)
        with pytest.raises(gp.InputError, match=r"a URL for runs must be readable; got .*no entry.*credentials"):
            gp.run(tiny_grid(), out="unsteady://bucket/runs", verdict=False)
    monkeypatch.setattr(packages_module, "find_spec", lambda name: None)
    with pytest.raises(gp.InputError, match=r"runs at a URL need fsspec.*pip install 'gridproof\[cluster\]'"):
        gp.run(tiny_grid(), out="memory://bucket/runs", verdict=False)


def test_a_file_is_there_whole_or_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    far = tmp_path / "far"
    (far / "run").mkdir(parents=True)
    (far / "run" / "a.npz").write_bytes(b"before")
    mirror = RemoteStore(f"file://{far}")
    mirror.pull("run")
    assert (mirror.folder / "run" / "a.npz").read_bytes() == b"before"
    (mirror.folder / "run" / "a.npz").write_bytes(b"after")
    (mirror.folder / "run" / "half.tmp").write_bytes(b"half")

    def torn(source: Any, sink: Any, length: int) -> None:
        sink.write(b"aft")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(mirror_module.shutil, "copyfileobj", torn)
        with pytest.raises(UnreachableError, match="No space left"):
            mirror.push()
    assert {path.name: path.read_bytes() for path in (far / "run").iterdir()} == {"a.npz": b"before"}
    mirror.push()
    assert {path.name: path.read_bytes() for path in (far / "run").iterdir()} == {"a.npz": b"after"}
    (mirror.folder / "run" / "a.npz").unlink()
    mirror.push()
    assert not list((far / "run").iterdir())


def test_two_writers_keep_each_others_ledger() -> None:
    """What another call has put there since this one began stays."""
    url = "memory://bucket/runs"
    first, second = RemoteStore(url), RemoteStore(url)
    for mirror, name in ((first, "one"), (second, "two")):
        mirror.pull("ledger")
        (mirror.folder / "ledger").mkdir()
        (mirror.folder / "ledger" / f"{name}.jsonl").write_text(name)
    first.push()
    second.push()
    first.push()
    assert set(kept(url)) == {"ledger/one.jsonl", "ledger/two.jsonl"}


def test_a_store_of_objects(expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 as moto serves it on this machine."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with pytest.raises(gp.InputError, match=r"a URL for runs must be readable; got .*bucket"):
            gp.run(tiny_grid(), out="s3://bucket/runs", verdict=False)
        fsspec.filesystem("s3").mkdir("bucket")
        interrupted("s3://bucket/runs", 60)
        gp.run(tiny_grid(), out="s3://bucket/runs", verdict=False)
        assert runs_alone(kept("s3://bucket/runs")) == expected
    finally:
        server.stop()
