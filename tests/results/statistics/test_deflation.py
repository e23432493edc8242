"""Deflation and effective trials: published values, exact limits, brute force."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from gridproof.kernels.errors import InputError
from gridproof.results.statistics import deflation
from gridproof.results.statistics.deflation import (
    deflated_sharpe,
    effective_trials,
    effective_trials_from_correlation,
    expected_maximum_sharpe,
    implied_trials,
)
from gridproof.results.statistics.sharpe import probabilistic_sharpe


@pytest.mark.parametrize(("trials", "value"), [(10, 1.5746), (100, 2.5306), (10**9, 6.0904)])
def test_published_expected_maximum(trials: int, value: float) -> None:
    assert round(expected_maximum_sharpe(trials, 1.0), 4) == value


def test_published_deflated_sharpe() -> None:
    """The example of Bailey, López de Prado (2014): annual figures, 250 days a year, five years."""
    variance, sharpe = 0.5 / 250, 2.5 / math.sqrt(250)
    assert round(expected_maximum_sharpe(100, variance), 4) == 0.1132
    assert round(deflated_sharpe(sharpe, 1250, 100, variance, -3.0, 10.0), 4) == 0.9004


@pytest.mark.parametrize("trials", [2, 50, 10**4, 10**7])
def test_the_approximation_is_near_the_exact_expected_maximum(trials: int) -> None:
    def density(x: float) -> float:
        return x * trials * math.exp(norm.logpdf(x) + (trials - 1) * norm.logcdf(x))

    exact, _ = quad(density, -10, 12, limit=200)
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(exact, rel=0.025 if trials > 2 else 0.1)


@pytest.mark.parametrize("trials", [10**16, 10**18, 10**200])
def test_many_trials_keep_their_digits(trials: int) -> None:
    """1 − 1/N is 1 in float64 from 10^16 trials on, in float32 from 10^8 on."""
    gamma, quantile = np.euler_gamma, NormalDist().inv_cdf
    expected = -(1 - gamma) * quantile(1 / trials) - gamma * quantile(1 / (trials * math.e))
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(expected, rel=1e-9)


def test_float32_counts_lose_nothing() -> None:
    counts = np.array([1e8, 1e9, 1e12], dtype=np.float32)
    assert expected_maximum_sharpe(counts, np.float32(1.0)) == pytest.approx(
        expected_maximum_sharpe(counts.astype(np.float64), 1.0), rel=1e-12
    )


def test_one_trial_is_not_deflated() -> None:
    assert expected_maximum_sharpe(1, 0.5) == 0.0
    assert deflated_sharpe(0.08, 800, 1, 0.002, -1.0, 7.0) == probabilistic_sharpe(0.08, 800, -1.0, 7.0)


@given(st.floats(1, 1e30), st.floats(1.0, 100.0), st.floats(1e-6, 1))
def test_more_trials_never_expect_less(trials: float, more: float, variance: float) -> None:
    low, high = expected_maximum_sharpe(np.array([trials, trials * more]), variance)
    assert 0.0 <= low <= high + 1e-12
    # √(2 ln N) is an upper bound, and not the value.
    assert low <= math.sqrt(variance * 2 * math.log(trials)) + 1e-12 or trials < 3


def test_the_curve_over_trials() -> None:
    counts = np.array([1, 10, 1000, 10**6, 10**12], dtype=np.float64)
    counts.flags.writeable = False
    curve = deflated_sharpe(0.09, 2000, counts, 0.0004, -0.5, 8.0)
    assert curve.shape == (5,)
    assert (np.diff(curve) < 0).all()
    benchmark = expected_maximum_sharpe(1000, 0.0004)
    assert curve[2] == probabilistic_sharpe(0.09, 2000, -0.5, 8.0, benchmark)
    newer = deflated_sharpe(0.09, 2000, 1000, 0.0004, -0.5, 8.0, "2025", 0.1)
    assert newer == probabilistic_sharpe(0.09, 2000, -0.5, 8.0, benchmark, "2025", 0.1)
    assert math.isnan(deflated_sharpe(math.nan, 2000, 10, 0.0004))


def test_bad_counts() -> None:
    for trials in (0, 0.5, 1e301):
        with pytest.raises(InputError, match=r"trials must lie between 1 and 1e300"):
            expected_maximum_sharpe(trials, 1.0)
    with pytest.raises(InputError, match=r"variance must not be negative"):
        expected_maximum_sharpe(10, -1.0)
    with pytest.raises(InputError, match=r"variance must be positive"):
        implied_trials(0.1, 0.0)


@given(st.floats(2, 1e250), st.floats(1e-6, 10))
def test_implied_trials_invert_the_expected_maximum(trials: float, variance: float) -> None:
    maximum = expected_maximum_sharpe(trials, variance)
    assert math.log(implied_trials(maximum, variance)) == pytest.approx(math.log(trials), rel=1e-7, abs=1e-7)


def test_implied_trials_at_the_ends_and_of_drawn_maxima() -> None:
    assert implied_trials(np.array([-1.0, 0.0, 40.0]), 1.0).tolist() == [1.0, 1.0, math.inf]
    assert math.isnan(implied_trials(math.nan, 1.0))
    drawn = np.random.default_rng(0).normal(size=(4000, 200)).max(axis=1).mean()
    assert implied_trials(drawn, 1.0) == pytest.approx(200, rel=0.1)
    # 200 variants in 20 groups of ten equal ones are 20 trials.
    drawn = np.random.default_rng(0).normal(size=(4000, 20)).repeat(10, axis=1).max(axis=1).mean()
    assert implied_trials(drawn, 1.0) == pytest.approx(20, rel=0.1)


def brute_force(matrix: np.ndarray) -> tuple[float, float]:
    values = np.linalg.eigvalsh(matrix)
    shares = values[values > 1e-12] / values[values > 1e-12].sum()
    return math.exp(-sum(p * math.log(p) for p in shares)), values.sum() ** 2 / (values**2).sum()


def equal_correlation(variants: int, rho: float) -> np.ndarray:
    return np.full((variants, variants), rho) + (1 - rho) * np.eye(variants)


def test_effective_trials_of_known_matrices() -> None:
    independent = effective_trials_from_correlation(np.eye(7))
    assert (independent.entropy_rank, independent.participation_ratio) == pytest.approx((7, 7))
    same = effective_trials_from_correlation(np.ones((7, 7)))
    assert (same.entropy_rank, same.participation_ratio) == pytest.approx((1, 1))
    opposite = effective_trials_from_correlation([[1, -1], [-1, 1]])
    assert opposite.entropy_rank == pytest.approx(1)
    half = effective_trials_from_correlation(equal_correlation(10, 0.5))
    # Eigenvalues 5.5 and nine times 0.5.
    assert half.participation_ratio == pytest.approx(100 / (5.5**2 + 9 * 0.25))
    assert half.entropy_rank == pytest.approx(math.exp(-0.55 * math.log(0.55) - 9 * 0.05 * math.log(0.05)))
    blocks = effective_trials_from_correlation(np.kron(np.eye(4), np.ones((5, 5))))
    assert (blocks.entropy_rank, blocks.participation_ratio) == pytest.approx((4, 4))


def test_published_effective_rank() -> None:
    """The example of López de Prado, Lipton, Zoonekynd (2025); its matrix has a negative eigenvalue."""
    matrix = np.array([[10, 1, 7], [1, 10, 8], [7, 8, 10]]) / 10
    assert effective_trials_from_correlation(matrix[:2, :2]).entropy_rank == pytest.approx(2, abs=0.02)
    assert effective_trials_from_correlation(matrix).entropy_rank == pytest.approx(1.84, abs=0.01)


@pytest.mark.parametrize(("days", "variants"), [(60, 25), (60, 60), (25, 60), (30, 250)])
def test_effective_trials_from_returns(days: int, variants: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides of V = T, several blocks of columns, against the correlation matrix written out."""
    monkeypatch.setattr(deflation, "_COLUMNS", 100)
    generator = np.random.default_rng(days + variants)
    common = generator.normal(size=(days, 3))
    returns = 0.001 + 0.01 * (common @ generator.normal(size=(3, variants)) + generator.normal(size=(days, variants)))
    returns.flags.writeable = False
    result = effective_trials(returns)
    matrix = np.corrcoef(returns.T)
    assert (result.entropy_rank, result.participation_ratio) == pytest.approx(brute_force(matrix), rel=1e-8)
    assert (result.variants, result.constant) == (variants, 0)
    assert result.entropy_rank <= min(days - 1, variants)
    from_matrix = effective_trials_from_correlation(matrix)
    assert from_matrix.entropy_rank == pytest.approx(result.entropy_rank, rel=1e-6)
    narrow = effective_trials(returns.astype(np.float32))
    assert narrow.entropy_rank == pytest.approx(result.entropy_rank, rel=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([8, 40]))
