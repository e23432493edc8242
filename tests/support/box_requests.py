"""Requests to reduce the boxes of a small grid."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.aggregate.reduction import AxisSpan, ReductionRequest
from gridproof.kernels.problem import Box


def box_requests(boxes: int) -> list[ReductionRequest]:
    """Boxes of a grid of three signals with 2, 6 and 6 paths: the first signal's are others in each box."""
    spans = ((AxisSpan(0, 0, 2),), (AxisSpan(1, 0, 2), AxisSpan(2, 0, 3)), (AxisSpan(3, 0, 6),), (AxisSpan(4, 0, 6),))
    places = tuple(np.array([bit]) for bit in range(3))
    found = []
    for number in range(boxes):
        firsts = (np.arange(2) + 2 * number, np.arange(6) + 6, np.arange(6) + 12)
        box = Box(tuple(first.astype(np.int32)[:, None] for first in firsts), places, np.arange(6))
        inverses = tuple(np.arange(size, dtype=np.int64) for size in (2, 6, 6))
        first = (AxisSpan(0, 2 * number, 2),)
        dims, edges = (2 * boxes, 2, 3, 6, 6), np.linspace(-3.0, 3.0, 7)
        found.append(
            ReductionRequest(box, inverses, (first, *spans[1:]), dims, "sharpe", edges, (0.1, 0.2), 9, -np.inf)
        )
    return found
