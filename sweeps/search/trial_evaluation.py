"""The findings of trials: a dense grid of levels each, or a point with those around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import numpy as np

from gridproof.kernels.aggregate.neighbourhood import best_neighbourhood
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import FLAT, METRICS
from gridproof.kernels.problem import Work
from gridproof.results.run.record import Record
from gridproof.sweeps.plan.grid import Grid, ProductGrid, whole_grid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import STATISTICS, Requirement, SearchObjective, lacking
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.study.values import Value
from gridproof.sweeps.verdict.strategy_statistics import number

_QUANTILE = 0.25
# Aims that need points around a point.
AROUND = ("plateau", "median", "lower_quartile", "best")
# Objectives that parts of the days add up to.
_ADDITIVE = ("sharpe", "cagr", "total_return")


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What a trial found. ``values``: of each aim; empty where the trial says nothing, for the reason ``why``."""

    values: tuple[float, ...]
    cells: int
    chosen: Choice
    metrics: Record
    violation: float  # 0 where the chosen cell meets all requirements
    why: str = ""

    def record(self) -> dict[str, Any]:
        return {"cells": self.cells, "chosen": self.chosen, "metrics": self.metrics, "violation": self.violation}


class TrialEvaluator(Protocol):
    """Evaluates choices, each by itself: what is found hangs on no other."""

    def find(self, choices: Sequence[Choice]) -> list[TrialResult]: ...


def nothing(why: str, cells: int = 0) -> TrialResult:
    """cells: so many were evaluated all the same."""
    return TrialResult((), cells, {}, {}, 0.0, why)


class CellEvaluator:
    """Each choice with a dense grid of the levels of its latches."""

    def __init__(
        self,
        ground: SearchContext,
        dimensions: Dimensions,
        aims: Sequence[SearchObjective],
        requirements: Sequence[Requirement],
    ) -> None:
        self._ground, self._dimensions = ground, dimensions
        self._aims, self._requirements = aims, requirements
        self._objective = METRICS.index(ground.study.spec.objective)

    def find(self, choices: Sequence[Choice]) -> list[TrialResult]:
        return [self._find(choice) for choice in choices]

    def _find(self, choice: Choice) -> TrialResult:
        part = self._ground.part(self._dimensions.grid(choice))
        try:
            tables = self._ground.tables(part)
        except InputError as error:
            return nothing(str(error))
        space = part.space
        plan = self._ground.whole.plan(part, tables, self._ground.backend)
        grid = whole_grid(plan, repeated=True)
        values, short = self._values(plan, grid)
        if not np.isfinite(values).any():
            return nothing(f"no cell of it has a {METRICS[self._objective]}", len(values))
        allowed = short == 0.0 if self._requirements else None
        with self._ground.clock.counting():
            cell, reached = best_neighbourhood(values, space.dims, allowed, _QUANTILE)
        if cell < 0:  # none meets the requirements: the one that lacks least, and what it lacks
            least = np.where(np.isfinite(values), short, np.inf)
            cell, reached = best_neighbourhood(values, space.dims, least == least.min(), _QUANTILE)
        found = {"plateau": reached}
        wanted = {aim.name for aim in self._aims}
        if wanted & {"median", "lower_quartile", "best"}:
            found |= _spread(values)
        if wanted & {"worst_period", "walk_forward"}:
            layout = self._ground.parts
            by_part, job_of = _all(layout.plan(part, tables, self._ground.backend))
            if "worst_period" in wanted:
                found["worst_period"] = _worst(by_part[job_of[cell], :, self._objective])
            if "walk_forward" in wanted:
                found["walk_forward"] = _walk_forward(by_part, job_of, space.dims, plan, layout.problem.bounds)
        row = plan.evaluate(grid.alone(cell).work)[0, 0]
        violation = float(short[cell]) if self._requirements else 0.0
        return _finding(self._aims, found, row, space.size, space.parameters(cell), violation)

    def _values(self, plan: Plan, grid: Grid) -> tuple[Floats, Floats]:
        """Of every cell the objective, and what it violation of the requirements; empty where there are none."""
        values, short = [], [np.empty(0)]
        for place in range(grid.pieces):
            work, spread = _work(plan, grid, place)
            metrics = plan.evaluate(work)[:, 0]
            values.append(spread(metrics[:, self._objective]))
            if self._requirements:
                short.append(spread(lacking(self._requirements, metrics)))
        return np.concatenate(values), np.concatenate(short)


