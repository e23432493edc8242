"""Bounds of the timing effect: the inverted shift test, by brute force and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.statistics import timing_effect


def persistent(rng: np.random.Generator, days: int, change: float) -> np.ndarray:
    return (np.cumsum(rng.random(days) < change) % 2).astype(float)


def share_at_most(weights: np.ndarray, returns: np.ndarray, effect: float) -> float:
    """The share of all shifts whose profit on returns without the effect is at most the observed one."""
    left = returns - effect * (weights - weights.mean(axis=0))
    profits = np.array([(np.roll(weights, shift, axis=0) * left).sum() for shift in range(len(weights))])
    return float(np.mean(profits <= profits[0] + 1e-14))


@given(st.integers(0, 10_000), st.sampled_from([0.9, 0.95, 0.975]))
@settings(max_examples=25)
def test_a_bound_is_where_the_shift_test_begins_to_reject(seed: int, confidence: float) -> None:
    rng = np.random.default_rng(seed)
    weights = persistent(rng, 160, 0.1)
    returns = rng.normal(0.0, 0.01, 160) + 0.003 * weights
    if weights.std() == 0:
        return
    found = timing_effect(weights, returns, confidence)
    step = 1e-7
    if np.isfinite(found.upper):
        assert share_at_most(weights, returns, found.upper - step) > 1 - confidence
        assert share_at_most(weights, returns, found.upper + step) <= 1 - confidence
    if np.isfinite(found.lower):
        assert share_at_most(weights, -returns, -(found.lower + step)) > 1 - confidence
        assert share_at_most(weights, -returns, -(found.lower - step)) <= 1 - confidence


def test_its_bounds_hold_the_effect_as_often_as_promised() -> None:
    rng = np.random.default_rng(5)
    above = below = trials = 0
    for _ in range(600):
        weights = persistent(rng, 1000, 0.02)
        if weights.std() == 0:
            continue
        found = timing_effect(weights, rng.normal(0.0003, 0.01, 1000) + 0.0007 * weights)
        trials += 1
        above, below = above + (found.lower > 0.0007), below + (found.upper < 0.0007)
    limit = 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    assert above / trials < limit
    assert below / trials < limit
    assert (above + below) / trials > 0.05


def test_several_legs_add_up() -> None:
    """Two legs with weights w and 1 − w: the effect on each leg is half of that on their difference."""
    rng = np.random.default_rng(8)
    weights = persistent(rng, 400, 0.05)
    legs = rng.normal(0.0, 0.01, (400, 2))
    both = timing_effect(np.column_stack([weights, 1 - weights]), legs)
    one = timing_effect(weights, legs[:, 0] - legs[:, 1])
    assert (2 * both.effect, 2 * both.lower, 2 * both.upper) == pytest.approx((one.effect, one.lower, one.upper))
    assert both.gain == pytest.approx(one.gain)


def test_the_estimate_is_the_regression_slope() -> None:
    rng = np.random.default_rng(2)
    weights = persistent(rng, 300, 0.05)
    returns = rng.normal(0.0, 0.01, 300)
    assert timing_effect(weights, returns).effect == pytest.approx(np.polyfit(weights, returns, 1)[0])


def test_one_switch_bounds_nothing_much() -> None:
    """Positions with a period of few days have few distinct shifts: no bound where none can reach the level."""
    weights = np.tile([0.0, 1.0], 50)
    found = timing_effect(weights, np.random.default_rng(0).normal(0, 0.01, 100))
    assert (found.lower, found.upper) == (-np.inf, np.inf)


@pytest.mark.parametrize("weights", [np.ones(50), np.zeros(50)])
def test_constant_positions(weights: np.ndarray) -> None:
    with pytest.raises(InputError, match="positions must change"):
        timing_effect(weights, np.random.default_rng(0).normal(size=50))


def test_other_confidence() -> None:
    with pytest.raises(InputError, match=r"between 0\.5 and 1; got 95"):
        timing_effect([0.0, 1.0, 0.0], [0.1, 0.2, 0.1], confidence=95)
