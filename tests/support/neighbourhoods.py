"""The best neighbourhood of a grid, written out as its definition says."""

from __future__ import annotations

import itertools

import numpy as np


def brute(values: np.ndarray, dims: tuple[int, ...], allowed: np.ndarray | None, quantile: float) -> tuple[int, float]:
    """As the definition says: a cell and those one and two steps away along each axis."""
    defined = np.isfinite(values)
    grid = np.where(defined, values, values[defined].min() if defined.any() else 0.0).reshape(dims)
    best, reached = -1, float("nan")
    for index, cell in enumerate(itertools.product(*map(range, dims))):
        if not defined[index] or (allowed is not None and not allowed[index]):
            continue
        near = [grid[cell]]
        for axis, size in enumerate(dims):
            for step in (-2, -1, 1, 2):
                if 0 <= cell[axis] + step < size:
                    near.append(grid[(*cell[:axis], cell[axis] + step, *cell[axis + 1 :])])
        own = sorted(near)[int((len(near) - 1) * quantile)]
        if best < 0 or own > reached:
            best, reached = index, own
    return best, reached
