"""Daily series that measure a strategy against a static holding, for the bootstrap tests of a whole sweep."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import is_flat
from gridproof.results.statistics.inputs import finite_array, positions_and_returns, require


def active_returns(positions: npt.ArrayLike, returns: npt.ArrayLike) -> Floats:
    """(T,) Σ(w − w̄)(r − r̄) over the allocations: what a strategy earns a day beyond the mix of its mean weights.

    positions: weights (T,) or (T, A) that earn the returns, (T,) or (T, A), of the same day (already lagged). The mean
    is that of Σ(w − w̄)r, but a day with w above its mean is not credited with the mean return of what it holds, so
    that resampled days of a market that rises do not look like timing. With a test of superior predictive ability of
    the active returns of all variants, the null hypothesis is that none has any timing. NaN and different
    shapes raise InputError.

    >>> active_returns([0, 1, 1, 0], [-0.01, 0.02, 0.01, -0.02]).round(4).tolist()
    [0.005, 0.01, 0.005, 0.01]
    """
    weights, earned = positions_and_returns(positions, returns, "active_returns")
    active = (weights - weights.mean(axis=0)) * (earned - earned.mean(axis=0))
    return active if active.ndim == 1 else np.asarray(active.sum(axis=1), dtype=np.float64)


def linearised_sharpe_difference(returns: npt.ArrayLike, benchmark: npt.ArrayLike) -> Floats:
    """(T,) or (T, V): each strategy's difference of Sharpe ratios from a benchmark, as the mean of a daily series.

    returns: (T,) daily in excess of cash, or (T, V). benchmark: the same shape, or (T,) for all. With the daily Sharpe
    ratio SR = μ/σ (ddof 0) the series of a strategy is SR + (r − μ)/σ − SR/2·((r − μ)²/σ² − 1), less that of its
    benchmark: the influence of a day on the ratio. Its mean is the difference of Sharpe ratios, its long-run variance
    that of the estimated difference (delta method; Jobson and Korkie 1981, Memmel 2003, Lo 2002), so that
    stepwise_multiple_test of it tests for higher Sharpe ratios, and not for higher means. NaN, fewer than two days,
    different days and a series without volatility raise InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> one, other = rng.normal(0.001, 0.01, (2, 500))
    >>> daily = linearised_sharpe_difference(one, other)
    >>> bool(np.isclose(daily.mean(), one.mean() / one.std() - other.mean() / other.std()))
    True
    """
    where = "linearised_sharpe_difference"
    one, other = (
        finite_array(returns, (1, 2), f"{where}: returns"),
        finite_array(benchmark, (1, 2), f"{where}: benchmark"),
    )
    fits = other.shape == one.shape or other.shape == one.shape[:1]
    rule = f"must have the shape of the returns, {one.shape}, or one value a day"
    require(fits, rule, other.shape, f"{where}: benchmark", "Give both on the same days")
    influence = _influence(one, f"{where}: returns")
    against = _influence(other, f"{where}: benchmark")
    return influence - (against if against.ndim == influence.ndim else against[:, None])


def _influence(returns: Floats, where: str) -> Floats:
    mean, variance = returns.mean(axis=0), returns.var(axis=0)
    varies = not np.any(is_flat(variance, (returns**2).mean(axis=0)))
    require(varies, "every series must vary", "a constant series", where, "Leave it out")
    scaled, ratio = (returns - mean) / np.sqrt(variance), mean / np.sqrt(variance)
    daily: Floats = ratio + scaled - ratio / 2.0 * (scaled**2 - 1.0)
    return daily
