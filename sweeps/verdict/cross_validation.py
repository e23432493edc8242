"""Cross-validation of the whole sweep: PBO, walk-forward and combinatorial paths, in one pass over the variants.

The pass provides the sums of each variant over parts of the days. Every training set and every block consists of whole
parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.run.cross_validation_record import (
    CombinatorialRecord,
    FoldRecord,
    OverfittingRecord,
    WalkForwardRecord,
)
from gridproof.results.run.record import number
from gridproof.results.statistics.overfitting import OverfittingTest
from gridproof.results.statistics.selection import Selection, TrainingSelection
from gridproof.results.statistics.sharpe import daily_sharpe
from gridproof.results.statistics.splits import (
    combinatorial_purged_splits,
    join_paths,
    join_windows,
    walk_forward_windows,
)
from gridproof.signals.data.source import Dates
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.selection_benchmarks import path_benchmarks, walk_forward_benchmarks

TRAIN_YEARS, TEST_YEARS = 5, 1
GROUPS, TEST_GROUPS = 6, 2
BLOCKS = (8, 12, 16)


class CrossValidation:
    """Receives the sums of all variants, then finds the best of each training set and its returns on the test days."""

    def __init__(self, population: Population, metric: str) -> None:
        """metric: sharpe or cagr."""
        days, problem = population.days, population.plan.problem
        self._population, self._metric, self._days = population, metric, days
        self._gap = int(problem.lags.max())
        train, test = round(TRAIN_YEARS * problem.periods), round(TEST_YEARS * problem.periods)
        long_enough = days >= train + self._gap + 2 * test
        self._windows = walk_forward_windows(days, train, test, self._gap) if long_enough else None
        enough = days >= 20 * GROUPS
        self._splits = combinatorial_purged_splits(days, GROUPS, TEST_GROUPS, purge=self._gap) if enough else None
        self._blocks = {count: _bounds(days, count) for count in BLOCKS if days >= 4 * count}
        self._tests = {count: OverfittingTest(count, metric) for count in self._blocks}
        sets = [] if self._windows is None else self._windows.train_days
        self._folds = len(sets)
        sets = sets + ([] if self._splits is None else list(self._splits.train))
        self._selection = TrainingSelection(sets, days, metric, list(self._blocks.values()))

    @property
    def edges(self) -> Ints:
        """(G + 1,) the days that bound the parts over which sums are wanted."""
        return self._selection.edges

    def add(self, parts: Floats) -> None:
        """parts: (3, G, n) Σr, Σr², Σlog(1 + r) between the edges, of the next n variants of the population."""
        lengths = np.diff(self.edges)
        for count, bounds in self._blocks.items():
            first = np.searchsorted(self.edges, bounds[:-1])
            sums = np.add.reduceat(parts, first, axis=1)
            days = np.broadcast_to(np.add.reduceat(lengths, first)[:, None], sums.shape[1:])
            table = [days, sums[0], sums[1]] + ([sums[2]] if self._metric == "cagr" else [])
            self._tests[count].add_block_sums(np.stack(table, axis=2))
        self._selection.add(parts[2 if self._metric == "cagr" else 0], parts[1])

    def _chosen(self, sets: slice, test: Sequence[Ints]) -> Selection:
        """Returns the variants that these training sets choose, and their returns on the days of ``test``."""
        chosen = self._selection.chosen[sets]
        returns = self._population.returns(chosen)
        tested = tuple(returns[days, place] for place, days in enumerate(test))
        return Selection(chosen, self._selection.trained[sets], tested)

    def overfitting(self, observer: RunObserver) -> list[OverfittingRecord]:
        """The probability of backtest overfitting for each number of blocks for which there are enough days."""
        rows: list[OverfittingRecord] = []
        for done, test in enumerate(self._tests.values(), start=1):
            found = test.finish()
            observer.progress("verdict: overfitting", done, len(self._tests), done)
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

    def walk_forward(self, dates: Dates) -> WalkForwardRecord | None:
        """None where the sample is shorter than seven years."""
        if self._windows is None:
            return None
        population, periods = self._population, self._population.plan.problem.periods
        year = float(np.sqrt(periods))
        found = join_windows(self._windows, self._chosen(slice(self._folds), self._windows.test_days), self._metric)
        folds: list[FoldRecord] = []
        done = 0
        for place, ((low, high), (begin, end)) in enumerate(zip(found.train, found.test, strict=True)):
            tested = found.returns[done : done + end - begin]
            done += int(end - begin)
            folds.append(
                {
                    "train_from": str(dates[low]),
                    "train_to": str(dates[high - 1]),
                    "test_from": str(dates[begin]),
                    "test_to": str(dates[end - 1]),
                    "index": int(population.index[found.chosen[place]]),
                    "parameters": population.parameters(int(found.chosen[place])),
                    "in_sample": number(found.in_sample[place] * (year if self._metric == "sharpe" else periods)),
                    "out_of_sample": number(daily_sharpe(tested) * year),
                }
            )
        nav = np.cumprod(1.0 + found.returns)
        holdings, mix = walk_forward_benchmarks(population, self._windows, found)
        first = int(found.test[0, 0])
        return {
            "train_days": int(found.train[0, 1] - found.train[0, 0]),
            "test_days": int(found.test[0, 1] - found.test[0, 0]),
            "gap": self._gap,
            "metric": self._metric,
            "folds": folds,
            "sharpe": number(found.sharpe * year),
            "cagr": number(nav[-1] ** (periods / len(nav)) - 1.0),
            "t_statistic": number(found.t_statistic),
            "days": len(nav),
            "holdings": holdings,
            "curve": {"date": _texts(dates[first : first + len(nav)]), "nav": nav.tolist(), "mix": mix},
        }

    def combinatorial(self, dates: Dates) -> CombinatorialRecord | None:
        """6 groups of which 2 test: 15 splits, 5 paths; None for too few days."""
        if self._splits is None:
            return None
        found = join_paths(self._splits, self._chosen(slice(self._folds, None), self._splits.test), self._metric)
        year = float(np.sqrt(self._population.plan.problem.periods))
        holdings, mixes = path_benchmarks(self._population, found)
        return {
            "groups": GROUPS,
            "test": TEST_GROUPS,
            "splits": len(self._splits.train),
            "paths": len(found.returns),
            "purge": self._gap,
            "embargo": 0,
            "metric": self._metric,
            "sharpe": [number(ratio * year) for ratio in found.sharpe],
            "holdings": holdings,
            "mix": mixes,
            "curves": {"date": _texts(dates[: self._days]), "nav": np.cumprod(1.0 + found.returns, axis=1).tolist()},
        }


def _bounds(days: int, count: int) -> Ints:
    """The first blocks are a day longer where the days do not divide evenly."""
    short, longer = divmod(days, count)
    return np.arange(count + 1) * short + np.minimum(np.arange(count + 1), longer)


def _texts(dates: Dates) -> list[str]:
    return [str(day) for day in dates]
