"""What is measured of one factor variant: rank IC, decay, quantile portfolios, turnover, coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.panel.backend import PanelBackend
from gridproof.results.statistics.newey_west import MeanTest, newey_west_mean
from gridproof.sweeps.factors.portfolios import Portfolios, began_before, quantile_portfolios


@dataclass(frozen=True, slots=True)
class FactorMeasures:
    """T days, H horizons, Q quantiles.

    ``ic``: (H, T) Spearman's rank correlation of the factor with the return over the next h days; NaN where unknown.
    ``forward``: (H, Q) the mean forward return of each quantile over all days. ``stocks``: (T,) with a known factor.
    ``universe``: (T,) in the universe. ``rank_autocorrelation``: (T,) of the factor's ranks with those of the day
    before.
    """

    ic: Floats
    forward: Floats
    stocks: Ints
    universe: Ints
    rank_autocorrelation: Floats
    portfolios: Portfolios

    @property
    def long_short(self) -> Floats:
        """(T − 1,) the highest quantile less the lowest, before costs; NaN where one of them holds nothing."""
        returns = self.portfolios.returns
        result: Floats = returns[:, -1] - returns[:, 0]
        return result

    @property
    def traded(self) -> Floats:
        """(T − 1,) the sum of what both sides trade at the close before each day.

        Where one quantile becomes empty, both sides are sold; where both are held again, both are bought: each is a
        trade of 2. The first purchase counts 0.
        """
        held = ~np.isnan(self.long_short)
        before = np.concatenate([[False], held[:-1]])
        both = self.portfolios.traded[:, -1] + self.portfolios.traded[:, 0]
        whole = 2.0 * ((held != before) & began_before(held))
        result: Floats = np.where(held & before, both, whole)
        return result

    def net(self, cost: float) -> Floats:
        """(T − 1,) the long–short return after costs; a day without a portfolio earns 0, less the cost of its sale."""
        result: Floats = np.nan_to_num(self.long_short, nan=0.0) - cost * self.traded
        return result

    def ic_test(self, which: int, horizon: int) -> MeanTest:
        """The mean of the IC at a horizon, with Newey–West's standard error at as many lags."""
        return newey_west_mean(self.ic[which], horizon)


def measure_factor(
    factor: Floats, value: Floats, universe: Bools, horizons: Ints, quantiles: int, every: int, backend: PanelBackend
) -> FactorMeasures:
    """factor: (T, S) known at the close of each day, NaN where unknown or outside the universe. value: (T, S)."""
    found = backend.rank_ic(factor[None], value, horizons, quantiles)
    ranking = backend.rank_days(np.ascontiguousarray(factor))
    with np.errstate(invalid="ignore"):
        days = np.maximum((~np.isnan(found.quantile_returns[0])).sum(axis=1), 1)
        forward = np.nansum(found.quantile_returns[0], axis=1) / days
    return FactorMeasures(
        found.ic[0],
        forward,
        found.stocks[0],
        universe.sum(axis=1),
        rank_autocorrelation(backend.average_ranks(np.ascontiguousarray(factor))),
        quantile_portfolios(value, ranking, quantiles, every, backend),
    )


def rank_autocorrelation(ranks: Floats) -> Floats:
    """(T,) the correlation of each day's ranks with those of the day before, over the stocks that have both.

    NaN on the first day, and where either does not vary. ranks: (T, S).
    """
    result = np.full(len(ranks), np.nan)
    for day in range(1, len(ranks)):
        both = ~np.isnan(ranks[day]) & ~np.isnan(ranks[day - 1])
        if both.sum() < 2:
            continue
        x, y = ranks[day, both], ranks[day - 1, both]
        x, y = x - x.mean(), y - y.mean()
        spread = (x @ x) * (y @ y)
        if spread > 0.0:
            result[day] = x @ y / np.sqrt(spread)
    return result
