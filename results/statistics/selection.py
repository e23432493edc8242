"""The best variant of each of several training sets of days, found in one pass over the variants.

The days are cut into parts so that every training set is made of whole parts. Only the sums of each variant over the
parts are needed. They are added in the order of the days, so the result does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import is_flat
from gridproof.results.statistics.block_sums import sum_between
from gridproof.results.statistics.chunks import panels
from gridproof.results.statistics.overfitting import TOLERANCE

_WIDTH = 4096


class TrainingSelection:
    """The best variant of each of K training sets so far; variants are added in order, by their sums over G parts.

    edges: (G + 1,) ascending days, 0 to T, that bound the parts. chosen: (K,) number of the best variant, the first
    of equal ones. trained: (K,) its metric in training: daily mean, Sharpe ratio a day (0 without volatility), or daily
    log growth for ``cagr``.
    """

    def __init__(self, train: Sequence[Ints], days: int, metric: str, bounds: Sequence[Ints] = ()) -> None:
        """train: the days of each training set. days: T. bounds: further days at which the parts are to be cut.

        Raises InputError for a metric other than mean, sharpe and cagr, and for a training set of less than two days.
        """
        if metric not in TOLERANCE:
            rule = f"the metric must be one of {', '.join(TOLERANCE)}"
            raise InputError(rule, metric, "metric", "Choose by one of these")
        inside = np.zeros((len(train), days + 2), dtype=np.int8)
        for row, chosen_days in zip(inside, train, strict=True):
            row[1:-1][chosen_days] = 1
        self.lengths = inside.sum(axis=1, dtype=np.int64)
        if len(train) and self.lengths.min() < 2:
            rule, place = "each training set must have at least two days", f"training set {self.lengths.argmin()}"
            raise InputError(rule, int(self.lengths.min()), place, "Use a shorter purge, or longer training windows")
        changes = np.flatnonzero(np.diff(inside, axis=1).any(axis=0)) if len(train) else np.empty(0, np.int64)
        self.metric = metric
        self.edges: Ints = np.unique(np.concatenate([[0, days], changes, *bounds])).astype(np.int64)
        self._parts = [np.flatnonzero(row) for row in inside[:, 1 + self.edges[:-1]]]
        self.trained: Floats = np.full(len(train), -np.inf)
        self.chosen: Ints = np.zeros(len(train), dtype=np.int64)
        self._variants = 0

    def add(self, sums: Floats, squares: Floats) -> dict[int, int]:
        """sums, squares: (G, n) Σr and Σr² over the parts of the next n variants; for cagr Σlog(1 + r), and no squares.

        Returns the training sets whose best variant changed, each with the column of the new one among these n.
        """
        values, tolerance = self._measure(sums, squares), TOLERANCE[self.metric]
        largest = values.max(axis=1)
        taken = {}
        for one in map(int, np.flatnonzero(largest > self.trained + tolerance)):
            column = int(np.argmax(values[one] >= largest[one] - tolerance))
            self.trained[one], self.chosen[one] = values[one, column], self._variants + column
            taken[one] = column
        self._variants += sums.shape[1]
        return taken

    def _measure(self, sums: Floats, squares: Floats) -> Floats:
        """(K, n): the metric of each variant on each training set."""
        lengths = self.lengths[:, None].astype(np.float64)
        mean: Floats = self._total(sums) / lengths
        if self.metric != "sharpe":
            return mean
        square = self._total(squares) / lengths
        variance = (square - mean**2) * (lengths / (lengths - 1.0))
        flat = is_flat(variance, square)
        values: Floats = np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))
        return values

    def _total(self, values: Floats) -> Floats:
        """(K, n): values (G, n) added up over the parts of each training set, from the first part to the last."""
        total = np.zeros((len(self._parts), values.shape[1]))
        for row, parts in zip(total, self._parts, strict=True):
            for part in parts:
                row += values[part]
        return total


@dataclass(frozen=True)
class Selection:
    """The selection for K pairs of training and test days."""

    chosen: Ints  # (K,) the best variant in training, of equal ones the first
    trained: Floats  # (K,) its metric there: daily mean, Sharpe ratio a day, or daily log growth
    tested: tuple[Floats, ...]  # its daily returns on the test days of each pair


def select(chunks: Iterable[Floats], train: Sequence[Ints], test: Sequence[Ints], metric: str, days: int) -> Selection:
    """Find the best variant of each training set, and its returns on the test days.

    chunks: (T, any number) daily returns, checked, read once. train, test: days of each of K pairs. days: T. metric and
    errors: as TrainingSelection; for cagr a return of −1 or less raises InputError too.
    """
    selection = TrainingSelection(train, days, metric)
    tested = [np.empty(0)] * len(train)
    for chunk in chunks:
        if metric == "cagr" and chunk.min(initial=0.0) <= -1.0:
            raise InputError("CAGR needs returns above −1", chunk.min(), "returns", "Choose by mean or sharpe")
        for _, columns in panels(chunk, _WIDTH):
            taken = selection.add(*sum_between(columns, selection.edges, metric == "cagr"))
            for one, column in taken.items():
                tested[one] = columns[test[one], column]
    return Selection(selection.chosen, selection.trained, tuple(tested))
