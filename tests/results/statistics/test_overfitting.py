"""PBO by CSCV: brute force over all splits, ties and duplicates, noise and skill, chunks and samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.overfitting import (
    OverfittingTest,
    probability_of_backtest_overfitting,
    probability_of_backtest_overfitting_from_sums,
)

METRICS: dict[str, Callable[[Floats], Floats]] = {
    "mean": lambda days: days.mean(axis=0),
    "sharpe": lambda days: days.mean(axis=0) / days.std(axis=0, ddof=1),
    "cagr": lambda days: np.log1p(days).mean(axis=0),
}


def noise(seed: int, days: int = 96, variants: int = 20) -> Floats:
    returns = np.random.default_rng(seed).normal(0, 0.01, (days, variants))
    returns.flags.writeable = False
    return returns


def brute_force(returns: Floats, blocks: int, metric: Callable[[Floats], Floats]) -> dict[str, Any]:
    """The definition, split by split; duplicates must be gone."""
    parts = np.array_split(np.arange(len(returns)), blocks)
    chosen, ranks, outside = [], [], []
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[block] for block in half])
        values = metric(np.delete(returns, inside, axis=0))
        chosen.append(int(np.argmax(metric(returns[inside]))))
        ranks.append(rankdata(values)[chosen[-1]])
        outside.append(values[chosen[-1]])
    share = np.array(ranks) / (returns.shape[1] + 1)
    logits = np.log(share / (1 - share))
    middle = np.array(ranks) * 2 == returns.shape[1] + 1
    return {
        "pbo": np.mean((logits < 0) | middle),
        "mid_p": np.mean((logits < 0) & ~middle) + middle.mean() / 2,
        "median_rank": np.median(share),
        "loss_probability": np.mean(np.array(outside) < 0),
        "logits": logits,
        "chosen": np.array(chosen),
        "out_of_sample": np.array(outside),
    }


def block_sums(returns: Floats, blocks: int) -> Floats:
    parts = np.array_split(returns, blocks)
    entries = [
        [np.full(part.shape[1], len(part)), part.sum(0), (part**2).sum(0), np.log1p(part).sum(0)] for part in parts
    ]
    return np.moveaxis(np.array(entries), 1, 2)


@pytest.mark.parametrize(
    ("days", "variants", "blocks"), [(96, 20, 8), (203, 31, 6), (50, 4, 2), (100, 67, 10), (97, 150, 4)]
)
@pytest.mark.parametrize("metric", METRICS)
def test_it_is_the_brute_force_one(days: int, variants: int, blocks: int, metric: str) -> None:
    """Also where the blocks differ by a day, and from sums of blocks."""
    returns = noise(days, days, variants)
    expected = brute_force(returns, blocks, METRICS[metric])
    sums = block_sums(returns, blocks)
    sums.flags.writeable = False
    for found in (
        probability_of_backtest_overfitting(returns, blocks, metric),
        probability_of_backtest_overfitting_from_sums(sums if metric == "cagr" else sums[:, :, :3], metric),
    ):
        for name, value in expected.items():
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-9, atol=1e-13, err_msg=name)
        assert (found.variants, found.ranked, found.blocks, found.metric) == (variants, variants, blocks, metric)
        assert (found.rank_error, found.undecided, found.seed) == (0.0, 0.0, None)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(1, 3))
def test_ties_are_shared_ranks_and_the_first_is_the_best(seed: int, variants: int, most: int) -> None:
    """Whole numbers add up exactly. As hundredths their sums differ in the last bits, and nothing may change."""
    whole = np.random.default_rng(seed).integers(-most, most + 1, (24, variants)).astype(float)
    whole = whole[:, np.sort(np.unique(whole, axis=1, return_index=True)[1])]
    expected = brute_force(whole, 6, METRICS["mean"])
    for returns in (whole, whole / 100, whole / 1000):
        found = probability_of_backtest_overfitting(returns, 6, "mean")
        for name in ("pbo", "mid_p", "median_rank", "loss_probability", "logits", "chosen"):
            np.testing.assert_allclose(getattr(found, name), expected[name], atol=1e-12, err_msg=name)


def test_levered_variants_tie_in_sharpe() -> None:
    returns = noise(1, variants=3)
    levered = np.hstack([returns, 3 * returns, 0.7 * returns])
    found = probability_of_backtest_overfitting(levered, 8)
    alone = brute_force(returns, 8, METRICS["sharpe"])
    np.testing.assert_array_equal(found.chosen, alone["chosen"])
    # Three equal ones share the mean of their places: rank r of 3 becomes 3r − 1 of 9.
    ranks = 3 * np.round(4 / (1 + np.exp(-alone["logits"]))) - 1
    np.testing.assert_allclose(found.logits, np.log(ranks / (10 - ranks)))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 19), min_size=1, max_size=60))
def test_copies_change_nothing(seed: int, copies: list[int]) -> None:
    returns = noise(seed)
    alone = probability_of_backtest_overfitting(returns, 6)
    among = probability_of_backtest_overfitting(np.hstack([returns, returns[:, copies]]), 6)
    np.testing.assert_array_equal(alone.logits, among.logits)
    np.testing.assert_array_equal(alone.chosen, among.chosen)
    assert (among.ranked, among.variants) == (20, 20 + len(copies))


def test_negative_zero_is_zero() -> None:
    returns = np.where(noise(2) < 0.005, 0.0, noise(2))
    found = probability_of_backtest_overfitting(np.hstack([returns, np.where(returns == 0, -0.0, returns)]), 4)
    assert found.ranked == 20


def test_other_series_with_the_same_sums_stay_apart() -> None:
    """Days in another order within their block: as good as each other, yet two variants."""
    returns = noise(3, variants=2)
    turned = np.concatenate([part[::-1] for part in np.split(returns, 4)])
    found = probability_of_backtest_overfitting(np.hstack([returns, turned]), 4)
    assert found.ranked == 4
    assert set(found.chosen) <= {0, 1}


def test_noise_is_a_half_on_average() -> None:
    values = [probability_of_backtest_overfitting(noise(seed, 128, 25), 8).mid_p for seed in range(200)]
    assert np.mean(values) == pytest.approx(0.5, abs=3 * np.std(values) / np.sqrt(200))
    assert 0.13 <= np.std(values) <= 0.32


@pytest.mark.parametrize("metric", METRICS)
def test_planted_skill_is_found(metric: str) -> None:
    returns = np.array(noise(5, 400, 50))
    returns[:, 17] += 0.006
    found = probability_of_backtest_overfitting(returns, 16, metric)
    assert (found.pbo, found.mid_p, found.loss_probability) == (0.0, 0.0, 0.0)
    assert set(found.chosen) == {17}
    assert found.median_rank == 50 / 51
    assert len(found.logits) == 12_870


def test_planted_fit_to_one_half_is_exposed() -> None:
    """Each variant is good in some blocks and as bad in the others: the best of a half is among the worst outside."""
    halves = np.array([[1 if block in half else -1 for block in range(6)] for half in combinations(range(6), 3)]).T
    found = probability_of_backtest_overfitting(np.repeat(halves, 10, axis=0) * 0.01 + noise(6, 60, 20) / 10, 6)
    assert found.pbo == found.loss_probability == 1.0
    assert found.median_rank == 1 / 21


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2500), max_size=4))
def test_cutting_into_chunks_changes_no_bit(seed: int, cuts: list[int]) -> None:
    returns = noise(seed, 24, 2500)
    chunks = [returns[:, first:last] for first, last in pairwise([0, *sorted(cuts), 2500])]
    for sample in (None, 100, 5000):
        whole = probability_of_backtest_overfitting(returns, 4, rank_sample=sample, seed=seed)
        parts = probability_of_backtest_overfitting(iter(chunks), 4, rank_sample=sample, seed=seed)
        for name in ("logits", "chosen", "in_sample", "out_of_sample"):
            np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
        assert (whole.rank_error, whole.ranked) == (parts.rank_error, parts.ranked)


def test_a_sample_ranks_within_its_error() -> None:
    returns = noise(8, 64, 3000)
    copied = np.hstack([returns, np.repeat(returns[:, :10], 300, axis=1)])
    exact = probability_of_backtest_overfitting(returns, 8)
    covered = []
    for seed in range(20):
        sampled = probability_of_backtest_overfitting(copied, 8, rank_sample=400, seed=seed)
        np.testing.assert_array_equal(sampled.chosen, exact.chosen)
        assert sampled.ranked == 401
        assert sampled.seed == seed
        assert sampled.rank_error == pytest.approx(0.5 / np.sqrt(400), rel=0.01)
        difference = 1 / (1 + np.exp(-sampled.logits)) - 1 / (1 + np.exp(-exact.logits))
        covered.append(np.abs(difference) <= 2 * sampled.rank_error)
        assert abs(sampled.mid_p - exact.mid_p) <= sampled.undecided + 1e-12
    # Copies weigh nothing: else ten of 3,000 variants would make up half of the sample.
    assert np.mean(covered) > 0.95


def test_a_sample_of_all_is_exact() -> None:
    returns = noise(9, 64, 300)
    exact, sampled = (probability_of_backtest_overfitting(returns, 8, rank_sample=size) for size in (None, 300))
    np.testing.assert_array_equal(exact.logits, sampled.logits)
    assert (sampled.rank_error, sampled.seed) == (0.0, None)


def test_variants_without_volatility_count_as_sharpe_0() -> None:
    losing = noise(10, 96, 5) - 0.02
    cash = np.hstack([losing, np.zeros((96, 1)), np.full((96, 1), 1e-4)])
    found = probability_of_backtest_overfitting(cash, 6)
    assert set(found.chosen) == {5}
    assert found.loss_probability == 0.0
    assert found.mid_p == 0.0
    assert (found.in_sample == 0).all()


def test_a_single_variant_says_nothing() -> None:
    found = probability_of_backtest_overfitting(np.hstack([noise(11, variants=1)] * 3), 4)
    assert (found.mid_p, found.pbo, found.median_rank, found.ranked) == (0.5, 1.0, 0.5, 1)


def test_units_do_not_matter() -> None:
    one, other = (probability_of_backtest_overfitting(noise(12) * factor, 8) for factor in (1.0, 37.3))
    np.testing.assert_array_equal(one.logits, other.logits)


def test_refusals() -> None:
    returns = np.array(noise(0))
    for metric in ("max_drawdown", "calmar", "sortino"):
        with pytest.raises(InputError, match=f"metric: not computable: block sums give only .*cagr; got {metric}"):
            probability_of_backtest_overfitting(returns, 8, metric)
    for blocks in (0, 7, 22):
        with pytest.raises(InputError, match=f"blocks: must be even, 2 to 20; got {blocks}"):
            probability_of_backtest_overfitting(returns, blocks)
    with pytest.raises(InputError, match="there must be at least one day for each of 16 blocks; got 12"):
        probability_of_backtest_overfitting(returns[:12])
    with pytest.raises(InputError, match="any half of the blocks must have at least two days"):
        probability_of_backtest_overfitting(returns[:3], 2)
    with pytest.raises(InputError, match=r"CAGR needs returns above −1; got -1\.5"):
        probability_of_backtest_overfitting(returns - (returns == returns.min()) * (returns + 1.5), 8, "cagr")
    with pytest.raises(InputError, match=r"returns, day 0 of variant 20: every number must be finite; got inf"):
        probability_of_backtest_overfitting([returns, np.full((96, 1), np.inf)], 8)
    with pytest.raises(InputError, match="returns: there must be at least one variant"):
        probability_of_backtest_overfitting(returns[:, :0], 8)
    with pytest.raises(InputError, match="rank_sample: must be at least 100; got 5"):
        OverfittingTest(rank_sample=5)
    with pytest.raises(InputError, match="seed: must not be negative; got -1"):
        OverfittingTest(seed=-1)


def test_refusals_of_block_sums() -> None:
    sums = block_sums(noise(0), 8)
    with pytest.raises(InputError, match=r"must be an array \(8 blocks, variants, 4\); got shape \(8, 20, 3\)"):
        probability_of_backtest_overfitting_from_sums(sums[:, :, :3], "cagr")
    with pytest.raises(InputError, match=r"must be an array \(8 blocks, variants, 3\); got shape \(4, 20, 4\)"):
        probability_of_backtest_overfitting_from_sums([sums, sums[:4]])
    uneven = sums.copy()
    uneven[2, 5, 0] += 1
    with pytest.raises(InputError, match="the same whole number of days, at least 1, for all variants; got 12 to 13"):
        probability_of_backtest_overfitting_from_sums(uneven)
    longer = sums.copy()
    longer[:, :, 0] += 1
    with pytest.raises(InputError, match=r"all chunks must have the same blocks; got \[13"):
        probability_of_backtest_overfitting_from_sums([sums, longer])
    with pytest.raises(InputError, match="block_sums: there must be at least one variant"):
        probability_of_backtest_overfitting_from_sums([])
    with pytest.raises(InputError, match="there must be at least one variant"):
        OverfittingTest().finish()
    broken = sums.copy()
    broken[1, 2, 1] = np.nan
    with pytest.raises(InputError, match=r"block_sums, entry 5 of variant 2: every number must be finite; got nan"):
        probability_of_backtest_overfitting_from_sums(broken)


def test_chunks_may_come_from_anywhere() -> None:
    returns = noise(13)

    def made() -> Iterator[Floats]:
        for column in range(20):
            yield returns[:, column : column + 1]

    one, other = (probability_of_backtest_overfitting(given, 8) for given in (returns, made()))
    np.testing.assert_array_equal(one.logits, other.logits)
