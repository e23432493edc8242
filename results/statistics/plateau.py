"""Whether a point is on a plateau of the objective or on a spike: how its neighbours compare with it.

The objective is an array with one dimension for each axis, larger is better. A point is a position on each axis. Steps
are along one axis at a time.

NaN policy: an undefined neighbour is left out of every median, mean and maximum, and counted. For an undefined point,
every number that compares with it is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Array, Floats
from gridproof.results.statistics.inputs import require

# Averages closer than this share of the largest value are equal.
_EQUAL = 1e-12


@dataclass(frozen=True)
class Plateau:
    score: float  # median neighbour / own value: a constant surface 1, a lone spike about 0; NaN unless own > 0
    neighbours: int  # defined ones, one and two steps away
    undefined: int  # of the neighbours
    edges: tuple[int, ...]  # axes on which the point is the first or last value: what lies beyond is not known
    peak: tuple[int, ...]  # where the locally averaged surface is highest; of equal ones the nearest
    distance: float  # from the point to the peak, in steps: √Σ steps²
    share: float  # of the defined cells within one standard error of the best, 0 to 1


@dataclass(frozen=True)
class Cliff:
    drop: float  # the largest loss one step away, in units of the objective; 0 if no neighbour is lower
    axis: int | None  # where
    step: int  # −1 or +1; 0 if no neighbour is lower
    undefined: int  # direct neighbours without a value


def plateau(values: npt.ArrayLike, point: Sequence[int], standard_error: float) -> Plateau:
    """Compares a point with its neighbours.

    values: the objective on the whole grid. standard_error: of the best cell's objective, in its units, ≥ 0. The local
    average is over all cells at most one step away on every axis, fewer at an edge. Raises InputError for a grid
    without a defined cell, for infinite values, and for a point outside the grid.

    >>> found = plateau([0.2, 0.9, 1.0, 0.9, 0.1], [2], standard_error=0.2)
    >>> found.score, found.neighbours, found.peak
    (0.55, 4, (2,))
    """
    where = "plateau"
    surface, position = _checked(values, point, where)
    sound = standard_error >= 0.0
    require(
        sound,
        "must not be negative",
        standard_error,
        f"{where}: standard_error",
        "Give the standard error of the best variant",
    )
    around = _neighbours(surface, position, (-2, -1, 1, 2))
    near = np.array([value for _, _, value in around])
    defined = near[~np.isnan(near)]
    own = float(surface[position])
    score = float(np.median(defined)) / own if len(defined) and own > 0.0 else np.nan
    last = [size - 1 for size in surface.shape]
    edges = tuple(axis for axis, place in enumerate(position) if last[axis] > 0 and place in (0, last[axis]))
    peak = _peak(surface, position)
    distance = math.dist(peak, position)
    inside = np.count_nonzero(surface >= np.nanmax(surface) - standard_error)
    share = inside / np.count_nonzero(~np.isnan(surface))
    return Plateau(score, len(defined), len(near) - len(defined), edges, peak, distance, share)


def cliff(values: npt.ArrayLike, point: Sequence[int]) -> Cliff:
    """The largest fall of the objective from a point to a direct neighbour. Arguments and errors as in plateau.

    >>> cliff([0.2, 0.9, 1.0, 0.4, 0.1], [2])
    Cliff(drop=0.6, axis=0, step=1, undefined=0)
    """
    surface, position = _checked(values, point, "cliff")
    around = _neighbours(surface, position, (-1, 1))
    undefined = sum(bool(np.isnan(value)) for _, _, value in around)
    own = float(surface[position])
    falls = [(own - value, axis, step) for axis, step, value in around if not np.isnan(value)]
    if np.isnan(own) or not falls:
        return Cliff(np.nan, None, 0, undefined)
    drop, axis, step = max(falls, key=lambda fall: fall[0])
    return Cliff(drop, axis, step, undefined) if drop > 0.0 else Cliff(0.0, None, 0, undefined)


def _checked(values: npt.ArrayLike, point: Sequence[int], where: str) -> tuple[Floats, tuple[int, ...]]:
    surface = np.asarray(values, dtype=np.float64)
    shaped = surface.ndim > 0 and not np.isinf(surface).any() and not np.isnan(surface).all()
    rule = "must be an array of finite numbers or NaN, not all of them NaN"
    require(shaped, rule, f"shape {surface.shape}", f"{where}: values", "Give one dimension for each axis")
    position = tuple(int(place) for place in point)
    inside = len(position) == surface.ndim and all(0 <= p < s for p, s in zip(position, surface.shape, strict=True))
    rule = f"must be one position on each axis of {surface.shape}"
    require(inside, rule, position, f"{where}: point", "Count from 0")
    return surface, position


def _neighbours(surface: Floats, position: tuple[int, ...], steps: Sequence[int]) -> list[tuple[int, int, float]]:
    """(axis, step, value) of every cell of the grid at one of the steps along one axis."""
    found = []
    for axis, place in enumerate(position):
        for step in steps:
            if 0 <= place + step < surface.shape[axis]:
                cell = (*position[:axis], place + step, *position[axis + 1 :])
                found.append((axis, step, float(surface[cell])))
    return found


def _peak(surface: Floats, position: tuple[int, ...]) -> tuple[int, ...]:
    defined = ~np.isnan(surface)
    sums, counts = np.where(defined, surface, 0.0), defined.astype(np.float64)
    for axis in range(surface.ndim):
        sums, counts = _box(sums, axis), _box(counts, axis)
    # Only what is itself defined can be the peak.
    average = np.divide(sums, counts, out=np.full(surface.shape, -np.inf), where=defined)
    highest = average.max()
    ties = np.argwhere(average >= highest - _EQUAL * abs(np.nanmax(np.abs(surface))))
    nearest = ties[((ties - np.array(position)) ** 2).sum(axis=1).argmin()]
    return tuple(int(place) for place in nearest)


def _box(values: Array, axis: int) -> Array:
    """Each cell with its two neighbours along the axis, summed."""
    total = values.copy()
    ahead, behind = [slice(None)] * values.ndim, [slice(None)] * values.ndim
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    total[tuple(ahead)] += values[tuple(behind)]
    total[tuple(behind)] += values[tuple(ahead)]
    return total
