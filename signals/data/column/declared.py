"""Dates in a format that the study declares: ``date_format``, in the signs of strptime, or 'excel'."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.date_formats import YEARS, Dates, Parsed
from gridproof.signals.data.column.stamps import days_of

EXCEL = "excel"
_EXCEL_ZERO = np.datetime64("1899-12-30")  # serial 61 is 1900-03-01; the numbers before it count a day that never was
_SIGNS = frozenset("YymdbBjHIMSfpzaA%")


def check_date_format(date_format: str) -> str | None:
    """Returns what is wrong with a declared format, 'rule; remedy', or None."""
    if date_format == EXCEL:
        return None
    signs = re.findall(r"%(.)", date_format.replace("%%", ""))
    unknown = next((sign for sign in signs if sign not in _SIGNS), None)
    if unknown is not None or not signs:
        return 'date_format is written in the signs of strptime or is excel; write for example "%d/%m/%Y"'
    if len(set(signs)) < len(signs):
        return "date_format uses each sign once; remove one"
    if not {"Y", "y"} & set(signs):
        return "date_format must have the year; add %Y"
    if "d" in signs and not {"m", "b", "B"} & set(signs):
        return "date_format with a day must have the month; add %m"
    return None


def parse_declared(
    texts: Sequence[str], show: Callable[[int], str], where: str, date_format: str, time_zone: str | None
) -> tuple[Dates, str]:
    """Returns n written dates in a declared format, and the format in words.

    With a time of day in the format and no zone the date as written is the day; stamps with a zone need ``time_zone``
    unless they are at midnight. Without a day the last day of the month or year is meant.
    """
    if problem := check_date_format(date_format):
        rule, _, remedy = problem.partition("; ")
        raise InputError(rule, repr(date_format), where, remedy[0].upper() + remedy[1:])
    if date_format == EXCEL:
        return _parse_serials(texts, show, where), "serial numbers of Excel"
    signs = set(re.findall(r"%(.)", date_format.replace("%%", "")))
    adjacent = re.search(r"%[a-zA-Z]%[a-zA-Z]", date_format) is not None
    moments = []
    for index, text in enumerate(texts):
        try:
            moment = datetime.datetime.strptime(text, date_format)
        except ValueError:
            moment = None
        # Without separators a missing digit shifts the others: all texts have one length.
        if moment is None or (adjacent and len(text) != len(texts[0])):
            raise InputError(f'dates must have the format "{date_format}"', show(index), where, "Correct date_format")
        moments.append(moment)
    monthly, yearly = not signs & {"d", "j"}, not signs & {"m", "b", "B", "j"}
    days, valid = Parsed(
        np.array([moment.year for moment in moments], dtype=np.int64),
        np.array([12 if yearly else moment.month for moment in moments], dtype=np.int64),
        np.array([0 if monthly else moment.day for moment in moments], dtype=np.int64),
    ).dates()
    wrong = np.flatnonzero(~valid)
    if len(wrong):
        rule = f"a date must be in the years {YEARS[0]} to {YEARS[1]}"
        raise InputError(rule, show(int(wrong[0])), where, "Correct it")
    words = f"dates in the declared format {date_format}" + (", as last days" if monthly else "")
    if "y" in signs:
        words += ", 69 to 99 as 19YY and 00 to 68 as 20YY"
    if not signs & {"H", "I"}:
        if time_zone is not None:
            rule, remedy = "time_zone is for stamps with a time of day", "Leave out time_zone"
            raise InputError(rule, show(0), where, remedy)
        return days, words
    return _days_of_stamps(moments, days, show, where, words, date_format, time_zone)


def _days_of_stamps(
    moments: Sequence[datetime.datetime],
    days: Dates,
    show: Callable[[int], str],
    where: str,
    words: str,
    date_format: str,
    time_zone: str | None,
) -> tuple[Dates, str]:
    seconds = [each.hour * 3600 + each.minute * 60 + each.second + each.microsecond / 1e6 for each in moments]
    offsets = None
    if "%z" in date_format:
        offsets = np.array([(each.utcoffset() or datetime.timedelta()).total_seconds() / 60 for each in moments])
    elif re.search(r"(?:Z|UTC|GMT)$", date_format):
        offsets = np.zeros(len(moments))
    days, note = days_of(days, np.array(seconds), offsets, show, where, time_zone=time_zone, own_date=True)
    return days, f"{words} {note}" if note.startswith("at") else f"{words}, {note}"


def _parse_serials(texts: Sequence[str], show: Callable[[int], str], where: str) -> Dates:
    wrong = next((index for index, text in enumerate(texts) if not re.fullmatch(r"\d{2,6}(?:\.0*)?", text)), None)
    if wrong is not None:
        rule, remedy = "a serial number of Excel must be a whole number of days", "Correct date_format, or the cell"
        raise InputError(rule, show(wrong), where, remedy)
    numbers = np.array([int(text.partition(".")[0]) for text in texts], dtype=np.int64)
    outside = np.flatnonzero((numbers < 61) | (numbers > 109_939))
    if len(outside):
        rule, remedy = "a serial number of Excel must be from 61 (1900-03-01) to 109939 (2200)", "Correct the cell"
        raise InputError(rule, show(int(outside[0])), where, remedy)
    return _EXCEL_ZERO + numbers.astype("timedelta64[D]")
