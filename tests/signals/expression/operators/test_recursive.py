"""Recursions against loops, pandas and published examples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.recursive import atr, ema, macd, rsi

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the language evaluates without them
WALK = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.02, 300)))


def test_the_published_example_of_rsi() -> None:
    """The table of StockCharts' ChartSchool for Wilder's RSI of 14 days, printed to two decimals."""
    close = np.array([
        44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
        45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515,
        45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
    ])  # fmt: skip
    published = [
        70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87, 45.46,
        37.30, 33.08, 37.77,
    ]  # fmt: skip
    found = rsi(close, 14)
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], published, atol=0.006)


@pytest.mark.parametrize("n", [1, 2, 14])
def test_rsi_by_a_loop(n: int) -> None:
    change = np.diff(WALK)
    gain, loss = (np.maximum(sign * change, 0.0) for sign in (1, -1))
    rise, fall = gain[:n].mean(), loss[:n].mean()
    expected = [100 - 100 / (1 + rise / fall) if fall else 100.0]
    for day in range(n, len(change)):
        rise, fall = (rise * (n - 1) + gain[day]) / n, (fall * (n - 1) + loss[day]) / n
        expected.append(100 - 100 / (1 + rise / fall) if fall else 100.0)
    np.testing.assert_allclose(rsi(WALK, n)[n:], expected, rtol=1e-10, atol=1e-10)


def test_ema_and_macd_are_those_of_pandas() -> None:
    def average(x: pd.Series, span: int) -> pd.Series:
        return x.ewm(span=span, adjust=False).mean()

    x = pd.Series(WALK)
    line = average(x, 12) - average(x, 26)
    signal = average(line, 9)
    np.testing.assert_allclose(ema(WALK, 20), average(x, 20), rtol=1e-13)
    for part, expected in (("line", line), ("signal", signal), ("histogram", line - signal)):
        np.testing.assert_allclose(macd(WALK, 12, 26, 9, part), expected, rtol=1e-9, atol=1e-12)


def test_atr_by_a_loop() -> None:
    rng = np.random.default_rng(4)
    high, low = WALK * (1 + rng.random(300) / 50), WALK * (1 - rng.random(300) / 50)
    true = [max(high[t] - low[t], abs(high[t] - WALK[t - 1]), abs(low[t] - WALK[t - 1])) for t in range(1, 300)]
    average = float(np.mean(true[:14]))
    expected = [average]
    for day in range(14, 299):
        expected.append((expected[-1] * 13 + true[day]) / 14)
    np.testing.assert_allclose(atr(high, low, WALK, 14)[14:], expected, rtol=1e-12)


@pytest.mark.parametrize("compute", [lambda x: ema(x, 5), lambda x: rsi(x, 5), lambda x: macd(x, 3, 6, 4, "signal")])
def test_an_unknown_day_is_unknown_and_the_next_goes_on(compute: object) -> None:
    assert callable(compute)
    gaps = np.zeros(300, dtype=bool)
    gaps[[0, 1, 50, 51, 120, 299]] = True
    x: Floats = np.where(gaps, np.nan, WALK)
    found = compute(x)
    assert np.isnan(found[gaps]).all()
    np.testing.assert_array_equal(found[~gaps], compute(WALK[~gaps]))


def test_rsi_of_a_still_price_is_unknown_until_it_moves() -> None:
    still = np.array([5.0, 5, 5, 5, 6, 6])
    np.testing.assert_array_equal(rsi(still, 2), [np.nan, np.nan, np.nan, np.nan, 100, 100])
