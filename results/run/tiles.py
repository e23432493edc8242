"""The tiles of a run: tallies of the pieces [low, high), each in a file that is named by them."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gridproof.results.run.atomic_write import UNFINISHED, flush_to_disk, remove_leftovers
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.links import refuse_link
from gridproof.results.run.tile_file import (
    Rows,
    TileLabel,
    read_label,
    read_rows,
    read_tile,
    rows_digest,
    write_rows,
    write_tile,
)

if TYPE_CHECKING:  # importing it imports Numba, which the reading of a finished run does not need
    from gridproof.results.run.tally import Tally

# Adjoining tiles are merged into one file once there are so many: the folder of a billion variants stays small.
_MANY = 64
_NAME = re.compile(r"^(\d{14,})-(\d{14,})\.npz$")
# Flushing tiles to the disk takes at most this share of the time.
_FLUSH_SHARE = 0.02


class Tiles:
    """The folder of a run's tiles.

    A tile that is not what its name says is removed, and its pieces count as missing: ``verify`` when a call begins,
    and whatever reads tiles later. ``set_aside`` names them. A folder that is a link is refused with InputError before
    anything is removed or written, because it may lead anywhere.

    Attributes
    ----------
    run, grid
        What tiles must be labelled with: the name of the run's folder, and the digest of its grid. Where they are
        empty, labels are not compared, and no tile is removed: such a folder is only read.
    expected_run
        The name of a run whose tiles are only verified, by ``faults``.
    set_aside
        The file names of tiles that cannot be used, with what is wrong with them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = self.grid = self.expected_run = ""
        self.set_aside: dict[str, str] = {}
        self._unflushed: deque[Path] = deque()
        self._began = time.monotonic()
        self._flush_seconds = 0.0

    def finished(self) -> list[tuple[int, int]]:
        """The pieces that tiles cover, ascending. A tile within another one, which an interrupted merge leaves, is
        removed, and so is the second of two that overlap otherwise, whose pieces would be counted twice."""
        kept: list[tuple[int, int]] = []
        for low, high in sorted(self._named(), key=lambda tile: (tile[0], -tile[1])):
            if kept and high <= kept[-1][1]:
                self._remove(low, high)
            elif kept and low < kept[-1][1]:
                self._drop(low, high, f"it overlaps {self._tile(*kept[-1]).name}")
            else:
                kept.append((low, high))
        return kept

    def missing(self, pieces: int) -> Iterator[tuple[int, int]]:
        """Ranges of pieces in [0, pieces) that no tile covers."""
        begin = 0
        for low, high in self.finished():
            if low > begin:
                yield begin, low
            begin = high
        if begin < pieces:
            yield begin, pieces

    def verify(self, fault: Callable[[int, int, Tally], str | None], rows: bool) -> None:
        """Reads every tile and removes those that are damaged, of another run or grid, or that ``fault`` finds wrong.

        rows: whether a tile needs its rows. Files that are neither tiles nor rows under their right names go too.
        Raises OSError.
        """
        for path in self._listed("*"):
            named = _NAME.match(path.name)
            if named is None or path != self._tile(int(named[1]), int(named[2])):
                if path.suffix == ".npz" and not path.is_dir():
                    path.unlink()
                    self.set_aside[path.name] = "its name is not that of a tile"
                continue
            low, high = int(named[1]), int(named[2])
            try:
                label, tally = self._read(low, high)
                if wrong := fault(low, high, tally):
                    raise DamagedFileError(wrong)
            except FileNotFoundError:
                continue  # removed by somebody since it was listed
            except DamagedFileError as error:
                self._drop(low, high, str(error))
                continue
            if rows and label.rows is None:  # of a finished run, whose variants are to be written again
                self._remove(low, high)
            elif rows:
                try:
                    read_rows(self._rows(low, high), label.rows)
                except DamagedFileError as error:
                    self._drop(low, high, f"{self._rows(low, high).name}: {error}")

    def faults(self, pieces: int | None) -> dict[str, str]:
        """What is wrong with tiles, by name; nothing is removed. pieces: how many they must cover, None: unknown."""
        found: dict[str, str] = {}
        if self.folder.is_symlink():
            return {"tiles": f"a link to {os.readlink(self.folder)}"}
        covered: list[tuple[int, int]] = []
        for low, high in sorted(self._named(), key=lambda tile: (tile[0], -tile[1])):
            try:
                self._read(low, high)
                if not (covered and high <= covered[-1][1]):
                    covered.append((low, high))
            except DamagedFileError as error:
                found[f"tiles/{self._tile(low, high).name}"] = str(error)
        counted = sum(high - low for low, high in covered)
        if pieces is not None and not found and counted != pieces:
            found["tiles"] = f"they cover {counted:,} of {pieces:,} pieces"
        return found

    def put(self, low: int, high: int, tally: Tally, rows: Rows | None) -> None:
        """Saves a tile. Its rows are saved first: the tally makes it a finished tile. Raises OSError."""
        if rows is not None:
            write_rows(self._rows(low, high), rows)
            self._unflushed.append(self._rows(low, high))
        digest = None if rows is None else rows_digest(rows)
        write_tile(self._tile(low, high), TileLabel(self.run, self.grid, low, high, digest), tally)
        self._unflushed.append(self._tile(low, high))
        self.flush()

    def flush(self, share: float = _FLUSH_SHARE) -> None:
        """Flushes tiles to the disk, oldest first, while all flushes took less than this share of the time.

        A power failure costs the work of tiles that are not flushed, and no more.
        """
        while self._unflushed and self._flush_seconds <= share * (time.monotonic() - self._began):
            began = time.monotonic()
            path = self._unflushed.popleft()
            if path.exists():  # else merged, or gone
                flush_to_disk(path)
            self._flush_seconds += time.monotonic() - began

    def merge(self, everything: bool = False) -> None:
        """Merges adjoining tiles into one, where there are many tiles; with ``everything`` from two on."""
        tiles = self.finished()
        if len(tiles) < (2 if everything else _MANY):
            return
        adjoining: list[tuple[int, int]] = []
        for tile in [*tiles, (-1, -1)]:
            if adjoining and tile[0] != adjoining[-1][1]:
                self._merge(adjoining)
                adjoining = []
            adjoining.append(tile)

    def tally(self) -> Tally:
        """The merged tally of all tiles. Raises DamagedFileError, which names a tile that cannot be used or is gone."""
        found = self._sum(self.finished())
        if found is None:
            raise DamagedFileError("; ".join(f"{name}: {why}" for name, why in self.set_aside.items()) or "no tiles")
        return found[1]

    def rows(self) -> Iterator[Rows]:
        """The metrics of every variant in grid order, one tile at a time: (n, S, 12 + A) float32. Rows without a tally
        belong to no finished tile and are left out. The tiles have been verified or merged before. Raises
        DamagedFileError."""
        for low, high in self.finished():
            label = self._checked(read_label(self._tile(low, high)), low, high)
            try:
                yield read_rows(self._rows(low, high), label.rows)
            except DamagedFileError as error:
                self._drop(low, high, f"{self._rows(low, high).name}: {error}")
                raise DamagedFileError(f"{self._rows(low, high).name}: {error}") from None

    def tidy(self) -> None:
        """Merges the tiles of a finished run into one. Removes all rows, which are in variants.parquet by then, and the
        temporary files of calls that were killed."""
        self.merge(everything=True)
        for low, high in self.finished():
            label, tally = self._read(low, high)
            if label.rows is not None:  # one tile from the beginning: the same bytes as if it had been merged
                write_tile(self._tile(low, high), replace(label, rows=None), tally)
                flush_to_disk(self._tile(low, high))
        for path in self._listed("*-rows.npy"):
            path.unlink()
        remove_leftovers(self.folder)

    def clear(self) -> None:
        """Removes tiles, rows and temporary files. All other files in the folder stay."""
        for path in self._listed("*"):
            if path.name.endswith((".npz", "-rows.npy", UNFINISHED)) and not path.is_dir():
                path.unlink()

    def _merge(self, tiles: list[tuple[int, int]]) -> None:
        if len(tiles) < 2 or (merged := self._sum(tiles)) is None:
            return
        whole = tiles[0][0], tiles[-1][1]
        label, tally = merged
        write_tile(self._tile(*whole), replace(label, low=whole[0], high=whole[1], rows=None), tally)
        flush_to_disk(self._tile(*whole))  # before its parts go
        for tile in tiles:
            self._tile(*tile).unlink(missing_ok=True)

    def _sum(self, tiles: list[tuple[int, int]]) -> tuple[TileLabel, Tally] | None:
        """The label of the first tile and the merged tally; None where a tile is gone or damaged, and was removed."""
        merged: tuple[TileLabel, Tally] | None = None
        for low, high in tiles:
            try:
                label, tally = self._read(low, high)
            except FileNotFoundError:
                self.set_aside[self._tile(low, high).name] = "removed while the run was working"
                return None
            except DamagedFileError as error:
                self._drop(low, high, str(error))
                return None
            if merged is None:
                merged = label, tally
            else:
                merged[1].merge(tally)
        return merged

    def _read(self, low: int, high: int) -> tuple[TileLabel, Tally]:
        label, tally = read_tile(self._tile(low, high))
        return self._checked(label, low, high), tally

    def _checked(self, label: TileLabel, low: int, high: int) -> TileLabel:
        """Raises DamagedFileError where it is not the label of this tile."""
        if (label.low, label.high) != (low, high):
            raise DamagedFileError(f"it is the tile of pieces {label.low} to {label.high - 1}")
        if (self.run or self.expected_run) not in ("", label.run):
            raise DamagedFileError(f"it is a tile of the run {label.run}")
        if self.grid and label.grid != self.grid:
            raise DamagedFileError("it is a tile of another grid")
        return label

    def _named(self) -> list[tuple[int, int]]:
        found = [match for path in self._listed("*.npz") if (match := _NAME.match(path.name))]
        return [(int(match[1]), int(match[2])) for match in found]

    def _listed(self, pattern: str) -> list[Path]:
        """The paths in the folder, sorted. Raises InputError where the folder is a link."""
        refuse_link(self.folder)
        return sorted(self.folder.glob(pattern))

    def _drop(self, low: int, high: int, why: str) -> None:
        if self.run:
            self._remove(low, high)
        self.set_aside[self._tile(low, high).name] = why

    def _remove(self, low: int, high: int) -> None:
        self._tile(low, high).unlink(missing_ok=True)
        self._rows(low, high).unlink(missing_ok=True)

    def _tile(self, low: int, high: int) -> Path:
        return self.folder / f"{low:014d}-{high:014d}.npz"

    def _rows(self, low: int, high: int) -> Path:
        return self.folder / f"{low:014d}-{high:014d}-rows.npy"
