"""Tiles: what is not as it was written is detected, removed and missing; never believed, and never executed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gridproof.results.run import tile_file as tile_file_module
from gridproof.results.run import tiles as tiles_module
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.tally import Tally
from gridproof.results.run.tile_file import TileLabel, read_tile, write_tile
from gridproof.results.run.tiles import Tiles

RUN, GRID = "us-demo-0123456789ab", "0" * 32


def tally_of(count: int) -> Tally:
    tally = Tally.empty((3, 4), 5, 2)
    tally.counters[0] = count
    return tally


def tiles_in(folder: Path) -> Tiles:
    folder.mkdir(exist_ok=True)
    tiles = Tiles(folder)
    tiles.run, tiles.grid = RUN, GRID
    return tiles


@pytest.fixture
def tiles(tmp_path: Path) -> Tiles:
    """Four tiles of one piece each, with rows; the tile of piece N counts N + 1 variants."""
    found = tiles_in(tmp_path / "tiles")
    for low in range(4):
        found.put(low, low + 1, tally_of(low + 1), np.full((low + 1, 1, 14), low, dtype=np.float32))
    return found


def path_of(tiles: Tiles, low: int, high: int | None = None, end: str = ".npz") -> Path:
    return tiles.folder / f"{low:014d}-{low + 1 if high is None else high:014d}{end}"


def verified(tiles: Tiles) -> list[tuple[int, int]]:
    tiles.verify(lambda low, high, tally: None, rows=True)
    return tiles.finished()


class Executed:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("executed",)


def saved(path: Path, array: npt.NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def cut(share: float) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def flip(share: float) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(share * len(content))] ^= 1
        path.write_bytes(content)

    return change


def pickled(path: Path) -> None:
    with np.load(path) as stored:
        arrays: dict[str, object] = dict(stored)
    arrays["counters"] = np.array([Executed()], dtype=object)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def relabelled(**changes: object) -> Callable[[Path], object]:
    """Written with another label and a right checksum."""

    def change(path: Path) -> None:
        label, tally = read_tile(path)
        fields = {name: getattr(label, name) for name in ("run", "grid", "low", "high", "rows")} | changes
        write_tile(path, TileLabel(**fields), tally)  # type: ignore[arg-type]

    return change


def without_label(path: Path) -> None:
    """As an earlier version wrote tiles."""
    with path.open("wb") as file:
        np.savez(file, **tally_of(3).arrays())  # type: ignore[arg-type]


def another_shape(path: Path) -> None:
    label, tally = read_tile(path)
    tally.best_value = np.zeros(3)
    write_tile(path, label, tally)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "emptied": (lambda path: path.write_bytes(b""), "not a tile"),
    "zeroed": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "not a tile"),
    "cut": (cut(0.5), "not a tile"),
    "cut by a byte": (cut(0.9999), "not a tile"),
    "garbage": (lambda path: path.write_bytes(b"garbage" * 100), "not a tile"),
    "doubled": (lambda path: path.write_bytes(path.read_bytes() * 2), "bytes before or after its archive"),
    "a byte before": (lambda path: path.write_bytes(b"x" + path.read_bytes()), "not a tile"),
    "a byte after": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "bytes before or after its archive"),
    "a bit early": (flip(0.2), "not a tile|checksum"),
    "a bit late": (flip(0.7), "not a tile|checksum"),
    "another tile": (lambda path: shutil.copy(path.with_name(path_name(2)), path), "it is the tile of pieces 2 to 2"),
    "another run": (relabelled(run="us-demo-ba9876543210"), "it is a tile of the run us-demo-ba9876543210"),
    "another grid": (relabelled(grid="1" * 32), "it is a tile of another grid"),
    "an earlier version": (without_label, "without a checksum, as earlier versions wrote tiles"),
    "a shape": (another_shape, "not a tile of this version: best_value is"),
    "a pickle": (pickled, "Object arrays cannot be loaded when allow_pickle=False"),
    "an array": (lambda path: saved(path, np.zeros(3)), "not a tile"),
}


def path_name(low: int) -> str:
    return f"{low:014d}-{low + 1:014d}.npz"


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_tile_is_missing_and_named(damage: str, tiles: Tiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiles.folder.parent)
    change, why = DAMAGE[damage]
    change(path_of(tiles, 1))
    assert verified(tiles) == [(0, 1), (2, 3), (3, 4)]
    assert list(tiles.missing(4)) == [(1, 2)]
    assert list(tiles.set_aside) == [path_name(1)]
    assert any(part in tiles.set_aside[path_name(1)] for part in why.split("|"))
    assert not path_of(tiles, 1).exists()
    assert not path_of(tiles, 1, end="-rows.npy").exists()
    assert not Path("executed").exists()


def test_a_version_that_is_not_known(tiles: Tiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_file_module, "FORMAT", 3)
    assert verified(tiles) == []
    assert set(tiles.set_aside.values()) == {"format 2; this version reads format 3"}


ROWS_DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut": cut(0.6),
    "a bit": flip(0.9),
    "doubled": lambda path: path.write_bytes(path.read_bytes() * 2),
    "a byte after": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "values zeroed": lambda path: path.write_bytes(path.read_bytes()[:128] + bytes(path.stat().st_size - 128)),
    "another tile's": lambda path: shutil.copy(path.with_name(path_name(2).replace(".npz", "-rows.npy")), path),
    "a pickle": lambda path: saved(path, np.array([Executed()], dtype=object)),
}


@pytest.mark.parametrize("damage", ROWS_DAMAGE)
def test_a_tile_with_damaged_rows_is_missing_and_named(
    damage: str, tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiles.folder.parent)
    ROWS_DAMAGE[damage](path_of(tiles, 1, end="-rows.npy"))
    tiles.verify(lambda low, high, tally: None, rows=False)
    assert not tiles.set_aside, "where variants are written already, no rows are needed"
    with pytest.raises(DamagedFileError, match=r"rows\.npy"):
        list(tiles_in(tiles.folder).rows())
    assert verified(tiles) == [(0, 1), (2, 3), (3, 4)]
    assert not Path("executed").exists()


def test_tiles_that_overlap_or_stand_twice_count_once(tiles: Tiles) -> None:
    shutil.copy(path_of(tiles, 1), tiles.folder / f"{1:015d}-{2:015d}.npz")
    shutil.copy(path_of(tiles, 1), tiles.folder / "copy.npz")
    os.rename(path_of(tiles, 3), path_of(tiles, 3, 6))
    assert verified(tiles) == [(0, 1), (1, 2), (2, 3)]
    assert len(tiles.set_aside) == 3
    tiles.put(2, 4, tally_of(7), None)
    assert tiles.finished() == [(0, 1), (1, 2), (2, 4)], "a tile within another is what an interrupted merge leaves"
    tiles.put(3, 5, tally_of(7), None)
    assert tiles.finished() == [(0, 1), (1, 2), (2, 4)]
    assert list(tiles.missing(5)) == [(4, 5)]


def test_the_same_tile_has_the_same_bytes_and_one_tile_those_of_merged_ones(tiles: Tiles, tmp_path: Path) -> None:
    before = path_of(tiles, 1).read_bytes()
    tiles.put(1, 2, tally_of(2), np.full((2, 1, 14), 1, dtype=np.float32))
    assert path_of(tiles, 1).read_bytes() == before
    tiles.tidy()
    whole = tiles_in(tmp_path / "whole")
    whole.put(0, 4, tally_of(10), np.zeros((10, 1, 14), dtype=np.float32))
    whole.tidy()
    assert path_of(tiles, 0, 4).read_bytes() == path_of(whole, 0, 4).read_bytes()
    assert [path.name for path in whole.folder.iterdir()] == [path_of(whole, 0, 4).name]


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_tile_that_is_damaged_while_the_run_works_is_not_merged(damage: str, tiles: Tiles) -> None:
    (cut(0.5) if damage == "cut" else Path.unlink)(path_of(tiles, 1))
    tiles.merge(everything=True)
    assert (1, 2) not in tiles.finished()
    assert sum(high - low for low, high in tiles.finished()) == 3
    if damage == "cut":
        assert list(tiles.set_aside) == [path_name(1)]


def test_a_folder_that_is_only_read_loses_no_tile(tiles: Tiles) -> None:
    cut(0.5)(path_of(tiles, 1))
    reader = Tiles(tiles.folder)
    with pytest.raises(DamagedFileError, match=path_name(1)):
        reader.tally()
    assert path_of(tiles, 1).exists()
    assert reader.faults(4) == {f"tiles/{path_name(1)}": reader.set_aside[path_name(1)]}
    path_of(tiles, 1).unlink()
    assert Tiles(tiles.folder).faults(4) == {"tiles": "they cover 3 of 4 pieces"}


def test_tiles_are_flushed_to_the_disk_within_a_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush takes one second here: of a hundred seconds, at most 2 % and the flush that goes beyond."""
    flushed, clock = [], [0.0]

    def flush(path: Path) -> None:
        flushed.append(path)
        clock[0] += 1.0

    monkeypatch.setattr(tiles_module, "flush_to_disk", flush)
    monkeypatch.setattr(tiles_module.time, "monotonic", lambda: clock[0])
    tiles = tiles_in(tmp_path / "tiles")
    for low in range(100):
        clock[0] += 1.0
        tiles.put(low, low + 1, tally_of(1), None)
    assert 2 <= len(flushed) <= 4
    assert flushed == [path_of(tiles, low) for low in range(len(flushed))], "the oldest first"
    tiles.merge()
    assert flushed[-1] == path_of(tiles, 0, 100), "a merged tile, before its parts go"
