"""Operators that take one value a day, week or month: windows outside them count days, weeks or months."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.signals.expression.operators.argument import series
from gridproof.signals.expression.operators.declaration import Calendar, Example, operator
from gridproof.signals.expression.operators.quantity import unit_of_first

_DAYS = (1, 2, 3, 4, 5, 6, 7)
_HELD = (np.nan, np.nan, np.nan, np.nan, 5, 5, 5)


@operator(
    series(),
    source="pandas DataFrame.resample, last",
    example=Example("daily(x)", {"x": (1, np.nan, 3)}, (1, np.nan, 3)),
    unit=unit_of_first,
    samples="day",
    level=True,
)
def daily(x: Floats) -> Floats:
    """The latest value of x known at the close of each trading day: of intraday bars that of the day's last bar.

    A window around it counts trading days: ``mean(daily(x), 10)`` is the mean of ten closes. Unknown stays unknown.
    """
    return x


@operator(
    series(),
    source="pandas DataFrame.resample, last",
    example=Example("weekly(x)", {"x": _DAYS}, _HELD),
    unit=unit_of_first,
    calendar=True,
    samples="week",
    history=True,
    ahead=True,
    level=True,
)
def weekly(x: Floats, calendar: Calendar) -> Floats:
    """The value of x at the close of the last trading day of each ISO week, known at that close, held to the next.

    A window around it counts weeks: ``mean(weekly(x), 10)`` is the mean of ten weekly closes. The last week counts once
    the calendar shows a trading day of another week. NaN before the first.
    """
    return _held(x, calendar.week_ends)


@operator(
    series(),
    source="pandas DataFrame.resample, last",
    example=Example("monthly(x)", {"x": _DAYS}, (np.nan,) * 7),
    unit=unit_of_first,
    calendar=True,
    samples="month",
    history=True,
    ahead=True,
    level=True,
)
def monthly(x: Floats, calendar: Calendar) -> Floats:
    """The value of x at the close of the last trading day of each month, known at that close, held to the next.

    A window around it counts months: ``mean(monthly(x), 10)`` is the mean of ten monthly closes. The last month counts
    once the calendar shows a trading day of another month. NaN before the first.
    """
    return _held(x, calendar.month_ends)


def _held(x: Floats, ends: Bools) -> Floats:
    latest = np.maximum.accumulate(np.where(ends, np.arange(len(x)), -1))
    return np.where(latest >= 0, x[latest], np.nan)
