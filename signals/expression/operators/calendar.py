"""Operators on the dates of the study's trading days. Holidays are those of the data: days on which no row lies."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators.declaration import Calendar, Example, operator
from gridproof.signals.expression.operators.quantity import Quantity

NAN = np.nan
_WEDNESDAY = 3  # the weekday of 1 January 1970, with Monday 0: that of day 0 of datetime64


@operator(
    source="pandas Series.dt.weekday",
    example=Example("weekday()", {}, (0, 1, 2, 3, 4, 0, 1, 2, 3, 4)),
    unit=Quantity("a weekday", 0.0, 6.0),
    calendar=True,
)
def weekday(*, calendar: Calendar) -> Floats:
    """The day of the week: Monday is 0, Friday 4."""
    return ((_days(calendar) + _WEDNESDAY) % 7).astype(np.float64)


@operator(
    source="pandas Series.dt.day",
    example=Example("day()", {}, (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)),
    unit=Quantity("a day of the month", 1.0, 31.0),
    calendar=True,
)
def day(*, calendar: Calendar) -> Floats:
    """The day of the month, from 1 to 31."""
    first = calendar.dates.astype("datetime64[M]").astype("datetime64[D]")
    return (_days(calendar) - first.astype(np.int64)).astype(np.float64) + 1.0


@operator(
    source="pandas Series.dt.month",
    example=Example("month()", {}, (1,) * 10),
    unit=Quantity("a month", 1.0, 12.0),
    calendar=True,
)
def month(*, calendar: Calendar) -> Floats:
    """The month of the year, from 1 to 12."""
    return (_months(calendar) % 12).astype(np.float64) + 1.0


@operator(
    source="pandas Series.dt.quarter",
    example=Example("quarter()", {}, (1,) * 10),
    unit=Quantity("a quarter", 1.0, 4.0),
    calendar=True,
)
def quarter(*, calendar: Calendar) -> Floats:
    """The quarter of the year, from 1 to 4."""
    return (_months(calendar) % 12 // 3).astype(np.float64) + 1.0


@operator(
    source="pandas Series.dt.year",
    example=Example("year()", {}, (2024,) * 10),
    calendar=True,
)
def year(*, calendar: Calendar) -> Floats:
    """The year of the date, such as 2024."""
    return (_months(calendar) // 12).astype(np.float64) + 1970.0


@operator(
    source="turn of the month",
    example=Example("trading_day_of_month()", {}, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
    unit=Quantity("a trading day of the month", 1.0, 31.0),
    calendar=True,
    history=True,
)
def trading_day_of_month(*, calendar: Calendar) -> Floats:
    """Which trading day of its month it is, from 1. In the first month the count begins with the first row."""
    months = _months(calendar)
    return (np.arange(len(months)) - np.searchsorted(months, months)).astype(np.float64) + 1.0


@operator(
    source="turn of the month",
    example=Example("trading_days_left()", {}, (NAN,) * 10),
    unit=Quantity("trading days", 0.0, 31.0),
    calendar=True,
    ahead=True,
)
def trading_days_left(*, calendar: Calendar) -> Floats:
    """How many trading days of its month follow: 0 on the last one, as the exchange's calendar says ahead.

    Unknown in a last month of which no calendar says when it ends.
    """
    months = _months(calendar)
    last = np.searchsorted(months, months, side="right") - 1
    left = (last - np.arange(len(months))).astype(np.float64)
    return np.where(calendar.month_ends[last], left, np.nan) if len(months) else left


def _days(calendar: Calendar) -> Ints:
    return calendar.dates.astype("datetime64[D]").astype(np.int64)


def _months(calendar: Calendar) -> Ints:
    return calendar.dates.astype("datetime64[M]").astype(np.int64)
