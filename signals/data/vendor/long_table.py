"""A table with a row for each date, or date and security: tushare, akshare, baostock, and such sheets of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools
from gridproof.kernels.errors import InputError
from gridproof.signals.data.bars import parse_stamps
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.column.numbers import parse_numbers
from gridproof.signals.data.file.table import Table
from gridproof.signals.data.source import Stamps
from gridproof.signals.data.vendor.codes import code_of_file, standard_code
from gridproof.signals.data.vendor.vendor_table import CODE, DATE, STAMP, Adjustment, VendorTable, convert
from gridproof.signals.data.vendor.vocabulary import Heading, Kind, heading_of

# BaoStock's adjustflag.
_FLAGS: dict[str, Adjustment] = {"1": "back", "2": "forward", "3": "none"}


def read_long(table: Table, kind: Kind) -> VendorTable:
    """Read a table of which each row has a date. Numbers become yuan, shares and fractions.

    Raises InputError where a cell is no date or number, or two columns mean the same.
    """
    names = [str(column) for column in table.cells.columns]
    headings = {name: heading_of(name, kind, names) for name in names}
    found = VendorTable(table.file, pd.DataFrame(), table.place, notes=list(table.layout), rows=len(table.rows))
    dated = _date_column(table, headings, kind)
    columns: dict[str, Any] = dict([_moments(table, dated, names, kind)])
    found.columns[dated] = next(iter(columns))
    for name in names:
        if name == dated:
            continue
        own = headings[name]
        if own.name in columns:
            rule, remedy = "each column of an import has one meaning", "Remove one of them from the file"
            raise InputError(rule, f"{name} is {own.name}, as is another column", table.file, remedy)
        if _counts_rows(table.cells[name], name):
            found.columns[name] = "left out: it numbers the rows"
        elif own.name == CODE:
            columns[CODE] = [standard_code(_text(cell), share=own.shares) for cell in table.cells[name]]
            found.columns[name] = CODE
        elif kind == "baostock" and name == "adjustflag":
            found.adjustment = _flag(table, name)
            found.columns[name] = f"left out: the adjustment, {found.adjustment}"
        elif kind == "baostock" and name == "time":
            found.columns[name] = STAMP
        else:
            label, values, done = _values(table, name, own, kind)
            columns[label] = values
            found.columns[name] = f"{label} ({done})" if done else label
    if CODE not in columns and (code := code_of_file(table.file)) is not None:
        columns[CODE] = [code] * len(table.rows)
        found.notes.append(f"code {code} from the name of the file")
    found.frame = pd.DataFrame(columns)
    return without_values(found)


def without_values(table: VendorTable) -> VendorTable:
    """Leaves out the rows that have no number."""
    numbers = table.frame.select_dtypes("number")
    if not numbers.shape[1]:
        rule, remedy = "an import has a column of numbers", "Choose another file, or another kind"
        raise InputError(rule, f"{', '.join(table.columns)}", table.file, remedy)
    empty: Bools = numbers.isna().all(axis=1).to_numpy()
    if not empty.any():
        return table
    kept, place = np.flatnonzero(~empty), table.place
    table.dropped["no value"] = int(empty.sum())
    table.frame = table.frame.iloc[kept].reset_index(drop=True)
    table.place = lambda row: place(int(kept[row]))
    return table


def _date_column(table: Table, headings: dict[str, Heading], kind: Kind) -> str:
    found = [name for name, own in headings.items() if own.name == DATE]
    if len(found) == 1:
        return found[0]
    if found:
        rule, remedy = "an import has one column of dates", "Remove the others from the file"
        raise InputError(rule, " and ".join(found), table.file, remedy)
    first = str(table.cells.columns[0])
    try:
        parse_dates(table.cells[first], table.place, table.file)
    except InputError as error:
        rule = f"a file of {kind} has a column of dates"
        raise InputError(rule, ", ".join(headings), table.file, "Choose another kind, or export the dates") from error
    return first


def _moments(table: Table, name: str, names: list[str], kind: Kind) -> tuple[str, Dates | Stamps]:
    """The dates of a table, or of intraday bars the stamps."""
    cells = table.cells[name]
    if kind == "baostock" and "time" in names:  # 20170703093500000
        digits = table.cells["time"].map(_text)
        cells = digits.str[:8] + " " + digits.str[8:14]
    elif not cells.map(_text).str.contains(":").any() or cells.map(_text).str.contains("00:00:00").all():
        return DATE, parse_dates(cells, table.place, table.file).dates
    return STAMP, parse_stamps(cells, table.place, table.file).stamps


def _values(table: Table, name: str, own: Heading, kind: Kind) -> tuple[str, Any, str]:
    """The name of a column, its values, and what was done with them; texts stay as they are."""
    cells = table.cells[name]
    if own.name == "name":
        return own.name, cells.map(_text), "text"
    try:
        numbers = parse_numbers(cells, table.place, table.file)
    except InputError:
        if own.unit or own.name != name or kind == "tdx":
            raise
        return own.name, cells.map(_text), "text"
    if kind == "baostock" and name == "tradestatus":
        return "suspended", 1.0 - numbers.values, "1 where tradestatus is 0"
    if kind == "baostock" and name.casefold() == "isst":
        return "st", numbers.values, ""
    return own.name, *convert(numbers.values, own.unit, numbers.form)


def _flag(table: Table, name: str) -> Adjustment:
    held = sorted({_text(cell) for cell in table.cells[name]})
    if len(held) != 1 or held[0] not in _FLAGS:
        rule, remedy = "adjustflag is 1, 2 or 3, the same in all rows", "Import each adjustment by itself"
        raise InputError(rule, ", ".join(held), table.file, remedy)
    return _FLAGS[held[0]]


def _counts_rows(cells: pd.Series[Any], name: str) -> bool:
    """Whether a column without a name numbers the rows, as pandas writes the index of a frame or of a part of one."""
    if name not in ("Unnamed: 0", "index", "序号"):
        return False
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    return bool((np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers))).all())


def _text(cell: object) -> str:
    if cell is None or cell is pd.NA or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
