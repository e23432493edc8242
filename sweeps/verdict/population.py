"""The population of a verdict: the distinct choices of a run, or a random sample of them that the record names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister, HoldingPeriods
from gridproof.kernels.cpu.passes import CpuPasses
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, find_patterns
from gridproof.kernels.metrics import WIDTH
from gridproof.kernels.passes import Passes
from gridproof.kernels.problem import Jobs, Problem
from gridproof.results.axis_range import Value
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.verdict.own_price import PriceRead, prices_read
from gridproof.sweeps.verdict.stages import Stages

# So many choices are evaluated whole; of more, a sample is.
LARGEST_GRID = 4_000_000
# So many distinct choices are tested at most; of more, a sample of the second number is.
MOST, DRAWN = 400_000, 100_000
_SEED = 1

# Variants whose holding periods are listed, and whose patterns are found, at once. The patterns of so many are kept.
_LISTED = 65_536
# Variants of which each stands for itself, at once.
_ALONE = 64
_KEPT = 131_072


@dataclass(frozen=True, kw_only=True)
class HeldVariants:
    """J variants of a plan, and what they hold in sample."""

    plan: Plan
    rows: Array  # (J, B) int32
    execution: Ints  # (J,)
    sampled: str = ""  # what was drawn from what; empty: all are here
    reads: tuple[PriceRead, ...] = ()  # the prices of legs that the signals read
    passes: Passes = field(default=CpuPasses(), compare=False, repr=False)  # what computes over all of them
    kept: list[tuple[int, list[Patterns]]] = field(default_factory=list, init=False, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def days(self) -> int:
        """In sample."""
        return self.plan.days_in_sample

    def jobs(self, chosen: Ints | slice) -> Jobs:
        rows = self.rows[chosen]
        return Jobs(rows, np.arange(len(rows) + 1, dtype=np.int64), self.execution[chosen])

    def holding_periods(self) -> Iterator[tuple[int, HoldingPeriods]]:
        """All holding periods in sample, of some thousand variants at a time, with the number of the first variant."""
        lister = HoldingPeriodLister(self.plan.problem, self.days)
        for first in range(0, len(self), _LISTED):
            yield first, lister(self.jobs(slice(first, first + _LISTED)))

    def patterns(self, edges: Ints | None = None) -> Iterator[tuple[int, list[Patterns]]]:
        """The patterns of all variants in sample, of some at a time, with the number of the first variant.

        edges: days at which blocks must end, from 0 to the last. Without them those of an earlier call serve, where the
        variants are so few that they were kept.
        """
        if edges is None and self.kept:
            yield from self.kept
            return
        self.kept.clear()
        for first, periods in self.holding_periods():
            found = first, find_patterns(self.plan.problem, periods, edges)
            if len(self) <= _KEPT:
                self.kept.append(found)
            yield found


def by_position(choices: HeldVariants) -> HeldVariants:
    """The variants in sample, on a market whose payoffs are what a position earns (``Problem.position_returns``).

    Timing is measured there: at the open a position earns nothing of the night before it was entered.
    """
    problem, days = choices.plan.problem, choices.days
    if problem.overnight is None:
        return choices
    tables: dict[tuple[int, int], int] = {}
    payoff_of = np.zeros_like(problem.payoff_of)
    for execution in np.unique(choices.execution).tolist():
        pair = int(problem.payoff_of[execution]), int(problem.cost_of[execution])
        payoff_of[execution] = tables.setdefault(pair, len(tables))
    inside = problem.first_days(days, np.array([0, days], dtype=np.int64))
    own = inside.rebalancing
    market = replace(
        inside,
        returns=np.stack([problem.position_returns(*pair, days) for pair in tables]),
        rebalancing=None if own is None else own.of(np.array([payoff for payoff, _ in tables], dtype=np.int64)),
        payoff_of=payoff_of,
        overnight=None,
        drift=None,
    )
    found = HeldVariants(
        plan=replace(choices.plan, problem=market),
        rows=choices.rows,
        execution=choices.execution,
        sampled=choices.sampled,
        reads=choices.reads,
        passes=choices.passes,
    )
    for first, patterns in choices.kept:
        found.kept.append((first, [each._replace(payoff=tables[each.payoff, each.cost]) for each in patterns]))
    return found


@dataclass(frozen=True, kw_only=True)
class Population(HeldVariants):
    """J choices, no two of which have the same metrics."""

    index: Ints  # (J,) ascending: the lowest grid index of those with these metrics
    cells: Ints  # (J,) how many of the choices evaluated have them
    metrics: Floats  # (J, S, 12 + A)
    distinct: int  # how many there are among those evaluated
    points: Mapping[str, Array] | None = None  # for every axis (J,) values, where the variants are on no grid

    def returns(self, chosen: Ints) -> Floats:
        """(days, chosen) daily returns in sample above the risk-free rate."""
        problem = self.plan.problem
        periods = HoldingPeriodLister(problem, self.days)(self.jobs(chosen))
        return daily_returns(problem, periods) - self.plan.risk_free_of_a_day

    def tested(self, edges: Ints | None = None) -> Iterator[tuple[int, Problem, list[Patterns]]]:
        """As ``patterns``, with the problem in which they earn what the variants earn.

        What is earned by an allocation that drifts from the day of entry is no pattern of a block. Each variant is then
        an allocation of its own that is held throughout and earns what the variant earns after all costs.
        """
        problem, days = self.plan.problem, self.days
        if problem.drift is None:
            for first, patterns in self.patterns(edges):
                yield first, problem, patterns
            return
        lister = HoldingPeriodLister(problem, days)
        for first in range(0, len(self), _ALONE):
            returns = daily_returns(problem, lister(self.jobs(slice(first, first + _ALONE))))
            alone = _each_alone(problem, returns)
            numbers = np.arange(returns.shape[1])
            periods = np.stack([np.zeros_like(numbers), numbers], axis=1).astype(np.int32)
            held = HoldingPeriods(days, np.arange(len(numbers) + 1), periods, np.zeros_like(numbers))
            yield first, alone, find_patterns(alone, held, edges)

    def parameters(self, number: int) -> dict[str, Value]:
        """The parameters of variant ``number`` of the population."""
        if self.points is not None:
            return {name: values[number] for name, values in self.points.items()}
        return self.plan.study.space.parameters(int(self.index[number]))

    def find(self, metrics: Floats) -> int | None:
        """The number of the variant with these metrics, (1, S, 12 + A), evaluated as the grid is; None if not drawn.

        The shares of days in allocations are not compared: in the grid around what a search found, other mixes may be.
        """
        own, wanted = self.metrics[:, :, :WIDTH], metrics[:, :, :WIDTH]
        found = np.flatnonzero(((own == wanted) | (np.isnan(own) & np.isnan(wanted))).all(axis=(1, 2)))
        return int(found[0]) if len(found) else None


def _each_alone(problem: Problem, returns: Floats) -> Problem:
    """The market and its one execution in which allocation j earns column j of the returns, (days, J)."""
    days, count = returns.shape
    nothing = np.zeros(1, dtype=np.int64)
    return replace(
        problem,
        payoff_of=nothing,
        cost_of=nothing,
        traded_of=nothing,
        lags=nothing,
        returns=np.ascontiguousarray(returns.T)[None],
        costs=np.broadcast_to(0.0, (1, count, count, days)),
        traded=np.broadcast_to(0.0, (1, count, count, 1)),
        bounds=np.array([0, days], dtype=np.int64),
        overnight=None,
        restrictions=None,
        rebalancing=None,
        drift=None,
    )


class Gathered(NamedTuple):
    """population: what is tested. tried, distinct: choices (of a search: cells) evaluated, and different ones."""

    population: Population
    tried: int
    distinct: int


def gather(evaluation: GridEvaluation, stages: Stages | None = None) -> Population:
    """Evaluate the choices of a run once more and merge those whose metrics are the same to the last bit.

    stages: keep what was gathered.
    """
    arrays = (stages or Stages(None)).arrays("population", lambda: _gathered(evaluation))
    return Population(
        plan=evaluation.plan,
        rows=arrays["rows"],
        execution=arrays["execution"],
        sampled=arrays["sampled"].tobytes().decode(),
        reads=prices_read(evaluation.plan, evaluation.points.market),
        index=arrays["index"],
        cells=arrays["cells"],
        metrics=arrays["metrics"],
        distinct=int(arrays["distinct"]),
    )


def _gathered(evaluation: GridEvaluation) -> dict[str, Array]:
    """The fields of the population, as arrays."""
    grid, notes = choices_grid(evaluation.grid)
    parts = []
    for number in range(grid.pieces):
        piece = grid.piece(number)
        jobs = piece.work.jobs()
        metrics = evaluation.evaluate(piece.work)
        _, first = np.unique(piece.job_of, return_index=True)
        cells = np.bincount(piece.job_of, minlength=len(metrics))
        rows = np.repeat(jobs.rows, np.diff(jobs.first), axis=0)
        parts.append(merged(hashes_of(metrics), piece.variants[first], cells, rows, jobs.execution, metrics))
    _, index, cells, rows, execution, metrics = merged(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    distinct = len(index)
    chosen = np.argsort(index)
    if distinct > MOST:
        notes.append(f"{DRAWN:,} of {distinct:,} that differ drawn at random")
        chosen = chosen[draw_sample(distinct, DRAWN, _SEED)]
    return {
        "rows": rows[chosen],
        "execution": execution[chosen],
        "index": index[chosen],
        "cells": cells[chosen],
        "metrics": metrics[chosen],
        "distinct": np.array(distinct),
        "sampled": np.frombuffer("; ".join(notes).encode(), dtype=np.uint8),
    }


def choices_grid(grid: Grid) -> tuple[Grid, list[str]]:
    """The choices of a run's grid, and what was drawn from what: a sample where they are too many."""
    choices = choices_of(grid.plan.study)
    if grid.size == choices.whole.size and choices.size > LARGEST_GRID:
        drawn = choices.whole_index(draw_sample(choices.size, DRAWN, _SEED))
        return ListedGrid(grid.plan, drawn), [f"{DRAWN:,} of {choices.size:,} choices drawn at random"]
    among = grid.among(choices)
    if among.size <= LARGEST_GRID:
        return among, []
    variants = np.concatenate([among.variants(piece) for piece in range(among.pieces)])
    drawn = variants[draw_sample(among.size, DRAWN, _SEED)]
    return ListedGrid(grid.plan, drawn), [f"{DRAWN:,} of {among.size:,} choices drawn at random"]


def merged(
    hashes: Words, index: Ints, cells: Ints, rows: Array, execution: Ints, metrics: Floats
) -> tuple[Words, Ints, Ints, Array, Ints, Floats]:
    """Returns one variant for each hash, hashes ascending: the one with the lowest index. Cells are summed."""
    order = np.lexsort((index, hashes))
    first = np.flatnonzero(np.concatenate([[True], np.diff(hashes[order]) != 0]))
    kept = order[first]
    return hashes[kept], index[kept], np.add.reduceat(cells[order], first), rows[kept], execution[kept], metrics[kept]


def hashes_of(metrics: Floats) -> Words:
    """(J,) a 64-bit hash of each variant's metrics; 0 and −0 are equal, and so are all NaN."""
    numbers = np.ascontiguousarray(metrics.reshape(len(metrics), -1) + 0.0)
    numbers[np.isnan(numbers)] = np.nan
    hashes = np.zeros(len(numbers), dtype=np.uint64)
    for column in numbers.view(np.uint64).T:
        hashes = (hashes ^ column) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return hashes
