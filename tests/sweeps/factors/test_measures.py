"""The measures of a factor against plain pandas and scipy, day by day."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.sweeps.factors.measures import FactorMeasures, measure_factor

HORIZONS, QUANTILES = np.array([1, 5]), 5


def drawn() -> tuple[Floats, Floats]:
    """(T, S) factor with ties and gaps, and values of stocks of which some are listed later."""
    rng = np.random.default_rng(1)
    value = 10.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (40, 23)), axis=0))
    value[:15, :3] = np.nan
    factor = rng.integers(0, 9, value.shape).astype(np.float64)
    factor[rng.random(value.shape) < 0.1] = np.nan
    factor[np.isnan(value)] = np.nan
    return factor, value


@cache
def measured(every: int = 1) -> FactorMeasures:
    factor, value = drawn()
    return measure_factor(factor, value, ~np.isnan(value), HORIZONS, QUANTILES, every, resolve_panel("reference"))


def test_ic_is_spearman_of_each_day() -> None:
    factor, value = drawn()
    for place, horizon in enumerate(HORIZONS):
        for day in range(len(value) - horizon):
            known = ~np.isnan(factor[day])
            later = value[day + horizon, known] / value[day, known] - 1.0
            assert measured().ic[place, day] == pytest.approx(spearmanr(factor[day, known], later)[0], abs=1e-12)
        assert np.isnan(measured().ic[place, len(value) - horizon :]).all()


def test_rank_autocorrelation_is_that_of_pandas() -> None:
    ranks = pd.DataFrame(drawn()[0]).rank(axis=1)
    expected = ranks.corrwith(ranks.shift(1), axis=1).to_numpy()
    np.testing.assert_allclose(measured().rank_autocorrelation[1:], expected[1:], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("every", [1, 4])
def test_quantile_portfolios_equal_a_plain_simulation(every: int) -> None:
    """Weights by name, drifted from day to day; the k-th of n stocks is in quantile floor(Q k / n)."""
    factor, value = drawn()
    found = measured(every).portfolios
    for quantile in range(QUANTILES):
        weights = pd.Series(dtype=float)
        for day in range(len(value) - 1):
            traded = 0.0
            if day % every == 0:
                order = pd.Series(factor[day]).dropna().sort_values(kind="stable").index
                own = [name for k, name in enumerate(order) if QUANTILES * k // len(order) == quantile]
                new = pd.Series(1.0 / len(own), index=own)
                traded = float(new.sub(weights, fill_value=0.0).abs().sum()) if len(weights) else 0.0
                weights = new
            growth = pd.Series(value[day + 1] / value[day])[weights.index]
            total = float((weights * growth).sum())
            weights = weights * growth / total
            assert found.returns[day, quantile] == pytest.approx(total - 1.0, abs=1e-12)
            assert found.traded[day, quantile] == pytest.approx(traded, abs=1e-12)


def test_costs_are_paid_for_what_both_sides_trade() -> None:
    found = measured()
    expected = found.portfolios.returns[:, -1] - found.portfolios.returns[:, 0]
    expected = expected - 0.003 * (found.portfolios.traded[:, -1] + found.portfolios.traded[:, 0])
    np.testing.assert_allclose(found.net(0.003), expected, rtol=0.0, atol=1e-15)


def test_leaving_the_market_and_returning_costs() -> None:
    """Prices stand still, so what is earned is the cost: 2 to sell both sides, 2 to buy both, the first time free."""
    value = np.ones((12, 4))
    factor = np.tile(np.arange(4.0), (12, 1))
    factor[[0, 1, 4]] = np.nan
    factor[8, 1:] = np.nan  # one stock alone is in the lowest quantile, and the highest is empty
    found = measure_factor(factor, value, value > 0.0, np.array([1]), 2, 1, resolve_panel("reference"))
    sold_or_bought = np.isin(np.arange(11), [4, 5, 8, 9])
    np.testing.assert_allclose(found.net(0.01), np.where(sold_or_bought, -0.02, 0.0), rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(found.portfolios.traded[:, -1], sold_or_bought, rtol=0.0, atol=1e-15)


def test_forward_returns_of_quantiles_are_those_of_groupby() -> None:
    factor, value = drawn()
    for place, horizon in enumerate(HORIZONS):
        means = []
        for day in range(len(value) - horizon):
            order = pd.Series(factor[day]).dropna().sort_values(kind="stable").index
            later = pd.Series(value[day + horizon] / value[day] - 1.0)[order]
            means.append(later.groupby(QUANTILES * np.arange(len(order)) // len(order)).mean())
        np.testing.assert_allclose(measured().forward[place], pd.DataFrame(means).mean(), rtol=0.0, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_figures_are_those_of_alphalens() -> None:
    """On a frame without ties whose stocks divide evenly, where both say the same of quantiles."""
    alphalens = pytest.importorskip("alphalens", reason="alphalens-reloaded is not installed")
    rng = np.random.default_rng(3)
    value = 10.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, (30, 20)), axis=0))
    factor = rng.normal(size=value.shape)
    days = pd.bdate_range("2020-01-01", periods=len(value), name="date")
    prices = pd.DataFrame(value, index=days, columns=[f"S{number}" for number in range(20)])
    long = pd.DataFrame(factor, index=days, columns=prices.columns).rename_axis("asset", axis=1).stack()
    data = alphalens.utils.get_clean_factor_and_forward_returns(
        long, prices, quantiles=QUANTILES, periods=(1, 5), max_loss=1.0
    )
    listed = np.ones(value.shape, dtype=np.bool_)
    found = measure_factor(factor, value, listed, HORIZONS, QUANTILES, 1, resolve_panel("reference"))
    ic = alphalens.performance.factor_information_coefficient(data)
    np.testing.assert_allclose(found.ic[0, : len(ic)], ic["1D"], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(found.ic[1, : len(ic)], ic["5D"], rtol=0.0, atol=1e-9)
    own = alphalens.performance.factor_rank_autocorrelation(data).to_numpy()
    np.testing.assert_allclose(found.rank_autocorrelation[1 : len(own)], own[1:], rtol=0.0, atol=1e-9)
    means = alphalens.performance.mean_return_by_quantile(data, demeaned=False)[0]["5D"].to_numpy()
    np.testing.assert_allclose(found.forward[1], means, rtol=0.0, atol=1e-9)
