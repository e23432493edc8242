"""The finished trials of a grid: ranges of grid indices, single indices, rows of values and boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np

from gridproof.kernels.arrays import Bools, Ints
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values


@dataclass(frozen=True, slots=True)
class TrialAxis:
    """One axis of a grid of trials. ``names``: the parameters that take its value, several if they are tied.

    ``values``: distinct values in grid order; empty if every trial is a row with its own values.
    """

    names: tuple[str, ...]
    values: AxisValues

    def __post_init__(self) -> None:
        """Store equal values in the same form. A log range becomes a list: its rounding is not part of the ledger."""
        if isinstance(self.values, AxisRange) and self.values.scale == "log":
            object.__setattr__(self, "values", axis_values(tuple(self.values)))
        elif len(self.values) > 1:
            object.__setattr__(self, "values", axis_values(self.values))


@dataclass(frozen=True, slots=True)
class FinishedTrials:
    """The finished trials of one grid.

    ``ranges``: (n, 2) int64, ranges [low, high) of grid indices, last axis fastest. ``indices``: (m,) int64, grid
    indices of single variants. ``rows``: single variants by value, one value for each axis, on the grid or not.
    ``boxes``: some values for each axis, of which every combination was finished.
    """

    axes: tuple[TrialAxis, ...]
    ranges: Ints
    indices: Ints
    rows: tuple[tuple[Value, ...], ...] = ()
    boxes: tuple[tuple[AxisValues, ...], ...] = ()

    @property
    def dims(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)


def merge_ranges(ranges: Ints) -> Ints:
    """Returns the fewest ascending ranges that cover the same indices as (n, 2) ranges [low, high) in any order."""
    ranges = ranges[ranges[:, 0] < ranges[:, 1]]
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ranges[:, 1])
    begins = np.concatenate([[True], ranges[1:, 0] > reached[:-1]])
    return np.stack([ranges[begins, 0], reached[np.append(np.flatnonzero(begins)[1:] - 1, len(ranges) - 1)]], axis=1)


def within(ranges: Ints, indices: Ints) -> Bools:
    """Returns (n,) bool: whether each index lies in one of the merged ranges. False for a negative index."""
    after = np.searchsorted(ranges[:, 0], indices, side="right")
    ends = np.concatenate([[0], ranges[:, 1]])
    inside: Bools = indices < ends[after]
    return inside & (indices >= 0)


def digits_of(indices: Ints, dims: Sequence[int]) -> Ints:
    """Returns the (n, axes) positions on each axis for (n,) grid indices."""
    digits = np.empty((len(indices), len(dims)), dtype=np.int64)
    rest = indices
    for axis in range(len(dims) - 1, -1, -1):
        if len(indices):
            rest, digits[:, axis] = np.divmod(rest, dims[axis])
    return digits


Box: TypeAlias = list[tuple[int, int]]  # positions [start, stop) on every axis


def range_boxes(low: int, high: int, dims: Sequence[int]) -> Iterator[Box]:
    """Yields disjoint boxes that cover the range [low, high) of a grid, at most two for each axis."""
    if not dims:
        yield from [[]] if low < high else []
        return
    inner = prod(dims[1:])
    rest = [(0, size) for size in dims[1:]]
    first, last = -(-low // inner), high // inner
    if first > last:
        for box in range_boxes(low - last * inner, high - last * inner, dims[1:]):
            yield [(last, last + 1), *box]
        return
    if low < first * inner:
        for box in range_boxes(low - (first - 1) * inner, inner, dims[1:]):
            yield [(first - 1, first), *box]
    if first < last:
        yield [(first, last), *rest]
    if high > last * inner:
        for box in range_boxes(0, high - last * inner, dims[1:]):
            yield [(last, last + 1), *box]
