"""The days of a panel in the formulas of a study: how a series and a value of each stock are put side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.data.market import as_of
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.timeline import Timeline, calendar_of


class StockDays:
    """The n days of a panel that count, and its S stocks. T: the days of the market's calendar.

    A value of each stock is float64 (n, S). A series stands beside it as (n, 1): on each day of the panel its value as
    known at that close. ``timeline``: of the n days; a window counts these, whether or not a stock was traded.
    """

    def __init__(self, panel: Panel, calendar: Dates, periods: float, last: int) -> None:
        self.panel = panel
        self.count = int(np.searchsorted(panel.dates, calendar[last], side="right"))
        dates = panel.dates[: self.count]
        self.timeline = Timeline("stocks", calendar_of(dates, periods), stocks=True)
        self._latest: Ints = np.searchsorted(calendar, dates, side="right") - 1
        place = np.searchsorted(dates, calendar)
        inside = place < self.count
        inside[inside] = dates[place[inside]] == calendar[inside]
        self._same, self._place, self._days = inside, place, len(calendar)

    @property
    def shape(self) -> tuple[int, int]:
        return self.count, self.panel.shape[1]

    def column(self, name: str) -> Floats:
        """A column of the panel's file on these days, (n, S) float64."""
        return self.panel.column(name)[: self.count]

    def group(self, name: str) -> Floats:
        """A column of numbers or texts as the number of each stock's group on these days, (n, S) float64."""
        return self.panel.group(name)[: self.count]

    def beside(self, values: Any, timeline: Timeline | None, early: bool = False) -> Any:
        """A result beside values of each stock: (n, S), (n, 1) of a series, or the number that it is.

        ``early``: a series of events in hindsight.
        """
        if timeline is None:
            return values
        if not timeline.stocks:
            daily = timeline.daily(values, self._days, early)
            return np.where(self._latest >= 0, daily[self._latest], np.nan)[:, None]
        if timeline.known is None or timeline.observed is None:
            return values
        return as_of(values[timeline.observed], timeline.known, self.count)

    def series(self, values: Floats) -> Floats:
        """Numbers of these days, (n,), on the days of the calendar, (T,): NaN where the panel has no such day."""
        result = np.full(self._days, np.nan)
        result[self._same] = values[self._place[self._same]]
        return result
