"""Block lengths and resamples: arch's, and what a stationary bootstrap has to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap
from arch.bootstrap import optimal_block_length as arch_block_length
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.bootstrap import (
    Resamples,
    draw_resamples,
    optimal_block_length,
    resample_counts,
    stationary_bootstrap_indices,
)


def read_only(array: Any) -> Any:
    array = np.array(array)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("days", [20, 21, 50, 99, 250, 1001, 4300])
@pytest.mark.parametrize("persistence", [-0.5, 0.0, 0.3, 0.9, 0.99])
def test_block_length_is_archs(days: int, persistence: float) -> None:
    noise = np.random.default_rng(days).standard_normal(days) * 0.01
    returns = read_only(lfilter([1.0], [1.0, -persistence], noise))
    expected = arch_block_length(returns)
    found = optimal_block_length(returns)
    assert found.stationary == pytest.approx(expected["stationary"][0], abs=1e-10)
    assert found.circular == pytest.approx(expected["circular"][0], abs=1e-10)
    assert "2004" in found.version
    assert "2009" in found.version


def test_block_length_follows_the_memory_not_the_scale() -> None:
    noise = np.random.default_rng(0).standard_normal(4000)
    slow = lfilter([1.0], [1.0, -0.9], noise)
    assert optimal_block_length(slow).stationary > 5 * optimal_block_length(noise).stationary
    assert optimal_block_length(slow * 1e-4).stationary == pytest.approx(optimal_block_length(slow).stationary)
    # The corrected constants: 2 and 4/3.
    found = optimal_block_length(slow)
    assert found.circular / found.stationary == pytest.approx(1.5 ** (1 / 3))


@pytest.mark.parametrize(
    ("returns", "words"),
    [
        (np.zeros(19), r"one series of at least 20 days; got shape \(19,\)"),
        (np.zeros((30, 2)), r"got shape \(30, 2\)"),
        (np.full(30, 0.001), "the series must vary; got 0.001 every day"),
        (np.where(np.arange(30) == 7, np.nan, 1.0), "day 7: every number must be finite; got nan"),
    ],
)
def test_block_length_refuses(returns: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        optimal_block_length(returns)


@pytest.mark.parametrize(("days", "block", "seed"), [(300, 7, 5), (64, 1, 0), (1000, 40, 123), (10, 1000, 1)])
def test_indices_are_archs(days: int, block: int, seed: int) -> None:
    theirs = StationaryBootstrap(block, np.arange(days), seed=seed).bootstrap(25)
    ours = stationary_bootstrap_indices(days, block, 25, seed)
    assert ours.dtype == np.int32
    np.testing.assert_array_equal(ours, [data[0][0] for data in theirs])


def test_blocks_follow_on_and_wrap_around() -> None:
    days, block = 50, 10.0
    indices = stationary_bootstrap_indices(days, block, 4000, 3)
    follows = (np.diff(indices, axis=1) % days) == 1
    # A new block begins on the day that would have come anyway once in T.
    assert follows.mean() == pytest.approx(1 - 1 / block + 1 / block / days, abs=0.003)
    assert ((indices[:, :-1] == days - 1) & (indices[:, 1:] == 0)).any()
    # With the wrap-around every day is as likely as any other, at any place.
    assert np.bincount(indices.ravel(), minlength=days) / indices.size == pytest.approx(1 / days, rel=0.05)
    assert np.bincount(indices[:, -1], minlength=days) / len(indices) == pytest.approx(1 / days, abs=0.01)


def test_more_resamples_leave_the_earlier_ones_alone() -> None:
    few, many = (stationary_bootstrap_indices(40, 4.5, count, 9) for count in (3, 30))
    np.testing.assert_array_equal(few, many[:3])
    assert (stationary_bootstrap_indices(40, 4.5, 3, 10) != few).any()


def test_one_endless_block_turns_the_days() -> None:
    indices = stationary_bootstrap_indices(30, 1e12, 50, 2)
    np.testing.assert_array_equal((indices - indices[:, :1]) % 30, np.tile(np.arange(30), (50, 1)))


@given(st.integers(2, 60), st.integers(1, 5), st.integers(0, 2**32))
def test_counts_make_resampled_sums_a_product(days: int, resamples: int, seed: int) -> None:
    indices = read_only(stationary_bootstrap_indices(days, 3.0, resamples, seed))
    values = np.random.default_rng(seed).standard_normal((days, 3))
    counts = resample_counts(indices, days)
    assert (counts.sum(axis=1) == days).all()
    np.testing.assert_allclose(counts @ values, values[indices].sum(axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 2.0, 5, 0), "observations: there must be at least two days; got 1"),
        ((9, 0.5, 5, 0), r"block_length: must be finite and at least 1; got 0\.5"),
        ((9, np.inf, 5, 0), "got inf"),
        ((9, 2.0, 0, 0), "resamples: there must be at least one resample; got 0"),
        ((9, 2.0, 5, -1), "seed: must not be negative; got -1"),
    ],
)
def test_the_draw_refuses(arguments: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        stationary_bootstrap_indices(*arguments)


@pytest.mark.parametrize(
    ("indices", "words"),
    [
        (np.zeros((2, 5)), "must be a two-dimensional array of integers; got shape .2, 5. of float64"),
        (np.zeros((2, 4), dtype=int), "as many days as the returns, 5; got 4"),
        (np.full((2, 5), 5), "days are counted from 0 to 4; got 5 to 5"),
        (np.full((2, 5), -1), "got -1 to -1"),
    ],
)
def test_counts_refuse(indices: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        resample_counts(indices, 5)


def test_resamples_say_where_they_are_from() -> None:
    drawn = draw_resamples(20, None, 4.0, 7, 11)
    assert drawn.origin == (7, 4.0, 11)
    given_ones = draw_resamples(20, stationary_bootstrap_indices(20, 4.0, 7, 11), None, 1000, 0)
    assert given_ones.origin == (7, None, None)
    np.testing.assert_array_equal(drawn.counts, given_ones.counts)
    with pytest.raises(InputError, match="either the indices or the block length must be given"):
        draw_resamples(20, None, None, 7, 11)


def test_monte_carlo_error() -> None:
    bootstrap = Resamples(np.zeros((400, 3)), 2.0, 0)
    assert bootstrap.error(0.25) == pytest.approx(np.sqrt(0.25 * 0.75 / 400))
    # None of 400 is not certainty.
    assert bootstrap.error(0.0) == bootstrap.error(1 / 400) > 0.002
    assert bootstrap.error(1.0) == pytest.approx(bootstrap.error(0.0))
    assert Resamples(np.zeros((1, 3)), 2.0, 0).error(0.0) == 0.0
