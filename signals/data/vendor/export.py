"""The files of one import, of any vendor, as one tidy table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.vendor.adjustment import Evidence, measure_adjustment
from gridproof.signals.data.vendor.long_table import read_long, without_values
from gridproof.signals.data.vendor.qlib_folder import read_qlib
from gridproof.signals.data.vendor.tdx_export import read_tdx
from gridproof.signals.data.vendor.vendor_table import (
    VendorTable,
    check_prices,
    equal_cells,
    keys_of,
    shown,
    sorted_once,
)
from gridproof.signals.data.vendor.vocabulary import KINDS, Kind
from gridproof.signals.data.vendor.wide_table import is_wide, read_wide


def check_kind(kind: str) -> Kind:
    """Raises InputError where there is no such kind."""
    for known in KINDS:
        if kind == known:
            return known
    raise InputError("data import knows these kinds of files", kind, "data import", f"Use one of {', '.join(KINDS)}")


def read_export(path: Path, kind: Kind) -> VendorTable:
    """Read one file, of qlib one folder. Raises InputError where it is not what the vendor writes."""
    if not path.exists():
        rule, remedy = "the file of an import must exist", "Correct the name"
        raise InputError(rule, path, "data import", remedy)
    if (kind == "qlib") != path.is_dir():
        rule = "qlib is a folder, with calendars and features; all other kinds are files"
        raise InputError(
            rule, path, "data import", "Name the folder, or another kind" if kind == "qlib" else "Name its files"
        )
    if kind == "qlib":
        table = without_values(read_qlib(path))
    elif kind == "tdx":
        table = read_tdx(path)
    else:
        cells = read_table(path.name, path.parent, str(path))
        wide = kind in ("wind", "choice") and is_wide(cells)
        table = read_wide(cells, kind) if wide else read_long(cells, kind)
    check_prices(table)
    return sorted_once(table)


def joined(tables: Sequence[VendorTable]) -> pd.DataFrame:
    """The tables as one, sorted by date and code.

    Files of the same columns are put below each other; those of other columns beside them, by date and code. Raises
    InputError where two files say different things of one date and code.
    """
    keys = tables[0].keys
    for table in tables[1:]:
        if table.keys != keys:
            rule = "the files of an import have all dates, or all times, and all codes or none"
            what = f"{' and '.join(keys)} in {tables[0].file}, {' and '.join(table.keys)} in {table.file}"
            raise InputError(
                rule, what, "data import", "Name each file by its code, such as 600000.SH.csv, or import it alone"
            )
    groups: dict[tuple[str, ...], list[VendorTable]] = {}
    for table in tables:
        groups.setdefault(tuple(sorted(table.frame.columns)), []).append(table)
    frame = _stacked(next(iter(groups.values())))
    for group in list(groups.values())[1:]:
        frame = _beside(frame, _stacked(group), group[0].file)
    return sort_rows(frame)


def sort_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows in order of date and code, and the columns that tell rows apart first."""
    keys = keys_of(frame)
    ordered = frame[[*keys, *(name for name in frame.columns if name not in keys)]]
    return ordered.sort_values(keys, kind="stable", ignore_index=True)


def _stacked(tables: Sequence[VendorTable]) -> pd.DataFrame:
    if len(tables) == 1:
        return tables[0].frame
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    ends = np.cumsum([len(table.frame) for table in tables])

    def place(row: int) -> str:
        file = int(np.searchsorted(ends, row, side="right"))
        return tables[file].place(row - (int(ends[file - 1]) if file else 0))

    stacked = sorted_once(VendorTable("data import", frame, place))
    for reason, count in stacked.dropped.items():
        tables[0].dropped[f"{reason} of another file"] = count
    return stacked.frame


def _beside(frame: pd.DataFrame, other: pd.DataFrame, file: str) -> pd.DataFrame:
    keys = keys_of(frame)
    both = [name for name in other.columns if name in frame.columns and name not in keys]
    merged = frame.merge(other, on=keys, how="outer", suffixes=("", " again"))
    for name in both:
        again = merged.pop(f"{name} again")
        wrong = np.flatnonzero(
            ~equal_cells(merged[name], again) & merged[name].notna().to_numpy() & again.notna().to_numpy()
        )
        if len(wrong):
            row = int(wrong[0])
            rule = f"{shown(merged, row)} has one {name}"
            what = f"{merged[name].iloc[row]} and, in {file}, {again.iloc[row]}, {len(wrong)} such rows"
            raise InputError(rule, what, "data import", "Remove the column from one of the files, or import them apart")
        merged[name] = merged[name].where(merged[name].notna(), again)
    return merged


def adjustment_of(tables: Sequence[VendorTable], frame: pd.DataFrame) -> tuple[str | None, Evidence]:
    """How the files state that prices are adjusted, and what is measured.

    Raises InputError where they contradict each other, or prices are adjusted by subtraction.
    """
    stated = sorted({table.adjustment for table in tables if table.adjustment is not None})
    if len(stated) > 1:
        rule, remedy = "all prices of an import are adjusted alike", "Import them apart"
        raise InputError(rule, " and ".join(stated), "data import", remedy)
    files = ", ".join(table.file for table in tables[:3])
    evidence = measure_adjustment(VendorTable(files, frame, str))
    if stated == ["none"] and evidence.adjustment not in (None, "none"):
        rule, remedy = "prices that the file states as not adjusted are those traded", "Export them again"
        raise InputError(rule, evidence.words, files, remedy)
    return (stated[0] if stated else None), evidence
