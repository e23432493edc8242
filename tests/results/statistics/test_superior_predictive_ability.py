"""Reality check, SPA and StepM: brute force, arch, and each trap."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.bootstrap import stationary_bootstrap_indices
from gridproof.results.statistics.maxima import measure
from gridproof.results.statistics.superior_predictive_ability import (
    SuperiorityTest,
    reality_check,
    stepwise_multiple_test,
    superior_predictive_ability,
)

DAYS, BLOCK = 120, 6.0


def sweep(seed: int, days: int = DAYS, variants: int = 15, best: float = 0.0015) -> Floats:
    """Variants from poor to good that share a market in part, read-only."""
    rng = np.random.default_rng(seed)
    excess = rng.normal(0, 0.01, (days, variants)) + rng.normal(0, 0.005, (days, 1))
    excess += np.linspace(-0.006, best, variants)[rng.permutation(variants)]
    excess.flags.writeable = False
    return excess


def long_run_deviation(excess: Floats, block: float) -> Floats:
    """Hansen (2005), as printed."""
    days, stay = len(excess), 1 - 1 / block
    deviations = excess - excess.mean(axis=0)
    variance = (deviations**2).mean(axis=0)
    for lag in range(1, days):
        kernel = (days - lag) / days * stay**lag + lag / days * stay ** (days - lag)
        variance = variance + 2 * kernel * (deviations[:-lag] * deviations[lag:]).sum(axis=0) / days
    return np.sqrt(variance)


def brute_spa(excess: Floats, indices: Any, block: float, studentised: bool) -> tuple[float, list[float]]:
    root, omega = np.sqrt(len(excess)), long_run_deviation(excess, block)
    scale = omega if studentised else 1.0
    mean = excess.mean(axis=0)
    poor = root * mean / omega < -np.sqrt(2 * np.log(np.log(len(excess))))
    centres = [np.maximum(mean, 0), np.where(poor, 0, mean), mean]
    statistic = max((root * mean / scale).max(), 0)
    shares = []
    for centre in centres:
        null = [max((root * (excess[row].mean(axis=0) - centre) / scale).max(), 0) for row in indices]
        shares.append(float(np.mean(np.array(null) >= statistic)))
    return statistic, shares


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("studentised", [True, False])
def test_spa_is_the_brute_force_one(seed: int, studentised: bool) -> None:
    excess, indices = sweep(seed), stationary_bootstrap_indices(DAYS, BLOCK, 300, seed)
    found = superior_predictive_ability(excess, indices, BLOCK, studentised=studentised)
    statistic, shares = brute_spa(excess, indices, BLOCK, studentised)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert [found.p_lower, found.p_consistent, found.p_upper] == shares
    assert found.best == excess.mean(axis=0).argmax() or studentised
    assert found.monte_carlo_errors[1] == pytest.approx(np.sqrt(shares[1] * (1 - shares[1]) / 300))
    assert (found.resamples, found.block_length, found.seed, found.variants) == (300, BLOCK, None, 15)
    assert (found.null_maxima >= found.statistic).mean() == found.p_consistent
    assert found.version.startswith("Hansen 2005")


@pytest.mark.parametrize("seed", range(6))
def test_unstudentised_as_arch(seed: int) -> None:
    """The same seed draws the same days."""
    excess = sweep(seed)
    theirs = SPA(np.zeros(DAYS), -excess, block_size=int(BLOCK), reps=400, studentize=False, seed=seed)
    theirs.compute()
    ours = superior_predictive_ability(excess, None, BLOCK, studentised=False, resamples=400, seed=seed)
    assert [ours.p_lower, ours.p_consistent, ours.p_upper] == theirs.pvalues.tolist()
    assert 0 < ours.p_consistent < 1
    check = reality_check(excess, None, BLOCK, resamples=400, seed=seed)
    assert check.p_value == ours.p_upper
    assert (check.seed, check.resamples, check.best) == (seed, 400, excess.mean(axis=0).argmax())
    assert check.statistic == pytest.approx(np.sqrt(DAYS) * excess.mean(axis=0).max())


@pytest.mark.parametrize("seed", range(6))
def test_stepwise_as_arch(seed: int) -> None:
    """Where no variant is clearly poor, the recentring is the same. arch interpolates its critical values."""
    rng = np.random.default_rng(seed)
    excess = rng.normal(0, 0.01, (DAYS, 20)) * np.linspace(0.2, 2, 20) + np.linspace(0, 0.006, 20)
    theirs = StepM(np.zeros(DAYS), -excess, block_size=int(BLOCK), reps=400, studentize=False, seed=seed)
    theirs.compute()
    ours = stepwise_multiple_test(excess, None, BLOCK, studentised=False, resamples=400, seed=seed)
    assert np.flatnonzero(ours.superior).tolist() == list(theirs.superior_models)
    assert 0 < ours.superior.sum() < 20


def brute_stepwise(excess: Floats, indices: Any, block: float, level: float) -> tuple[list[int], list[float]]:
    root, scale = np.sqrt(len(excess)), long_run_deviation(excess, block)
    statistics = root * excess.mean(axis=0) / scale
    null = np.array([root * (excess[row].mean(axis=0) - excess.mean(axis=0)) / scale for row in indices])
    left, criticals = set(range(excess.shape[1])), []
    while left:
        largest = np.sort(null[:, sorted(left)].max(axis=1))
        criticals.append(largest[len(largest) - int(round(level * len(largest), 6)) - 1])
        out = {variant for variant in left if statistics[variant] > criticals[-1]}
        left -= out
        if not out:
            break
    return sorted(set(range(excess.shape[1])) - left), criticals


@pytest.mark.parametrize("seed", range(6))
def test_stepwise_is_the_brute_force_one(seed: int) -> None:
    """Strong variants of wild returns make way for the others: more than one step."""
    rng = np.random.default_rng(seed)
    excess = rng.normal(0, 0.01, (DAYS, 30)) + np.linspace(-0.002, 0.005, 30)
    indices = stationary_bootstrap_indices(DAYS, BLOCK, 400, seed)
    superior, criticals = brute_stepwise(excess, indices, BLOCK, 0.05)
    found = stepwise_multiple_test(excess, indices, BLOCK)
    assert np.flatnonzero(found.superior).tolist() == superior
    np.testing.assert_allclose(found.critical_values, criticals, rtol=1e-9)
    assert len(criticals) > 1
    assert (np.diff(found.critical_values) <= 0).all()
    root = np.sqrt(DAYS) * excess.mean(axis=0) / long_run_deviation(excess, BLOCK)
    np.testing.assert_allclose(found.statistics, root, rtol=1e-9)
    in_chunks = stepwise_multiple_test([excess[:, :7], excess[:, 7:]], indices, BLOCK)
    np.testing.assert_array_equal(in_chunks.critical_values, found.critical_values)
    np.testing.assert_array_equal(in_chunks.superior, found.superior)


def test_stepwise_ends_when_nothing_is_left() -> None:
    excess = np.random.default_rng(0).normal(0.01, 0.005, (DAYS, 4))
    found = stepwise_multiple_test(excess, None, BLOCK, resamples=200, seed=1)
    assert found.superior.all()
    assert len(found.critical_values) == 1
    assert found.monte_carlo_error == pytest.approx(np.sqrt(0.05 * 0.95 / 200))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 40), max_size=5))
def test_cutting_into_chunks_changes_no_bit(seed: int, cuts: list[int]) -> None:
    excess = sweep(seed, variants=40)
    whole, parts = (SuperiorityTest(DAYS, block_length=4.0, resamples=50, seed=3) for _ in range(2))
    whole.add(excess)
    edges = [0, *sorted(cuts), 40]
    for first, last in itertools.pairwise(edges):
        parts.add(excess[:, first:last])
    for studentised in (True, False):
        one, other = (test.superior_predictive_ability(studentised=studentised) for test in (whole, parts))
        np.testing.assert_array_equal(one.null_maxima, other.null_maxima)
        assert (one.statistic, one.best) == (other.statistic, other.best)
        assert one.p_lower <= one.p_consistent <= one.p_upper
    np.testing.assert_array_equal(whole.reality_check().null_maxima, parts.reality_check().null_maxima)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.5))
def test_stepwise_rejects_where_the_upper_p_value_does(seed: int, level: float) -> None:
    excess = sweep(seed, variants=6, best=0.003)
    ability = superior_predictive_ability(excess, None, BLOCK, resamples=100, seed=2)
    found = stepwise_multiple_test(excess, None, BLOCK, level, resamples=100, seed=2)
    if ability.statistic > 0:
        assert found.superior.any() == (round(ability.p_upper * 100) <= level * 100 + 1e-9)
    wider = stepwise_multiple_test(excess, None, BLOCK, min(0.9, level + 0.2), resamples=100, seed=2)
    assert not (found.superior & ~wider.superior).any()


@pytest.mark.parametrize("block", [1.0, 3.0, 25.0, 1000.0])
@pytest.mark.parametrize("days", [3, 50, 333])
def test_long_run_deviation(days: int, block: float) -> None:
    excess = np.random.default_rng(days).normal(0.001, 0.01, (days, 70))
    panel = measure(excess, block)
    expected = np.sqrt(days) * excess.mean(axis=0) / long_run_deviation(excess, block)
    np.testing.assert_allclose(panel.statistics[0], expected, rtol=1e-8)


def test_long_run_deviation_is_that_of_the_resampled_mean() -> None:
    excess = sweep(4)
    indices = stationary_bootstrap_indices(DAYS, BLOCK, 20_000, 0)
    means = np.array([excess[row].mean(axis=0) for row in indices])
    np.testing.assert_allclose(np.sqrt(DAYS) * means.std(axis=0), long_run_deviation(excess, BLOCK), rtol=0.03)


def test_whole_numbers_lose_nothing_that_matters() -> None:
    excess = sweep(1) * np.logspace(-8, 8, 15)
    panel = measure(excess, BLOCK)
    np.testing.assert_allclose(panel.sums * panel.factors[1], np.sqrt(DAYS) * excess.mean(axis=0), rtol=1e-9)
    assert np.abs(panel.whole).sum(axis=0).max() <= 2.0**53
    np.testing.assert_array_equal(panel.whole, np.rint(panel.whole))


def test_poor_variants_do_not_hide_a_good_one() -> None:
    """Recentring them, as White's test does, would let their noise set the null maximum."""
    rng = np.random.default_rng(7)
    good = rng.normal(0, 0.01, (300, 1))
    good += 3 * 0.01 / np.sqrt(300) - good.mean()
    poor = rng.normal(-0.02, 0.03, (300, 400))
    alone = superior_predictive_ability(good, None, 5.0, seed=1)
    among = superior_predictive_ability(np.hstack([good, poor]), None, 5.0, seed=1)
    assert alone.p_consistent < 0.02
    assert among.p_consistent == alone.p_consistent
    assert among.p_upper > 0.1
    assert reality_check(np.hstack([good, poor]), None, 5.0, seed=1).p_value > 0.5


