"""Choosing ahead: the best variant chosen on some days and held on others, walk-forward and in all combinations.

All choices are made in one pass over the variants, from sums over parts of the days that every training set and every
block is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import FLAT
from gridproof.results.run.record import Record
from gridproof.results.statistics.overfitting import TOLERANCE, OverfittingTest
from gridproof.results.statistics.splits import PurgedSplits, combinatorial_purged_splits
from gridproof.signals.data.source import Dates
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.strategy_statistics import number

TRAIN_YEARS, TEST_YEARS = 5, 1
GROUPS, TEST_GROUPS = 6, 2
BLOCKS = (8, 12, 16)


class CrossValidation:
    """Watches a pass over the population: the best of each training set, and the block sums for CSCV."""

    def __init__(self, population: Population, metric: str) -> None:
        """metric: sharpe or cagr."""
        days, problem = population.days, population.plan.problem
        self._population, self._metric, self._days = population, metric, days
        train, test, self._gap = round(TRAIN_YEARS * problem.periods), round(problem.periods), int(problem.lags.max())
        ends = np.arange(train, days - self._gap, test) if days >= train + self._gap + 2 * test else np.empty(0, int)
        self._trained = np.stack([ends - train, ends], axis=1).astype(np.int64)
        self._tested = np.stack([ends + self._gap, np.minimum(ends + self._gap + test, days)], axis=1).astype(np.int64)
        enough = days >= 20 * GROUPS
        self._splits = combinatorial_purged_splits(days, GROUPS, TEST_GROUPS, purge=self._gap) if enough else None
        sets = [np.arange(low, high) for low, high in self._trained]
        sets += list(self._splits.train) if self._splits is not None else []
        self._blocks = {count: _bounds(days, count) for count in BLOCKS if days >= 4 * count}
        self._tests = {count: OverfittingTest(count, metric) for count in self._blocks}
        marks = np.zeros((len(sets), days + 2), dtype=np.int8)
        for row, chosen in zip(marks, sets, strict=True):
            row[1:-1][chosen] = 1
        changes = np.flatnonzero(np.diff(marks, axis=1).any(axis=0)) if len(sets) else np.empty(0, int)
        self.edges = np.unique(np.concatenate([[0, days], changes, *self._blocks.values()])).astype(np.int64)
        self._inside = marks[:, 1 + self.edges[:-1]].astype(np.float64)
        self._lengths = self._inside @ np.diff(self.edges)
        self._best, self._chosen = np.full(len(sets), -np.inf), np.zeros(len(sets), dtype=np.int64)

    def watch(self, numbers: Ints, parts: Floats) -> None:
        """parts: (3, G, n) Σr, Σr², Σlog(1 + r) between the edges, of variants ``numbers``."""
        lengths = np.diff(self.edges)
        for count, bounds in self._blocks.items():
            first = np.searchsorted(self.edges, bounds[:-1])
            sums = np.add.reduceat(parts, first, axis=1)
            days = np.broadcast_to(np.add.reduceat(lengths, first)[:, None], sums.shape[1:])
            table = [days, sums[0], sums[1]] + ([sums[2]] if self._metric == "cagr" else [])
            self._tests[count].add_block_sums(np.stack(table, axis=2))
        if not len(self._best):
            return
        values = self._measure(parts)
        largest = values.max(axis=1)
        for row in map(int, np.flatnonzero(largest > self._best + TOLERANCE[self._metric])):
            column = int(np.argmax(values[row] >= largest[row] - TOLERANCE[self._metric]))
            self._best[row], self._chosen[row] = values[row, column], numbers[column]

    def _measure(self, parts: Floats) -> Floats:
        """(sets, n): daily Sharpe ratio, 0 without volatility, or daily log growth."""
        lengths = self._lengths[:, None]
        if self._metric == "cagr":
            growth: Floats = self._inside @ parts[2] / lengths
            return growth
        mean, square = self._inside @ parts[0] / lengths, self._inside @ parts[1] / lengths
        variance = (square - mean**2) * (lengths / (lengths - 1.0))
        flat = variance <= FLAT * square
        values: Floats = np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))
        return values

    def overfitting(self) -> list[Record]:
        """For each number of blocks that there are days for, how often the best of one half fails on the other."""
        rows = []
        for test in self._tests.values():
            found = test.finish()
            counts, edges = np.histogram(found.logits, bins=30)
            rows.append(
                {
                    "blocks": found.blocks,
                    "splits": len(found.logits),
                    "probability": found.pbo,
                    "mid_p": found.mid_p,
                    "median_rank": found.median_rank,
                    "loss": found.loss_probability,
                    "rank_error": found.rank_error,
                    "ranked": found.ranked,
                    "metric": found.metric,
                    "logits": {"edges": edges.tolist(), "counts": counts.tolist()},
                }
            )
        return rows

    def walk_forward(self, dates: Dates) -> Record | None:
        """None where the sample is shorter than seven years."""
        if not len(self._trained):
            return None
        population, year = self._population, float(np.sqrt(self._population.plan.problem.periods))
        chosen = self._chosen[: len(self._trained)]
        returns = population.returns(chosen)
        scale = year if self._metric == "sharpe" else population.plan.problem.periods
        folds, pieces = [], []
        for place, ((low, high), (begin, end)) in enumerate(zip(self._trained, self._tested, strict=True)):
            held = returns[begin:end, place]
            pieces.append(held)
            folds.append(
                {
                    "train_from": str(dates[low]),
                    "train_to": str(dates[high - 1]),
                    "test_from": str(dates[begin]),
                    "test_to": str(dates[end - 1]),
                    "index": int(population.index[chosen[place]]),
                    "parameters": population.parameters(int(chosen[place])),
                    "in_sample": number(self._best[place] * scale),
                    "out_of_sample": number(_sharpe(held) * year),
                }
            )
        stitched = np.concatenate(pieces)
        nav = np.cumprod(1.0 + stitched)
        first = int(self._tested[0, 0])
        ratio = _sharpe(stitched)
        return {
            "train_days": int(self._trained[0, 1] - self._trained[0, 0]),
            "test_days": int(self._tested[0, 1] - self._tested[0, 0]),
            "gap": self._gap,
            "metric": self._metric,
            "folds": folds,
            "sharpe": number(ratio * year),
            "cagr": number(nav[-1] ** (population.plan.problem.periods / len(nav)) - 1.0),
            "t_statistic": number(ratio * np.sqrt(len(nav))),
            "days": len(nav),
            "curve": {"date": _texts(dates[first : first + len(nav)]), "nav": nav.tolist()},
        }

    def combinatorial(self, dates: Dates) -> Record | None:
        """6 groups of which 2 test: 15 splits, 5 paths; None for too few days."""
        if self._splits is None:
            return None
        splits, year = self._splits, float(np.sqrt(self._population.plan.problem.periods))
        returns = self._population.returns(self._chosen[len(self._trained) :])
        paths = _paths(splits, returns)
        return {
            "groups": GROUPS,
            "test": TEST_GROUPS,
            "splits": len(splits.train),
            "paths": len(paths),
            "purge": self._gap,
            "embargo": 0,
            "metric": self._metric,
            "sharpe": [number(_sharpe(path) * year) for path in paths],
            "curves": {"date": _texts(dates[: self._days]), "nav": np.cumprod(1.0 + paths, axis=1).tolist()},
        }


def _paths(splits: PurgedSplits, returns: Floats) -> Floats:
    """(φ, T): each group of days from the split that tests it on this path. returns: (T, splits)."""
    paths = np.empty((len(splits.paths), len(returns)))
    for path, row in enumerate(splits.paths):
        for (low, high), split in zip(pairwise(splits.bounds), row, strict=True):
            paths[path, low:high] = returns[low:high, split]
    return paths


def _bounds(days: int, count: int) -> Ints:
    """The first blocks are a day longer where they do not divide the days."""
    short, longer = divmod(days, count)
    return np.arange(count + 1) * short + np.minimum(np.arange(count + 1), longer)


def _sharpe(returns: Floats) -> float:
    spread = returns.std(ddof=1) if len(returns) > 1 else 0.0
    flat = spread**2 <= FLAT * float((returns**2).mean())
    return float("nan") if flat else float(returns.mean() / spread)


def _texts(dates: Dates) -> Sequence[str]:
    return [str(day) for day in dates]
