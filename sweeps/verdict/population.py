"""The population of a verdict: every variant of a run that trades differently, once, or a declared sample of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister, HoldingPeriods
from gridproof.kernels.problem import Jobs
from gridproof.results.axis_range import Value
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.grid import ListedGrid, draw_sample
from gridproof.sweeps.plan.plan import Plan

# Variants that are gone through one by one; of a larger grid a sample is.
LARGEST_GRID = 4_000_000
# Distinct ones that are tested; of more, so many are drawn.
MOST, DRAWN = 400_000, 100_000
_SEED = 1

# Variants traced at once.
_TRACED = 8192


@dataclass(frozen=True)
class Population:
    """J variants that differ in what they earn on some day of the window."""

    plan: Plan
    index: Ints  # (J,) ascending: the lowest grid index that trades like this
    cells: Ints  # (J,) how many of the variants gone through do
    rows: Array  # (J, B) int32
    execution: Ints  # (J,)
    metrics: Floats  # (J, S, 12 + A)
    marks: Words  # (J,) a hash of the metrics
    distinct: int  # how many there are among those gone through
    sampled: str  # what was drawn from what; empty: all are here
    points: Mapping[str, Array] | None = None  # for every axis (J,) values, where they are on no grid of the plan's

    def __len__(self) -> int:
        return len(self.index)

    @property
    def days(self) -> int:
        """In sample."""
        return int(self.plan.problem.bounds[1])

    def jobs(self, chosen: Ints | slice) -> Jobs:
        rows = self.rows[chosen]
        return Jobs(rows, np.arange(len(rows) + 1, dtype=np.int64), self.execution[chosen])

    def traces(self) -> Iterator[tuple[int, HoldingPeriods]]:
        """What all hold in sample, some thousand at a time, with the number of the first."""
        tracer = HoldingPeriodLister(self.plan.problem, self.days)
        for first in range(0, len(self), _TRACED):
            yield first, tracer(self.jobs(slice(first, first + _TRACED)))

    def returns(self, chosen: Ints) -> Floats:
        """(days, chosen) daily returns in sample above the risk-free rate."""
        problem = self.plan.problem
        traces = HoldingPeriodLister(problem, self.days)(self.jobs(chosen))
        return daily_returns(problem, traces) - problem.risk_free / problem.periods

    def parameters(self, place: int) -> dict[str, Value]:
        """One of them by name and value."""
        if self.points is not None:
            return {name: values[place] for name, values in self.points.items()}
        return self.plan.study.space.parameters(int(self.index[place]))

    def place(self, metrics: Floats) -> int | None:
        """Which of them has these metrics, (1, S, 12 + A), evaluated as the grid is; None if it was not drawn."""
        mark = marks_of(metrics)[0]
        at = np.flatnonzero(self.marks == mark)
        return int(at[0]) if len(at) else None


def gather(evaluation: GridEvaluation) -> Population:
    """Go through a run's variants once more and merge those whose metrics are the same to the last bit."""
    plan, grid = evaluation.plan, evaluation.grid
    notes = []
    if grid.size > LARGEST_GRID:
        notes.append(f"{DRAWN:,} of {grid.size:,} variants drawn at random")
        grid = ListedGrid(plan, draw_sample(plan.study.space.size, DRAWN, _SEED))
    parts = []
    for number in range(grid.pieces):
        piece = grid.piece(number)
        jobs = piece.work.jobs()
        metrics = evaluation.evaluate(piece.work)
        _, first = np.unique(piece.job_of, return_index=True)
        cells = np.bincount(piece.job_of, minlength=len(metrics))
        rows = np.repeat(jobs.rows, np.diff(jobs.first), axis=0)
        parts.append(merged(marks_of(metrics), piece.variants[first], cells, rows, jobs.execution, metrics))
    marks, index, cells, rows, execution, metrics = merged(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    distinct = len(index)
    chosen = np.argsort(index)
    if distinct > MOST:
        notes.append(f"{DRAWN:,} of {distinct:,} that differ drawn at random")
        chosen = chosen[draw_sample(distinct, DRAWN, _SEED)]
    return Population(
        plan, index[chosen], cells[chosen], rows[chosen], execution[chosen], metrics[chosen], marks[chosen], distinct,
        "; ".join(notes),
    )  # fmt: skip


def merged(
    marks: Words, index: Ints, cells: Ints, rows: Array, execution: Ints, metrics: Floats
) -> tuple[Words, Ints, Ints, Array, Ints, Floats]:
    """One of each mark, marks ascending: the one with the lowest index; cells are added up."""
    order = np.lexsort((index, marks))
    first = np.flatnonzero(np.concatenate([[True], np.diff(marks[order]) != 0]))
    kept = order[first]
    return marks[kept], index[kept], np.add.reduceat(cells[order], first), rows[kept], execution[kept], metrics[kept]


def marks_of(metrics: Floats) -> Words:
    """(J,) 64 bits of each variant's metrics; 0 and −0 are one, and so is every NaN."""
    numbers = np.ascontiguousarray(metrics.reshape(len(metrics), -1) + 0.0)
    numbers[np.isnan(numbers)] = np.nan
    marks = np.zeros(len(numbers), dtype=np.uint64)
    for column in numbers.view(np.uint64).T:
        marks = (marks ^ column) * np.uint64(0x9E3779B97F4A7C15)
        marks ^= marks >> np.uint64(29)
    return marks
