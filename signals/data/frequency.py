"""How often a series has observations: months apart, rows a year, and months that are missing."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.column.dates import Dates

# Words for the number of months between observations.
WORDS = {1: "monthly", 3: "quarterly", 6: "half-yearly", 12: "yearly"}
PERIODS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}

# Observations that decide how far apart the observations of a series are. Later ones are not considered, so that a
# longer file cannot change the result.
_FIRST_GAPS = 12
_YEAR = 365.2425


def month_numbers(dates: Dates) -> Ints:
    """Returns (n,) int64: the months from January 1970 to the month of each date."""
    return dates.astype("datetime64[M]").astype(np.int64)


def months_apart(dates: Dates) -> int | None:
    """Returns 1, 3, 6 or 12: the usual number of months between (n,) dates; None if they are none of these apart.

    It is the median of the first gaps.
    """
    gaps = np.diff(month_numbers(dates[: _FIRST_GAPS + 1]))
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    return int(usual) if usual in WORDS else None


def positions(dates: Dates, months: int, where: str) -> Ints:
    """Returns (n,) int64: the position of each date on the axis of all periods of ``months`` months since the first.

    Raises InputError if two dates lie in one period, or a date lies off the axis.
    """
    numbers = month_numbers(dates)
    twice = np.flatnonzero(np.diff(numbers) == 0)
    off = np.flatnonzero((numbers - numbers[0]) % months)
    if not len(twice) and not len(off):
        return np.asarray((numbers - numbers[0]) // months, dtype=np.int64)
    kind, period = WORDS[months], PERIODS[months]
    at = int(twice[0]) if len(twice) else int(off[0]) - 1
    daily = daily_from(dates)
    remedy = "Leave one value in each, or date each value by its own period"
    if daily is not None:
        remedy = f"Remove the rows before {dates[daily]}, from which the series is daily, or those from then on"
    raise InputError(
        f"a {kind} series must have at most one value in each {period}, at the same distance from each other",
        f"{dates[at]} then {dates[at + 1]}",
        where,
        remedy,
    )


def daily_from(dates: Dates) -> int | None:
    """Returns the position of the first date from which ten gaps, or all to the end, are at most 15 days.

    None if there is no such date, or fewer than three dates follow it.
    """
    short = (np.diff(dates) <= np.timedelta64(15, "D")).astype(np.int64)
    run = 10
    sums = np.concatenate([[0], np.cumsum(short)])
    for at in range(len(short)):
        end = min(at + run, len(short))
        if sums[end] - sums[at] == end - at:
            return at if end - at >= 3 else None
    return None


def rows_per_year(dates: Dates) -> tuple[float, str] | None:
    """Returns the number of rows a year of a calendar, and how they lie: "weekly", "7 days a week", "daily".

    Of less than ten months the number is 52 or 365 where the rows are weekly or on all days of the week; None where
    they are on weekdays, whose number a year cannot be counted then.
    """
    days = int((dates[-1] - dates[0]) / np.timedelta64(1, "D"))
    usual = float(np.median(np.diff(dates).astype(np.int64)))
    # 1970-01-01 was a Thursday.
    weekend = float(((dates.astype(np.int64) + 3) % 7 >= 5).mean())
    kind = "weekly" if usual > 4 else "7 days a week" if weekend > 0.2 else "daily"
    if days >= 300:
        return (len(dates) - 1) / days * _YEAR, kind
    if kind == "daily" or len(dates) < 5:
        return None
    return (365.0 if kind == "7 days a week" else _YEAR / usual), kind