def _work(plan: Plan, grid: Grid, place: int) -> tuple[Work, Callable[[Floats], Floats]]:
    """A piece, and how what its jobs come to is laid out over its cells; of a box no list of them is made."""
    if not isinstance(grid, ProductGrid) or not grid.boxed:
        piece = grid.piece(place)
        return piece.work, lambda found: found[piece.job_of]
    part = grid.part(place)
    sizes = [*(len(paths) for paths in part.distinct), len(part.cells)]

    def spread(found: Floats) -> Floats:
        laid = found.reshape(sizes)
        for axis, (paths, inverse) in enumerate(zip(part.distinct, part.inverses, strict=True)):
            if len(paths) < len(inverse):  # else each has a path of its own, in their order
                laid = laid.take(inverse, axis=axis)
        return laid.ravel()

    return plan.box(part.distinct, part.cells), spread


class PointEvaluator:
    """Each choice as one variant, and those one and two steps from it along each axis: all in one batch."""

    def __init__(
        self,
        ground: SearchContext,
        points_of: Callable[[Choice], list[Choice]],
        aims: Sequence[SearchObjective],
        requirements: Sequence[Requirement],
    ) -> None:
        """points_of: a choice and those around it."""
        self._ground, self._points_of = ground, points_of
        self._aims, self._requirements = aims, requirements
        self._objective = METRICS.index(ground.study.spec.objective)

    def find(self, choices: Sequence[Choice]) -> list[TrialResult]:
        groups = [self._points_of(choice) for choice in choices]
        points = [point for group in groups for point in group]
        columns = {name: np.array([point[name] for point in points], dtype=object) for name in points[0]}
        try:
            plan, jobs, job_of = self._ground.points(self._ground.whole, columns)
        except InputError as error:
            if len(choices) == 1:
                return [nothing(str(error))]
            half = len(choices) // 2
            return [*self.find(choices[:half]), *self.find(choices[half:])]
        metrics = plan.evaluate(jobs)[:, 0][job_of]
        by_part = None
        if any(aim.name == "worst_period" for aim in self._aims):
            sub, part_jobs, part_of = self._ground.points(self._ground.parts, columns)
            by_part = sub.evaluate(part_jobs)[part_of][:, :, self._objective]
        short = lacking(self._requirements, metrics)
        findings = []
        ends = list(accumulate(len(group) for group in groups))
        for group, end in zip(groups, ends, strict=True):
            first = end - len(group)
            own = metrics[first:end, self._objective]
            if not np.isfinite(own[0]):
                findings.append(nothing(f"it has no {METRICS[self._objective]}", len(group)))
                continue
            found = _spread(own)
            found["plateau"] = found["lower_quartile"]
            if by_part is not None:
                found["worst_period"] = _worst(by_part[first])
            findings.append(_finding(self._aims, found, metrics[first], len(group), group[0], float(short[first])))
        return findings


def check_aims(aims: Sequence[SearchObjective], study: Study, points: bool) -> None:
    """Raises InputError where a statistic cannot be had of this study, or of points."""
    if any(aim.name == "walk_forward" for aim in aims):
        where, objective = "--objective", study.spec.objective
        if points:
            rule, remedy = "walk_forward chooses among the cells of a trial", "Leave --points out, or use worst_period"
            raise InputError(rule, "single points", where, remedy)
        if objective not in _ADDITIVE:
            rule = f"walk_forward needs an objective that parts add up to: {', '.join(_ADDITIVE)}"
            raise InputError(rule, objective, where, "Use another")


