"""Dates with a time of day or a zone: no stamp moves to another day unless the study declares its zone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.date_formats import Dates

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CHINESE_WEEKDAYS = "一二三四五六日天"
_STAMP = re.compile(
    r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?"
    r"(?P<date>.*?)"
    r"(?:,?\s*\(?(?:星期|周)(?P<chinese>[一二三四五六日天])\)?)?"
    r"(?:(?:\s*T|\s+|(?<=日))(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?P<half>[ap]m)?"
    r"\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?(?:\s*\[[\w/]+\])?)?",
    re.ASCII | re.IGNORECASE,
)
# 20200302150000 and 20200302 150000: date and time without separators.
_DIGITS = re.compile(r"((?:19|20)\d{2}[01]\d[0-3]\d)[T ]?([0-2]\d)([0-5]\d)([0-5]\d)?(Z?)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A written stamp. ``seconds``: of its time of day, None without one; ``offset``: minutes from UTC, None unstated.

    ``weekday``: 0 to 6 from Monday, None unstated.
    """

    date: str
    seconds: float | None
    offset: int | None
    weekday: int | None


def split_stamp(text: str) -> Stamp | None:
    """Returns the parts of a written date, or None if its time of day or its zone is not valid.

    >>> split_stamp("2020-03-01 16:00:00+00:00")
    Stamp(date='2020-03-01', seconds=57600.0, offset=0, weekday=None)
    """
    if match := _DIGITS.fullmatch(text):
        date, hour, minute, second, zone = match.groups()
        if int(hour) < 24:
            return Stamp(date, int(hour) * 3600.0 + int(minute) * 60 + int(second or 0), 0 if zone else None, None)
    match = _STAMP.fullmatch(text)
    if match is None or not match["date"]:
        return None
    weekday = _WEEKDAYS.index(match["weekday"].lower()) if match["weekday"] else None
    if match["chinese"]:
        weekday = min(_CHINESE_WEEKDAYS.index(match["chinese"]), 6)
    if match["time"] is None:
        return Stamp(match["date"], None, None, weekday)
    hour, minute, second = ([float(part.replace(",", ".")) for part in match["time"].split(":")] + [0.0])[:3]
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second >= 60:
        return None
    offset = _offset(match["zone"]) if match["zone"] else None
    if offset is not None and abs(offset) > 14 * 60:
        return None
    return Stamp(match["date"], hour * 3600 + minute * 60 + second, offset, weekday)


def _offset(zone: str) -> int:
    digits = re.sub(r"[^\d+-]", "", zone)
    if not digits:
        return 0
    minutes = int(digits[1:3]) * 60 + int(digits[3:5] or 0)
    return -minutes if digits[0] == "-" else minutes


def load_zone(name: str, where: str) -> ZoneInfo:
    """Returns the time zone of a study. Raises InputError if the name is not in the IANA database."""
    zones = available_timezones()
    if name not in zones:
        near = difflib.get_close_matches(name, zones, 2, 0.6) or ["Asia/Shanghai", "America/New_York"]
        rule = "time_zone must be a name of the IANA database"
        raise InputError(rule, name, where, f"Write for example {' or '.join(near)}")
    return ZoneInfo(name)


def days_of(
    days: Dates,
    seconds: Floats,
    offsets: Floats | None,
    show: Callable[[int], str],
    where: str,
    *,
    time_zone: str | None,
    own_date: bool,
) -> tuple[Dates, str]:
    """Returns the day of each of n stamps, (n,) datetime64[D], and what was done in words.

    ``days``, ``seconds``: the stamp's own date and time of day; ``offsets``: minutes from UTC, None if no zone is
    stated. ``show``: the stamp at an index, with its place. ``own_date``: the study declares that the date as written
    is the day, which holds for stamps without a zone. Midnights are days. Raises InputError for any other time of day
    unless a zone or ``own_date`` is declared, and for midnights that the declared zone would move to another day.
    """
    late = np.flatnonzero(seconds != 0)
    if own_date and offsets is None and time_zone is None:
        return days, "time of day left out, as date_format declares"
    if offsets is not None and len(offsets) and offsets.max() - offsets.min() > 60:
        first = show(int(np.flatnonzero(offsets != offsets[0])[0]))
        remedy = "Write all stamps in one zone, or as dates"
        raise InputError("the stamps of a column must be in one zone", f"{show(0)} and {first}", where, remedy)
    if time_zone is None:
        if len(late):
            remedy = (
                "Declare the zone of the market, for example time_zone: Asia/Shanghai"
                if offsets is not None
                else "Write dates or state the zone in the file, or declare that the date as written is the day: "
                'date_format: "%Y-%m-%d %H:%M:%S" in the form of the file; of intraday bars write day_close: 15:00'
            )
            rule = "a stamp must be at midnight unless its day is declared"
            raise InputError(rule, show(int(late[0])), where, remedy)
        return days, "at midnight" + ("" if offsets is None else f" {_zone_words(offsets)}")
    zone = load_zone(time_zone, where)
    if offsets is None:
        remedy = "State the zone in the file (2020-01-01 16:00:00+00:00), or leave out time_zone"
        raise InputError("time_zone converts stamps that state their zone", show(0), where, remedy)
    moments = days.astype("datetime64[us]") + ((seconds - offsets * 60) * 1e6).round().astype("timedelta64[us]")
    local = pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    there: Dates = local.to_numpy().astype("datetime64[D]")
    moved = np.flatnonzero(there != days)
    if not len(late) and len(moved):
        value = f"{show(int(moved[0]))}, which would become {there[moved[0]]}"
        remedy = "Leave out time_zone: stamps that are all at midnight are days as they stand"
        raise InputError("time_zone must not move a midnight to another day", value, where, remedy)
    return there, f"{_zone_words(offsets)}, as days in {time_zone}"


def _zone_words(offsets: npt.NDArray[np.float64]) -> str:
    words = [_offset_words(int(offset)) for offset in np.unique(offsets)]
    return " or ".join(words)


def _offset_words(minutes: int) -> str:
    if minutes == 0:
        return "UTC"
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
