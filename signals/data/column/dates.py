"""Cells as dates: one format a column, found from all its cells and stated in words, or declared by the study."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.cells import Column, distinct, plain, unknown_format
from gridproof.signals.data.column.clear_days import clear_days
from gridproof.signals.data.column.date_checks import check_padding, check_plain_months, check_weekdays, dotted_months
from gridproof.signals.data.column.date_formats import DAY, FORMATS, YEARS, DateFormat, Dates, Parsed, parse_parts
from gridproof.signals.data.column.day_order import find_order
from gridproof.signals.data.column.declared import parse_declared
from gridproof.signals.data.column.epoch import parse_epoch
from gridproof.signals.data.column.stamps import Stamp, days_of, split_stamp

__all__ = ["DateColumn", "Dates", "holds_dates", "parse_dates"]

_EMPTY = frozenset(("", "nat", "nan", "none", "null", "na", "n/a", "<na>", "-", "--"))
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True, slots=True)
class DateColumn:
    """``dates``: (n,) datetime64[D]. ``form``: the format that was understood, in words."""

    dates: Dates
    form: str


def parse_dates(
    cells: pd.Series[Any],
    place: Callable[[int], str],
    where: str,
    *,
    date_format: str | None = None,
    time_zone: str | None = None,
) -> DateColumn:
    """Returns a column as dates. ``place``: the place of a position in the file; ``where``: the place in the study.

    A month, a quarter, a half-year or a year means its last day. ``date_format``: the format in the signs of strptime,
    or 'excel' for serial numbers of Excel; with a time of day in it, the date as written is the day. ``time_zone``:
    stamps that state their zone are converted to it. Raises InputError if a cell is empty, is not a valid date or has
    another format than the others; if day and month cannot be told apart; and if a stamp has a time of day, which
    could be of another day elsewhere, without one of the two declarations.

    >>> import pandas as pd
    >>> parse_dates(pd.Series(["2015年1月", "2015年2月"]), str, "study")  # doctest: +NORMALIZE_WHITESPACE
    DateColumn(dates=array(['2015-01-31', '2015-02-28'], dtype='datetime64[D]'),
               form='months YYYY年M月, as their last days')
    """
    native = pd.api.types.is_datetime64_any_dtype(cells)
    if pd.api.types.is_bool_dtype(cells) or pd.api.types.is_timedelta64_dtype(cells):
        raise InputError("dates must be written as dates", f"column {cells.name}", where, "Name another with date:")
    if not len(cells):
        raise InputError("a series must have values", "no row", where, "Complete the file, or name another")
    if date_format is None and time_zone is None and (clear := clear_days(cells)) is not None:
        return DateColumn(*clear)
    found = distinct(cells)
    texts = [plain(text) for text in found.texts]
    blank = np.array([text.lower() in _EMPTY for text in texts], dtype=np.bool_)
    empty = np.flatnonzero((found.codes < 0) | (blank[found.codes] if len(texts) else False))
    if len(empty):
        remedy = "Complete the file, or remove the row"
        raise InputError("every row must have a date", f"nothing at {place(int(empty[0]))}", where, remedy)

    def show(index: int) -> str:
        return f"{found.texts[index]} at {place(int(found.first[index]))}"

    if all(_WHOLE.fullmatch(text) for text in texts):
        texts = [text.partition(".")[0] for text in texts]
    column = Column(texts, show, where)
    if native:
        dates, form = _parse_stored(column, date_format, time_zone)
    elif date_format is None and time_zone is None and (days := _iso_days(texts)) is not None:
        dates, form = days, "dates YYYY-MM-DD"
    elif date_format is not None:
        dates, form = parse_declared(texts, show, where, date_format, time_zone)
    else:
        dates, form = _parse_detected(column, time_zone)
    return DateColumn(dates[found.codes], form)


def holds_dates(cells: pd.Series[Any]) -> bool:
    """Whether a column holds days beyond doubt: its type is a date type, or its first cell is text with YYYY-MM-DD."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        return True
    if len(cells) == 0 or not (cells.dtype == object or pd.api.types.is_string_dtype(cells)):
        return False
    return re.match(r"\d{4}-\d{2}-\d{2}", str(cells.iloc[0])) is not None


def _iso_days(texts: list[str]) -> Dates | None:
    """Returns texts that are all valid days YYYY-MM-DD as dates, else None."""
    if not all(map(_ISO.fullmatch, texts)):
        return None
    try:
        days = np.array(texts, dtype="datetime64[D]")
    except ValueError:
        return None
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return days if years.min() >= YEARS[0] and years.max() <= YEARS[1] else None


