"""Rank IC and quantile returns: backends against the reference, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend, resolve_panel
from gridproof.kernels.threads import limit_threads
from tests.support.panels import random_panel

HORIZONS = np.array([1, 2, 5, 40])


@settings(max_examples=40)
@given(st.integers(0, 2**31))
def test_backends_agree(compiled: PanelBackend, seed: int) -> None:
    value, key, _, _, weight = random_panel(seed)
    factors = np.stack([key, weight, np.full_like(key, 2.0)])
    expected = resolve_panel("reference").rank_ic(factors, value, HORIZONS, 5)
    actual = compiled.rank_ic(factors, value, HORIZONS, 5)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-13)


def test_the_ic_is_that_of_scipy(backend: PanelBackend) -> None:
    value, key, _, _, _ = random_panel(4, days=25, stocks=40)
    found = backend.rank_ic(key[None], value, HORIZONS, 4)
    compared = 0
    for at, horizon in enumerate(HORIZONS):
        for day in range(25):
            known = ~np.isnan(key[day]) & ~np.isnan(value[day])
            if day + horizon >= 25 or known.sum() < 3:
                assert day + horizon < 25 or np.isnan(found.ic[0, at, day])
                continue
            expected = spearmanr(key[day, known], value[day + horizon, known] / value[day, known] - 1.0)
            np.testing.assert_allclose(found.ic[0, at, day], expected.statistic, atol=1e-12)
            compared += 1
    assert compared > 30


def test_quantiles_by_hand(backend: PanelBackend) -> None:
    value = np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.5, 1.0, 2.0, 4.0, 8.0]])
    factor = np.array([[[3.0, 1.0, 1.0, 2.0, np.nan], [0.0] * 5]])
    found = backend.rank_ic(factor, value, np.array([1]), 3)
    # The k-th of four is in quantile floor(3·k/4): 0, 0, 1, 2.
    assert found.quantile_returns[0, 0, 0].tolist() == [0.5, 3.0, 0.5]
    assert found.stocks[0].tolist() == [4, 5]
    assert np.isnan(found.quantile_returns[0, 0, 1]).all()
    assert np.isnan(found.ic[0, 0, 1])


def test_the_future_threads_and_the_order_of_columns() -> None:
    value, key, _, _, _ = random_panel(9, days=40, stocks=30, ties=False)
    measure = resolve_panel("cpu").rank_ic
    whole = measure(key[None], value, HORIZONS, 5)
    changed = value.copy()
    changed[25:] *= np.random.default_rng(0).uniform(0.5, 2.0, changed[25:].shape)
    for at, horizon in enumerate(HORIZONS[:3]):
        np.testing.assert_array_equal(
            measure(key[None], changed, HORIZONS, 5).ic[0, at, : 25 - horizon], whole.ic[0, at, : 25 - horizon]
        )
    before = limit_threads(1)
    try:
        alone = measure(key[None], value, HORIZONS, 5)
    finally:
        limit_threads(before)
    mixed = np.random.default_rng(1).permutation(30)
    columns = measure(key[None][:, :, mixed], value[:, mixed], HORIZONS, 5)
    for one, other, third in zip(alone, whole, columns, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(third, other)


def test_a_device_has_the_bits_of_the_cpu(cuda: PanelBackend) -> None:
    value, key, _, _, weight = random_panel(7, days=45, stocks=60)
    arguments = (np.stack([key, weight]), value, HORIZONS, 4)
    for one, other in zip(cuda.rank_ic(*arguments), resolve_panel("cpu").rank_ic(*arguments), strict=True):
        np.testing.assert_array_equal(one, other)


def test_wrong_inputs_are_one_clear_error() -> None:
    value, key, _, _, _ = random_panel(1)
    for factors, horizons, quantiles, message in [
        (key, [1], 5, "factors: factors must be"),
        (key[None], [0], 5, "horizons: a horizon must be 1 day or more"),
        (key[None], [1], 0, "quantiles: there must be 1 quantile or more"),
    ]:
        with pytest.raises(InputError, match=message):
            resolve_panel("cpu").rank_ic(factors, value, np.array(horizons), quantiles)
