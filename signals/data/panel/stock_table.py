"""Tables with a row for each stock beside a panel: columns that hold for all days, and lists of names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Array
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.file.reader import read_table, resolve
from gridproof.signals.data.file.table import Table
from gridproof.signals.data.panel.panel import ListedNames, Panel
from gridproof.signals.data.panel.panel_file import digest_of


def with_table(
    panel: Panel, name: str, file: str, folder: Path | None, where: str, code: str, field: str, used: bool
) -> Panel:
    """The panel with one more column: the field of a table, the same on all rows of a stock.

    used: whether results depend on it; then the digest of the panel has that of the table. Values are read when the
    column is asked for. Raises InputError where the panel's file has a column of that name, or a table that is used
    cannot be read.
    """
    if name in panel.columns:
        rule, remedy = "a table and a column of the panel's file have different names", "Rename the table"
        raise InputError(rule, name, where, remedy)

    def read() -> Array:
        values = of_stocks(panel.codes, file, folder, where, code, field)
        numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64)
        numeric = bool((np.isnan(numbers) == pd.isna(values)).all())
        return (numbers if numeric else values)[panel.place % len(panel.codes)]

    digest = panel.digest
    if used:
        read_table(file, folder, where)  # a file that cannot be read is a fault here
        digest += f" {digest_of(resolve(file, folder))}"
    return replace(panel, columns={**panel.columns, name: read}, digest=digest)


def of_stocks(codes: Sequence[str], file: str, folder: Path | None, where: str, code: str, field: str) -> Array:
    """The field of each stock in a table, (S,) texts, None where it has none.

    Raises InputError where a stock has two values, or the table knows none of the stocks.
    """
    table = read_table(file, folder, where)
    code, field = table.column(code, where), table.column(field, where)
    rows = table.cells[[code, field]].dropna().astype(str)
    rows = rows[rows[field].str.strip() != ""].drop_duplicates()
    twice = rows[code][rows[code].duplicated()]
    if len(twice):
        both = " and ".join(rows[field][rows[code] == twice.iloc[0]])
        rule, remedy = "a stock has one value in a table", "Leave the rows of one date in it"
        raise InputError(rule, f"{twice.iloc[0]}: {both}", where, remedy)
    of = dict(zip(rows[code], rows[field], strict=True))
    _check_codes(codes, list(of), file, where)
    found = np.empty(len(codes), dtype=object)
    found[:] = [of.get(one) for one in codes]
    return found


def with_names(panel: Panel, file: str, folder: Path | None, where: str, code: str, first: str, last: str) -> Panel:
    """The panel with what a list of names says: each with its first and its last day on the exchange.

    An empty last day means that the stock is still listed. Raises InputError where the list cannot be read, or knows
    none of the stocks.
    """
    table = read_table(file, folder, where)
    code, first, last = (table.column(name, where) for name in (code, first, last))
    names = table.cells[code].astype(str).to_numpy()
    _check_codes(panel.codes, list(names), file, where)
    begin = parse_dates(table.cells[first], table.place, where).dates
    end = _last_days(table, last, where, panel.dates[-1])
    wrong = np.flatnonzero(begin > end)
    if len(wrong):
        rule, remedy = "a stock's last day on the exchange is not before its first", "Correct the row"
        raise InputError(rule, f"{names[wrong[0]]} at {table.place(int(wrong[0]))}", where, remedy)
    days, stocks = panel.shape
    low, high = np.searchsorted(panel.dates, begin), np.searchsorted(panel.dates, end, side="right")
    inside = high > low
    place_of = {one: at for at, one in enumerate(panel.codes)}
    missing = [one for one in dict.fromkeys(names[inside].tolist()) if one not in place_of]
    present = np.zeros((days + 1, stocks), dtype=np.int32)
    present[1:].ravel()[panel.place] = 1
    np.cumsum(present, axis=0, out=present)
    expected = found = 0
    for one, begins, ends in zip(names[inside], low[inside].tolist(), high[inside].tolist(), strict=True):
        expected += ends - begins
        if (at := place_of.get(one)) is not None:
            found += int(present[ends, at] - present[begins, at])
    listed = ListedNames(file, len(set(names[inside])), tuple(missing), expected, expected - found)
    return replace(panel, names=listed)


def _last_days(table: Table, last: str, where: str, still: np.datetime64) -> Dates:
    """The last days, ``still`` where there is none: that of the panel."""
    cells = table.cells[last]
    empty = cells.isna() | (cells.astype(str).str.strip() == "")
    found = np.full(len(cells), still, dtype="datetime64[D]")
    known = np.flatnonzero(~empty)
    if len(known):
        place = partial(_place_of, table, known.tolist())
        found[known] = parse_dates(cells.iloc[known].reset_index(drop=True), place, where).dates
    return found


def _place_of(table: Table, rows: Sequence[int], position: int) -> str:
    return table.place(rows[position])


def _check_codes(codes: Sequence[str], others: Sequence[str], file: str, where: str) -> None:
    if not set(codes) & set(others):
        rule, remedy = f"the codes of {file} are those of the panel", "Name the column with these codes"
        given = others[0] if others else "none"
        raise InputError(rule, f"{given}, the panel has {codes[0]}", where, remedy)