def _parse_stored(column: Column, date_format: str | None, time_zone: str | None) -> tuple[Dates, str]:
    """Returns dates that the file stores as such."""
    stamps = [split_stamp(text) for text in column.texts]
    if date_format is not None and not re.search("%[HIXT]", date_format):
        rule, remedy = "date_format is for dates written as text or numbers", "Leave it out: the file stores dates"
        raise column.error(rule, 0, remedy)
    matches = [FORMATS[0].pattern.fullmatch(stamp.date) if stamp else None for stamp in stamps]
    for index, match in enumerate(matches):
        if match is None:
            raise unknown_format(column, index)
    parsed = parse_parts(FORMATS[0], [match for match in matches if match])
    days = _valid_days(column, parsed)
    return _resolve(column, [stamp for stamp in stamps if stamp], days, "stored dates", time_zone, date_format)


def _parse_detected(column: Column, time_zone: str | None) -> tuple[Dates, str]:
    stamps = [split_stamp(text) for text in column.texts]
    if stamps[0] is None:
        raise unknown_format(column, 0)
    form = next((each for each in FORMATS if each.pattern.fullmatch(stamps[0].date)), None)
    if form is None:
        return parse_epoch(column, time_zone)
    matches = []
    for index, stamp in enumerate(stamps):
        match = form.pattern.fullmatch(stamp.date) if stamp else None
        if match is None:
            words = _words(form, column.texts[0])
            remedy = "Write all dates of the column in one format"
            raise column.error("the dates of a column have one format", index, remedy, f", after {words}")
        matches.append(match)
    known = [stamp for stamp in stamps if stamp]
    check_padding(column, form, matches)
    if form.ordered:
        parsed, words = find_order(form, matches, column.show, column.where)
    else:
        parsed, words = parse_parts(form, matches), form.words
    if form.words == "YYYY.MM":
        parsed = dotted_months(column, parsed, matches)
    if form.words == "YYYYMM":
        check_plain_months(column, parsed)
    short = np.flatnonzero(parsed.years < 0)
    if len(short):
        rule = "a year of two digits from 30 to 69 is ambiguous"
        raise column.error(rule, int(short[0]), "Write years with four digits")
    days = _valid_days(column, parsed)
    check_weekdays(column, known, days)
    if form.unit != DAY:
        if any(stamp.seconds is not None for stamp in known) or time_zone is not None:
            raise column.error(f"a {form.unit} has no time of day and no time_zone", 0, "Write it alone")
        return days, f"{form.unit}s {words}, as their last days"
    if len(matches[0].groupdict().get("y") or matches[0].groupdict().get("c") or "") == 2 and "YY" in words:
        words += ", 70 to 99 as 19YY and 00 to 29 as 20YY"
    return _resolve(column, known, days, f"dates {words}", time_zone, None)


def _words(form: DateFormat, first: str) -> str:
    return f"{first!r}" if form.ordered else form.words


def _valid_days(column: Column, parsed: Parsed) -> Dates:
    days, valid = parsed.dates()
    wrong = np.flatnonzero(~valid)
    if len(wrong):
        rule = f"a date must be a day of the calendar in the years {YEARS[0]} to {YEARS[1]}"
        raise column.error(rule, int(wrong[0]), "Correct it")
    return days


def _resolve(
    column: Column, stamps: list[Stamp], days: Dates, words: str, time_zone: str | None, date_format: str | None
) -> tuple[Dates, str]:
    """Returns the days of stamps, after a check that all or none have a time of day and a zone."""
    timed = [stamp.seconds is not None for stamp in stamps]
    zoned = [stamp.offset is not None for stamp in stamps]
    for each, what in ((timed, "time of day"), (zoned, "zone")):
        if any(each) and not all(each):
            odd = each.index(not each[0])
            rule = f"all dates of a column have a {what} or none has"
            raise column.error(rule, odd, "Write all dates of the column in one format")
    if not any(timed):
        if time_zone is not None:
            remedy = "Leave out time_zone"
            raise column.error("time_zone is for stamps with a time of day", 0, remedy)
        return days, words
    days, note = days_of(
        days,
        np.array([stamp.seconds for stamp in stamps], dtype=np.float64),
        np.array([stamp.offset for stamp in stamps], dtype=np.float64) if all(zoned) else None,
        column.show,
        column.where,
        time_zone=time_zone,
        own_date=date_format is not None,
    )
    if words == "stored dates" and note == "at midnight":
        return days, words
    return days, f"{words} {note}" if note.startswith("at") else f"{words}, {note}"
