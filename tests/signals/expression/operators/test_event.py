"""Conditions and events against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.example import evaluate_example
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.causality import drawn_condition, drawn_values
from gridproof.signals.expression.operators.event import (
    crosses_above,
    crosses_below,
    divergence,
    since,
    streak,
    turning_point,
    value_when,
)
from gridproof.signals.expression.operators.recursive import rsi
from gridproof.signals.expression.operators.segment import segment

NAN = np.nan


def test_crossings_by_a_loop() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        a, b = (rng.integers(0, 4, 60).astype(float) for _ in range(2))
        a[rng.random(60) < 0.1] = NAN
        above = [NAN] + [
            NAN if np.isnan([a[t], b[t], a[t - 1], b[t - 1]]).any() else float(a[t] > b[t] and a[t - 1] <= b[t - 1])
            for t in range(1, 60)
        ]
        np.testing.assert_array_equal(crosses_above(a, b), above)
        np.testing.assert_array_equal(crosses_below(b, a), above)


def test_since_streak_and_value_by_a_loop() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        given, x = drawn_condition(rng, 60), drawn_values(rng, 60)
        ago, run, kept = NAN, 0.0, NAN
        begun = False
        for today, holds in enumerate(given):
            begun = begun or not np.isnan(holds)
            if np.isnan(holds):
                ago, kept, run = NAN, NAN, NAN
            elif holds:
                ago, kept, run = 0.0, x[today], run + 1
            else:
                ago, run = ago + 1, 0.0
            if not begun:
                run = 0.0
            np.testing.assert_equal(since(given)[today], ago)
            np.testing.assert_equal(value_when(x, given)[today], kept)
            np.testing.assert_equal(streak(given)[today], run if begun else NAN)


def test_divergence_by_a_loop() -> None:
    seen = 0.0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        price, momentum = (rng.integers(0, 9, 80).astype(float) for _ in range(2))
        momentum[:7] = NAN
        for kind, sign in (("top", 1), ("bottom", -1)):
            found = divergence(price, momentum, 5, kind)
            for today in range(80):
                p, m = sign * price[max(0, today - 4) : today + 1], sign * momentum[max(0, today - 4) : today + 1]
                if today < 4 or np.isnan(m).any():
                    assert np.isnan(found[today])
                else:
                    assert found[today] == (p[-1] > p[:-1].max() and m[-1] <= m[:-1].max())
                    seen += found[today]
    assert seen > 50


def legs(x: Floats, multiple: float, n: int) -> list[float]:
    """The direction of the leg of each day, from the whole history up to that day."""
    result = []
    direction, extreme, before = 0, NAN, list[float]()
    for today, value in enumerate(x):
        before.append(value)
        returns = np.diff(x[max(0, today - n) : today + 1]) / x[max(0, today - n) : today]
        reversal = multiple * returns.std(ddof=1) if len(returns) == n else np.inf
        if direction == 0:
            if value < max(before) and value / max(before) - 1 <= -reversal:
                direction, extreme = -1, value
            elif value > min(before) and value / min(before) - 1 >= reversal:
                direction, extreme = 1, value
        elif direction == 1:
            extreme = max(extreme, value)
            if value < extreme and value / extreme - 1 <= -reversal:
                direction, extreme = -1, value
        else:
            extreme = min(extreme, value)
            if value > extreme and value / extreme - 1 >= reversal:
                direction, extreme = 1, value
        result.append(float(direction) if direction else NAN)
    return result


@pytest.mark.parametrize(("multiple", "n"), [(0.5, 5), (2.0, 10), (5.0, 20)])
def test_segments_by_a_loop(multiple: float, n: int) -> None:
    for seed in range(5):
        x = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.02, 250)))
        found = segment(x, multiple, n)
        np.testing.assert_array_equal(found, legs(x, multiple, n))
        assert {-1.0, 1.0} <= set(found[np.isfinite(found)].tolist())


def test_a_segment_goes_on_after_an_unknown_day() -> None:
    x = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, 250)))
    gap = np.arange(250) % 17 == 0
    found = segment(np.where(gap, NAN, x), 2.0, 10)
    assert np.isnan(found[gap]).all()
    np.testing.assert_array_equal(found[~gap], segment(x[~gap], 2.0, 10))


def test_turning_points_by_hand() -> None:
    x = np.array([2.0, 3, 4, 5, 6, 7, 8, 9, 8, 7, 8, 7, 6, 5, 6, 7])  # peaks at 7 and 10, troughs at 9 and 13
    one = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0]
    two = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]
    np.testing.assert_array_equal(turning_point(x, 1, 1, "peak"), one)
    np.testing.assert_array_equal(turning_point(x, 1, 2, "peak"), two)
    np.testing.assert_array_equal(turning_point(-x, 1, 2, "trough"), two)


def test_equal_averages_of_decimals_are_no_turn() -> None:
    # mean(1.1, 2.2, 3.3) and the same in another order differ in the last bit.
    x = np.array([1.0, 1.1, 2.2, 3.3, 1.1, 2.2, 3.3, 1.1])
    assert (turning_point(x, 3, 1, "peak")[2:] == 0).all()


def test_segments_and_divergence_of_weekly_closes() -> None:
    x = 100 * np.exp(np.cumsum(np.random.default_rng(8).normal(0, 0.02, 600)))
    weeks = np.arange(4, 599, 5)  # the Fridays; the last one ends no week that is known to end
    closes = x[weeks]
    held = np.searchsorted(weeks, np.arange(600), side="right") - 1
    for text, weekly in (
        ("segment(weekly(x), 2, 12)", np.array(legs(closes, 2.0, 12))),
        ("divergence(weekly(x), rsi(weekly(x), 6), 10)", divergence(closes, rsi(closes, 6), 10, "top")),
        ("divergence(weekly(x), rsi(weekly(x), 6), 10, bottom)", divergence(closes, rsi(closes, 6), 10, "bottom")),
    ):
        found = evaluate_example(text, {"x": x.tolist()}, OPERATORS.operators)
        np.testing.assert_array_equal(found, np.where(held >= 0, weekly[held], NAN))
        assert len(np.unique(weekly[np.isfinite(weekly)])) == 2
