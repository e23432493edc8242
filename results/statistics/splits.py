"""Walk-forward and combinatorial purged cross-validation: the best variant in training, measured on other days."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.chunks import Chunks, days_of
from gridproof.results.statistics.selection import Selection, select
from gridproof.results.statistics.sharpe import daily_sharpe

# Beyond these many splits a choice of groups is a mistake: C(16, 8) = 12,870.
_MOST_SPLITS = 20_000


@dataclass(frozen=True)
class Windows:
    """W training windows, each with its test window: [first day, day after the last)."""

    train: Ints  # (W, 2)
    test: Ints  # (W, 2)

    @property
    def train_days(self) -> list[Ints]:
        return [np.arange(*window) for window in self.train]

    @property
    def test_days(self) -> list[Ints]:
        return [np.arange(*window) for window in self.test]


@dataclass(frozen=True)
class WalkForward:
    """W windows, [first day, day after the last) each."""

    train: Ints  # (W, 2)
    test: Ints  # (W, 2)
    chosen: Ints  # (W,) the variant held in each test window
    in_sample: Floats  # (W,) its metric in training, a day
    returns: Floats  # (D,) its daily returns over the test windows, stitched: days test[0, 0] to the end
    sharpe: float  # of these, a day; NaN without volatility
    t_statistic: float  # sharpe · √D: days taken as independent
    metric: str
    version: str = "walk-forward, test windows end to end, the last may be shorter"


@dataclass(frozen=True)
class PurgedSplits:
    """N groups of days, M = C(N, k) splits in the order of itertools.combinations, φ = M·k/N paths."""

    bounds: Ints  # (N + 1,) first day of each group, and T
    test_groups: Ints  # (M, k)
    train: tuple[Ints, ...]  # M arrays of days, ascending
    test: tuple[Ints, ...]
    paths: Ints  # (φ, N): the split whose test fills a group of a path


@dataclass(frozen=True)
class CombinatorialPaths:
    splits: PurgedSplits
    chosen: Ints  # (M,) the variant that each split chooses in training
    returns: Floats  # (φ, T) daily returns of each path, every day out of sample
    sharpe: Floats  # (φ,) a day; NaN without volatility
    metric: str
    version: str = "CPCV, López de Prado 2018, chapter 12"


def walk_forward(
    returns: Chunks, train: int, test: int, gap: int = 0, *, anchored: bool = False, metric: str = "sharpe"
) -> WalkForward:
    """Chooses the best variant in each training window and holds it over the test window, ``gap`` days later.

    returns: (T, V) daily, or chunks of variants, read once. train, test, gap: days; a training window has ``train``
    days, or begins at day 0 where ``anchored``. The test windows follow one another to the end of the data; the last
    has the days that are left. metric: mean, sharpe or cagr. Raises InputError for NaN, windows that do not fit, and
    any other metric.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> found = walk_forward(returns, train=250, test=50, gap=1)
    >>> len(found.chosen), len(found.returns), found.test[0].tolist()
    (5, 249, [251, 301])
    """
    days, chunks = days_of(returns, "returns")
    windows = walk_forward_windows(days, train, test, gap, anchored=anchored)
    return join_windows(windows, select(chunks, windows.train_days, windows.test_days, metric, days), metric)


def walk_forward_windows(days: int, train: int, test: int, gap: int = 0, *, anchored: bool = False) -> Windows:
    """The training and test windows of walk_forward over ``days`` days; arguments and errors as there."""
    for name, value, least in (("train", train, 2), ("test", test, 1), ("gap", gap, 0)):
        if value < least:
            raise InputError(f"must be at least {least}", value, f"walk_forward: {name}", "Give a number of days")
    if train + gap >= days:
        rule, value = f"the training window and the gap must leave days to test, of {days}", train + gap
        raise InputError(rule, value, "walk_forward: train", "Train on fewer days")
    ends = np.arange(train, days - gap, test)
    trained = np.stack([np.zeros_like(ends) if anchored else ends - train, ends], axis=1)
    return Windows(trained, np.stack([ends + gap, np.minimum(ends + gap + test, days)], axis=1))


def join_windows(windows: Windows, selection: Selection, metric: str) -> WalkForward:
    """Joins the test windows of a selection to a walk-forward."""
    stitched = np.concatenate(selection.tested)
    ratio = float(daily_sharpe(stitched))
    t_statistic = ratio * float(np.sqrt(len(stitched)))
    return WalkForward(
        windows.train, windows.test, selection.chosen, selection.trained, stitched, ratio, t_statistic, metric
    )


def combinatorial_purged_splits(
    observations: int, groups: int = 6, test_groups: int = 2, purge: int = 0, embargo: int = 0
) -> PurgedSplits:
    """All splits that test on k of N groups of days and train on the others: N = 6, k = 2 gives 15 splits and 5 paths.

    Groups are contiguous; where N does not divide T, the first groups are a day longer. Training leaves out ``purge``
    days before and after each test group, and ``embargo`` more days after it (López de Prado 2018, chapters 7, 12).
    Path p takes for each group the p-th of the splits that test it. Raises InputError for fewer days than groups, k not
    within 1 to N − 1, more than 20,000 splits, and where a split has no training days left.

    >>> found = combinatorial_purged_splits(600, groups=6, test_groups=2, purge=5)
    >>> len(found.train), found.paths.shape, len(found.train[0]), len(found.test[0])
    (15, (5, 6), 395, 200)
    """
    where = "combinatorial_purged_splits"
    if not 2 <= groups <= observations:
        raise InputError(f"must be 2 to {observations}", groups, f"{where}: groups", "Give 6")
    if not 1 <= test_groups < groups:
        raise InputError(f"must be 1 to {groups - 1}", test_groups, f"{where}: test_groups", "Give 2")
    if min(purge, embargo) < 0:
        raise InputError(
            "must not be negative", min(purge, embargo), f"{where}: purge, embargo", "Give a number of days"
        )
    if comb(groups, test_groups) > _MOST_SPLITS:
        value = f"{comb(groups, test_groups):,}"
        raise InputError(f"at most {_MOST_SPLITS:,} splits", value, f"{where}: groups", "Use fewer groups")
    short, longer = divmod(observations, groups)
    bounds = np.arange(groups + 1) * short + np.minimum(np.arange(groups + 1), longer)
    tested = np.array(list(combinations(range(groups), test_groups)))
    train, test = [], []
    for number, chosen in enumerate(tested):
        in_test, left_out = np.zeros((2, observations), dtype=np.bool_)
        for group in chosen:
            in_test[bounds[group] : bounds[group + 1]] = True
            left_out[max(0, bounds[group] - purge) : bounds[group + 1] + purge + embargo] = True
        test.append(np.flatnonzero(in_test))
        train.append(np.flatnonzero(~left_out))
        if len(train[-1]) == 0:
            raise InputError(
                "each split must have days to train on",
                "none",
                f"{where}, split {number}",
                "Use a shorter purge or embargo",
            )
    paths = np.stack([np.flatnonzero((tested == group).any(axis=1)) for group in range(groups)], axis=1)
    return PurgedSplits(bounds, tested, tuple(train), tuple(test), paths)


def combinatorial_paths(
    returns: Chunks,
    groups: int = 6,
    test_groups: int = 2,
    purge: int = 0,
    embargo: int = 0,
    *,
    metric: str = "sharpe",
) -> CombinatorialPaths:
    """The paths of the variants chosen in training; every day of a path is out of sample.

    returns: (T, V) daily, or chunks of variants, read once. Other arguments: see combinatorial_purged_splits and
    walk_forward.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> found = combinatorial_paths(returns, groups=6, test_groups=2, purge=1)
    >>> found.returns.shape, found.chosen.shape
    ((5, 500), (15,))
    """
    days, chunks = days_of(returns, "returns")
    splits = combinatorial_purged_splits(days, groups, test_groups, purge, embargo)
    return join_paths(splits, select(chunks, splits.train, splits.test, metric, days), metric)


def join_paths(splits: PurgedSplits, selection: Selection, metric: str) -> CombinatorialPaths:
    """Joins the test days of a selection to paths."""
    paths = np.empty((len(splits.paths), int(splits.bounds[-1])))
    for path, row in enumerate(splits.paths):
        for group, split in enumerate(row):
            inside = (splits.test[split] >= splits.bounds[group]) & (splits.test[split] < splits.bounds[group + 1])
            paths[path, splits.bounds[group] : splits.bounds[group + 1]] = selection.tested[split][inside]
    return CombinatorialPaths(splits, selection.chosen, paths, daily_sharpe(paths), metric)
