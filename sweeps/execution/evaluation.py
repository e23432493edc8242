"""A grid with the function that evaluates it: single variants after the sweep, such as base and best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Evaluator
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Point, Points

# What is evaluated twice, by another backend or in another form, must be the same to this.
AGREE = 1e-7


class GridEvaluation:
    """Evaluates variants of a grid. Points evaluated in full are kept, so none is evaluated twice.

    evaluate: ``plan.problem`` bound to the backend of the run.
    """

    def __init__(self, grid: Grid, evaluate: Evaluator, points: Points) -> None:
        self.grid, self.evaluate, self.points = grid, evaluate, points
        self._metrics: dict[int, Floats] = {}
        self._points: dict[int, Point] = {}

    @property
    def plan(self) -> Plan:
        return self.grid.plan

    def metrics(self, index: int) -> Floats:
        """Metrics of one variant (S, 12 + A), with the same bits as within the grid."""
        if index not in self._metrics:
            self._metrics[index] = self.evaluate(self.grid.alone(index).work)[0]
        return self._metrics[index]

    def point(self, index: int) -> Point:
        """Evaluates one variant by the reference. Raises RuntimeError if the backend of the run disagrees."""
        if index not in self._points:
            point = self.points.at(self.plan.study.space.parameters(index))
            _check_agreement(index, self.metrics(index), point)
            self._points[index] = point
        return self._points[index]

    def listed(self, variants: Ints) -> Floats:
        """Metrics (n, S, 12 + A) of the different variants among ``variants``, by ascending index."""
        return evaluate_grid(ListedGrid(self.plan, variants), self.evaluate)

    def in_sample(self, variants: Ints, names: Sequence[str]) -> Floats:
        """Metrics in sample (n, K) of the different variants among ``variants``, by ascending index; K: the names."""
        grid, columns = ListedGrid(self.plan, variants), [METRICS.index(name) for name in names]
        pieces = map(grid.piece, range(grid.pieces))
        return np.concatenate([self.evaluate(one.work)[one.job_of][:, 0, columns] for one in pieces])

    def objectives(self, variants: Ints) -> Floats:
        """The objective in sample (n,) of the different variants among ``variants``, by ascending index."""
        return np.ascontiguousarray(self.in_sample(variants, [self.plan.study.spec.objective])[:, 0])


def evaluate_grid(grid: Grid, evaluate: Evaluator) -> Floats:
    """Metrics of every variant of a short grid, in its order, (n, S, 12 + A)."""
    problem = grid.plan.problem
    parts = [np.empty((0, problem.segments, len(METRICS) + problem.allocations))]
    for number in range(grid.pieces):
        piece = grid.piece(number)
        parts.append(evaluate(piece.work)[piece.job_of])
    return np.concatenate(parts)


def _check_agreement(index: int, metrics: Floats, point: Point) -> None:
    for segment, exact in zip(metrics, (point.in_sample, point.after_publication), strict=False):
        assert exact is not None
        for name, value in zip(METRICS, segment, strict=False):
            right = np.nan if exact[name] is None else exact[name]
            if not np.isclose(value, right, rtol=AGREE, atol=AGREE, equal_nan=True):
                raise RuntimeError(f"variant {index}: {name} is {value} by the backend but {right} by the reference")
