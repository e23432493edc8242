"""The difference of Sharpe ratios: the published example, its size by simulation, and what must not change it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.errors import InputError
from gridproof.results.statistics import sharpe_difference
from gridproof.statistics import joint_upper_bounds, sharpe_difference_test

# The two hedge funds of Ledoit and Wolf (2008), section 5: monthly returns in percent, in excess of cash, as the
# authors publish them with their code.
FUNDS = Path(__file__).parent / "published" / "hedge_funds.csv"


def funds() -> np.ndarray:
    return pd.read_csv(FUNDS, index_col="month").to_numpy()


def test_the_published_difference_and_standard_error() -> None:
    """In percent, as the authors computed them: R's output is −0.4463183 and 0.3872694."""
    assert sharpe_difference._difference(funds()) == pytest.approx(-0.4463183, abs=5e-8)
    assert sharpe_difference._hac_error(funds()) == pytest.approx(0.3872694, abs=5e-8)


def test_the_published_p_value() -> None:
    """The authors' code gives 0.25 and 0.298 in two runs of 499 resamples with blocks of 5 months."""
    pair = funds()
    difference, error = sharpe_difference._difference(pair), sharpe_difference._hac_error(pair)
    drawn = sharpe_difference._studentised(pair, difference, 5, 20_000, seed=1)
    p_value = np.mean(np.abs(drawn) >= abs(difference / error))
    assert 0.25 <= p_value <= 0.298


def test_a_resample_by_the_definition() -> None:
    """Each studentised resample equals a plain loop over the days that it draws."""
    rng = np.random.default_rng(3)
    pair = rng.normal(0.05, 1.0, (61, 2))
    length, days = 7, 61
    blocks = days // length
    difference = 0.1
    drawn = sharpe_difference._studentised(pair, difference, length, 5, seed=9)
    starts = np.random.default_rng(9).integers(days, size=(5, blocks))
    for row, expected in zip(starts, drawn, strict=True):
        sample = np.concatenate([pair[(start + np.arange(length)) % days] for start in row])
        sharpe = sample.mean(axis=0) / sample.std(axis=0, ddof=1)
        mean, square = sample.mean(axis=0), (sample**2).mean(axis=0)
        cube = (square - mean**2) ** 1.5
        gradient = np.array([square[0], -square[1], -0.5 * mean[0], 0.5 * mean[1]]) / cube[[0, 1, 0, 1]]
        terms = np.column_stack([sample - mean, sample**2 - square])
        sums = terms.reshape(blocks, length, 4).sum(axis=1) / np.sqrt(length)
        error = np.sqrt(gradient @ (sums.T @ sums / blocks) @ gradient / days)
        assert (sharpe[0] - sharpe[1] - difference) / error == pytest.approx(expected, rel=1e-9)


def test_it_has_no_unit() -> None:
    """Returns in percent, and a leveraged series, give the same test."""
    pair = funds()
    one = sharpe_difference_test(pair[:, 0], pair[:, 1], 5, resamples=499)
    other = sharpe_difference_test(pair[:, 0] / 100, 3 * pair[:, 1], 5, resamples=499)
    assert (one.p_value, one.two_sided) == (other.p_value, other.two_sided)
    assert one.lower == pytest.approx(other.lower)
    assert one.upper == pytest.approx(other.upper)


def test_the_sides_are_exchanged_with_the_series() -> None:
    pair = funds()
    one = sharpe_difference_test(pair[:, 0], pair[:, 1], 5, resamples=1999)
    other = sharpe_difference_test(pair[:, 1], pair[:, 0], 5, resamples=1999)
    assert one.difference == pytest.approx(-other.difference)
    assert one.two_sided == pytest.approx(other.two_sided)
    assert one.lower == pytest.approx(-other.upper)
    assert one.p_value + other.p_value == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("dependence", [0.0, 0.3])