def test_effective_trials_know_no_order_scale_or_sign(seed: int, variants: int) -> None:
    generator = np.random.default_rng(seed)
    returns = generator.normal(size=(20, variants)) + generator.normal(size=(20, 1))
    one = effective_trials(returns)
    changed = returns[:, generator.permutation(variants)] * generator.choice([-2.0, 0.5, 3.0], variants) + 0.1
    other = effective_trials(changed)
    assert other.entropy_rank == pytest.approx(one.entropy_rank, rel=1e-9)
    assert other.participation_ratio == pytest.approx(one.participation_ratio, rel=1e-9)
    # Repeating every variant changes nothing.
    twice = effective_trials(np.concatenate([returns, returns], axis=1))
    assert twice.entropy_rank == pytest.approx(one.entropy_rank, rel=1e-9)


def test_constant_variants_are_counted_apart() -> None:
    returns = np.random.default_rng(0).normal(size=(30, 5))
    still = np.concatenate([returns, np.zeros((30, 1)), np.full((30, 1), 0.0001)], axis=1)
    result, without = effective_trials(still), effective_trials(returns)
    assert (result.variants, result.constant) == (7, 2)
    assert result.entropy_rank == pytest.approx(without.entropy_rank)
    nothing = effective_trials(np.zeros((30, 3)))
    assert nothing.constant == 3
    assert math.isnan(nothing.entropy_rank)


def test_bad_returns_and_matrices() -> None:
    with pytest.raises(InputError, match=r"every number must be finite; got nan at \(2, 1\)"):
        effective_trials(np.where(np.arange(12).reshape(4, 3) == 7, np.nan, 1.0))
    with pytest.raises(InputError, match=r"must be an array of numbers \(T, V\)"):
        effective_trials(np.zeros(5))
    with pytest.raises(
        InputError, match=r"must be returns, not correlations; .* Call effective_trials_from_correlation"
    ):
        effective_trials(equal_correlation(5, 0.3))
    for matrix in ([[1, 0.5], [0.4, 1]], [[2, 0], [0, 1]], [[1, 1.5], [1.5, 1]]):
        with pytest.raises(InputError, match=r"symmetric, 1 on the diagonal"):
            effective_trials_from_correlation(matrix)
    with pytest.raises(InputError, match=r"must be square"):
        effective_trials_from_correlation(np.ones((2, 3)))
