"""Active returns and linearised differences of Sharpe ratios: definitions, published errors, arch's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import SPA, StepM

from gridproof.kernels.cpu.placebo_maxima import active_t
from gridproof.kernels.errors import InputError
from gridproof.statistics import (
    active_returns,
    linearised_sharpe_difference,
    stepwise_multiple_test,
    superior_predictive_ability,
)

FUNDS = Path(__file__).parent / "published" / "hedge_funds.csv"
DAYS, VARIANTS = 400, 12


def choices(seed: int, effect: float) -> tuple[np.ndarray, np.ndarray]:
    """(T, V) positions in or out of one leg, and its (T,) returns; the last ones know something."""
    rng = np.random.default_rng(seed)
    positions = np.cumsum(rng.random((DAYS, VARIANTS)) < 0.05, axis=0) % 2.0
    returns = rng.normal(0.0008, 0.01, DAYS) + effect * (positions[:, -1] - positions[:, -1].mean())
    return positions, returns


def test_active_returns_by_the_definition() -> None:
    rng = np.random.default_rng(1)
    weights, returns = rng.dirichlet(np.ones(3), 200), rng.normal(0.001, 0.01, (200, 3))
    found = active_returns(weights, returns)
    expected = [
        sum(
            (weights[day, leg] - weights[:, leg].mean()) * (returns[day, leg] - returns[:, leg].mean())
            for leg in range(3)
        )
        for day in range(200)
    ]
    assert found == pytest.approx(expected)
    assert found.sum() == pytest.approx(((weights - weights.mean(axis=0)) * returns).sum())
    assert found.sum() / np.sqrt((found**2).sum()) == pytest.approx(active_t(weights, returns))
    assert active_returns(weights[:, 0], returns[:, 0]) == pytest.approx(active_returns(weights[:, :1], returns[:, :1]))


def test_the_error_of_the_linearised_difference_is_the_published_one() -> None:
    """Ledoit and Wolf's two hedge funds; with independent days the standard error of Jobson, Korkie and Memmel."""
    first, second = pd.read_csv(FUNDS, index_col="month").to_numpy().T
    daily = linearised_sharpe_difference(first, second)
    ratios = [fund.mean() / fund.std() for fund in (first, second)]
    assert daily.mean() == pytest.approx(ratios[0] - ratios[1])
    rng = np.random.default_rng(0)
    normal = rng.multivariate_normal([0.1, 0.05], [[1.0, 0.6], [0.6, 1.0]], 200_000)
    daily = linearised_sharpe_difference(normal[:, 0], normal[:, 1])
    one, other = (normal.mean(axis=0) / normal.std(axis=0)).tolist()
    memmel = 2 - 2 * 0.6 + 0.5 * (one**2 + other**2 - 2 * one * other * 0.6**2)
    assert daily.var() == pytest.approx(memmel, rel=0.01)


@pytest.mark.parametrize(("seed", "effect", "found"), [(1, 0.001, 0), (2, 0.003, 1)])
def test_the_tests_of_arch_on_the_same_resamples(seed: int, effect: float, found: int) -> None:
    """SPA of the active returns, StepM of the linearised differences, both unstudentised, with blocks of 40 days."""
    positions, returns = choices(seed, effect)
    active = np.column_stack([active_returns(position, returns) for position in positions.T])
    mixes = positions.mean(axis=0) * returns[:, None]
    linear = linearised_sharpe_difference(positions * returns[:, None], mixes)
    theirs = SPA(np.zeros(DAYS), -active, block_size=40, reps=400, studentize=False, seed=seed)
    theirs.compute()
    spa = superior_predictive_ability(active, None, 40.0, studentised=False, resamples=400, seed=seed)
    assert [spa.p_lower, spa.p_consistent, spa.p_upper] == theirs.pvalues.tolist()
    assert (spa.p_consistent <= 0.05) == (found > 0)
    other = StepM(np.zeros(DAYS), -linear, block_size=40, reps=400, studentize=False, seed=seed)
    other.compute()
    step = stepwise_multiple_test(linear, None, 40.0, studentised=False, resamples=400, seed=seed)
    assert np.flatnonzero(step.superior).tolist() == list(other.superior_models)
    assert len(other.superior_models) == found


def test_leverage_is_not_skill_but_is_a_higher_mean() -> None:
    """Twice the market has twice the mean, and the same Sharpe ratio: the linearised difference is nil every day."""
    market = np.random.default_rng(3).normal(0.001, 0.01, 500)
    assert linearised_sharpe_difference(np.column_stack([2.0 * market, market]), market) == pytest.approx(0.0, abs=1e-9)


def test_bad_input() -> None:
    with pytest.raises(InputError, match=r"must have the shape of the returns, \(30, 2\), or one value a day"):
        linearised_sharpe_difference(np.random.default_rng(0).normal(size=(30, 2)), np.ones(29))
    with pytest.raises(InputError, match=r"benchmark: every series must vary; got a constant series"):
        linearised_sharpe_difference(np.random.default_rng(0).normal(size=30), np.full(30, 0.001))
    with pytest.raises(InputError, match=r"active_returns: positions: must have the shape"):
        active_returns(np.ones(29), np.ones(30))
