"""What funds hold, estimated from planted positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from gridproof.kernels.arrays import Floats
from gridproof.signals.models.positions import constrained_weights, mean_weights
from gridproof.signals.models.row_cache import RowCache


def drawn(days: int, count: int, seed: int) -> tuple[Floats, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.01, (days, 1)) + rng.normal(0, 0.013, (days, count)), rng


def test_planted_positions_are_found_where_nothing_disturbs_them() -> None:
    indices, rng = drawn(80, 31, 1)
    planted = rng.dirichlet(np.full(31, 0.3), 4) * np.array([[0.6], [0.85], [0.95], [1.0]])
    for half_life in (None, 20.0):
        found = constrained_weights(indices @ planted.T, indices, half_life)
        np.testing.assert_allclose(found, planted, atol=1e-9)


def test_weights_keep_their_bounds_where_a_fund_is_short_or_geared() -> None:
    indices, _ = drawn(60, 5, 2)
    funds = indices @ np.array([[-0.5, 0.2, 0.3, 0, 0], [0.8, 0.8, 0, 0, 0]], dtype=float).T
    found = constrained_weights(funds, indices)
    assert (found >= 0).all()
    assert found[1].sum() == pytest.approx(1.0, abs=1e-6)
    assert found[0, 0] == 0.0


def test_the_weights_are_those_of_a_general_solver() -> None:
    indices, rng = drawn(60, 4, 3)
    fund = indices @ np.array([0.5, 0.6, 0.0, 0.1]) + rng.normal(0, 0.004, 60)
    counted = 0.5 ** (np.arange(60)[::-1] / 15.0)

    def error(weights: Floats) -> float:
        return float((counted * (fund - indices @ weights) ** 2).sum() * 1e4)

    best = minimize(
        error, np.full(4, 0.2), bounds=[(0, 1)] * 4, tol=1e-14,
        constraints={"type": "ineq", "fun": lambda weights: 1.0 - weights.sum()}, method="SLSQP",
    )  # fmt: skip
    np.testing.assert_allclose(constrained_weights(fund[:, None], indices, 15.0)[0], best.x, atol=1e-5)


def test_a_longer_file_or_a_fund_that_begins_later_changes_no_earlier_estimate(tmp_path: Path) -> None:
    indices, rng = drawn(120, 6, 4)
    funds = indices @ rng.dirichlet(np.ones(6), 5).T + rng.normal(0, 0.003, (120, 5))
    funds[:70, 4] = np.nan
    at = np.array([40, 60, 80, 100])
    with RowCache("test", "", None) as cache:
        whole = mean_weights(funds, indices, at, 40, 20.0, cache)
        early = mean_weights(funds[:81, :4], indices[:81], at[:3], 40, 20.0, cache)
    assert early.tobytes() == whole[:3].tobytes()
    funds[90] = np.nan
    with RowCache("test", "", None) as cache:
        assert np.isnan(mean_weights(funds, indices, at, 40, 20.0, cache)[3]).all()


def test_a_kept_estimate_is_the_same_and_a_damaged_file_counts_as_empty(tmp_path: Path) -> None:
    indices, rng = drawn(50, 3, 5)
    funds = indices @ rng.dirichlet(np.ones(3), 2).T
    at, made = np.array([45]), []
    for _ in range(2):
        with RowCache("kept", "1", tmp_path) as cache:
            made.append(mean_weights(funds, indices, at, 40, None, cache))
    assert made[0].tobytes() == made[1].tobytes()
    with RowCache("kept", "1", tmp_path) as cache:
        kept = cache.row((1,), lambda: np.array([1.5, np.nan]))
        assert cache.row((1,), lambda: np.zeros(2)).tolist()[0] == kept[0]
    for text in ("{", "[]", '{"a": "b"}'):
        (tmp_path / "kept.json").write_text(text)
        with RowCache("kept", "1", tmp_path) as cache:
            assert cache.row((1,), lambda: np.array([2.0])).tolist() == [2.0]
