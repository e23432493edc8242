"""Intraday bars: their stamps, the trading day that each belongs to, and the days that lack bars."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates, parse_dates
from gridproof.signals.data.column.stamps import load_zone
from gridproof.signals.data.source import Observations, Stamps

_DAY = np.timedelta64(1, "D")
_CLOSE = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WRITTEN = (
    r"^\s*(?P<date>.*?)(?:\s*T\s*|\s+|-(?=\d{1,2}:))(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?\s*$"
)
_DIGITS = r"^\s*(?P<date>\d{8})[T ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:\.0+)?\s*$"
# Trading days whose bars are counted to say how many a day has. Later days are not considered, so that a longer file
# cannot change the result.
_FIRST_DAYS = 20


@dataclass(frozen=True, slots=True)
class StampColumn:
    """``stamps``: (n,) datetime64[us], local date and time of each bar. ``form``: how they are written, in words."""

    stamps: Stamps
    form: str


def closing_time(text: str, where: str) -> np.timedelta64:
    """Returns the time of day of a close such as 15:00. Raises InputError if it is written otherwise."""
    found = _CLOSE.fullmatch(text.strip())
    if found is None:
        remedy = "Write the hour and the minute of the market's close, such as day_close: 15:00"
        raise InputError("day_close is a time of day", repr(text), where, remedy)
    return np.timedelta64(60 * int(found[1]) + int(found[2]), "m")


def trading_dates(stamps: Stamps, close: np.timedelta64) -> Dates:
    """Returns (n,) datetime64[D]: a bar belongs to the first trading day on this date or later.

    It is the bar's own date, and the next date for a bar after the close: a night session belongs to the day after.
    """
    days = stamps.astype("datetime64[D]")
    dates: Dates = days + (stamps - days > close)
    return dates


def parse_stamps(
    cells: pd.Series[Any],
    place: Callable[[int], str],
    where: str,
    *,
    date_format: str | None = None,
    time_zone: str | None = None,
) -> StampColumn:
    """Returns a column as dates with a time of day.

    The dates are written in any one format that ``column.dates.parse_dates`` knows, the times as HH:MM or HH:MM:SS
    after a space or a T; or both in 12 or 14 digits. ``date_format``: the format of both, in the signs of strptime.
    ``time_zone``: stamps that state their zone are converted to it. Raises InputError if a cell is empty or is no such
    stamp, if no bar has a time of day, or if a zone is stated and none declared, or the other way round.
    """
    if not len(cells):
        raise InputError("a series must have values", "no row", where, "Complete the file, or name another")
    if pd.api.types.is_datetime64_any_dtype(cells):
        moments, form = pd.DatetimeIndex(cells), "stored stamps"
    elif date_format is not None:
        moments, form = pd.DatetimeIndex(pd.to_datetime(cells, format=date_format, errors="coerce")), date_format
    else:
        moments, form = _parse_text(cells.astype("string"), place, where)
    empty = np.flatnonzero(moments.isna())
    if len(empty):
        remedy = "Write all of them as YYYY-MM-DD HH:MM:SS, or declare date_format"
        value = f"{cells.iloc[int(empty[0])]} at {place(int(empty[0]))}"
        raise InputError("every bar has a date and a time of day", value, where, remedy)
    if (moments.tz is None) != (time_zone is None):
        value = f"{cells.iloc[0]} at {place(0)}"
        if moments.tz is None:
            rule, remedy = "time_zone converts stamps that state their zone", "Leave out time_zone"
        else:
            rule = "bars that state their zone need the zone of the market"
            remedy = "Declare it, for example time_zone: Asia/Shanghai"
        raise InputError(rule, value, where, remedy)
    if time_zone is not None:
        moments = moments.tz_convert(load_zone(time_zone, where)).tz_localize(None)
        form += f", as times in {time_zone}"
    stamps = moments.to_numpy().astype("datetime64[us]")
    if (stamps == stamps.astype("datetime64[D]")).all():
        remedy = "Remove day_close: a series of one value a day needs none"
        raise InputError("intraday bars have a time of day", f"{cells.iloc[0]} at {place(0)}", where, remedy)
    return StampColumn(stamps, form)


def _parse_text(cells: pd.Series[Any], place: Callable[[int], str], where: str) -> tuple[pd.DatetimeIndex, str]:
    """Returns written stamps, NaT where a cell has another form, and the form of their dates."""
    parts = cells.str.extract(_WRITTEN)
    if parts["date"].isna().all():
        digits = cells.str.extract(_DIGITS)
        clock = digits["hour"] + ":" + digits["minute"] + ":" + digits["second"].fillna("00")
        parts = pd.DataFrame({"date": digits["date"], "time": clock, "zone": pd.Series(pd.NA, cells.index)})
    missing = np.flatnonzero(parts["date"].isna())
    if len(missing):
        value = f"{cells.iloc[int(missing[0])]} at {place(int(missing[0]))}"
        remedy = "Write all of them as YYYY-MM-DD HH:MM:SS, or declare date_format"
        raise InputError("every bar has a date and a time of day", value, where, remedy)
    days = parse_dates(parts["date"], place, where)
    short = parts["time"].str.count(":") == 1
    times = pd.to_timedelta(parts["time"].where(~short, parts["time"] + ":00"), errors="coerce")
    times = times.where(times < pd.Timedelta(1, "D"))
    moments = pd.DatetimeIndex(days.dates.astype("datetime64[us]") + times.to_numpy())
    zones = parts["zone"]
    if zones.notna().any():
        if zones.isna().any():
            odd = int(np.flatnonzero(zones.isna() != zones.isna().iloc[0])[0])
            rule, remedy = "all stamps of a column state their zone or none does", "Write them in one format"
            raise InputError(rule, f"{cells.iloc[odd]} at {place(odd)}", where, remedy)
        offsets = {zone: _offset(str(zone)) for zone in zones.unique()}
        moments = pd.DatetimeIndex(moments - zones.map(offsets).to_numpy(dtype="timedelta64[m]")).tz_localize("UTC")
    return moments, f"{days.form} with times"


def _offset(zone: str) -> np.timedelta64:
    digits = zone.replace(":", "")
    if not digits[1:].isdigit():
        return np.timedelta64(0, "m")
    minutes = 60 * int(digits[1:3]) + int(digits[3:5])
    return np.timedelta64(-minutes if digits[0] == "-" else minutes, "m")


def calendar_of_bars(bars: Observations) -> Dates:
    """Returns (T,) datetime64[D]: the days of bars that are a study's calendar.

    Raises InputError where there are bars after the close, as of a night session: their trading day is the next one,
    which the bars alone do not say.
    """
    assert bars.stamps is not None
    own = bars.stamps.astype("datetime64[D]")
    late = np.flatnonzero(own != bars.dates)
    if len(late):
        remedy = "Name a series with a value on every trading day"
        value = f"{bars.source.name}, which has a bar at {_shown(bars.stamps[late[0]])}"
        raise InputError("the calendar must have no bars after the close", value, "market.calendar", remedy)
    days: Dates = np.unique(bars.dates)
    return days


def bars_a_day(bars: Observations, calendar: Dates) -> float:
    """Returns how many bars a trading day has: the median of the first days."""
    days = np.searchsorted(calendar, bars.dates)
    _, counts = np.unique(days, return_counts=True)
    return float(np.median(counts[:_FIRST_DAYS]))


def without_unfinished_day(bars: Observations, calendar: Dates | None) -> Observations:
    """Returns the bars of the trading days that have ended, with a warning if the last one has not.

    The last day has ended if its last bar is as late in the day as that of the usual day before, or later.
    ``calendar``: None: the dates of the bars are the trading days.
    """
    assert bars.stamps is not None
    days = bars.dates.astype(np.int64) if calendar is None else np.searchsorted(calendar, bars.dates)
    last = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)  # the last bar of each day
    if calendar is not None:
        last = last[days[last] < len(calendar)]
        if len(last) and last[-1] < len(days) - 1:
            return bars  # later bars exist
    if len(last) < 2:
        return bars
    times = bars.stamps[last] - bars.stamps[last].astype("datetime64[D]")
    usual = np.sort(times[:-1])[(len(times) - 1) // 2]
    if times[-1] >= usual:
        return bars
    begin = int(last[-2]) + 1
    warning = (
        f"the last day, {bars.dates[-1]}, has bars until {_clock(times[-1])} only, the usual day until "
        f"{_clock(usual)}: its {len(days) - begin} bars are left out, as it has not ended"
    )
    return replace(
        bars,
        dates=bars.dates[:begin],
        values=bars.values[:begin],
        stamps=bars.stamps[:begin],
        columns={name: dates[:begin] for name, dates in bars.columns.items()},
        warnings=(*bars.warnings, warning),
    )


def lacking_warnings(bars: Observations, calendar: Dates) -> tuple[str, ...]:
    """Returns what to say of trading days with fewer bars than the usual day, and of those with none."""
    days = np.searchsorted(calendar, bars.dates)
    counts = np.bincount(days, minlength=len(calendar) + 1)[: len(calendar)]
    held = np.flatnonzero(counts)
    if not len(held):
        return ()
    found = []
    usual = int(len(np.bincount(counts[held])) - 1 - np.bincount(counts[held])[::-1].argmax())
    few = held[counts[held] < usual]
    if len(few):
        first = f"the first {calendar[few[0]]} with {counts[few[0]]}"
        found.append(f"{len(few)} of {len(held):,} trading days have fewer bars than the usual {usual}, {first}")
    none = held[0] + np.flatnonzero(counts[held[0] : held[-1] + 1] == 0)
    if len(none):
        span = f"{calendar[held[0]]} to {calendar[held[-1]]}"
        found.append(f"{len(none)} trading days from {span} have no bar, the first {calendar[none[0]]}")
    return tuple(found)


def checked_bars(bars: Observations, calendar: Dates) -> Observations:
    """Returns the bars of the days that have ended, with a warning for each kind of day that lacks bars."""
    bars = without_unfinished_day(bars, calendar)
    return replace(bars, warnings=(*bars.warnings, *lacking_warnings(bars, calendar)))


def _shown(stamp: np.datetime64) -> str:
    return str(stamp.astype("datetime64[s]")).replace("T", " ")


def _clock(time: np.timedelta64) -> str:
    minutes = int(time / np.timedelta64(1, "m"))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