def test_all_variants_live_through_the_same_resample() -> None:
    """A hundred copies of one variant are one variant; drawn apart, their maximum would be far larger."""
    excess = sweep(2, variants=1)
    for test in (superior_predictive_ability, reality_check):
        one, hundred = (test(np.tile(excess, copies), None, BLOCK, seed=4) for copies in (1, 100))
        np.testing.assert_array_equal(one.null_maxima, hundred.null_maxima)
        assert hundred.best == 0


def test_a_sweep_that_never_beats_the_benchmark_has_p_1() -> None:
    """The maximum with 0 on both sides: 0 reaches 0."""
    excess = np.random.default_rng(3).normal(-0.02, 0.01, (DAYS, 10))
    found = superior_predictive_ability(excess, None, BLOCK)
    assert (found.statistic, found.p_lower, found.p_consistent, found.p_upper) == (0.0, 1.0, 1.0, 1.0)
    check = reality_check(excess, None, BLOCK)
    assert check.statistic < 0
    assert check.p_value > 0.99
    assert not stepwise_multiple_test(excess, None, BLOCK).superior.any()


def test_a_variant_equal_to_the_benchmark_adds_nothing() -> None:
    excess = sweep(5)
    same = np.hstack([excess, np.zeros((DAYS, 1)), np.random.default_rng(0).uniform(-1e-15, 1e-15, (DAYS, 1))])
    one, other = (superior_predictive_ability(days, None, BLOCK, seed=6) for days in (excess, same))
    np.testing.assert_array_equal(one.null_maxima, other.null_maxima)
    assert one.p_consistent == other.p_consistent
    alone = superior_predictive_ability(same[:, -2:], None, BLOCK)
    assert (alone.statistic, alone.p_lower, alone.p_upper) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 300.0])
