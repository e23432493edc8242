"""One series of a file: its observations, and the day on which each became known."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.bars import Stamps, closing_time, parse_stamps, trading_dates
from gridproof.signals.data.column.date_checks import isolated_date
from gridproof.signals.data.column.dates import DateColumn, Dates, holds_dates, parse_dates
from gridproof.signals.data.column.numbers import parse_numbers
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.file.table import Table
from gridproof.signals.data.selection import CellValue, check_one_series, joined_series, select_rows

__all__ = ["Dates", "Observations", "Release", "Source", "read"]

# Ten years.
_LONGEST_RELEASE = 3_650
_DAYS = re.compile(r"^(\d{1,5})\s*(?:(?:trading )?days?)?$")
_CALENDAR_DAYS = re.compile(r"^(\d{1,5}) calendar days?$")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a series is read from.

    ``field`` and ``date``: the columns of values and dates. ``filters``: keep only the rows that have these values in
    these columns. ``code``: the same for the one column of codes. ``sheet``: of a workbook. ``drop_missing``: leave out
    dates without a value. ``where``: the place in the study, for error messages.
    ``date_format``, ``time_zone``: see ``column.dates.parse_dates``. ``release_columns``: columns that a release of the
    study names; those that the file has are read as dates. ``day_close``: of a series of intraday bars, the time of day
    at which the trading day closes.
    """

    name: str
    file: str
    field: str
    code: str | None = None
    date: str = "date"
    drop_missing: bool = False
    where: str = ""
    date_format: str | None = None
    time_zone: str | None = None
    release_columns: frozenset[str] = frozenset()
    filters: tuple[tuple[str, CellValue], ...] = ()
    sheet: str | None = None
    day_close: str | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """The n observations of a series, in order of date: dates strictly increasing, all values finite.

    Intraday bars have ``stamps``, which increase strictly; their ``dates`` are those of the trading days to which they
    belong (see ``bars.trading_dates``), each once for every bar.

    ``understood``: how the file was read, in one line. ``warnings``: what is suspicious in it but may be true, one
    sentence each.
    """

    source: Source
    dates: Dates  # (n,) datetime64[D]
    values: Floats  # (n,), in the units of the file
    columns: dict[str, Dates]  # the other date columns of the file, (n,) each; a release may name one
    understood: str = ""
    warnings: tuple[str, ...] = ()
    stamps: Stamps | None = None  # (n,) datetime64[s] or [us] of intraday bars: local date and time

    @property
    def monthly(self) -> bool:
        """Whether the series is monthly: the median gap between its first four observations is 20 days or more.

        Later observations are not considered, so that a longer file cannot change the result.
        """
        return len(self.dates) > 1 and float(np.median(np.diff(self.dates[:4]).astype(float))) >= 20

    def until(self, day: np.datetime64) -> Observations:
        """Returns the observations dated on a day, datetime64[D], or before it; they may be none."""
        kept = int(np.searchsorted(self.dates, day, side="right"))
        columns = {name: dates[:kept] for name, dates in self.columns.items()}
        stamps = None if self.stamps is None else self.stamps[:kept]
        return replace(self, dates=self.dates[:kept], values=self.values[:kept], columns=columns, stamps=stamps)


@dataclass(frozen=True, slots=True)
class Release:
    """When an observation becomes known.

    ``trading_days`` 0: at the close of its date, or of the next trading day if its date is not one. ``trading_days``
    n: at the close of the n-th trading day strictly after its date, of intraday bars after the trading day to which the
    bar belongs. ``calendar_days`` n: at the close of the first trading day n days after its date or later. ``column``:
    at the close of the first trading day on or after the date in that column.
    """

    trading_days: int = 0
    calendar_days: int | None = None
    column: str | None = None

    @classmethod
    def parse(cls, text: int | float | str, where: str) -> Release:
        """Parse a release as written in a study. Raises InputError if it has none of the three forms."""
        word = str(text).strip()
        numbers = re.match(r"^(\d+)", word)
        if numbers and int(numbers[1][:9]) > _LONGEST_RELEASE:
            raise InputError(f"a release is at most {_LONGEST_RELEASE:,} days", repr(text), where, "Lower it")
        if match := _DAYS.match(word):
            return cls(trading_days=int(match[1]))
        if match := _CALENDAR_DAYS.match(word):
            return cls(calendar_days=int(match[1]))
        if word.isidentifier():
            return cls(column=word)
        rule = "a release is a number of trading days, 'N calendar days', or the name of a date column"
        raise InputError(rule, repr(text), where, "Write for example 1 day, 45 calendar days, or usable_from")

    def known(self, observations: Observations, calendar: Dates) -> npt.NDArray[np.int64]:
        """Returns (n,) int64: for each observation the index of the day of ``calendar`` at whose close it is known.

        The index is len(calendar) if the observation becomes known after the last day. Raises InputError if the file
        lacks the release column, or if an observation would be released before an earlier one.
        """
        dates, side = observations.dates, "left"
        if self.column is not None:
            if self.column not in observations.columns:
                raise InputError(
                    "a release that names a column needs that date column in the file",
                    self.column,
                    observations.source.where,
                    f"Use one of {', '.join(observations.columns) or 'no date column here'}, or a number of days",
                )
            dates = observations.columns[self.column]
            self._check_column(observations, dates)
        elif self.calendar_days is not None:
            dates = dates + np.timedelta64(self.calendar_days, "D")
        elif self.trading_days > 0 and observations.stamps is None:
            side = "right"
        index = np.searchsorted(calendar, dates, side=side)  # type: ignore[call-overload]
        if self.trading_days > 0:
            index = index + self.trading_days - (side == "right")
        known: npt.NDArray[np.int64] = np.minimum(index, len(calendar)).astype(np.int64)
        back = np.flatnonzero(np.diff(known) < 0)
        if len(back):
            raise InputError(
                "a later observation must not be released before an earlier one",
                f"that of {observations.dates[back[0]]} on {dates[back[0]]}, the next on {dates[back[0] + 1]}",
                observations.source.where,
                "Sort the release dates in the file",
            )
        return known

    def _check_column(self, observations: Observations, known: Dates) -> None:
        """Raises InputError if a value is known before its own date, or all are known on one day."""
        where = observations.source.where
        early = np.flatnonzero(known < observations.dates)
        if len(early):
            value = f"that of {observations.dates[early[0]]} on {known[early[0]]}, {len(early)} such rows"
            remedy = f"Correct {self.column}, or name another column with release or date"
            raise InputError("a value must not be released before its own date", value, where, remedy)
        if len(known) > 2 and (known == known[0]).all():
            rule, remedy = "a release column has a date for each value", "Name the column with the days of publication"
            raise InputError(rule, f"{known[0]} in all {len(known):,} rows of {self.column}", where, remedy)


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
