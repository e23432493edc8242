"""The days, weeks, months, bars or observations that the values of a node stand at, and when each is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.signals.data.bars import bars_a_day
from gridproof.signals.data.frequency import month_numbers, months_apart, positions
from gridproof.signals.data.market import Market, as_of
from gridproof.signals.data.release import Release
from gridproof.signals.data.source import Dates, Stamps
from gridproof.signals.expression.operators.declaration import Calendar

_WEEKS, _MONTHS = 52.0, 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Where n values stand.

    ``observed``: positions (m,) of the values that are known at all: a month without an observation has none.
    ``known``: (m,) the trading day at whose close each of these is known; ``dated``: the same as of their own dates,
    for hindsight. All None: the values stand at the trading days themselves. ``stamps``: of intraday bars. ``stocks``:
    there is a value for each stock, and the days are those of the panel.
    """

    name: str
    calendar: Calendar
    observed: Ints | None = None
    known: Ints | None = None
    dated: Ints | None = None
    stamps: Stamps | None = None
    stocks: bool = False

    def stands_with(self, other: Timeline) -> bool:
        """Whether both are of intraday bars with the same stamps, known on the same days."""
        if self.stamps is None or other.stamps is None:
            return False
        return np.array_equal(self.stamps, other.stamps) and np.array_equal(self.known, other.known)  # type: ignore[arg-type]

    def daily(self, values: Floats, days: int, hindsight: bool = False) -> Floats:
        """Returns (days,) float64: the latest value known at each close."""
        since = self.dated if hindsight else self.known
        return values if since is None or self.observed is None else as_of(values[self.observed], since, days)

    def counted(self, last: int) -> int:
        """Returns how many values, from the first on, are known at the close of a trading day; of stocks all."""
        if self.stocks:
            return len(self.calendar.dates)
        if self.known is None or self.observed is None:
            return last + 1
        used = int(np.searchsorted(self.known, last, side="right"))
        return int(self.observed[used - 1]) + 1 if used else 0


def calendar_of(dates: Dates, periods: float) -> Calendar:
    """Returns the calendar of ascending dates: the last one ends no week and no month, as none is known after it."""
    # 1970-01-01 was a Thursday; ISO weeks begin on Mondays.
    weeks, months = (dates.astype(np.int64) + 3) // 7, month_numbers(dates)
    ends = [np.append(np.diff(one) != 0, False) if len(one) else np.zeros(0, dtype=np.bool_) for one in (weeks, months)]
    return Calendar(dates, periods, ends[0], ends[1])


def sampled(days: Timeline, of: str) -> Timeline:
    """Returns the timeline of the last trading days of all weeks or months that have ended."""
    calendar = days.calendar
    ends: Bools = calendar.week_ends if of == "week" else calendar.month_ends
    at = np.flatnonzero(ends)
    inner = calendar_of(calendar.dates[at], _WEEKS if of == "week" else _MONTHS)
    return Timeline(of, inner, np.arange(len(at)), at, at, stocks=days.stocks)


def bar_timeline(
    market: Market, name: str, release: Release, last: int | None, periods: float
) -> tuple[Timeline, Floats]:
    """Returns the timeline of intraday bars, and their values (n,).

    ``periods``: trading days a year. A year has so many times the bars of a day. Bars that are not known by the close
    of calendar day ``last`` are left out; None: all are kept.
    """
    bars = market.series[name]
    known = market.known(name, release)
    used = len(known) if last is None else int(np.searchsorted(known, last, side="right"))
    assert bars.stamps is not None
    calendar = calendar_of(bars.dates[:used], periods * bars_a_day(bars, market.calendar))
    known = known[:used]
    return Timeline(name, calendar, np.arange(used), known, known, bars.stamps[:used]), bars.values[:used]


def observation_timeline(
    market: Market, name: str, release: Release, last: int | None, where: str
) -> tuple[Timeline, Floats]:
    """Returns the timeline of a monthly or slower series, and its values (n,).

    A month without a value is a month: its value is NaN. Observations that are not known by the close of calendar day
    ``last`` are left out; None: all are kept. Raises InputError where two observations lie in one period.
    """
    observations = market.series[name]
    known, dated = market.known(name, release), market.known(name, Release())
    used = len(known) if last is None else int(np.searchsorted(known, last, side="right"))
    dates, values, known, dated = observations.dates[:used], observations.values[:used], known[:used], dated[:used]
    months = months_apart(observations.dates)
    if months is None or not used:
        return Timeline(name, calendar_of(dates, _MONTHS), np.arange(used), known, dated), values
    at = positions(dates, months, where)
    filled = np.full(at[-1] + 1, np.nan)
    filled[at] = values
    starts = (dates[0].astype("datetime64[M]") + months * np.arange(len(filled))).astype("datetime64[D]")
    starts[at] = dates
    return Timeline(name, calendar_of(starts, _MONTHS / months), at, known, dated), filled