def test_scale_does_not_matter(factor: float) -> None:
    excess = sweep(8)
    one, other = (superior_predictive_ability(days, None, BLOCK, seed=6) for days in (excess, excess * factor))
    assert other.statistic == pytest.approx(one.statistic, rel=1e-9)
    assert other.p_consistent == one.p_consistent


def test_size_on_noise() -> None:
    """Four hundred worthless sweeps: a test at 5 % is fooled by 5 % of them, ± 3 standard errors (1.1 % each)."""
    rng = np.random.default_rng(11)
    checks, abilities = [], []
    for seed in range(400):
        test = SuperiorityTest(200, block_length=2.0, resamples=199, seed=seed)
        test.add(rng.normal(0, 0.01, (200, 10)))
        checks.append(test.reality_check().p_value)
        abilities.append(test.superior_predictive_ability().p_consistent)
    for p_values in (np.array(checks), np.array(abilities)):
        assert (p_values <= 0.05).mean() == pytest.approx(0.05, abs=0.033)
        assert p_values.mean() == pytest.approx(0.5, abs=0.06)


def test_refusals() -> None:
    excess = np.array(sweep(0))
    broken = excess.copy()
    broken[3, 9] = np.nan
    with pytest.raises(InputError, match=r"day 3 of variant 9: every number must be finite; got nan"):
        superior_predictive_ability([excess[:, :5], broken[:, 5:]], None, BLOCK)
    with pytest.raises(InputError, match="every chunk must have the same 120 days; got 119"):
        superior_predictive_ability([excess, excess[1:]], None, BLOCK)
    with pytest.raises(InputError, match="excess: there must be at least one variant; got none"):
        reality_check([], None, BLOCK)
    with pytest.raises(InputError, match=r"two dimensions; got shape .120,."):
        reality_check(excess[:, 0], None, BLOCK)
    with pytest.raises(InputError, match="there must be at least three days; got 2"):
        reality_check(excess[:2], None, BLOCK)
    with pytest.raises(InputError, match="either the indices or the block length must be given; got neither"):
        superior_predictive_ability(excess)
    indices = stationary_bootstrap_indices(DAYS, BLOCK, 9, 0)
    with pytest.raises(
        InputError, match="the studentised test needs the block length with which the indices were drawn"
    ):
        superior_predictive_ability(excess, indices)
    assert reality_check(excess, indices).block_length is None
    with pytest.raises(InputError, match=r"block_length: must be finite and at least 1; got 0\.2"):
        superior_predictive_ability(excess, indices, 0.2)
    constant = np.hstack([excess, np.full((DAYS, 1), 1e-4)])
    for tested in (superior_predictive_ability, stepwise_multiple_test):
        with pytest.raises(InputError, match="excess of variant 15: an excess that is the same every day, and not 0"):
            tested(constant, indices, BLOCK)
    assert superior_predictive_ability(constant, indices, BLOCK, studentised=False).variants == 16
    with pytest.raises(InputError, match="the chunks are read several times; got generator"):
        stepwise_multiple_test((part for part in [excess]), indices, BLOCK)
    with pytest.raises(InputError, match="level: must lie between 0 and 1; got 5"):
        stepwise_multiple_test(excess, indices, BLOCK, 5)
    with pytest.raises(InputError, match="Add a chunk first"):
        SuperiorityTest(DAYS, indices).reality_check()
