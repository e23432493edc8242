"""The t-statistic of a mean of overlapping days against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.newey_west import automatic_lags, newey_west_mean


@pytest.mark.parametrize("lags", [0, 1, 5, 60])
def test_it_is_that_of_statsmodels(lags: int) -> None:
    rng = np.random.default_rng(lags)
    series = np.convolve(rng.normal(0.02, 0.1, 500), np.ones(5) / 5, "valid")
    found = newey_west_mean(series, lags)
    fit = sm.OLS(series, np.ones(len(series))).fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    assert found.t == pytest.approx(fit.tvalues[0], abs=1e-10)
    assert found.error == pytest.approx(fit.bse[0], abs=1e-12)


def test_overlap_makes_a_plain_t_too_large() -> None:
    series = np.convolve(np.random.default_rng(0).normal(0.02, 0.1, 2000), np.ones(20) / 20, "valid")
    assert newey_west_mean(series, 0).t > 3.0 * newey_west_mean(series, 20).t


def test_what_has_no_t_is_nan() -> None:
    assert np.isnan(newey_west_mean(np.full(10, 0.1), 1).t)
    assert np.isnan(newey_west_mean(np.array([np.nan, 1.0]), 1).t)
    assert newey_west_mean(np.array([np.nan]), 1).observations == 0
    with pytest.raises(InputError, match="lags must be 0 or more"):
        newey_west_mean(np.ones(3), -1)


def test_automatic_lags() -> None:
    assert [automatic_lags(count) for count in (1, 100, 3000)] == [1, 4, 8]
