"""Sheets of Wind and Choice with securities or indicators side by side, under several rows of headers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.column.numbers import parse_numbers
from gridproof.signals.data.file.table import Table
from gridproof.signals.data.vendor.codes import holds_code, standard_code
from gridproof.signals.data.vendor.long_table import without_values
from gridproof.signals.data.vendor.vendor_table import CODE, DATE, VendorTable, convert
from gridproof.signals.data.vendor.vocabulary import UNITS, Heading, Kind, heading_of

# Rows of the header of a sheet of indicators, by their first cell.
_INDICATOR, _UNIT = ("指标名称", "指标", "名称"), ("单位",)


def is_wide(table: Table) -> bool:
    """Whether a sheet has several rows of headers: codes, or names and units of indicators, side by side."""
    if _codes_row(table) is not None:
        return True
    return len(table.headers) > 1 and any(row and row[0] in (*_INDICATOR, *_UNIT) for row in table.headers)


def read_wide(table: Table, kind: Kind) -> VendorTable:
    """Read a sheet whose columns are securities or indicators: of securities a row for each date and code.

    Raises InputError where a cell is no date or number, or two columns mean the same.
    """
    dates = parse_dates(table.cells.iloc[:, 0], table.place, table.file)
    found = VendorTable(table.file, pd.DataFrame(), table.place, rows=len(table.rows))
    found.notes = [*table.layout, dates.form]
    codes = _codes_row(table)
    if codes is None:
        return _indicators(table, dates.dates, kind, found)
    return _securities(table, dates.dates, kind, found, codes)


def _codes_row(table: Table) -> tuple[str, ...] | None:
    for row in table.headers:
        cells = [cell for cell in row[1:] if cell]
        if cells and all(holds_code(cell) for cell in cells):
            return row
    return None


def _indicators(table: Table, dates: Dates, kind: Kind, found: VendorTable) -> VendorTable:
    names = next((row for row in table.headers if row[0] in _INDICATOR), table.headers[0])
    units = next((row for row in table.headers if row[0] in _UNIT), ("",) * len(names))
    columns: dict[str, Any] = {DATE: dates}
    for at in range(1, len(names)):
        cells = table.cells.iloc[:, at]
        unit = units[at] if units[at] in UNITS else ""
        own = heading_of(names[at], kind, names, unit)
        own = own if own.unit or not units[at] else own._replace(unit=units[at])
        _check_new(own.name, columns, names[at], table.file)
        numbers = parse_numbers(cells, table.place, table.file)
        columns[own.name], done = convert(numbers.values, own.unit, numbers.form)
        found.columns[names[at]] = f"{own.name} ({done})" if done else own.name
    found.frame = pd.DataFrame(columns)
    return without_values(found)


def _securities(table: Table, dates: Dates, kind: Kind, found: VendorTable, codes: tuple[str, ...]) -> VendorTable:
    """Every security's columns below each other. A date on which one has no value has no row of it."""
    fields = _fields(table, codes, kind)
    parts: dict[str, dict[str, Any]] = {}
    for at in range(1, len(codes)):
        own, code = fields[at], standard_code(codes[at])
        if not code:
            rule, remedy = "each column has a code above it", "Complete the header, or remove the column"
            raise InputError(rule, f"none in column {at + 1}", table.file, remedy)
        part = parts.setdefault(code, {DATE: dates, CODE: [code] * len(dates)})
        _check_new(own.name, part, f"{code} {own.name}", table.file)
        numbers = parse_numbers(table.cells.iloc[:, at], table.place, table.file)
        part[own.name], done = convert(numbers.values, own.unit, numbers.form)
        found.columns[f"{codes[at]} {own.name}"] = f"{own.name} of {code}" + (f" ({done})" if done else "")
    rows = np.tile(np.arange(len(dates)), len(parts))
    place = table.place
    found.place = lambda row: place(int(rows[row]))
    found.frame = pd.concat([pd.DataFrame(part) for part in parts.values()], ignore_index=True)
    return without_values(found)


def _fields(table: Table, codes: tuple[str, ...], kind: Kind) -> list[Heading]:
    """What each column is, from the row of the header that names fields; `value` where no row does."""
    for row in table.headers:
        if row is codes:
            continue
        own = [heading_of(cell, kind, row) for cell in row]
        if any(heading.name != cell for heading, cell in zip(own[1:], row[1:], strict=True)):
            return own
    return [Heading("value", "")] * len(codes)


def _check_new(name: str, columns: dict[str, Any], shown: str, file: str) -> None:
    if name in columns:
        rule, remedy = "each column of an import has one meaning", "Remove one of them from the file"
        raise InputError(rule, f"{shown} twice", file, remedy)
