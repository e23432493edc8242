"""The circular shift of positions and the sub-periods: brute force, exact symmetries, size under noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.shift import STATISTICS, circular_shift_test, subperiod_test


def states(days: int, seed: int, chance: float = 0.1) -> np.ndarray:
    """A position that stands for a while."""
    positions = np.cumsum(np.random.default_rng(seed).random(days) < chance) % 2.0
    positions.flags.writeable = False
    return positions


def noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    returns = np.random.default_rng(seed).normal(0.0003, 0.01, shape)
    returns.flags.writeable = False
    return returns


def brute_force(positions: np.ndarray, returns: np.ndarray, statistic: str, cost: float) -> np.ndarray:
    weights, earned = positions.reshape(len(positions), -1), returns.reshape(len(returns), -1)
    result = []
    for shift in range(len(weights)):
        rolled = np.roll(weights, shift, axis=0)
        traded = np.abs(np.diff(rolled, axis=0)).sum(axis=1)
        days = (rolled * earned).sum(axis=1) - cost * np.concatenate([[0.0], traded])
        flat = not days.var() > 1e-16
        sharpe = np.nan if flat else days.mean() / days.std(ddof=1)
        result.append({"total": days.sum(), "mean": days.mean(), "sharpe": sharpe}[statistic])
    return np.array(result)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("cost", [0.0, 0.002])
@pytest.mark.parametrize("days", [2, 97, 128, 150])
def test_every_shift_against_brute_force(statistic: str, cost: float, days: int) -> None:
    positions, returns = states(days, 3, 0.3), noise((days,), 4)
    result = circular_shift_test(positions, returns, statistic, cost)
    expected = brute_force(positions, returns, statistic, cost)
    assert result.shifted == pytest.approx(expected, rel=1e-9, abs=1e-14, nan_ok=True)
    assert result.statistic == statistic
    if np.isnan(expected[0]):
        assert math.isnan(result.p_value)
    else:
        assert result.observed == pytest.approx(expected[0], rel=1e-12)
        assert result.at_least == np.count_nonzero(expected >= expected[0] - 1e-11)
        assert result.p_value == result.at_least / days


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(1, 3), st.integers(0, 2**32 - 1), st.sampled_from(STATISTICS))
def test_legs_against_brute_force(days: int, legs: int, seed: int, statistic: str) -> None:
    generator = np.random.default_rng(seed)
    weights = generator.dirichlet(np.ones(legs + 1), days)[:, :legs]
    returns = generator.normal(0, 0.01, (days, legs))
    result = circular_shift_test(weights, returns, statistic, 0.001)
    expected = brute_force(weights, returns, statistic, 0.001)
    assert result.shifted == pytest.approx(expected, rel=1e-8, abs=1e-12)
    if days > 2:  # of two days the Sharpe ratio may be huge, and ties with it
        assert result.p_value == np.count_nonzero(expected >= expected[0] - 1e-11) / days


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("weight", [1.0, 0.3, 1 / 3])
def test_constant_positions_have_p_one(statistic: str, weight: float) -> None:
    for days in (50, 97, 1000):
        returns = noise((days, 2), days)
        result = circular_shift_test(np.full((days, 2), weight), returns, statistic, 0.001)
        assert (result.p_value, result.at_least) == (1.0, days)
        # Even where everything cancels.
        balanced = returns[:, 0] - returns[:, 0].mean()
        assert circular_shift_test(np.full(days, weight), balanced, statistic).p_value == 1.0


def test_no_position_has_p_one_and_no_sharpe() -> None:
    nothing = circular_shift_test(np.zeros(40), noise((40,), 0))
    assert (nothing.p_value, nothing.observed) == (1.0, 0.0)
    undefined = circular_shift_test(np.zeros(40), noise((40,), 0), "sharpe")
    assert math.isnan(undefined.p_value)
    assert np.isnan(undefined.shifted).all()


def test_periodic_positions_tie_exactly() -> None:
    positions = np.tile([1.0, 0.0, 0.0, 1.0], 25)
    returns = np.where(positions > 0, 0.01, -0.01) + noise((100,), 1) * 0.01
    for statistic in STATISTICS:
        assert circular_shift_test(positions, returns, statistic).p_value == 25 / 100


def test_foresight_is_found_and_its_opposite_is_not() -> None:
    returns = noise((501,), 7)
    ahead = (returns > 0).astype(float)
    for statistic in STATISTICS:
        assert circular_shift_test(ahead, returns, statistic).p_value == 1 / 501
        assert circular_shift_test(1 - ahead, returns, statistic).p_value == 1.0


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(-1, 1))
def test_exposure_alone_changes_nothing(seed: int, more: float) -> None:
    positions, returns = states(83, seed), noise((83,), seed + 1)
    one = circular_shift_test(positions, returns)
    assert circular_shift_test(positions + more, returns).p_value == one.p_value
    assert circular_shift_test(positions, returns, "mean").p_value == one.p_value
    # Both may begin on any day of the circle, as long as trading is free.
    rolled = circular_shift_test(np.roll(positions, 11), np.roll(returns, 11))
    assert rolled.p_value == one.p_value


def test_p_is_uniform_under_noise() -> None:
    """Independent positions: of 400 tests about 5 % are below 5 %, and p averages one half."""
    values = np.array(
        [circular_shift_test(states(120, seed), noise((120,), 10_000 + seed), "sharpe").p_value for seed in range(400)]
    )
    assert values.mean() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / 400))
    assert (values <= 0.05).mean() == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 400))


def test_bad_positions() -> None:
    returns = noise((30,), 0)
    with pytest.raises(InputError, match=r"must have the shape of the returns, \(30,\); got \(29,\)"):
        circular_shift_test(np.ones(29), returns)
    with pytest.raises(InputError, match=r"positions: every number must be finite; got nan at 2"):
        circular_shift_test(np.where(np.arange(30) == 2, np.nan, 1.0), returns)
    with pytest.raises(InputError, match=r"must be one of total, mean, sharpe; got cagr"):
        circular_shift_test(np.ones(30), returns, "cagr")
    with pytest.raises(InputError, match=r"cost: must be a share of the traded value, from 0 to below 1; got 5"):
        circular_shift_test(np.ones(30), returns, cost=5)


def test_subperiods_against_their_definition() -> None:
    returns, labels = noise((900,), 2), np.repeat([2019, 2021, 2020], [250, 300, 350])
    result = subperiod_test(returns, labels)
    assert result.labels.tolist() == [2019, 2020, 2021]
    assert result.observations.tolist() == [250, 350, 300]
    parts = [returns[labels == year] for year in (2019, 2020, 2021)]
    sharpes = np.array([part.mean() / part.std(ddof=1) for part in parts])
    overall = returns.mean() / returns.std(ddof=1)
    statistic = ((sharpes - overall) ** 2 * [250, 350, 300]).sum()
    assert result.sharpe == pytest.approx(sharpes)
    assert (result.overall, result.statistic) == pytest.approx((overall, statistic))
    assert result.degrees == 2
    assert result.p_value == pytest.approx(stats.chi2.sf(statistic, 2))


def test_subperiods_are_of_size() -> None:
    labels = np.repeat(np.arange(8), 120)
    values = np.array([subperiod_test(noise((960,), seed), labels).p_value for seed in range(400)])
    assert (values <= 0.05).mean() == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 400))


def test_regimes_by_name_and_periods_without_volatility() -> None:
    returns = noise((100,), 5).copy()
    labels = np.where(np.arange(100) % 7 < 3, "up", "down")
    assert subperiod_test(returns, labels).labels.tolist() == ["down", "up"]
    returns[labels == "up"] = 0.0001
    still = subperiod_test(returns, labels)
    assert math.isnan(still.sharpe[1])
    assert math.isnan(still.p_value)
    years = np.repeat([1, 2, 3], [60, 39, 1])
    assert subperiod_test(noise((100,), 5), years).degrees == 1
    with pytest.raises(InputError, match=r"one label for each of 100 days; got shape \(99,\)"):
        subperiod_test(returns, labels[:99])
