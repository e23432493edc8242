"""The run folder: every file in it is written atomically, so that none is ever incomplete."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridproof.kernels.errors import InputError
from gridproof.results.run.atomic_write import atomic_write, remove_leftovers
from gridproof.results.run.summary_record import SUMMARY
from gridproof.results.run.tally import EVALUATED, Tally

# Adjoining tiles are merged into one file once there are so many: the folder of a billion variants stays small.
_MANY = 64
_TILE = re.compile(r"^(\d{14,})-(\d{14,})\.npz$")

# Metrics of every variant are kept for grids up to this size.
ROWS_KEPT = 5_000_000
_ROW_GROUP = 131_072


# How the grid of a run is cut into pieces; with it the pieces of a tile have a meaning.
CUT = "cut.json"


class Store:
    """One run's folder. Tiles are named by the pieces [low, high) that they cover."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tiles = folder / "tiles"

    def create(self, study: str) -> None:
        self.tiles.mkdir(parents=True, exist_ok=True)
        self.write_text("study.yaml", study)

    def clear(self) -> None:
        """Removes the files of an earlier run. All other files in the folder stay."""
        for path in self.tiles.glob("*"):  # first: a tile without its cut means nothing
            path.unlink()
        for name in (SUMMARY, "report.html", "statistics.json", "timing.json", CUT):
            (self.folder / name).unlink(missing_ok=True)
        for name in ("top", "surfaces", "curves", "variants"):
            (self.folder / f"{name}.parquet").unlink(missing_ok=True)
        (self.folder / "study.yaml").unlink(missing_ok=True)

    @property
    def finished(self) -> bool:
        """Whether the run is finished, except perhaps for its verdict."""
        return self.has(SUMMARY) and self.has("report.html")

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def finished_tiles(self) -> list[tuple[int, int]]:
        """The pieces that tiles cover, ascending. Tiles that lie within another one, which an interrupted merge leaves,
        are removed.

        Raises InputError where tiles overlap otherwise: their pieces would be counted twice.
        """
        kept: list[tuple[int, int]] = []
        found = [match for path in self.tiles.glob("*.npz") if (match := _TILE.match(path.name))]
        for low, high in sorted(((int(m[1]), int(m[2])) for m in found), key=lambda tile: (tile[0], -tile[1])):
            if kept and high <= kept[-1][1]:
                self._tile(low, high).unlink(missing_ok=True)
            elif kept and low < kept[-1][1]:
                rule, remedy = "tiles of a run must not overlap", "Remove one of the two and run again"
                raise InputError(rule, f"{kept[-1]} and {(low, high)}", str(self.tiles), remedy)
            else:
                kept.append((low, high))
        return kept

    def missing(self, pieces: int) -> Iterator[tuple[int, int]]:
        """Ranges of pieces in [0, pieces) that no tile covers."""
        begin = 0
        for low, high in self.finished_tiles():
            if low > begin:
                yield begin, low
            begin = high
        if begin < pieces:
            yield begin, pieces

    def put_tile(self, low: int, high: int, tally: Tally, rows: npt.NDArray[np.float32] | None) -> None:
        """Save a tile. Its rows are saved first: the tally makes it a finished tile."""
        if rows is not None:
            with atomic_write(self._rows(low, high)) as path, path.open("wb") as file:
                np.save(file, rows)
        tally.save(self._tile(low, high))

    def merge_tiles(self, everything: bool = False) -> None:
        """Merge adjoining tiles into one, where there are many tiles; with ``everything`` from two on."""
        tiles = self.finished_tiles()
        if len(tiles) < (2 if everything else _MANY):
            return
        run: list[tuple[int, int]] = []
        for tile in [*tiles, (-1, -1)]:
            if run and tile[0] != run[-1][1]:
                self._merge_run(run)
                run = []
            run.append(tile)

    def _merge_run(self, run: list[tuple[int, int]]) -> None:
        if len(run) < 2:
            return
        merged = Tally.load(self._tile(*run[0]))
        for tile in run[1:]:
            merged.merge(Tally.load(self._tile(*tile)))
        merged.save(self._tile(run[0][0], run[-1][1]))
        for tile in run:
            self._tile(*tile).unlink()

    def evaluated(self, low: int, high: int) -> int:
        """How many variants the tile of pieces [low, high) has evaluated."""
        return int(Tally.load(self._tile(low, high)).counters[EVALUATED])

    def tally(self) -> Tally:
        """Returns the merged tally of all finished tiles."""
        first, *others = self.finished_tiles()
        merged = Tally.load(self._tile(*first))
        for tile in others:
            merged.merge(Tally.load(self._tile(*tile)))
        return merged

    def rows(self) -> Iterator[npt.NDArray[np.float32]]:
        """The metrics of every variant in grid order, one tile at a time: (n, S, 12 + A) float32. Rows without a tally
        belong to no finished tile and are left out."""
        for low, high in self.finished_tiles():
            yield np.load(self._rows(low, high), mmap_mode="r")

    def tidy(self) -> None:
        """Merge the tiles of a finished run into one, and remove what only an unfinished run needs: the rows, which are
        in variants.parquet by then, and the temporary files of calls that were killed."""
        self.merge_tiles(everything=True)
        for path in self.tiles.glob("*-rows.npy"):
            path.unlink()
        remove_leftovers(self.tiles)
        remove_leftovers(self.folder)

    def write_text(self, name: str, text: str) -> None:
        with atomic_write(self.folder / name) as path:
            path.write_text(text, encoding="utf-8")

    def write_json(self, name: str, record: Mapping[str, Any]) -> None:
        self.write_text(name, json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False) + "\n")

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        with atomic_write(self.folder / name) as path:
            pq.write_table(
                pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(), path, compression="zstd"
            )

    def write_variants(self, tables: Iterator[pa.Table], expected: int) -> None:
        """Stream tables into variants.parquet, in row groups of one size whatever the sizes of the tables.

        Raises RuntimeError if the total number of rows is not the expected one.
        """
        written = 0
        with atomic_write(self.folder / "variants.parquet") as path:
            writer: pq.ParquetWriter | None = None
            pending: list[pa.Table] = []
            try:
                for table in tables:
                    pending.append(table)
                    written += table.num_rows
                    writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
                    joined = pa.concat_tables(pending).combine_chunks()
                    rows = joined.num_rows // _ROW_GROUP * _ROW_GROUP
                    if rows:
                        writer.write_table(joined.slice(0, rows), row_group_size=_ROW_GROUP)
                    pending = [joined.slice(rows)]
                if writer is not None and pending[0].num_rows:
                    writer.write_table(pending[0])
                if written != expected:
                    raise RuntimeError(
                        f"{self.folder}: {written:,} rows of variants are stored, {expected:,} are expected"
                    )
            finally:
                if writer is not None:
                    writer.close()

    def read_text(self, name: str) -> str:
        return self._existing(name).read_text(encoding="utf-8")

    def read_json(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self._existing(name).read_text(encoding="utf-8"))
        return result

    def read_table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        return pd.read_parquet(self._existing(name), columns=columns)

    def _existing(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            fault = f"no {name}" if self.folder.is_dir() else "no such folder"
            remedy = "Name the folder of a finished run"
            raise InputError(f"a finished run's folder must contain {name}", fault, str(self.folder), remedy)
        return path

    def _tile(self, low: int, high: int) -> Path:
        return self.tiles / f"{low:014d}-{high:014d}.npz"

    def _rows(self, low: int, high: int) -> Path:
        return self.tiles / f"{low:014d}-{high:014d}-rows.npy"
