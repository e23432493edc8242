"""Neighbourhoods on a grid of values: a cell and the cells one and two steps away along each axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

STEPS = 2
# A thread takes at least so many rows at once.
_ROWS = 64


def best_neighbourhood(
    values: Floats, dims: Sequence[int], allowed: Bools | None = None, quantile: float = 0.25
) -> tuple[int, float]:
    """The cell whose neighbourhood has the highest lower quantile, and that quantile.

    values: (n,) over a grid of these dims, C order; larger is better. A neighbourhood is a cell and up to 4 others an
    axis, fewer at an edge; its quantile is the ⌊(m − 1)·quantile⌋-th smallest of its m values. An undefined value (NaN)
    counts as the least defined one. ``allowed``: (n,) the cells that may be chosen; they need a value. Of equal ones
    the lowest index. Returns (−1, NaN) where no cell may be chosen.
    """
    eligible = np.isfinite(values) if allowed is None else np.isfinite(values) & allowed
    if not eligible.any():
        return -1, float("nan")
    filled = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
    # Axes with one value have no neighbours. Where every axis has one value, one axis is kept.
    sizes = np.array([size for size in dims if size > 1] or [1], dtype=np.int64)
    bounds = np.empty(len(filled))
    slack = 1e-12 * float(np.abs(filled).max())
    run_ranges(_bound, len(filled) // int(sizes[-1]), filled, sizes, quantile, slack, bounds, least=_ROWS)
    bounds[~eligible] = -np.inf
    best, reached = _best(filled, sizes, quantile, bounds, int(np.argmax(bounds)))
    return int(best), float(reached)


@jit(nogil=True)
def _bound(low: int, high: int, values: Floats, dims: Ints, quantile: float, slack: float, bounds: Floats) -> None:
    """An upper bound of each neighbourhood's quantile q, the k-th smallest of m values: q ≤ (Σ − k·min) / (m − k).

    ``slack`` is added for rounding. Rows [low, high) of the last axis, one at a time: the neighbours of a row on the
    other axes are rows as well.
    """
    width = dims[-1]
    for row in range(low, high):
        first = row * width
        total = values[first : first + width].copy()
        least = total.copy()
        count, stride = 1, width
        for axis in range(len(dims) - 2, -1, -1):
            place = first // stride % dims[axis]
            for step in range(-min(STEPS, place), min(STEPS, dims[axis] - 1 - place) + 1):
                if step != 0:
                    begin = first + step * stride
                    for at in range(width):
                        value = values[begin + at]
                        total[at] += value
                        least[at] = min(least[at], value)
                    count += 1
            stride *= dims[axis]
        for at in range(width):
            many = count
            for step in range(-min(STEPS, at), min(STEPS, width - 1 - at) + 1):
                if step != 0:
                    value = values[first + at + step]
                    total[at] += value
                    least[at] = min(least[at], value)
                    many += 1
            below = int((many - 1) * quantile)
            bounds[first + at] = (total[at] - below * least[at]) / (many - below) + slack


@jit()
def _best(values: Floats, dims: Ints, quantile: float, bounds: Floats, first: int) -> tuple[int, float]:
    """Compute the quantile of the cell with the highest bound, then of every cell whose bound reaches the best."""
    around = np.empty(1 + 2 * STEPS * len(dims))
    best, reached = first, _quantile(values, dims, quantile, first, around)
    for cell in range(len(values)):
        if bounds[cell] >= reached:
            found = _quantile(values, dims, quantile, cell, around)
            if found > reached or (found == reached and cell < best):
                best, reached = cell, found
    return best, reached


@jit()
def _quantile(values: Floats, dims: Ints, quantile: float, cell: int, around: Floats) -> float:
    around[0] = values[cell]
    count, stride = 1, 1
    for axis in range(len(dims) - 1, -1, -1):
        place = cell // stride % dims[axis]
        for step in range(-min(STEPS, place), min(STEPS, dims[axis] - 1 - place) + 1):
            if step != 0:
                around[count] = values[cell + step * stride]
                count += 1
        stride *= dims[axis]
    found: float = np.sort(around[:count])[int((count - 1) * quantile)]
    return found
