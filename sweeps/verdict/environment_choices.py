"""The choices of a study under the environments in which they hold the same: only payoffs and costs differ there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister, HoldingPeriods
from gridproof.kernels.cpu.pattern_objectives import objective_ranges
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from gridproof.kernels.cpu.patterns.pattern_sums import days_held
from gridproof.kernels.cpu.shifted_objectives import FROM_SUMS
from gridproof.kernels.passes import Passes
from gridproof.kernels.problem import Jobs
from gridproof.results.run.record import objective_of
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import Choices
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.verdict.own_price import PriceRead
from gridproof.sweeps.verdict.population import HeldVariants, Population
from gridproof.sweeps.verdict.search_placebo import are_eligible, best_eligible, eligible_choices

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, kw_only=True)
class EnvironmentChoices(HeldVariants):
    """J choices, no two of which hold the same on all days under the same execution."""

    evaluation: GridEvaluation
    numbers: Ints  # (J,) ascending: of choices that hold the same the lowest number
    eligible: Bools  # (J,)

    def best(self, executions: Sequence[Ints]) -> list[tuple[int | None, int | None]]:
        """The best choice, and the best eligible one, by their places here; None where no objective is defined.

        executions: (J,) each, for several environments. The metrics decide: those of the backend, of all choices that
        could be the best.
        """
        objective = self.plan.study.spec.objective
        # Where allocations drift from the day of entry, all choices are evaluated: their sums are no sums of patterns.
        summed = objective in FROM_SUMS and self.plan.problem.drift is None
        ranges = self._ranges(executions, objective) if summed else None
        everything = np.ones(len(self), dtype=np.bool_)
        found = []
        for place, execution in enumerate(executions):
            every, eligible = (
                chosen if ranges is None else _near(ranges[0][place], ranges[1][place], chosen)
                for chosen in (everything, self.eligible)
            )
            values, near = np.full(len(self), np.nan), np.flatnonzero(every | eligible)
            values[near] = self._objectives(near, execution, objective)
            found.append((best_eligible(values, every), best_eligible(values, eligible)))
        return found

    def _objectives(self, chosen: Ints, execution: Ints, objective: str) -> Floats:
        """(n,) of some choices under an execution, (J,), as the backend evaluates them."""
        jobs = Jobs(self.rows[chosen], np.arange(len(chosen) + 1, dtype=np.int64), execution[chosen])
        return objective_of(self.evaluation.evaluate(jobs), objective)

    def under(self, execution: Ints) -> HeldVariants:
        """The same choices under another execution, (J,), with which they hold the same."""
        problem = self.plan.problem
        found = HeldVariants(
            plan=self.plan,
            rows=self.rows,
            execution=execution,
            sampled=self.sampled,
            passes=self.passes,
            reads=self.reads,
        )
        for first, patterns in self.patterns():
            cells = [int(execution[first + each.jobs[0]]) for each in patterns]
            found.kept.append(
                (
                    first,
                    [
                        each._replace(payoff=int(problem.payoff_of[cell]), cost=int(problem.cost_of[cell]))
                        for each, cell in zip(patterns, cells, strict=True)
                    ],
                )
            )
        return found

    def _ranges(self, executions: Sequence[Ints], objective: str) -> tuple[Floats, Floats]:
        problem = self.plan.problem
        least, most = (np.empty((len(executions), len(self))) for _ in range(2))
        for first, patterns in self.patterns():
            for each in patterns:
                places = first + each.jobs
                # The choices of a set of patterns have one execution under each environment.
                cells = [int(execution[places[0]]) for execution in executions]
                tables = [(int(problem.payoff_of[cell]), int(problem.cost_of[cell])) for cell in cells]
                least[:, places], most[:, places] = objective_ranges(problem, each, tables, objective)
        return least, most


def environment_choices(
    evaluation: GridEvaluation,
    choices: Choices,
    numbers: Ints,
    passes: Passes,
    sampled: str,
    reads: tuple[PriceRead, ...],
) -> EnvironmentChoices:
    """The choices of these numbers that differ in what they hold. sampled: what was drawn from what. reads: prices
    of legs that signals read."""
    plan = evaluation.plan
    grid = ListedGrid(plan, choices.whole_index(numbers))
    parts: list[tuple[Array, Ints, Ints]] = []
    for number in range(grid.pieces):
        piece = grid.piece(number)
        jobs = piece.work.jobs()
        first = np.unique(piece.job_of, return_index=True)[1]
        parts.append((np.repeat(jobs.rows, np.diff(jobs.first), axis=0), jobs.execution, piece.variants[first]))
    rows, execution, variants = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(variants)
    rows, execution, variants = rows[order], execution[order], variants[order]
    problem, days = plan.problem, plan.days_in_sample
    listed = HoldingPeriodLister(problem, problem.returns.shape[2])(
        Jobs(rows, np.arange(len(rows) + 1, dtype=np.int64), execution)
    )
    different = _different(listed)
    held = listed if len(different) == len(rows) else listed.take(different)
    inside = held.periods[:, 0] < days
    switches = np.add.reduceat(inside.astype(np.int64), held.begins[:-1]) - 1
    patterns = find_patterns(problem, held._replace(days=days))
    largest = np.empty(len(different))
    for each in patterns:
        largest[each.jobs] = days_held(each, problem.allocations).max(axis=1) / days
    found = EnvironmentChoices(
        plan=plan,
        rows=rows[different],
        execution=execution[different],
        sampled=sampled,
        passes=passes,
        reads=reads,
        evaluation=evaluation,
        numbers=choices.numbers(variants[different]),
        eligible=are_eligible(switches, largest),
    )
    found.kept.append((0, patterns))
    return found


def base_choices(evaluation: GridEvaluation, choices: Choices, population: Population) -> EnvironmentChoices:
    """All choices at the base's environment, from their population, with the patterns that it has kept."""
    found = EnvironmentChoices(
        plan=population.plan,
        rows=population.rows,
        execution=population.execution,
        passes=population.passes,
        reads=population.reads,
        evaluation=evaluation,
        numbers=choices.numbers(population.index),
        eligible=eligible_choices(population),
    )
    found.kept.extend(population.kept)
    return found


def _different(held: HoldingPeriods) -> Ints:
    """The first of all jobs that hold the same under the same execution, ascending: by a 64-bit hash."""
    mixed = np.ascontiguousarray(held.periods).view(np.uint64).ravel() * _FIRST  # first day and allocation of each
    mixed ^= mixed >> np.uint64(29)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(32)
    # The first days of a job's periods differ, so that a sum stands for the set of them.
    hashes = np.add.reduceat(mixed, held.begins[:-1]) * _FIRST + held.execution.astype(np.uint64)
    return np.sort(np.unique(hashes, return_index=True)[1]).astype(np.int64)


def _near(least: Floats, most: Floats, chosen: Bools) -> Bools:
    """(J,) which variants among ``chosen`` could have the highest value. least, most: (J,) of each."""
    known = chosen & np.isfinite(least)
    near: Bools = known & (most >= least[known].max()) if known.any() else chosen
    return near
