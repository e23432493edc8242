"""The series of a market on their own timelines, as an evaluation reads them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.expression.result_cache import Result
from gridproof.signals.expression.stock_days import StockDays
from gridproof.signals.expression.timeline import Timeline, bar_timeline, calendar_of, observation_timeline, sampled


class MarketSeries:
    """The series of one market, each read once under each release, and the days on which values stand.

    ``days``: the T trading days of the market's calendar, ``periods`` a year. ``stock_days``: those of its panel; None
    without one. ``last``, ``places``: see ``ExpressionEvaluator``.
    """

    def __init__(self, market: Market, periods: float, last: int, places: Mapping[str, str]) -> None:
        self.market, self.last, self.places = market, last, places
        self.days = Timeline("day", calendar_of(market.calendar, periods))
        panel = market.panel
        self.stock_days = None if panel is None else StockDays(panel, market.calendar, periods, last)
        self._sampled: dict[tuple[str, bool], Timeline] = {}
        self._observed: dict[tuple[str, Release, bool], Result] = {}

    def sampled(self, of: str, days: Timeline) -> Timeline:
        """The days, or the ends of their weeks or months. days: of the market, or of the panel."""
        if of == "day":
            return days
        if (of, days.stocks) not in self._sampled:
            self._sampled[of, days.stocks] = sampled(days, of)
        return self._sampled[of, days.stocks]

    def of(self, name: str, release: Release, hindsight: bool = False) -> Result:
        """The values of a series under a release. ``hindsight``: those known after the last day too."""
        key = name, release, hindsight
        if key not in self._observed:
            last = None if hindsight else self.last
            if self.market.series[name].stamps is not None:
                timeline, values = bar_timeline(self.market, name, release, last, self.days.calendar.periods)
                self._observed[key] = values, self._shared(timeline)
            elif self.market.series[name].monthly:
                where = self.places.get(name, name)
                timeline, values = observation_timeline(self.market, name, release, last, where)
                self._observed[key] = values, timeline
            else:
                self._observed[key] = self.market.aligned(name, release), self.days
        return self._observed[key]

    def _shared(self, timeline: Timeline) -> Timeline:
        """Returns the timeline of earlier bars with the same stamps, so that both are measured bar by bar."""
        earlier = (other for _, other in self._observed.values() if other is not None)
        return next((other for other in earlier if timeline.stands_with(other)), timeline)

    def missing(self, name: str, release: Release) -> str:
        """Says which period of a slower series has no value; empty where none is missing."""
        values, timeline = self.of(name, release)
        if timeline is None or timeline.observed is None or len(timeline.observed) == len(values):
            return ""
        gap = int(np.setdiff1d(np.arange(len(values)), timeline.observed)[0])
        return f"{name} has no value in {timeline.calendar.dates[gap].astype('datetime64[M]')}"
