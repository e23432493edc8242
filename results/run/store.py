"""The run folder: every file in it is written atomically, so that none is ever incomplete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.results.run.atomic_write import atomic_write, flush_to_disk, remove_leftovers
from gridproof.results.run.errors import DamagedFileError
from gridproof.results.run.json_text import json_text
from gridproof.results.run.manifest import MANIFEST, FileDigest, Manifest, read_manifest
from gridproof.results.run.summary_record import SUMMARY
from gridproof.results.run.tiles import Tiles

# Metrics of every variant are kept for grids up to this size.
ROWS_KEPT = 5_000_000
_ROW_GROUP = 131_072

# How the grid of a run is cut into pieces; with it the pieces of a tile have a meaning.
CUT = "cut.json"
VARIANTS, STATISTICS, REPORT = "variants.parquet", "statistics.json", "report.html"
# The text of the study's own operators, where it has any. No command executes it.
OPERATORS_COPY = "operators.py"
# Only in the folder of a search: what was searched and found, the study as it was searched, a row a trial.
SEARCH, SEARCH_STUDY, TRIALS = "search.json", "search.yaml", "trials.parquet"

# The files that the manifest lists, where they exist. timing.json is not one of them: it differs between calls.
LISTED = (
    "study.yaml",
    OPERATORS_COPY,
    CUT,
    SUMMARY,
    "top.parquet",
    "surfaces.parquet",
    "curves.parquet",
    VARIANTS,
    STATISTICS,
    SEARCH_STUDY,
    SEARCH,
    TRIALS,
    REPORT,
)
# What a sweep writes; all but the variants, which are kept for small grids only, must be there.
SWEPT = ("study.yaml", CUT, SUMMARY, "top.parquet", "surfaces.parquet", "curves.parquet")


def uniform(values: list[Any]) -> list[Any]:
    """The values of a column of a table; all as text where some are text and others are numbers, as releases may be."""
    kinds = {isinstance(value, str) for value in values if value is not None}
    return [None if value is None else str(value) for value in values] if len(kinds) > 1 else values


class Store:
    """One run's folder. What its manifest lists is verified when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tiles = Tiles(folder / "tiles")

    def create(self, study: str, operators: str | None = None) -> None:
        """Make the folder, with the study and the text of its own operators."""
        make_folder(self.tiles.folder)
        for name, text in (("study.yaml", study), (OPERATORS_COPY, operators)):
            if text is not None and (not self.has(name) or (self.folder / name).read_bytes() != text.encode()):
                self.write_text(name, text)

    def clear(self) -> None:
        """Removes the files of an earlier run. All other files in the folder stay."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        self.tiles.clear()  # before its cut: a tile without it means nothing
        for name in (*LISTED, "timing.json"):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def finished(self) -> bool:
        """Whether the run is finished, except perhaps for its verdict."""
        return self.has(SUMMARY) and self.has(REPORT)

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def holds(self, name: str) -> bool:
        """Whether a file is there and finished: listed in the manifest, where the folder has one."""
        manifest = self.manifest()
        return self.has(name) and (manifest is None or name in manifest.files)

    def manifest(self) -> Manifest | None:
        """The folder's manifest; None where it has none, or where it is damaged."""
        try:
            return read_manifest(self.folder)
        except DamagedFileError:
            return None

    def list_files(self, pieces: int) -> None:
        """Write the manifest of all finished files, with their digests. pieces: how many pieces the tiles cover."""
        files = {name: FileDigest.of(self.folder / name) for name in LISTED if self.has(name)}
        self._write_manifest(Manifest(self.folder.name, pieces, files))

    def relist(self, *names: str) -> None:
        """Replaces these files' digests in the manifest, where there is one; the others stay as they are listed."""
        if (manifest := self.manifest()) is not None:
            files = {name: digest for name, digest in manifest.files.items() if name not in names}
            files |= {name: FileDigest.of(self.folder / name) for name in names if self.has(name)}
            self._write_manifest(replace(manifest, files=files))

    def unlist(self, *names: str) -> None:
        """Removes files from the manifest before they are written anew: a kill in between leaves no wrong digest."""
        manifest = self.manifest()
        if manifest is not None and any(name in manifest.files for name in names):
            files = {name: digest for name, digest in manifest.files.items() if name not in names}
            self._write_manifest(replace(manifest, files=files))

    def faults(self, content: bool = True) -> dict[str, str]:
        """What is wrong with the finished files, by name; empty where the manifest lists all and each is as listed.

        content: whether files are read, else only their sizes are compared. Tiles are not looked at.
        """
        try:
            manifest = read_manifest(self.folder)
        except DamagedFileError as error:
            return {MANIFEST: str(error)}
        if manifest is None:
            return {MANIFEST: "missing"}
        faults: dict[str, str] = {}
        for name in LISTED:
            if name in manifest.files:
                if (found := manifest.fault(self.folder, name, content)) is not None:
                    faults[name] = found
            elif self.has(name):
                faults[name] = f"not in {MANIFEST}"
            elif name in (*SWEPT, REPORT):
                faults[name] = "missing"
        return faults

    def all_faults(self) -> dict[str, str]:
        """What is wrong with finished files, tiles and timing.json, by name; empty for a whole finished run."""
        faults = self.faults()
        manifest = self.manifest()
        self.tiles.expected_run = self.folder.name if manifest is None else manifest.run
        faults |= self.tiles.faults(None if manifest is None else manifest.pieces)
        if manifest is not None:
            try:
                self.read_json("timing.json")
            except InputError as error:
                faults["timing.json"] = str(error.value)
        return faults

    def complaint(self) -> str | None:
        """A sentence on finished files that are missing or of another size than the manifest lists, or None.

        Contents are verified when they are read.
        """
        faults = self.faults(content=False)
        if faults.get(MANIFEST) == "missing":
            return (
                f"{self.folder}: no {MANIFEST}: the run is not finished, or of an earlier version; its files cannot be "
                "verified"
            )
        if not faults:
            return None
        named = ", ".join(f"{name} ({fault})" for name, fault in faults.items())
        return f"{self.folder}: not as it was finished: {named}; run the study again, which repairs the folder"

    def tidy(self) -> None:
        """Merge the tiles of a finished run into one, and remove what only an unfinished run needs."""
        self.tiles.tidy()
        remove_leftovers(self.folder)

    def write_text(self, name: str, text: str) -> None:
        with atomic_write(self.folder / name) as path:
            path.write_text(text, encoding="utf-8", newline="\n")

    def write_json(self, name: str, record: Mapping[str, Any]) -> None:
        self.write_text(name, json_text(record) + "\n")

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        mixed = {name: uniform(table[name].tolist()) for name in table.columns if table[name].dtype.kind == "O"}
        table = table.assign(**mixed)
        with atomic_write(self.folder / name) as path:
            pq.write_table(
                pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(), path, compression="zstd"
            )

    def write_variants(self, tables: Iterator[pa.Table], expected: int) -> None:
        """Stream tables into variants.parquet, in row groups of one size whatever the sizes of the tables.

        Raises RuntimeError if the total number of rows is not the expected one.
        """
        written = 0
        with atomic_write(self.folder / VARIANTS) as path:
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
        """Raises InputError where the file is missing or damaged."""
        try:
            return self._verified(name).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise self._damaged(name, f"not UTF-8: {error.reason} at byte {error.start}") from None

    def read_json(self, name: str) -> dict[str, Any]:
        """Undefined numbers (NaN) are read as None. Raises InputError where the file is missing or damaged."""
        text = self.read_text(name)
        try:
            result = json.loads(text, parse_constant=lambda _: None)
        except ValueError as error:
            raise self._damaged(name, f"not JSON: {error}") from None
        if not isinstance(result, dict):
            raise self._damaged(name, "not a JSON record")
        return result

    def read_table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Raises InputError where the file is missing or damaged."""
        path = self._verified(name)
        try:
            return pd.read_parquet(path, columns=columns)
        except pa.ArrowException as error:
            raise self._damaged(name, f"not Parquet: {str(error).splitlines()[0]}") from None

    def verify(self, *names: str) -> None:
        """Raises InputError where one of these files is missing or not as the manifest lists it."""
        for name in names:
            self._verified(name)

    def _write_manifest(self, manifest: Manifest) -> None:
        self.write_text(MANIFEST, manifest.text())
        flush_to_disk(self.folder)

    def _verified(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            value = f"no {name}" if self.folder.is_dir() else "no such folder"
            remedy = "Name the folder of a finished run, or run the study again, which repairs it"
            raise InputError(f"a finished run's folder must contain {name}", value, str(self.folder), remedy)
        try:
            manifest = read_manifest(self.folder)
        except DamagedFileError as error:
            raise self._damaged(MANIFEST, str(error)) from None
        if manifest is not None and name in manifest.files and (fault := manifest.fault(self.folder, name)):
            raise self._damaged(name, fault)
        return path

    def _damaged(self, name: str, fault: str) -> InputError:
        remedy = "Run the study again, which repairs the folder, or restore the file"
        return InputError("a file of a run must be as it was written", fault, str(self.folder / name), remedy)
