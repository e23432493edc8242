"""Reads a long table, a row for each day and stock, to a panel."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.file.reader import resolve
from gridproof.signals.data.panel.frames import columns_of, frame_library, labels_of, numbers_of, read_column
from gridproof.signals.data.panel.panel import Panel

# Days times stocks: a field of so many is 1.6 GB.
MOST_CELLS = 200_000_000


def read_panel(
    file: str,
    folder: Path | None,
    where: str,
    *,
    date: str = "date",
    code: str = "code",
    library: ModuleType | None = None,
) -> Panel:
    """Reads days and codes of a Parquet file; other columns are read when they are asked for.

    The order of the rows does not matter. Dates are understood as those of a series are. library: pandas, or cuDF.
    Raises InputError if the file or a column does not exist, a row has no date or code, or two rows are of one stock
    and day.
    """
    library = library or frame_library()
    path = resolve(file, folder)
    try:
        names = columns_of(path)
    except FileNotFoundError:
        rule, remedy = (
            "the file of a panel must exist",
            "Correct the name, or give the folder of the market with --data",
        )
        raise InputError(rule, path, where, remedy) from None
    except (OSError, ValueError) as error:
        rule, remedy = "the file of a panel is a Parquet file", "Convert it"
        raise InputError(rule, f"{file}: {str(error).splitlines()[0]}", where, remedy) from None
    readers = {name: partial(_numbers, library, path, name) for name in names if names.count(name) == 1}
    panel = Panel(file, np.empty(0, dtype="datetime64[D]"), (), np.empty(0, dtype=np.int64), readers, where)
    for name in (date, code):
        panel.check_column(name)
    day_of, stamps = labels_of(read_column(library, path, date))
    stock_of, codes = labels_of(read_column(library, path, code))
    if not len(stock_of):
        raise InputError("the file of a panel has rows", f"none in {file}", where, "Bring a file with data")
    _check_known(stock_of, "code", file, where)
    _check_known(day_of, "date", file, where)
    parsed = parse_dates(pd.Series(stamps), lambda row: f"{file}, column {date}", where).dates
    dates, again = np.unique(parsed, return_inverse=True)
    _check_size(len(dates) * len(codes), where)
    place = again[day_of] * len(codes) + stock_of
    _check_once(place, dates, codes, file, where)
    rest = {name: reader for name, reader in readers.items() if name not in (date, code)}
    return Panel(file, dates, tuple(str(one) for one in codes), place, rest, where, digest_of(path))


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _numbers(library: ModuleType, path: Path, name: str) -> Array:
    return numbers_of(read_column(library, path, name))


def _check_known(labels: Ints, column: str, file: str, where: str) -> None:
    missing = np.flatnonzero(labels < 0)
    if len(missing):
        rule, remedy = f"every row of a panel must have a {column}", "Complete the file, or remove the row"
        raise InputError(rule, f"nothing at {file} row {missing[0] + 1}", where, remedy)


def _check_size(cells: int, where: str) -> None:
    if cells > MOST_CELLS:
        rule, remedy = f"a panel must have at most {MOST_CELLS:,} days times stocks", "Cut the file"
        raise InputError(rule, f"{cells:,}", where, remedy)


def _check_once(place: Ints, dates: Dates, codes: list[Any], file: str, where: str) -> None:
    counts = np.bincount(place, minlength=1)
    if counts.max(initial=0) > 1:
        twice = int(np.argmax(counts > 1))
        day, stock = divmod(twice, len(codes))
        first, second = np.flatnonzero(place == twice)[:2] + 1
        what = f"{codes[stock]} on {dates[day]} at {file} row {first} and row {second}"
        raise InputError("a panel has one row for each day and stock", what, where, "Remove one of them")
