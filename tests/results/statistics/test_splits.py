"""Walk-forward and combinatorial purged cross-validation: brute force, skfolio, nothing of the future."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.splits import combinatorial_paths, combinatorial_purged_splits, walk_forward

METRICS = {
    "mean": lambda days: days.mean(axis=0),
    "sharpe": lambda days: days.mean(axis=0) / days.std(axis=0, ddof=1),
    "cagr": lambda days: np.log1p(days).mean(axis=0),
}


def sweep(seed: int, days: int = 120, variants: int = 12) -> Floats:
    returns = np.random.default_rng(seed).normal(0.0003, 0.01, (days, variants))
    returns.flags.writeable = False
    return returns


@pytest.mark.parametrize("anchored", [True, False])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("train", "test", "gap"), [(40, 20, 0), (30, 25, 3), (50, 7, 1), (60, 500, 0), (2, 1, 0)])
def test_walk_forward_is_the_loop(train: int, test: int, gap: int, anchored: bool, metric: str) -> None:
    returns = sweep(train)
    found = walk_forward(returns, train, test, gap, anchored=anchored, metric=metric)
    end, stitched, windows = train, [], 0
    while end + gap < len(returns):
        begin = 0 if anchored else end - train
        values = METRICS[metric](returns[begin:end])
        assert found.train[windows].tolist() == [begin, end]
        assert found.test[windows].tolist() == [end + gap, min(end + gap + test, 120)]
        assert found.chosen[windows] == values.argmax()
        assert found.in_sample[windows] == pytest.approx(values.max(), rel=1e-9)
        stitched.append(returns[end + gap : end + gap + test, values.argmax()])
        end, windows = end + test, windows + 1
    assert len(found.chosen) == windows
    np.testing.assert_array_equal(found.returns, np.concatenate(stitched))
    assert found.t_statistic == pytest.approx(ttest_1samp(found.returns, 0.0).statistic)
    assert found.sharpe == pytest.approx(found.t_statistic / np.sqrt(len(found.returns)))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(20, 118), st.booleans())
def test_a_changed_future_leaves_earlier_choices(seed: int, day: int, anchored: bool) -> None:
    returns = sweep(seed)
    other = returns.copy()
    other[day:] = np.random.default_rng(seed + 1).normal(0, 0.02, other[day:].shape)
    one, changed = (walk_forward(days, 20, 10, 2, anchored=anchored) for days in (returns, other))
    known = one.train[:, 1] <= day
    np.testing.assert_array_equal(one.chosen[known], changed.chosen[known])
    np.testing.assert_array_equal(one.returns[: max(0, day - 22)], changed.returns[: max(0, day - 22)])


def test_walk_forward_follows_what_works() -> None:
    """Two variants that take turns: it changes over once it has seen enough."""
    returns = np.tile(np.random.default_rng(0).normal(0, 0.001, (200, 1)), (1, 2))
    returns[:100, 0] += 0.01
    returns[100:, 1] += 0.01
    found = walk_forward(returns, 20, 20)
    assert found.chosen.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert found.t_statistic > 10


def test_equal_variants_and_cash() -> None:
    returns = np.hstack([sweep(1, variants=1)] * 3)
    assert (walk_forward(returns, 30, 30).chosen == 0).all()
    found = walk_forward(np.zeros((60, 2)), 30, 30)
    assert np.isnan(found.t_statistic)
    losing = np.hstack([sweep(2, variants=2) - 0.05, np.zeros((120, 1))])
    assert (walk_forward(losing, 30, 30).chosen == 2).all()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_chunks_are_gone_over_once(seed: int, cut: int) -> None:
    returns = sweep(seed)
    chunks = iter([returns[:, :cut], returns[:, cut:]])
    whole, parts = walk_forward(returns, 30, 20), walk_forward(chunks, 30, 20)
    np.testing.assert_array_equal(whole.chosen, parts.chosen)
    np.testing.assert_array_equal(whole.returns, parts.returns)
    chunks = iter([returns[:, :cut], returns[:, cut:]])
    np.testing.assert_array_equal(combinatorial_paths(returns).returns, combinatorial_paths(chunks).returns)


def test_six_groups_by_two_are_15_splits_and_5_paths() -> None:
    splits = combinatorial_purged_splits(60, 6, 2)
    assert len(splits.train) == len(splits.test) == len(splits.test_groups) == 15
    assert splits.paths.shape == (5, 6)
    assert splits.test_groups.tolist() == [list(pair) for pair in combinations(range(6), 2)]
    # The table of López de Prado (2018), figure 12.1: the splits that test each group, in order.
    assert splits.paths.T.tolist() == [
        [0, 1, 2, 3, 4],
        [0, 5, 6, 7, 8],
        [1, 5, 9, 10, 11],
        [2, 6, 9, 12, 13],
        [3, 7, 10, 12, 14],
        [4, 8, 11, 13, 14],
    ]


def test_purge_and_embargo_by_hand() -> None:
    splits = combinatorial_purged_splits(20, 5, 2, purge=1, embargo=2)
    assert splits.bounds.tolist() == [0, 4, 8, 12, 16, 20]
    assert splits.test[1].tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert splits.train[1].tolist() == [15, 16, 17, 18, 19]  # 4 to 6 after, 7 before, 12 to 14 after
    assert splits.train[7].tolist() == [*range(7), 19]  # groups 2 and 3 tested: 7 before, 16 to 18 after
    assert combinatorial_purged_splits(23, 5, 2).bounds.tolist() == [0, 5, 10, 15, 19, 23]


@settings(max_examples=30)
@given(st.integers(2, 8), st.data())
def test_splits(groups: int, data: Any) -> None:
    test_groups = data.draw(st.integers(1, groups - 1))
    days = data.draw(st.integers(12 * groups, 15 * groups))
    purge, embargo = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 3))
    splits = combinatorial_purged_splits(days, groups, test_groups, purge, embargo)
    for train, test, chosen in zip(splits.train, splits.test, splits.test_groups, strict=True):
        tested = np.zeros(days + purge + embargo + 1, dtype=bool)
        tested[test] = True
        assert [
            day for day in range(days) if np.searchsorted(splits.bounds, day, "right") - 1 in chosen
        ] == test.tolist()
        free = [
            day
            for day in range(days)
            if not tested[max(0, day - purge - embargo) : day + 1].any() and not tested[day : day + purge + 1].any()
        ]
        assert train.tolist() == free
    # Each path takes every group once, from a split that tests it; each tested group of a split goes to one path.
    used = {(split, group) for path in splits.paths for group, split in enumerate(path)}
    assert used == {(split, group) for split, chosen in enumerate(splits.test_groups) for group in chosen}
    assert splits.paths.size == len(used)


@pytest.mark.parametrize(
    "shape", [(60, 6, 2, 0, 0), (120, 6, 2, 3, 2), (100, 10, 3, 1, 0), (90, 5, 4, 2, 5), (64, 4, 2, 0, 3)]
)
def test_splits_as_skfolio(shape: tuple[int, int, int, int, int]) -> None:
    """Where the groups are equal; skfolio gives the days that are left over to the last."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        selection = pytest.importorskip("skfolio.model_selection")
    days, groups, test_groups, purge, embargo = shape
    theirs = selection.CombinatorialPurgedCV(groups, test_groups, purge, embargo)
    ours = combinatorial_purged_splits(*shape)
    for split, (train, tests) in enumerate(theirs.split(np.zeros((days, 1)))):
        np.testing.assert_array_equal(ours.train[split], train)
        np.testing.assert_array_equal(ours.test[split], np.concatenate(tests))
    for split, paths in enumerate(theirs.get_path_ids()):
        for group, path in zip(ours.test_groups[split], paths, strict=True):
            assert ours.paths[path, group] == split


