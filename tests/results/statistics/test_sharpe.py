"""How sure a Sharpe ratio is: published values, other code, brute force, and the traps of the formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.results.statistics.sharpe import (
    minimum_track_record_length,
    probabilistic_sharpe,
    return_moments,
    sharpe_interval,
    sharpe_standard_error,
)

SKEWNESS, KURTOSIS = -2.448, 10.164
FUND = 0.036 / 0.079  # the hedge fund of both papers, monthly


def fat_tailed(days: int, seed: int = 1, drift: float = 0.0006) -> np.ndarray:
    generator = np.random.default_rng(seed)
    returns = drift + 0.01 * generator.standard_t(6, days) - 0.03 * (generator.random(days) < 0.02)
    returns.flags.writeable = False
    return returns


def test_published_probabilistic_sharpe() -> None:
    """Bailey, López de Prado (2012). The Sharpe ratio is printed as 0.458; a little below it all three digits hold."""
    for sharpe, digits in ((0.458, 5.1e-4), (0.4579, 5e-4)):
        assert probabilistic_sharpe(sharpe, 24) == pytest.approx(0.982, abs=digits)
        assert probabilistic_sharpe(sharpe, 24, SKEWNESS, KURTOSIS) == pytest.approx(0.913, abs=digits)
        assert probabilistic_sharpe(sharpe, 36, SKEWNESS, KURTOSIS) == pytest.approx(0.953, abs=digits)


@pytest.mark.parametrize(("periods", "years"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_published_track_record(periods: int, years: float) -> None:
    """A Sharpe ratio of 2 against 1, annual: the frequency of observation matters little."""
    root = math.sqrt(periods)
    assert round(minimum_track_record_length(2 / root, benchmark=1 / root) / periods, 2) == years


def test_published_version_of_2025() -> None:
    """The numeric example of López de Prado, Lipton, Zoonekynd (2025)."""
    assert round(sharpe_standard_error(FUND, 24, SKEWNESS, KURTOSIS, "2025"), 3) == 0.329
    assert round(sharpe_standard_error(FUND, 24, version="2025"), 3) == 0.214
    assert round(probabilistic_sharpe(FUND, 24, SKEWNESS, KURTOSIS, 0.0, "2025"), 3) == 0.987
    assert round(probabilistic_sharpe(FUND, 24, SKEWNESS, KURTOSIS, 0.1, "2025"), 3) == 0.939
    assert round(minimum_track_record_length(FUND, SKEWNESS, KURTOSIS, version="2025"), 3) == 13.029


def test_version_of_2025_against_jsharpe() -> None:
    other = pytest.importorskip("jsharpe")
    generator = np.random.default_rng(5)
    for _ in range(50):
        sharpe, benchmark, rho = generator.uniform(0.05, 0.3), generator.uniform(0, 0.04), generator.uniform(-0.5, 0.5)
        skewness, days = generator.uniform(-1, 1), int(generator.integers(20, 3000))
        kurtosis = 3 + skewness**2 + generator.uniform(0, 5)
        given_, named = (skewness, kurtosis), {"gamma3": skewness, "gamma4": kurtosis, "rho": rho}
        ours = probabilistic_sharpe(sharpe, days, *given_, benchmark, "2025", rho)
        assert ours == pytest.approx(other.probabilistic_sharpe_ratio(sharpe, benchmark, T=days, **named), abs=1e-10)
        ours = minimum_track_record_length(sharpe, *given_, benchmark, 0.95, "2025", rho)
        theirs = other.minimum_track_record_length(sharpe, benchmark, alpha=0.05, **named)
        assert ours == pytest.approx(theirs, rel=1e-10)


@given(st.floats(-0.5, 0.5), st.integers(2, 5000), st.floats(-2, 2), st.floats(0, 20), st.floats(-0.3, 0.3))
def test_probabilistic_sharpe_is_its_formula(s: float, days: int, third: float, above: float, benchmark: float) -> None:
    fourth = 1 + third**2 + above
    radicand = 1 - third * s + (fourth - 1) / 4 * s**2
    psr = probabilistic_sharpe(s, days, third, fourth, benchmark)
    if radicand <= 0:
        assert math.isnan(psr)
    else:
        z = (s - benchmark) * math.sqrt(days - 1) / math.sqrt(radicand)
        assert psr == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)), abs=1e-12)


@given(st.floats(0.02, 0.3), st.floats(-1, 1), st.sampled_from(["2012", "2025"]), st.floats(0.6, 0.99))
def test_after_the_track_record_the_probability_is_reached(s: float, third: float, version: str, level: float) -> None:
    moments = third, 2 + third**2
    length = minimum_track_record_length(s, *moments, 0.01, level, version)
    assert length > 0
    if length >= 2:
        assert probabilistic_sharpe(s, length, *moments, 0.01, version) == pytest.approx(level, abs=1e-9)


def test_arrays_broadcast_and_numbers_stay_numbers() -> None:
    sharpes, benchmarks = np.array([0.05, 0.1, np.nan]), np.array([[0.0], [0.02]])
    for array in (sharpes, benchmarks):
        array.flags.writeable = False
    table = probabilistic_sharpe(sharpes, 1000, -0.5, 6.0, benchmarks)
    assert table.shape == (2, 3)
    assert table[1, 0] == probabilistic_sharpe(0.05, 1000, -0.5, 6.0, 0.02)
    assert np.isnan(table[:, 2]).all()
    assert isinstance(probabilistic_sharpe(0.05, 1000), float)
    assert isinstance(minimum_track_record_length(0.05), float)


def test_a_track_record_below_the_benchmark_is_infinite() -> None:
    assert minimum_track_record_length(0.05, benchmark=0.05) == math.inf
    assert minimum_track_record_length(-0.1) == math.inf
    assert math.isnan(minimum_track_record_length(math.nan))


def test_moments_that_no_distribution_has_are_nan() -> None:
    assert math.isnan(probabilistic_sharpe(1.0, 100, 3.0, 3.0))
    assert math.isnan(sharpe_standard_error(1.0, 100, 3.0, 3.0))
    assert math.isnan(minimum_track_record_length(1.0, 3.0, 3.0))


def test_excess_kurtosis_is_refused() -> None:
    with pytest.raises(InputError, match=r"probabilistic_sharpe: kurtosis: raw kurtosis must be at least 1 .* Add 3"):
        probabilistic_sharpe(0.1, 100, 0.0, 0.0)


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match=r"observations: there must be at least 2 observations; got \[1.\]"):
        probabilistic_sharpe(0.1, [100, 1])
    with pytest.raises(InputError, match=r"version: the version must be one of 2012 and 2025; got 2014"):
        probabilistic_sharpe(0.1, 100, version="2014")
    with pytest.raises(InputError, match=r"only version 2025 uses autocorrelation"):
        probabilistic_sharpe(0.1, 100, autocorrelation=0.1)
    with pytest.raises(InputError, match=r"between −1 and 1"):
        probabilistic_sharpe(0.1, 100, version="2025", autocorrelation=1.0)
    with pytest.raises(InputError, match=r"confidence must lie between 0.5 and 1"):
        minimum_track_record_length(0.1, confidence=95.0)
    with pytest.raises(InputError, match=r"every number must be finite; got nan at 3"):
        return_moments([0.1, 0.2, 0.1, np.nan])
    with pytest.raises(InputError, match=r"at least two days"):
        return_moments([0.1])


def test_moments_are_those_of_the_kernels_and_of_scipy() -> None:
    returns = fat_tailed(900)
    moments = return_moments(returns)
    row = dict(zip(METRICS, measure_returns(returns, 243.0, 0.0), strict=False))
    assert moments.observations == 900
    assert moments.sharpe * math.sqrt(243) == pytest.approx(row["sharpe"], rel=1e-12)
    assert moments.skewness == pytest.approx(row["skewness"], rel=1e-12)
    assert moments.kurtosis == pytest.approx(row["kurtosis"], rel=1e-12)
    assert moments.skewness == pytest.approx(stats.skew(returns), rel=1e-10)
    assert moments.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-10)
    both = return_moments(np.stack([returns, np.full(900, 0.0001)], axis=1))
    assert both.sharpe[0] == pytest.approx(moments.sharpe)
    assert np.isnan([both.sharpe[1], both.skewness[1], both.kurtosis[1]]).all()


def test_the_standard_error_is_that_of_simulated_sharpe_ratios() -> None:
    """Skewed, fat-tailed days of known moments: the deviation over 4,000 records of 500 days."""
    generator = np.random.default_rng(2)
    days = 0.15 + math.sqrt(2) - generator.standard_gamma(2.0, (4000, 500)) / math.sqrt(2)
    true_skewness, true_kurtosis = -2 / math.sqrt(2), 3 + 6 / 2
    drawn = days.mean(axis=1) / days.std(axis=1, ddof=1)
    expected = sharpe_standard_error(0.15, 500, true_skewness, true_kurtosis)
    assert drawn.std() == pytest.approx(expected, rel=0.05)
    # With the skewness forgotten it is far off.
    assert drawn.std() > 1.08 * sharpe_standard_error(0.15, 500)


@pytest.mark.parametrize("rho", [-0.3, 0.3])
def test_the_autocorrelation_of_2025_is_that_of_simulated_sharpe_ratios(rho: float) -> None:
    generator = np.random.default_rng(3)
    noise = generator.normal(size=(1600, 4000)) * math.sqrt(1 - rho**2)
    days = np.empty_like(noise)
    days[0] = generator.normal(size=4000)
    for day in range(1, 1600):
        days[day] = rho * days[day - 1] + noise[day]
    days += 0.1
    drawn = days.mean(axis=0) / days.std(axis=0)
    assert drawn.std() == pytest.approx(sharpe_standard_error(0.1, 1600, 0, 3, "2025", rho), rel=0.05)


def arch_indices(returns: np.ndarray, resamples: int) -> np.ndarray:
    bootstrap = StationaryBootstrap(15, returns, seed=11)
    rows = []
    for _ in bootstrap.bootstrap(resamples):
        rows.append(bootstrap.index.copy())
    return np.array(rows)


def ratio(days: np.ndarray) -> float:
    return float(days.mean() / days.std(ddof=1))


def mertens(days: np.ndarray) -> float:
    s, third, fourth = ratio(days), stats.skew(days), stats.kurtosis(days, fisher=False)
    return math.sqrt((1 - third * s + (fourth - 1) / 4 * s**2) / (len(days) - 1))


def test_the_interval_against_arch_and_plain_numpy() -> None:
    returns = fat_tailed(400)
    rows = arch_indices(returns, 500)
    rows.flags.writeable = False
    ours = sharpe_interval(returns, rows, 0.9)
    drawn = np.array([ratio(returns[row]) for row in rows])
    errors = np.array([mertens(returns[row]) for row in rows])
    assert ours.sharpe == pytest.approx(ratio(returns))
    assert ours.mertens_error == pytest.approx(mertens(returns))
    assert ours.percentile == pytest.approx(np.quantile(drawn, [0.05, 0.95]), rel=1e-9)
    quantiles = np.quantile((drawn - ours.sharpe) / errors, [0.95, 0.05])
    assert ours.studentised == pytest.approx(ours.sharpe - quantiles * mertens(returns), rel=1e-9)
    assert ours.bootstrap_error == pytest.approx(drawn.std(ddof=1))
    assert (ours.resamples, ours.undefined, ours.confidence) == (500, 0, 0.9)

    theirs = StationaryBootstrap(15, returns, seed=11).conf_int(ratio, 500, method="percentile", size=0.9)
    assert ours.percentile == pytest.approx(theirs.ravel(), rel=1e-9)
    # arch spreads the studentised quantiles by the bootstrap's deviation, not by the error they were divided by.
    theirs = StationaryBootstrap(15, returns, seed=11).conf_int(
        ratio, 500, method="studentized", size=0.9, std_err_func=lambda _, days: mertens(days)
    )
    spread = (np.array(ours.studentised) - ours.sharpe) * drawn.std() / ours.mertens_error
    assert ours.sharpe + spread == pytest.approx(theirs.ravel(), rel=1e-9)


def test_independent_days_have_the_error_of_mertens() -> None:
    returns = fat_tailed(2000, seed=4)
    rows = np.random.default_rng(0).integers(0, 2000, (3000, 2000), dtype=np.int32)
    interval = sharpe_interval(returns, rows)
    assert interval.bootstrap_error == pytest.approx(interval.mertens_error, rel=0.05)


def test_the_interval_covers() -> None:
    """300 records of normal days: both intervals hold the true Sharpe ratio about as often as they say."""
    generator = np.random.default_rng(9)
    rows = generator.integers(0, 150, (400, 150))
    held = np.zeros(2)
    for _ in range(300):
        interval = sharpe_interval(generator.normal(0.1, 1.0, 150), rows)
        for place, (low, high) in enumerate((interval.percentile, interval.studentised)):
            held[place] += low <= 0.1 <= high
    # Four standard errors of a share of 300 at 95 %.
    assert (np.abs(held / 300 - 0.95) < 0.05).all()


@settings(max_examples=20)
@given(st.floats(0.1, 50), st.integers(0, 2**32 - 1))
def test_the_scale_of_returns_does_not_matter(scale: float, seed: int) -> None:
    returns = fat_tailed(120, seed)
    rows = np.random.default_rng(seed).integers(0, 120, (100, 120))
    one, other = sharpe_interval(returns, rows), sharpe_interval(returns * scale, rows)
    assert other.percentile == pytest.approx(one.percentile, rel=1e-9, abs=1e-12)
    assert other.studentised == pytest.approx(one.studentised, rel=1e-9, abs=1e-12)


def test_intervals_without_volatility_and_bad_indices() -> None:
    rows = np.zeros((100, 50), dtype=np.int64)
    flat = sharpe_interval(np.full(50, 0.001), rows)
    assert np.isnan([flat.sharpe, *flat.percentile, *flat.studentised]).all()
    assert flat.undefined == 100
    returns = fat_tailed(50)
    rows = np.random.default_rng(0).integers(0, 50, (200, 50))
    rows[:20] = 7
    assert sharpe_interval(returns, rows).undefined == 20
    with pytest.raises(InputError, match=r"at least 100 rows of 50 days each"):
        sharpe_interval(returns, rows[:99])
    with pytest.raises(InputError, match=r"days must lie in 0 to 49; got 0 to 50"):
        sharpe_interval(returns, np.where(rows == 7, 50, rows))
    with pytest.raises(InputError, match=r"must be a non-empty array of numbers with 1 dimension"):
        sharpe_interval(returns[:, None], rows)
