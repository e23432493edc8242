"""The best variant on each of several sets of training days, and its returns on the test days, from one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import FLAT
from gridproof.results.statistics.chunks import panels
from gridproof.results.statistics.overfitting import TOLERANCE

_WIDTH = 4096


@dataclass(frozen=True)
class Selection:
    """Of K pairs of training and test days."""

    chosen: Ints  # (K,) the best variant in training, of equal ones the first
    trained: Floats  # (K,) its metric there: daily mean, Sharpe ratio a day, or daily log growth
    tested: tuple[Floats, ...]  # its daily returns on the test days of each pair


def select(chunks: Iterable[Floats], train: Sequence[Ints], test: Sequence[Ints], metric: str, days: int) -> Selection:
    """chunks: (T, any number) daily returns, checked, gone over once. train, test: days of each of K pairs. days: T.

    metric: mean, sharpe (0 for a variant without volatility) or cagr; another name, and training sets of fewer than
    two days, are InputErrors.
    """
    if metric not in TOLERANCE:
        rule = f"the metric must be one of {', '.join(TOLERANCE)}"
        raise InputError(rule, metric, "metric", "Choose by one of these")
    inside = np.zeros((len(train), days))
    for row, chosen_days in zip(inside, train, strict=True):
        row[chosen_days] = 1.0
    lengths = inside.sum(axis=1)
    if lengths.min() < 2:
        rule = "there must be two training days at least"
        raise InputError(rule, int(lengths.min()), f"training set {lengths.argmin()}", "Purge less, or train longer")
    best, chosen = np.full(len(train), -np.inf), np.zeros(len(train), dtype=np.int64)
    tested = [np.empty(0)] * len(train)
    before = 0
    for chunk in chunks:
        for first, columns in panels(chunk, _WIDTH):
            values = _measure(inside, lengths, columns, metric)
            largest = values.max(axis=1)
            for pair in map(int, np.flatnonzero(largest > best + TOLERANCE[metric])):
                column = int(np.argmax(values[pair] >= largest[pair] - TOLERANCE[metric]))
                best[pair], chosen[pair] = values[pair, column], before + first + column
                tested[pair] = columns[test[pair], column]
        before += chunk.shape[1]
    return Selection(chosen, best, tuple(tested))


def sharpe(returns: Floats) -> Floats:
    """Mean / std (ddof 1) a day of returns (T,) or of each row of (K, T); NaN without volatility."""
    deviation = returns.std(axis=-1, ddof=1)
    flat = deviation**2 <= FLAT * (returns**2).mean(axis=-1)
    return np.where(flat, np.nan, returns.mean(axis=-1) / np.where(flat, 1.0, deviation))


def _measure(inside: Floats, lengths: Floats, columns: Floats, metric: str) -> Floats:
    """(K, w): the metric of each variant on each set of days, ``inside`` (K, T) with 1 for the days that count."""
    if metric == "cagr":
        if columns.min() <= -1.0:
            raise InputError("CAGR needs returns above −1", columns.min(), "returns", "Choose by mean or sharpe")
        return inside @ np.log1p(columns) / lengths[:, None]
    mean = inside @ columns / lengths[:, None]
    if metric == "mean":
        return mean
    square = inside @ columns**2 / lengths[:, None]
    variance = (square - mean**2) * (lengths / (lengths - 1.0))[:, None]
    flat = variance <= FLAT * square
    return np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))
