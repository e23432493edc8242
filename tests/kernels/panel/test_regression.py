"""Cross-sectional regressions: backends against the reference, and against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend, resolve_panel
from gridproof.kernels.panel.ranking import Columns

Inputs = tuple[Floats, Floats, Columns, int, Floats]


def random_inputs(seed: int, days: int = 4, stocks: int = 50, kinds: int = 3, groups: int = 4) -> Inputs:
    rng = np.random.default_rng(seed)
    response, exposures = rng.normal(size=(days, stocks)), rng.normal(size=(kinds, days, stocks))
    exposures *= 10.0 ** rng.integers(-3, 5, (kinds, 1, 1))
    exposures[rng.random(exposures.shape) < 0.03] = np.nan
    response[rng.random(response.shape) < 0.05] = np.nan
    group = rng.integers(-1, groups, (days, stocks)).astype(np.int32)
    return response, exposures, group, groups, rng.integers(0, 4, (days, stocks)).astype(np.float64)


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(0, 4), st.integers(1, 5), st.integers(1, 60))
def test_backends_agree(compiled: PanelBackend, seed: int, kinds: int, groups: int, stocks: int) -> None:
    inputs = random_inputs(seed, stocks=stocks, kinds=kinds, groups=groups)
    expected, actual = resolve_panel("reference").regress(*inputs), compiled.regress(*inputs)
    np.testing.assert_array_equal(actual.stocks, expected.stocks)
    scale = np.append(1.0 / np.nanmax(np.abs(inputs[1]), axis=(1, 2), initial=1e-9), np.ones(groups))
    np.testing.assert_allclose(actual.coefficients / scale, expected.coefficients / scale, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(actual.residuals, expected.residuals, rtol=0.0, atol=1e-7)


def test_the_answers_are_those_of_statsmodels(backend: PanelBackend) -> None:
    response, exposures, group, groups, weight = random_inputs(3)
    found = backend.regress(response, exposures, group, groups, weight)
    for day in range(len(response)):
        known = ~np.isnan(response[day] + exposures[:, day].sum(axis=0)) & (group[day] >= 0) & (weight[day] > 0.0)
        columns = np.column_stack([exposures[:, day, known].T, group[day, known, None] == np.arange(groups)])
        model = sm.WLS(response[day, known], columns.astype(np.float64), weights=weight[day, known], hasconst=True)
        fit = model.fit()
        np.testing.assert_allclose(found.coefficients[day], fit.params, rtol=1e-9)
        np.testing.assert_allclose(found.residuals[day, known], fit.resid, atol=1e-12)
        np.testing.assert_allclose(found.r_squared[day], fit.rsquared, atol=1e-12)
        assert np.isnan(found.residuals[day, ~known]).all()


def test_collinear_exposures_and_empty_groups_are_not_a_number(backend: PanelBackend) -> None:
    response, exposures, group, groups, weight = random_inputs(7)
    exposures[1, 0] = 3.0 * exposures[0, 0] + group[0]
    group[1][group[1] == 2] = 1
    group[2] = -1
    found = backend.regress(response, exposures, group, groups, weight)
    assert np.isnan(found.coefficients[0]).all()
    assert np.isnan(found.residuals[0]).all()
    assert np.isnan(found.coefficients[1]).tolist() == [False] * 5 + [True, False]
    assert found.stocks[2] == 0
    assert np.isnan(found.coefficients[2]).all()
    assert not np.isnan(found.coefficients[3]).any()


def test_a_device_has_the_bits_of_the_cpu(cuda: PanelBackend) -> None:
    inputs = random_inputs(11, days=9)
    for one, other in zip(cuda.regress(*inputs), resolve_panel("cpu").regress(*inputs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_wrong_inputs_are_one_clear_error() -> None:
    response, exposures, group, groups, weight = random_inputs(1)
    for change, message in [
        ({1: exposures[0]}, "exposures: exposures must be"),
        ({3: 3}, "group: groups must be numbered from 0 below their number; got 3 of 3"),
        ({4: weight - 1.0}, "regression: numbers must be finite and weights 0 or more"),
    ]:
        inputs = dict(enumerate((response, exposures, group, groups, weight))) | change
        with pytest.raises(InputError, match=message):
            resolve_panel("cpu").regress(*inputs.values())  # type: ignore[arg-type]
