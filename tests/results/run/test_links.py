"""Links in a run's folder: nothing is written, emptied or removed where they lead."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.run import links as links_module
from gridproof.results.run.atomic_write import atomic_write, remove_leftovers
from gridproof.results.run.lock import folder_lock
from gridproof.results.run.store import LISTED, Store
from gridproof.results.run.tally import Tally
from gridproof.results.run.tiles import Tiles
from gridproof.sweeps.search.storage import JOURNAL, open_storage

LINKED = (*LISTED, "manifest.json", ".lock", JOURNAL, ".x.1.tmp")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder outside of the run's, with files of all names that a run removes or writes."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    tile = f"{0:014d}-{1:014d}"
    for name in (*LINKED, "notes.txt", f"{tile}.npz", f"{tile}-rows.npy"):
        (folder / name).write_text("mine")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def store(tmp_path: Path, elsewhere: Path) -> Store:
    """A run's folder in which everything is a link."""
    folder = tmp_path / "us-demo-0123456789ab"
    folder.mkdir()
    (folder / "tiles").symlink_to(elsewhere)
    for name in LINKED:
        (folder / name).symlink_to(elsewhere / name)
    return Store(folder)


def verify(tiles: Tiles) -> None:
    tiles.run = tiles.folder.parent.name
    tiles.verify(lambda low, high, tally: None, rows=True)


@pytest.mark.parametrize(
    "work",
    [
        Store.clear,
        Store.tidy,
        lambda store: verify(store.tiles),
        lambda store: store.tiles.finished(),
        lambda store: store.tiles.merge(),
        lambda store: store.tiles.tally(),
        lambda store: folder_lock(store.folder).__enter__(),
        lambda store: open_storage(None, store.folder).__enter__(),
    ],
)
def test_what_writes_or_removes_refuses_a_link(store: Store, elsewhere: Path, work: Callable[[Store], object]) -> None:
    before = content(elsewhere)
    with pytest.raises(InputError, match=r"must be no link; got a link to .*elsewhere"):
        work(store)
    assert content(elsewhere) == before


def test_a_file_that_is_a_link_is_replaced_and_not_followed(store: Store, elsewhere: Path) -> None:
    before = content(elsewhere)
    name = "summary.json"
    temporary = store.folder / f".{name}.{os.getpid()}.tmp"
    temporary.symlink_to(elsewhere / "notes.txt")
    with atomic_write(store.folder / name) as path:
        path.write_text("{}")
    assert (store.folder / name).read_text() == "{}"
    assert not (store.folder / name).is_symlink()
    remove_leftovers(store.folder)
    assert not list(store.folder.glob(".x*"))
    assert content(elsewhere) == before


def test_check_names_linked_tiles(store: Store) -> None:
    assert store.tiles.faults(1)["tiles"].startswith("a link to ")


def test_clearing_keeps_files_that_are_not_of_a_run(tmp_path: Path) -> None:
    tiles = Tiles(tmp_path / "tiles")
    (tiles.folder / "a.npz").mkdir(parents=True)
    tiles.put(0, 1, Tally.empty((3, 4), 5, 2), None)
    (tiles.folder / "notes.txt").write_text("mine")
    tiles.clear()
    assert sorted(path.name for path in tiles.folder.iterdir()) == ["a.npz", "notes.txt"]


def test_a_run_folder_may_be_a_link_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    linked = tmp_path / "us-demo-0123456789ab"
    linked.symlink_to(tmp_path / "disk")
    with folder_lock(linked):
        assert (tmp_path / "disk" / ".lock").exists()
    me = os.geteuid()
    monkeypatch.setattr(links_module.os, "geteuid", lambda: me + 1)
    with pytest.raises(InputError, match="only where it is your own; got another user's link to"), folder_lock(linked):
        pass
