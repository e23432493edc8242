"""The measures of published studies, written in the language, have the bits that they always had."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.example import evaluate_example
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.operators.event import turning_point

RNG = np.random.default_rng(11)
SMALL, LARGE = (1000 * np.exp(np.cumsum(RNG.normal(0, 0.02, 700))) for _ in range(2))
YIELD = np.round(3 + np.cumsum(RNG.normal(0, 0.03, 700)), 4)


def written(text: str) -> Floats:
    inputs = {"small": SMALL, "large": LARGE, "cn10y": YIELD}
    return evaluate_example(text, {name: x.tolist() for name, x in inputs.items()}, OPERATORS.operators)


def assert_same(text: str, expected: Floats) -> None:
    found = written(text)
    assert found[len(found) - len(expected) :].tobytes() == expected.tobytes()
    assert np.isnan(found[: len(found) - len(expected)]).all()


def volatility(close: Floats, n: int) -> Floats:
    return sliding_window_view(close[1:] / close[:-1] - 1.0, n).std(axis=-1, ddof=1)


def test_the_change_of_a_yield() -> None:
    assert_same("pct_change(cn10y, 243)", YIELD[243:] / YIELD[:-243] - 1.0)
    assert_same("diff(cn10y, 243)", YIELD[243:] - YIELD[:-243])


def test_volatility_crowding() -> None:
    ratio = volatility(SMALL, 20) / volatility(LARGE, 20)
    assert_same("pct_change(volatility(small, 20) / volatility(large, 20), 243)", ratio[243:] / ratio[:-243] - 1.0)


def test_a_series_relative_to_its_average() -> None:
    for n in (20, 243):
        ratio = SMALL / LARGE
        views = sliding_window_view(ratio, n)
        average = views[:, 0] + (views - views[:, :1]).mean(axis=-1)
        assert_same(f"small / large / mean(small / large, {n}) - 1", ratio[n - 1 :] / average - 1.0)


def test_the_slopes_of_a_fork() -> None:
    for n in (5, 20, 60):
        time = np.arange(n) - (n - 1) / 2
        views = sliding_window_view(SMALL, n)
        slope = ((views / views[:, :1] - 1.0) * (time / (time @ time))).sum(axis=-1)
        assert_same(f"relative_slope(small, {n})", slope)
        signs = np.sign(written(f"slope(small, {n})"))
        np.testing.assert_array_equal(signs[n - 1 :], np.sign(slope))


def test_turning_points_as_a_loop_over_the_months() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.integers(-9, 10, 120) / 10
        smooth, confirm = int(rng.integers(1, 7)), int(rng.integers(1, 4))
        views, sizes = sliding_window_view(x, smooth), sliding_window_view(np.abs(x), smooth)
        y, size = (np.full(len(x), np.nan) for _ in range(2))
        y[smooth - 1 :] = views[:, 0] + (views - views[:, :1]).mean(axis=-1)
        size[smooth - 1 :] = sizes[:, 0] + (sizes - sizes[:, :1]).mean(axis=-1)
        state, expected = 0.0, []
        for now in range(len(x)):
            if now > confirm:
                extreme = y[now - confirm]
                around = np.append(y[now - confirm + 1 : now + 1], y[now - confirm - 1])
                tie = 1e-9 * size[now - confirm - 1 : now + 1].max()
                state = 1.0 if (extreme - around > tie).all() else 0.0 if (around - extreme > tie).all() else state
            expected.append(state)
        found = turning_point(x, smooth, confirm, "peak")
        assert np.isnan(found[: smooth - 1]).all()
        np.testing.assert_array_equal(found[smooth - 1 :], expected[smooth - 1 :])
