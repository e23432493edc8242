"""One tile: evaluates its pieces, tallies them, and keeps every variant's metrics where the grid is small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.aggregate.reduction import Reducer
from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Evaluator
from gridproof.results.run.record import objective_of
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.reduced_tile import reduce_box
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.piece import BoxPiece
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_sample

# Variants whose objectives decide the histogram's edges, and the number of its bins.
_PILOT = 4096
_BINS = 200


@dataclass(frozen=True)
class TallyScale:
    """What every tile is tallied with: the histogram's edges, and the base's objective in sample and after
    publication."""

    edges: Floats
    base: tuple[float, float]


def run_tile(
    grid: Grid,
    evaluate: Evaluator,
    low: int,
    high: int,
    scale: TallyScale,
    keep_rows: bool,
    advance: Callable[[int], None],
) -> tuple[Tally, npt.NDArray[np.float32] | None]:
    """Evaluate pieces [low, high). ``advance`` is called with the number of variants of each finished piece.

    Raises InputError if the grid is cut for a backend that reduces pieces itself, and ``evaluate`` cannot.
    """
    plan, choices = grid.plan, choices_of(grid.plan.study)
    tally = empty_tally(grid, scale)
    kept = []
    reducer = _reducer(evaluate) if grid.cut.reduced else None
    for number in range(low, high):
        if reducer is not None:
            _reduce(tally, plan, grid.box(number), reducer, scale)
            if tally.choices is not None:
                _reduce(tally.choices, plan, grid.choices_box(number), reducer, scale)
            first, last = grid.bounds(number)
            advance(last - first)
            continue
        piece = grid.piece(number)
        metrics = evaluate(piece.work)
        objective = plan.study.spec.objective
        values = objective_of(metrics, objective)[piece.job_of]
        after = objective_of(metrics, objective, 1)[piece.job_of] if metrics.shape[1] > 1 else None
        ranked = piece.keys, piece.job_of, scale.edges, scale.base
        tally.add(piece.positions, piece.variants, values, after, *ranked)
        if tally.choices is not None:
            chosen = np.flatnonzero(choices.among(piece.variants))
            variants, later = piece.variants[chosen], None if after is None else after[chosen]
            ranked = piece.keys, piece.job_of[chosen], scale.edges, scale.base
            tally.choices.add(choices.positions(variants), variants, values[chosen], later, *ranked)
        if keep_rows:
            kept.append(metrics.astype(np.float32)[piece.job_of])
        advance(len(piece.variants))
    return tally, np.concatenate(kept) if keep_rows else None


def empty_tally(grid: Grid, scale: TallyScale) -> Tally:
    """The tally of no variants of a grid, with one of their choices where not every variant is one."""
    study, choices = grid.plan.study, choices_of(grid.plan.study)
    inner = None if choices.everything else choices.space.dims
    return Tally.empty(study.space.dims, len(scale.edges) - 1, len(study.signals) + 1, inner)


def _reduce(tally: Tally, plan: Plan, part: BoxPiece | None, reducer: Reducer, scale: TallyScale) -> None:
    """Adds a box that the backend reduces."""
    if part is not None:
        floor = float(tally.best_value[-1]) if len(tally.best_value) == KEPT else -np.inf
        tally.merge_whole(reduce_box(plan, part, reducer, scale.edges, scale.base, floor))


def _reducer(evaluate: object) -> Reducer:
    if not isinstance(evaluate, Reducer):
        rule, remedy = "environment mismatch: this run's pieces are reduced by its backend", "Use the run's backend"
        raise InputError(rule, "a backend that does not reduce", "--backend", remedy)
    return evaluate


def build_tally_scale(evaluation: GridEvaluation) -> TallyScale:
    """Histogram edges around the objectives of a sample of variants, and the base's objective; the same for every tile
    and for every call that resumes the run."""
    space, objective = evaluation.plan.study.space, evaluation.plan.study.spec.objective
    pilot = evaluation.objectives(draw_sample(space.size, min(_PILOT, space.size)))
    own = evaluation.metrics(space.base_index)[None]
    values = np.append(pilot, objective_of(own, objective))
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.1 * (high - low) or 0.5
    edges = np.linspace(low - margin, high + margin, _BINS + 1)
    after = float(objective_of(own, objective, 1)[0]) if own.shape[1] > 1 else np.nan
    return TallyScale(edges, (float(objective_of(own, objective)[0]), after))
