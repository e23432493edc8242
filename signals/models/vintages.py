"""The nowcasts of many days, each from what was known at its close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.source import Dates, Observations
from gridproof.signals.models.nowcast import FEWEST, Vintage, fitted, news_between, target_in, with_vintage
from gridproof.signals.models.row_cache import RowCache
from gridproof.signals.models.table import ModelTable, check_begun

if TYPE_CHECKING:
    from statsmodels.tsa.statespace.dynamic_factor_mq import DynamicFactorMQResults

# The columns of a nowcast, before those of the news by series.
NOWCAST, LAST_QUARTER, NEWS = "nowcast", "last_quarter", "news"


def nowcast_table(
    name: str,
    series: Sequence[Observations],
    known: Sequence[Ints],
    calendar: Dates,
    factors: int,
    order: int,
    every: int,
    begin: np.datetime64,
    oldest: np.datetime64 | None,
    cache: RowCache,
    where: str,
) -> ModelTable:
    """Estimate the running quarter on every ``every``-th trading day on which something new is known.

    ``series``: the monthly indicators and, last, the quarterly target; ``known``: for each of its observations the
    trading day at whose close it is known. ``begin``: the first day of the estimates. ``oldest``: earlier observations
    are left out. Parameters are estimated anew with the first estimate of each calendar year, on what is known then.

    Columns: ``nowcast``, the target in the quarter of the day; ``last_quarter``, in the quarter before; ``news``, what
    the releases since the estimate before changed in the nowcast of this quarter, and ``news_NAME`` for each series.

    Raises InputError where no day has enough known values.
    """
    first = int(np.searchsorted(calendar, begin))
    check_begun(begin, calendar[-1], where)
    grid = np.arange(first, len(calendar), every)
    counts = np.array([[np.searchsorted(each, day, side="right") for each in known] for day in grid])
    maker = _Maker(series, counts, factors, order, oldest, [str(calendar[day]) for day in grid])
    rows, dates = [], []
    for at in range(len(grid)):
        if (at and (counts[at] == counts[at - 1]).all()) or not maker.vintage(at).sufficient:
            continue
        rows.append(cache.row(maker.inputs(at), lambda at=at: maker.row(at)))  # type: ignore[misc]
        dates.append(calendar[grid[at]])
    if not rows:
        rule, remedy = f"a nowcast needs {FEWEST} known values of each series", "Begin later, or bring longer files"
        found = ", ".join(f"{one.source.name} {count}" for one, count in zip(series, counts[-1], strict=True))
        raise InputError(rule, found, where, remedy)
    table = np.array(rows)
    columns = [NOWCAST, LAST_QUARTER, NEWS, *(f"{NEWS}_{each.source.name}" for each in series)]
    words = f"{factors} factor{'s' if factors > 1 else ''} of {len(series) - 1} monthly series; {len(rows)} estimates"
    return ModelTable(name, np.array(dates), {one: table[:, at] for at, one in enumerate(columns)}, words)


class _Maker:
    """Makes the rows of the table; vintages, parameters and filtered vintages are made once."""

    def __init__(
        self, series: Sequence[Observations], counts: Ints, factors: int, order: int, oldest: np.datetime64 | None,
        days: Sequence[str],
    ) -> None:  # fmt: skip
        self.series, self.counts, self.factors, self.order, self.days = series, counts, factors, order, days
        self.oldest = oldest
        self._vintages: dict[int, Vintage] = {}
        self._fits: dict[int, DynamicFactorMQResults] = {}
        self._last: tuple[tuple[int, int], DynamicFactorMQResults] | None = None

    def vintage(self, at: int) -> Vintage:
        if at not in self._vintages:
            parts = [self._part(one, int(count)) for one, count in zip(self.series, self.counts[at], strict=True)]
            monthly = pd.concat(parts[:-1], axis=1)
            self._vintages[at] = Vintage(_without_gaps(monthly, "M"), _without_gaps(parts[-1].to_frame(), "Q"))
        return self._vintages[at]

    def _part(self, one: Observations, count: int) -> pd.Series[float]:
        dates, values = one.dates[:count], one.values[:count]
        if self.oldest is not None:
            values, dates = values[dates >= self.oldest], dates[dates >= self.oldest]
        frequency = "Q" if one is self.series[-1] else "M"
        periods = pd.DatetimeIndex(dates).to_period(frequency)
        found = pd.Series(values, index=periods, name=one.source.name, dtype=float)
        return found[~found.index.duplicated(keep="last")]

    def _first_of_year(self, at: int) -> int:
        """The first estimate of the same year: its parameters are used."""
        year = self.days[at][:4]
        return next(each for each in range(at + 1) if self.days[each][:4] == year and self.vintage(each).sufficient)

    def inputs(self, at: int) -> list[object]:
        used = [self._first_of_year(at), max(at - 1, 0), at]
        found: list[object] = [self.factors, self.order, self.days[at][:7]]
        for one in used:
            vintage = self.vintage(one)
            for part in (vintage.monthly, vintage.quarterly):
                found += [str(part.index[:1].tolist()), part.to_numpy()]
        return found

    def row(self, at: int) -> Floats:
        start = self._first_of_year(at)
        now = self._results(start, at)
        quarter = pd.Period(self.days[at], "Q")
        values = target_in(now, [quarter, quarter - 1])
        impacts = dict.fromkeys((one.source.name for one in self.series), 0.0)
        before = max(at - 1, 0)
        if before != at and self.vintage(before).sufficient:
            news, _ = news_between(self._results(start, before), now, quarter)
            for each in news:
                impacts[each.series] += each.impact
        return np.array([*values, sum(impacts.values()), *impacts.values()])

    def _results(self, start: int, at: int) -> DynamicFactorMQResults:
        if self._last is not None and self._last[0] == (start, at):
            return self._last[1]
        if start not in self._fits:
            self._fits[start] = fitted(self.vintage(start), self.factors, self.order)
        results = with_vintage(self._fits[start], self.vintage(at))
        self._last = (start, at), results
        return results


def _without_gaps(table: pd.DataFrame, frequency: str) -> pd.DataFrame:
    if not len(table):
        return table
    return table.reindex(pd.period_range(table.index.min(), table.index.max(), freq=frequency))
