"""Haircut Sharpe ratios against statsmodels, a published example and the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.haircut import haircut_sharpe

METHODS = {"bonferroni": "bonferroni", "holm": "holm", "bhy": "fdr_by"}


def sweep(variants: int, seed: int = 0) -> np.ndarray:
    sharpes = np.random.default_rng(seed).normal(0.04, 0.03, variants)
    sharpes.flags.writeable = False
    return sharpes


def test_published_example_of_ten_tests() -> None:
    """Harvey, Liu, Zhu (2016): of ten t-statistics above 1.96, at 5 % Bonferroni keeps 3 and BHY 6.

    Its Holm keeps 4: the fifth, 2.64 as printed, passes by 5e-4 where the unrounded one does not.
    """
    ratios = np.array([1.99, 2.63, 2.21, 3.43, 2.17, 2.64, 4.56, 5.34, 2.75, 2.49])
    days = 10**8  # Student's t is normal
    result = haircut_sharpe(ratios / math.sqrt(days), days)
    assert (result.p_value < 0.05).sum() == 10
    assert np.flatnonzero(result.bonferroni.p_value < 0.05).tolist() == [3, 6, 7]
    assert (result.holm.p_value < 0.0495).sum() == 4
    assert np.flatnonzero(result.bhy.p_value < 0.05).tolist() == [1, 3, 5, 6, 7, 8]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("variants", [1, 2, 300])
def test_p_values_against_statsmodels(name: str, variants: int) -> None:
    ratios, days = sweep(variants), 1500
    result = haircut_sharpe(ratios, days)
    single = 2 * stats.t.sf(np.abs(ratios) * math.sqrt(days), days - 1)
    assert result.p_value == pytest.approx(single, rel=1e-10)
    _, theirs, _, _ = multipletests(single, method=METHODS[name])
    ours = getattr(result, name)
    assert ours.p_value == pytest.approx(theirs, rel=1e-10)
    back = np.sign(ratios) * stats.t.isf(theirs / 2, days - 1) / math.sqrt(days)
    assert ours.sharpe == pytest.approx(back, rel=1e-8, abs=1e-12)
    assert ours.haircut == pytest.approx(1 - back / ratios, rel=1e-8, abs=1e-8)


@settings(max_examples=50)
@given(st.lists(st.one_of(st.floats(-0.3, 0.3), st.just(math.nan)), min_size=1, max_size=30), st.integers(2, 3000))
def test_order_and_bounds(ratios: list[float], days: int) -> None:
    given_ = np.array(ratios)
    result = haircut_sharpe(given_, days)
    assert result.tests == np.count_nonzero(~np.isnan(given_))
    defined = ~np.isnan(given_)
    for cut in (result.bonferroni, result.holm, result.bhy):
        assert (np.isnan(cut.p_value) == ~defined).all()
        assert (np.isnan(cut.sharpe) == ~defined).all()
        assert (cut.p_value[defined] >= result.p_value[defined] * (1 - 1e-12)).all()
        assert (cut.p_value[defined] <= 1).all()
        assert (np.abs(cut.sharpe[defined]) <= np.abs(given_[defined])).all()
        assert (cut.sharpe[defined] * given_[defined] >= 0).all()
        shares = cut.haircut[defined & (given_ != 0)]
        assert ((shares >= -1e-12) & (shares <= 1)).all()
    assert (result.holm.p_value[defined] <= result.bonferroni.p_value[defined] * (1 + 1e-12)).all()


def test_a_million_alike_lose_much_and_a_single_test_nothing() -> None:
    alone = haircut_sharpe([0.05], 2500)
    for cut in (alone.bonferroni, alone.holm, alone.bhy):
        assert cut.sharpe == pytest.approx([0.05])
        assert cut.haircut == pytest.approx([0], abs=1e-10)
    # Equal p-values are cut by c(M) too.
    alike = haircut_sharpe(np.full(1000, 0.05), 2500)
    assert (alike.bhy.p_value / alike.p_value) == pytest.approx((1 / np.arange(1, 1001)).sum())


def test_extreme_ratios() -> None:
    result = haircut_sharpe([2.0, 0.0, -0.2], 4000)
    assert result.p_value[0] == 0.0  # below the smallest float
    assert result.bonferroni.sharpe[0] == 2.0
    assert result.bonferroni.sharpe[1] == 0.0
    assert math.isnan(result.bonferroni.haircut[1])
    assert -0.2 < result.bonferroni.sharpe[2] < 0


def test_bad_input() -> None:
    with pytest.raises(InputError, match=r"haircut_sharpe: sharpe: must be \(V,\), finite or NaN"):
        haircut_sharpe([[0.1]], 100)
    with pytest.raises(InputError, match=r"finite or NaN"):
        haircut_sharpe([math.inf], 100)
    with pytest.raises(InputError, match=r"at least two days; got 1"):
        haircut_sharpe([0.1], 1)
