"""Pieces that the backend reduces to a tally itself: the request to the backend, and the tally from its result."""

from __future__ import annotations

from math import prod

import numpy as np

from gridproof.kernels.aggregate.reduction import Reducer, ReductionRequest
from gridproof.kernels.arrays import Floats
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.plan.piece import BoxPiece
from gridproof.sweeps.plan.plan import Plan


def reduce_box(
    plan: Plan, part: BoxPiece, reducer: Reducer, edges: Floats, base: tuple[float, float], floor: float
) -> Tally:
    """The tally of a box. Variants with an objective below ``floor`` are left out of its best."""
    result = reducer.reduce(
        ReductionRequest(
            plan.box(part.distinct, part.cells), part.inverses, part.spans, part.space.dims, plan.study.spec.objective,
            edges, base, KEPT, floor,
        )
    )  # fmt: skip
    # Of equal variants the one with the lowest index is kept: the first combination of parameters with each path.
    variant = np.zeros(len(result.job), dtype=np.int64)
    keys = np.empty((len(result.job), len(part.distinct) + 1), dtype=np.int64)
    sizes = [len(paths) for paths in part.distinct]
    for at, (paths, inverse) in enumerate(zip(part.distinct, part.inverses, strict=True)):
        path = result.job // prod(sizes[at + 1 :]) % sizes[at]
        first = np.unique(inverse, return_index=True)[1]
        variant = variant * len(inverse) + first[path]
        keys[:, at] = paths[path]
    keys[:, -1] = part.cells[result.execution]
    index = part.variants(plan.study.space, variant * len(part.cells) + result.execution)
    order = np.lexsort((index, -result.value))[:KEPT]
    return Tally(
        result.counters, result.histogram, result.surfaces, result.value[order], index[order], keys[order]
    )  # fmt: skip
