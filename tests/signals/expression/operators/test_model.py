"""VPIN against a loop that fills its buckets share by share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.model import vpin

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the language evaluates without them


def filled_one_by_one(price: Floats, volume: Floats, bucket: int, buckets: int, n: int) -> Floats:
    """Whole lots, one after the other."""
    result = np.full(len(price), np.nan)
    full: list[float] = []
    bought = inside = 0.0
    change = np.diff(price, prepend=np.nan)
    for bar in range(len(price)):
        if bar < n:
            continue
        deviation = change[bar - n + 1 : bar + 1].std(ddof=1)
        share = norm.cdf(change[bar] / deviation)
        for _ in range(int(volume[bar])):
            bought, inside = bought + share, inside + 1
            if inside == bucket:
                full.append(abs(bought - (bucket - bought)) / bucket)
                bought = inside = 0.0
        if len(full) >= buckets:
            result[bar] = np.mean(full[-buckets:])
    return result


def test_buckets_filled_one_by_one() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        price, volume = 100 + np.cumsum(rng.normal(0, 1, 200)), rng.integers(0, 60, 200).astype(np.float64)
        expected = filled_one_by_one(price, volume, 40, 6, 10)
        np.testing.assert_allclose(vpin(price, volume, 40, 6, 10), expected, rtol=1e-10, atol=1e-12)
        assert np.isfinite(expected).sum() > 150


def test_a_bar_may_fill_many_buckets() -> None:
    price, volume = np.array([1.0, 2, 1, 3, 2]), np.array([1.0, 1, 1e6, 1, 1e300])
    found = vpin(price, volume, 3.0, 4, 2)
    share = norm.cdf(-1 / np.std([1, -1], ddof=1))
    assert found[2] == np.float64(found[3])
    np.testing.assert_allclose(found[2], abs(2 * share - 1), rtol=1e-6)
    assert ((found[2:] >= 0) & (found[2:] <= 1)).all()


def test_an_unknown_bar_adds_nothing() -> None:
    rng = np.random.default_rng(0)
    price, volume = 100 + np.cumsum(rng.normal(0, 1, 200)), rng.integers(0, 60, 200).astype(np.float64)
    gap = np.arange(200) % 13 == 0
    found = vpin(price, np.where(gap, np.nan, volume), 40, 6, 10)
    assert np.isnan(found[gap]).all()
    np.testing.assert_array_equal(found[~gap], vpin(price[~gap], volume[~gap], 40, 6, 10))


def test_an_unmoved_price_is_bought_by_half() -> None:
    found = vpin(np.full(30, 5.0), np.full(30, 10.0), 20, 3, 5)
    assert (found[np.isfinite(found)] == 0.0).all()
    assert np.isfinite(found[-1])
