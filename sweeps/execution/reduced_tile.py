"""A piece of the grid reduced by the backend itself: what is asked, and the answer as a tally."""

from __future__ import annotations

from math import prod

import numpy as np

from gridproof.kernels.aggregate.reduction import Reducer, ReductionRequest
from gridproof.kernels.arrays import Floats
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.plan.grid import Grid


def reduce_piece(
    grid: Grid, number: int, reducer: Reducer, edges: Floats, base: tuple[float, float], floor: float
) -> Tally:
    """The tally of a piece, but for variants below the floor, which are not among the best."""
    plan, space = grid.plan, grid.plan.study.space
    part = grid.box(number)
    assert part is not None
    answer = reducer.reduce(
        ReductionRequest(
            plan.box(part.distinct, part.cells), part.inverses, part.spans, space.dims, plan.study.spec.objective,
            edges, base, KEPT, floor,
        )
    )  # fmt: skip
    # The first combination of parameters that has a path stands for it: it has the lowest index.
    variant = np.zeros(len(answer.job), dtype=np.int64)
    keys = np.empty((len(answer.job), len(part.distinct) + 1), dtype=np.int64)
    sizes = [len(paths) for paths in part.distinct]
    for at, (paths, inverse) in enumerate(zip(part.distinct, part.inverses, strict=True)):
        path = answer.job // prod(sizes[at + 1 :]) % sizes[at]
        first = np.unique(inverse, return_index=True)[1]
        variant = variant * len(inverse) + first[path]
        keys[:, at] = paths[path]
    keys[:, -1] = part.cells[answer.execution]
    index = part.low + variant * len(part.cells) + answer.execution
    order = np.lexsort((index, -answer.value))[:KEPT]
    return Tally(
        answer.counters, answer.histogram, answer.surfaces, answer.value[order], index[order], keys[order]
    )  # fmt: skip