@pytest.mark.parametrize("metric", METRICS)
def test_paths_are_out_of_sample(metric: str) -> None:
    returns = sweep(3, 125)
    found = combinatorial_paths(returns, 6, 2, 2, 3, metric=metric)
    splits = found.splits
    for split, train in enumerate(splits.train):
        assert found.chosen[split] == METRICS[metric](returns[train]).argmax()
    for path, row in enumerate(splits.paths):
        for group, split in enumerate(row):
            days = slice(splits.bounds[group], splits.bounds[group + 1])
            np.testing.assert_array_equal(found.returns[path, days], returns[days, found.chosen[split]])
    np.testing.assert_allclose(found.sharpe, found.returns.mean(axis=1) / found.returns.std(axis=1, ddof=1))
    assert found.sharpe.shape == (5,)


def test_paths_of_noise_and_of_skill() -> None:
    skilled = np.array(sweep(4, 600, 40))
    skilled[:, 7] += 0.004
    found = combinatorial_paths(skilled, 6, 2, 5)
    assert (found.chosen == 7).all()
    np.testing.assert_array_equal(found.returns, np.tile(skilled[:, 7], (5, 1)))
    noise = [combinatorial_paths(sweep(seed, 240, 40) - 0.0003, 6, 2).sharpe.mean() for seed in range(60)]
    assert np.mean(noise) == pytest.approx(0.0, abs=3.5 * np.std(noise) / np.sqrt(60))


def test_refusals() -> None:
    returns = sweep(0)
    for arguments, words in (
        ((1, 5), "train: must be at least 2; got 1"),
        ((5, 0), "test: must be at least 1; got 0"),
        ((5, 5, -1), "gap: must be at least 0; got -1"),
        ((115, 5, 5), "the training window and the gap must leave days to test, of 120; got 120"),
    ):
        with pytest.raises(InputError, match=words):
            walk_forward(returns, *arguments)
    with pytest.raises(InputError, match="metric: the metric must be one of mean, sharpe, cagr; got calmar"):
        walk_forward(returns, 20, 20, metric="calmar")
    with pytest.raises(InputError, match="CAGR needs returns above −1; got -1"):
        walk_forward(returns - 1.01, 20, 20, metric="cagr")
    with pytest.raises(InputError, match="every number must be finite"):
        walk_forward(np.where(returns > 0.02, np.nan, returns), 20, 20)
    for arguments, words in (
        ((5, 6, 2), "groups: must be 2 to 5; got 6"),
        ((60, 6, 6), "test_groups: must be 1 to 5; got 6"),
        ((60, 6, 2, -1), "purge, embargo: must not be negative; got -1"),
        ((60, 6, 2, 20), "split 2: each split must have days to train on; got none. Use a shorter purge or embargo"),
        ((600, 20, 10), "at most 20,000 splits; got 184,756"),
    ):
        with pytest.raises(InputError, match=words):
            combinatorial_purged_splits(*arguments)
    with pytest.raises(InputError, match="training set 0: each training set must have at least two days; got 1"):
        combinatorial_paths(returns[:6], 6, 5)
