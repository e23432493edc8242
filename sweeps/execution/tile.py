"""One tile: evaluate its pieces, tally them, and keep every variant's metrics where the grid is small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import objective_of
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.execution.reduced_tile import reduce_piece
from gridproof.sweeps.plan.grid import Grid, ListedGrid, ProductGrid, draw_sample, reducer_of
from gridproof.sweeps.plan.plan import Plan

# Variants that say where the histogram's edges lie, and its bins.
_PILOT = 4096
_BINS = 200


@dataclass(frozen=True)
class Yardstick:
    """What every tile is measured against: histogram edges, and the base's objective in sample and after."""

    edges: Floats
    base: tuple[float, float]


def run_tile(
    plan: Plan,
    grid: Grid,
    low: int,
    high: int,
    yardstick: Yardstick,
    keep_rows: bool,
    advance: Callable[[int], None],
) -> tuple[Tally, npt.NDArray[np.float32] | None]:
    """Evaluate pieces [low, high). ``advance`` hears how many variants each piece finished."""
    space = plan.study.space
    tally = Tally.empty(space.dims, len(yardstick.edges) - 1, len(plan.study.signals) + 1)
    kept = []
    reducer = reducer_of(plan, grid)
    for number in range(low, high):
        if reducer is not None and isinstance(grid, ProductGrid):
            floor = float(tally.best_value[-1]) if len(tally.best_value) == KEPT else -np.inf
            tally.merge(reduce_piece(plan, grid, number, reducer, yardstick.edges, yardstick.base, floor))
            first, last = grid.bounds(number)
            advance(last - first)
            continue
        piece = grid.piece(number)
        metrics = plan.evaluate(piece.work)
        objective = plan.study.spec.objective
        values = objective_of(metrics, objective)[piece.job_of]
        after = objective_of(metrics, objective, 1)[piece.job_of] if metrics.shape[1] > 1 else None
        tally.add(
            piece.positions,
            piece.variants,
            values,
            after,
            piece.keys,
            piece.job_of,
            yardstick.edges,
            yardstick.base,
        )
        if keep_rows:
            kept.append(metrics.astype(np.float32)[piece.job_of])
        advance(len(piece.variants))
    return tally, np.concatenate(kept) if keep_rows else None


def evaluate_listed(plan: Plan, grid: Grid) -> Floats:
    """Metrics of every variant of a short list, in its order, (n, S, 12 + A)."""
    parts = [np.empty((0, plan.problem.segments, len(METRICS) + plan.problem.allocations))]
    for number in range(grid.pieces):
        piece = grid.piece(number)
        parts.append(plan.evaluate(piece.work)[piece.job_of])
    return np.concatenate(parts)


def build_yardstick(plan: Plan, grid: Grid) -> Yardstick:
    """Histogram edges around a pilot of some thousand variants, and the base; the same for every tile and resume."""
    space, objective = plan.study.space, plan.study.spec.objective
    pilot = evaluate_listed(plan, ListedGrid(plan, draw_sample(space.size, min(_PILOT, space.size))))
    own = plan.evaluate(grid.alone(space.base_index).work)
    values = np.append(objective_of(pilot, objective), objective_of(own, objective))
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.1 * (high - low) or 0.5
    edges = np.linspace(low - margin, high + margin, _BINS + 1)
    after = float(objective_of(own, objective, 1)[0]) if own.shape[1] > 1 else np.nan
    return Yardstick(edges, (float(objective_of(own, objective)[0]), after))
