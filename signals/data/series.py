"""One series of a file becomes observations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.bars import closing_time, parse_stamps, trading_dates
from gridproof.signals.data.column.date_checks import isolated_date
from gridproof.signals.data.column.dates import DateColumn, Dates, holds_dates, parse_dates
from gridproof.signals.data.column.numbers import parse_numbers
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.file.table import Table
from gridproof.signals.data.selection import check_one_series, joined_series, select_rows
from gridproof.signals.data.source import Observations, Source


def read(source: Source, folder: Path | None) -> Observations:
    """Read one series. Missing values before the first value and after the last are left out.

    The rows may stand from the first date to the last or from the last to the first. Raises InputError if the file, a
    column or the code is missing, if dates are invalid, repeated or not in order, if a value is not a number, or if a
    value is missing in between and ``source.drop_missing`` is False.
    """
    whole = read_table(source.file, folder, source.where, source.sheet)
    date, field = whole.column(source.date, source.where), whole.column(source.field, source.where)
    whole, chosen = select_rows(whole, source.filters, source.code, source.where)
    table, place = whole.cells, whole.place
    order, form = _read_dates(source, table[date], place)
    notes = [*chosen, form]
    if len(order) > 1 and (order[1:] < order[:-1]).all():
        order = order[::-1]
        whole = replace(whole, cells=table.iloc[::-1], rows=whole.rows[::-1])
        table, place = whole.cells, whole.place
        notes.append("newest first")
    wrong = np.flatnonzero(order[1:] <= order[:-1])
    if len(wrong):
        check_one_series(whole, order, source.where)
        raise InputError(
            f"the dates of {source.file} must be in order and given once",
            f"{order[wrong[0]]} then {order[wrong[0] + 1]} at {place(int(wrong[0]) + 1)}",
            source.where,
            "Sort the file by date and remove repeated dates, or choose one series of it with where: {COLUMN: VALUE}",
        )
    numbers = parse_numbers(table[field], place, source.where)
    values = numbers.values
    if numbers.form:
        notes.append(numbers.form)
    present = np.flatnonzero(np.isfinite(values))
    if not len(present):
        raise InputError(
            "a series must have values",
            source.field,
            source.where,
            f"Name another column of {source.file}, or complete it",
        )
    keep = np.zeros(len(values), dtype=np.bool_)
    keep[present[0] : present[-1] + 1] = True
    gaps = np.flatnonzero(keep & ~np.isfinite(values))
    if len(gaps) and not source.drop_missing:
        raise InputError(
            "a series must have no missing value between its first and its last",
            f"{len(gaps)} missing, the first on {order[gaps[0]]} at {place(int(gaps[0]))}",
            source.where,
            "Complete the file, or write missing: drop to leave those dates out",
        )
    keep[gaps] = False
    warnings = joined_series(whole, order)
    others = _other_dates(source, whole.take(keep), date)
    order, values = order[keep], values[keep]
    kind = "values" if source.day_close is None else "bars"
    rows = f"{len(order):,} {kind}, {order[0]} to {order[-1]}".replace("T", " ")
    understood = "; ".join([rows, *notes, *whole.layout])
    if source.day_close is not None:
        dates = trading_dates(order, closing_time(source.day_close, source.where))
        return Observations(source, dates, values, others, understood, warnings, order)
    if isolated := isolated_date(order):
        warnings = (*warnings, isolated)
    return Observations(source, order, values, others, understood, warnings)


def _read_dates(source: Source, cells: pd.Series[Any], place: Callable[[int], str]) -> tuple[Dates, str]:
    """Returns the dates of a series, of intraday bars their stamps, and how they are written."""
    declared = {"date_format": source.date_format, "time_zone": source.time_zone}
    if source.day_close is None:
        parsed = parse_dates(cells, place, source.where, **declared)
        return parsed.dates, parsed.form
    bars = parse_stamps(cells, place, source.where, **declared)
    whole = bars.stamps.astype("datetime64[s]")
    return (whole if (whole == bars.stamps).all() else bars.stamps), bars.form


def _other_dates(source: Source, table: Table, date: str) -> dict[str, Dates]:
    """Returns the date columns of a table beside that of its dates.

    Raises InputError if one that a release names does not hold dates; others that do not are left out.
    """
    releases = {table.find(name)[0]: name for name in source.release_columns if len(table.find(name)) == 1}
    columns = {}
    for name in map(str, table.cells.columns):
        named = name in releases
        if name == date or not (named or holds_dates(table.cells[name])):
            continue
        try:
            columns[releases.get(name, name)] = _release_dates(source, table, name).dates
        except InputError:
            if named:
                raise
    return columns


def _release_dates(source: Source, table: Table, name: str) -> DateColumn:
    """Returns a column of release dates; the declared format and zone are used where the column alone is not clear."""
    try:
        return parse_dates(table.cells[name], table.place, source.where)
    except InputError:
        if source.date_format is None and source.time_zone is None:
            raise
        return parse_dates(
            table.cells[name],
            table.place,
            source.where,
            date_format=source.date_format,
            time_zone=source.time_zone,
        )
