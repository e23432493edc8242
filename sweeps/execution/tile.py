"""One tile: evaluates its pieces, tallies them, and keeps every variant's metrics where the grid is small enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from gridproof.kernels.aggregate.reduction import OverlappingReducer, Reducer
from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Evaluator
from gridproof.results.run.record import objective_of
from gridproof.results.run.tally import Tally
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.reduced_tile import ReducedTile
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.plan.grid import Grid
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


# The tally of a tile, and every variant's metrics, (n, S, 12 + A), where they are kept.
TileResult = tuple[Tally, npt.NDArray[np.float32] | None]


def begin_tile(
    grid: Grid,
    evaluate: Evaluator,
    low: int,
    high: int,
    scale: TallyScale,
    keep_rows: bool,
    advance: Callable[[int], None],
) -> Callable[[], TileResult]:
    """As ``run_tile``, which the returned function does. Where the backend works beside this process, see ``overlaps``,
    the first piece is begun at once. Raises nothing: what goes wrong, the returned function raises."""
    if not overlaps(grid, evaluate):
        return partial(run_tile, grid, evaluate, low, high, scale, keep_rows, advance)
    tile = ReducedTile(grid, _reducer(evaluate), low, high, scale.edges, scale.base, empty_tally(grid, scale))
    try:
        tile.begin()
    except Exception as error:  # noqa: BLE001 - it is this tile's, and an earlier one is still under way
        return partial(_raise, error)
    return lambda: (tile.finish(advance), None)


def overlaps(grid: Grid, evaluate: Evaluator) -> bool:
    """Whether a tile of this grid can be under way while the next is begun."""
    return grid.cut.reduced and isinstance(evaluate, OverlappingReducer)


def run_tile(
    grid: Grid,
    evaluate: Evaluator,
    low: int,
    high: int,
    scale: TallyScale,
    keep_rows: bool,
    advance: Callable[[int], None],
) -> TileResult:
    """Evaluate pieces [low, high). ``advance`` is called with the number of variants of each finished piece.

    Raises InputError if the grid is cut for a backend that reduces pieces itself, and ``evaluate`` cannot.
    """
    plan, choices = grid.plan, choices_of(grid.plan.study)
    tally = empty_tally(grid, scale)
    if grid.cut.reduced:
        return ReducedTile(grid, _reducer(evaluate), low, high, scale.edges, scale.base, tally).finish(advance), None
    kept = []
    for number in range(low, high):
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


def _reducer(evaluate: object) -> Reducer:
    if not isinstance(evaluate, Reducer):
        rule, remedy = "environment mismatch: this run's pieces are reduced by its backend", "Use the run's backend"
        raise InputError(rule, "a backend that does not reduce", "--backend", remedy)
    return evaluate


def _raise(error: Exception) -> NoReturn:
    raise error


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
