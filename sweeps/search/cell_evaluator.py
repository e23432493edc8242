"""The evaluation of a trial with a dense grid of its threshold levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gridproof.kernels.aggregate.neighbourhood import best_neighbourhood
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import BY_NAME
from gridproof.kernels.problem import Work
from gridproof.sweeps.plan.grid import Grid, whole_grid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.signal_values import UndefinedSignalError
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import Requirement, SearchObjective, total_violation
from gridproof.sweeps.search.search_context import BoundPlan, SearchContext
from gridproof.sweeps.search.trial_result import TrialResult, pruned, trial_result
from gridproof.sweeps.search.trial_statistics import QUANTILE, spread_statistics, walk_forward, worst_period


class CellEvaluator:
    """Evaluates each choice together with all combinations of the levels of its latches: the cells of the trial."""

    def __init__(
        self,
        context: SearchContext,
        dimensions: Dimensions,
        objectives: Sequence[SearchObjective],
        requirements: Sequence[Requirement],
    ) -> None:
        self._context, self._dimensions = context, dimensions
        self._objectives, self._requirements = objectives, requirements
        self._objective = context.study.spec.objective
        self._column = BY_NAME[self._objective].column

    def evaluate(self, choices: Sequence[Choice]) -> list[TrialResult]:
        return [self._evaluate(choice) for choice in choices]

    def _evaluate(self, choice: Choice) -> TrialResult:
        context = self._context
        part = context.narrowed(self._dimensions.grid(choice))
        try:
            tables = context.path_tables(part)
        except UndefinedSignalError as error:
            return pruned(str(error))
        space = part.space
        bound = context.plan(part, tables, context.in_sample)
        grid = whole_grid(bound.plan, repeated=True)
        values, violations = self._values(bound, grid)
        if not np.isfinite(values).any():
            return pruned(f"no cell has a defined {BY_NAME[self._objective].label}", len(values))
        cell, plateau = self._choose(values, violations, space.dims)
        statistics = {"plateau": plateau}
        names = {objective.name for objective in self._objectives}
        if names & {"median", "lower_quartile", "best"}:
            statistics |= spread_statistics(values)
        if names & {"worst_period", "walk_forward"}:
            problem = context.parts.problem
            by_part, job_of = _all_metrics(context.plan(part, tables, context.parts))
            if "worst_period" in names:
                statistics["worst_period"] = worst_period(by_part[job_of[cell], :, self._column])
            if "walk_forward" in names:
                statistics["walk_forward"] = walk_forward(by_part, job_of, space.dims, problem, self._objective)
        row = bound.evaluate(grid.alone(cell).work)[0, 0]
        violation = float(violations[cell]) if self._requirements else 0.0
        return trial_result(self._objectives, statistics, row, space.size, space.parameters(cell), violation)

    def _choose(self, values: Floats, violations: Floats, dims: Sequence[int]) -> tuple[int, float]:
        """The cell with the best neighbourhood among those that meet the requirements, and its lower quartile.

        Where none meets them, among the cells that violate them least.
        """
        allowed = violations == 0.0 if self._requirements else None
        with self._context.clock.counting():
            cell, plateau = best_neighbourhood(values, dims, allowed, QUANTILE)
        if cell >= 0:
            return cell, plateau
        least = np.where(np.isfinite(values), violations, np.inf)
        return best_neighbourhood(values, dims, least == least.min(), QUANTILE)

    def _values(self, bound: BoundPlan, grid: Grid) -> tuple[Floats, Floats]:
        """The objective of each cell, and its violation of the requirements; (0,) where there are none."""
        values, violations = [], [np.empty(0)]
        for number in range(grid.pieces):
            work, to_cells = _work_and_cells(bound.plan, grid, number)
            metrics = bound.evaluate(work)[:, 0]
            values.append(to_cells(metrics[:, self._column]))
            if self._requirements:
                violations.append(to_cells(total_violation(self._requirements, metrics)))
        return np.concatenate(values), np.concatenate(violations)


def _work_and_cells(plan: Plan, grid: Grid, number: int) -> tuple[Work, Callable[[Floats], Floats]]:
    """The work of a piece, and the function that lays out one value for each of its jobs over its cells.

    The cells of a box are not listed.
    """
    part = grid.box(number)
    if part is None:
        piece = grid.piece(number)
        return piece.work, lambda by_job: by_job[piece.job_of]
    sizes = [*(len(paths) for paths in part.distinct), len(part.cells)]

    def to_cells(by_job: Floats) -> Floats:
        values = by_job.reshape(sizes)
        for axis, (paths, inverse) in enumerate(zip(part.distinct, part.inverses, strict=True)):
            if len(paths) < len(inverse):  # otherwise every combination has its own path, in the same order
                values = values.take(inverse, axis=axis)
        return values.ravel()

    return plan.box(part.distinct, part.cells), to_cells


def _all_metrics(bound: BoundPlan) -> tuple[Floats, Ints]:
    """The metrics of all distinct jobs of the grid by segment, (J, S, 12 + A), and each cell's job, (cells,)."""
    grid = whole_grid(bound.plan, repeated=True)
    rows, owners, jobs = [], [], 0
    for number in range(grid.pieces):
        piece = grid.piece(number)
        rows.append(bound.evaluate(piece.work))
        owners.append(piece.job_of + jobs)
        jobs += len(rows[-1])
    return np.concatenate(rows), np.concatenate(owners)
