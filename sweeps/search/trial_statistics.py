"""The statistics of a trial's cells that a search can optimise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.aggregate.neighbourhood import best_neighbourhood
from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.metrics import BY_NAME, FLAT
from gridproof.kernels.problem import Problem

# The quantile of a neighbourhood, or of all cells, that a trial is judged by.
QUANTILE = 0.25
# Objectives of a study that its values over parts of the days determine over all of them.
ADDITIVE_OBJECTIVES = ("sharpe", "cagr", "total_return")


def spread_statistics(values: Floats) -> dict[str, float]:
    """median, lower_quartile and best of values, (n,), at least one of them finite.

    An undefined value (NaN) counts as the smallest defined one, as in a neighbourhood.
    """
    filled = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
    position = int((len(filled) - 1) * QUANTILE)
    return {
        "median": float(np.median(filled)),
        "lower_quartile": float(np.partition(filled, position)[position]),
        "best": float(filled.max()),
    }


def worst_period(values: Floats) -> float:
    """The smallest of an objective's values over parts of the days, (K,).

    A part in which it is undefined (NaN) counts as 0: the strategy was constant there, as in cash.
    """
    return float(np.where(np.isfinite(values), values, 0.0).min())


def walk_forward(by_part: Floats, job_of: Ints, dims: Sequence[int], problem: Problem, objective: str) -> float:
    """The objective over parts 2 … K, each held by the cell with the best neighbourhood on all parts before it.

    by_part: metrics of each distinct job by part, (J, K, 12 + A). job_of: each cell's job, (cells,), cells in C order
    of ``dims``. problem: its ``bounds`` are those of the parts. NaN where no cell can be chosen for some part.
    """
    lengths = np.diff(problem.bounds).astype(np.float64)
    measure = _PartMeasure(by_part, lengths, problem, objective)
    chosen_jobs, parts = [], []
    for part in range(1, len(lengths)):
        known = measure(lengths[:part], slice(None), slice(0, part))[job_of]
        cell, _ = best_neighbourhood(known, dims, None, QUANTILE)
        if cell < 0:
            return float("nan")
        chosen_jobs.append(int(job_of[cell]))
        parts.append(part)
    rows, columns = np.array(chosen_jobs), np.array(parts)
    if objective == "total_return":
        return float(np.expm1(measure.growth[rows, columns].sum()))
    return float(measure(lengths[columns], rows, columns))


class _PartMeasure:
    """An objective over several parts of the days, from each job's metrics by part."""

    def __init__(self, by_part: Floats, lengths: Floats, problem: Problem, objective: str) -> None:
        self._problem, self._objective = problem, objective
        total, volatility, sharpe = (
            by_part[:, :, BY_NAME[name].column] for name in ("total_return", "volatility", "sharpe")
        )
        self.growth = np.log1p(total)  # (J, K)
        flat = ~(volatility > 0.0)
        with np.errstate(invalid="ignore"):
            mean = np.where(
                flat, np.expm1(self.growth / lengths), (sharpe * volatility + problem.risk_free) / problem.periods
            )
        self._sums = mean * lengths
        variance = np.where(flat, 0.0, volatility) ** 2 / problem.periods
        self._squares = variance * (lengths - 1.0) + mean**2 * lengths

    def __call__(self, lengths: Floats, rows: Array | slice, parts: Array | slice) -> Floats:
        """Over the days of the parts together, whose ``lengths`` are given.

        A total return is measured by its annual growth, which ranks alike.
        """
        problem, days = self._problem, lengths.sum()
        if self._objective != "sharpe":
            annual: Floats = np.expm1(self.growth[rows, parts].sum(axis=-1) * problem.periods / days)
            return annual
        mean = self._sums[rows, parts].sum(axis=-1) / days
        mean_square = self._squares[rows, parts].sum(axis=-1) / days
        variance = (mean_square - mean**2) * days / (days - 1.0)
        flat = variance <= FLAT * mean_square
        volatility = np.sqrt(np.where(flat, 1.0, variance) * problem.periods)
        return np.where(flat, np.nan, (mean * problem.periods - problem.risk_free) / volatility)