def test_its_size(dependence: float) -> None:
    """Two correlated series of equal Sharpe ratio, GARCH-like volatility: 5 % within binomial error."""
    rng = np.random.default_rng(17)
    trials, days = 300, 600
    rejected = 0
    for trial in range(trials):
        shocks = rng.standard_normal((days, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
        volatility = np.exp(0.5 * np.convolve(rng.standard_normal(days + 19), np.ones(20) / 20, "valid") * 2)
        series = shocks * volatility[:, None] * 0.01 + 0.0005
        series[1:] += dependence * (series[:-1] - 0.0005)
        rejected += sharpe_difference_test(series[:, 0], series[:, 1], 10, 199, seed=trial).p_value <= 0.05
    assert abs(rejected / trials - 0.05) < 3 * np.sqrt(0.05 * 0.95 / trials)


def test_no_volatility_is_undefined() -> None:
    found = sharpe_difference_test(np.zeros(50), np.random.default_rng(0).normal(size=50), 5, 99)
    assert np.isnan([found.difference, found.p_value, found.lower]).all()


def test_a_series_against_a_multiple_of_itself() -> None:
    days = np.random.default_rng(4).normal(0.001, 0.01, 200)
    found = sharpe_difference_test(days, 0.5 * days, 10, 99)
    assert (found.difference, found.standard_error) == (0.0, 0.0)
    assert np.isnan([found.p_value, found.two_sided, found.lower, found.upper]).all()


def test_against_cash() -> None:
    """One series alone: as against a second one of mean nil that is as good as constant beside it."""
    rng = np.random.default_rng(6)
    days = rng.normal(0.0008, 0.01, 800)
    found = sharpe_difference_test(days, None, 10, 999)
    assert found.difference == pytest.approx(days.mean() / days.std(ddof=1))
    assert found.standard_error == pytest.approx(np.sqrt((1 + found.difference**2 / 2) / 800), rel=0.1)
    assert found.lower < found.difference < found.upper


def test_resamples_without_volatility_speak_against_a_rejection() -> None:
    """A strategy in the market on two days only: a third of the resamples miss both, and nothing is shown."""
    rng = np.random.default_rng(7)
    market = rng.normal(0.0, 0.01, 400)
    rule = np.zeros(400)
    rule[200:202] = 0.05, 0.04
    found = sharpe_difference_test(rule, market, 5, 999)
    assert found.p_value > 0.25
    assert (found.lower, found.upper) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block_length": 61}, "half of the 120 days; got 61"),
        ({"block_length": 0}, "half of the 120 days; got 0"),
        ({"resamples": 0}, "at least 1; got 0"),
        ({"confidence": 95}, "between 0.5 and 1; got 95"),
    ],
)
def test_impossible_options(change: dict[str, int], message: str) -> None:
    pair = funds()
    with pytest.raises(InputError, match=message):
        sharpe_difference_test(pair[:, 0], pair[:, 1], **({"block_length": 5} | change))


def test_series_of_other_days() -> None:
    pair = funds()
    with pytest.raises(InputError, match="as many days as the returns, 120; got 119"):
        sharpe_difference_test(pair[:, 0], pair[1:, 1], 5)


def test_joint_bounds_by_the_definition() -> None:
    """In 95% of the resamples every difference lies below its bound; in some of the rest it does not."""
    rng = np.random.default_rng(8)
    series = rng.normal(0.0003, 0.01, (4, 700))
    tests = [sharpe_difference_test(series[0], one, 14, 999, seed=2) for one in (*series[1:], None)]
    bounds = joint_upper_bounds(tests)
    worst = np.array(
        [(test.difference - bound) / test.standard_error for test, bound in zip(tests, bounds, strict=True)]
    )
    assert worst == pytest.approx(worst[0])
    inside = (np.array([test.drawn for test in tests]) >= worst[:, None] - 1e-12).all(axis=0)
    assert 0.95 <= inside.mean() <= 0.952
    assert (bounds > [test.upper for test in tests]).all()


def test_joint_bound_of_one_is_its_own() -> None:
    days = np.random.default_rng(4).normal(0.001, 0.01, (2, 200))
    one = sharpe_difference_test(days[0], days[1], 10, 499)
    same = sharpe_difference_test(days[0], 2.0 * days[0], 10, 499)
    assert joint_upper_bounds([one]) == pytest.approx([one.upper])
    assert joint_upper_bounds([same, one]) == pytest.approx([np.nan, one.upper], nan_ok=True)
    assert np.isnan(joint_upper_bounds([same])).all()
    with pytest.raises(InputError, match=r"all must have the same resamples; got \[99, 499\]"):
        joint_upper_bounds([one, sharpe_difference_test(days[0], None, 10, 99)])


def test_joint_bounds_hold_together() -> None:
    """Four independent series of one Sharpe ratio: "one of three differences is below nil" is wrong in 5%."""
    rng = np.random.default_rng(23)
    wrong, single = 0, 0
    for trial in range(300):
        series = rng.normal(0.0, 0.01, (4, 500))
        tests = [sharpe_difference_test(series[0], one, 5, 199, seed=trial) for one in series[1:]]
        wrong += bool((joint_upper_bounds(tests) < 0.0).any())
        single += any(test.upper < 0.0 for test in tests)
    assert abs(wrong / 300 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300)
    assert single / 300 > 0.085