def _spread(values: Floats) -> dict[str, float]:
    """Of all; an undefined one counts as the least defined one, as it does in a neighbourhood."""
    filled = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
    place = int((len(filled) - 1) * _QUANTILE)
    return {
        "median": float(np.median(filled)),
        "lower_quartile": float(np.partition(filled, place)[place]),
        "best": float(filled.max()),
    }


def _all(plan: Plan) -> tuple[Floats, Ints]:
    """Metrics of the distinct jobs of the whole grid by part, (J, S, 12 + A), and each cell's job."""
    grid = whole_grid(plan, repeated=True)
    rows, owners, jobs = [], [], 0
    for place in range(grid.pieces):
        piece = grid.piece(place)
        rows.append(plan.evaluate(piece.work))
        owners.append(piece.job_of + jobs)
        jobs += len(rows[-1])
    return np.concatenate(rows), np.concatenate(owners)


def _finding(
    aims: Sequence[SearchObjective],
    found: dict[str, float],
    row: Floats,
    cells: int,
    chosen: dict[str, Value],
    violation: float,
) -> TrialResult:
    metrics = {name: number(value) for name, value in zip(METRICS, row, strict=False)}
    values = tuple(found[aim.name] if aim.name in STATISTICS else float(row[METRICS.index(aim.name)]) for aim in aims)
    if not np.isfinite(values).all():
        at = next(aim.name for aim, value in zip(aims, values, strict=True) if not np.isfinite(value))
        return TrialResult((), cells, chosen, metrics, violation, f"the chosen cell has no {at}")
    return TrialResult(values, cells, chosen, metrics, violation)


def _worst(values: Floats) -> float:
    """Of (K,) parts; one without a value counts as nil: nothing was earned or lost there that swings."""
    return float(np.where(np.isfinite(values), values, 0.0).min())


def _walk_forward(by_part: Floats, job_of: Any, dims: Sequence[int], plan: Plan, bounds: Any) -> float:
    """by_part: (J, K, 12 + A). The cell with the best neighbourhood on all parts before earns the next one."""
    problem, objective = plan.problem, plan.study.spec.objective
    lengths = np.diff(bounds).astype(np.float64)
    total, volatility, sharpe = (
        by_part[:, :, METRICS.index(name)] for name in ("total_return", "volatility", "sharpe")
    )
    growth = np.log1p(total)
    flat = ~(volatility > 0.0)
    with np.errstate(invalid="ignore"):
        mean = np.where(flat, np.expm1(growth / lengths), (sharpe * volatility + problem.risk_free) / problem.periods)
    sums = mean * lengths
    squares = np.where(flat, 0.0, volatility) ** 2 / problem.periods * (lengths - 1.0) + mean**2 * lengths

    def measure(inside: Floats, rows: Any, parts: Any) -> Floats:
        """Over the days ``inside``, of whichever parts; total return too by its annual growth, which ranks alike."""
        days = inside.sum()
        if objective != "sharpe":
            annual: Floats = np.expm1(growth[rows, parts].sum(axis=-1) * problem.periods / days)
            return annual
        first, second = sums[rows, parts].sum(axis=-1) / days, squares[rows, parts].sum(axis=-1) / days
        variance = (second - first**2) * days / (days - 1.0)
        still = variance <= FLAT * second
        spread = np.sqrt(np.where(still, 1.0, variance) * problem.periods)
        return np.where(still, np.nan, (first * problem.periods - problem.risk_free) / spread)

    held = []
    for parts in range(1, len(lengths)):
        cell, _ = best_neighbourhood(
            measure(lengths[:parts], slice(None), slice(0, parts))[job_of], dims, None, _QUANTILE
        )
        if cell >= 0:
            held.append((parts, int(job_of[cell])))
    if len(held) < len(lengths) - 1:
        return float("nan")
    rows, places = np.array([job for _, job in held]), np.array([part for part, _ in held])
    inside = lengths[places]
    if objective == "total_return":
        return float(np.expm1(growth[rows, places].sum()))
    return float(measure(inside, rows, places))
