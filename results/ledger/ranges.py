"""What was finished of a grid of trials: ranges of grid indices, single variants, rows of values."""

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
    """One axis of a grid of trials. ``names``: the parameters that take its value, more than one where they are tied.

    ``values``: different ones, in grid order; none where all trials are rows of their own values.
    """

    names: tuple[str, ...]
    values: AxisValues

    def __post_init__(self) -> None:
        """Give equal values the same form. A log range becomes a list: its rounding is not part of the ledger."""
        if isinstance(self.values, AxisRange) and self.values.scale == "log":
            object.__setattr__(self, "values", axis_values(tuple(self.values)))
        elif len(self.values) > 1:
            object.__setattr__(self, "values", axis_values(self.values))


@dataclass(frozen=True, slots=True)
class FinishedTrials:
    """What was finished of one grid: ``ranges`` (n, 2) of grid indices [low, high) in C order, the last axis fastest;
    ``indices`` (m,) of single variants; ``rows`` of values, one for each axis, on the grid or not; ``boxes``: for each
    axis values of their own, every combination of which was finished."""

    axes: tuple[TrialAxis, ...]
    ranges: Ints
    indices: Ints
    rows: tuple[tuple[Value, ...], ...] = ()
    boxes: tuple[tuple[AxisValues, ...], ...] = ()

    @property
    def dims(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)


def merge_ranges(ranges: Ints) -> Ints:
    """(n, 2) ranges [low, high), in any order and overlapping, to the fewest that cover the same, ascending."""
    ranges = ranges[ranges[:, 0] < ranges[:, 1]]
    if not len(ranges):
        return ranges
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ranges[:, 1])
    begins = np.concatenate([[True], ranges[1:, 0] > reached[:-1]])
    return np.stack([ranges[begins, 0], reached[np.append(np.flatnonzero(begins)[1:] - 1, len(ranges) - 1)]], axis=1)


def within(ranges: Ints, indices: Ints) -> Bools:
    """Whether each index lies in one of the merged ranges; none that is negative does."""
    after = np.searchsorted(ranges[:, 0], indices, side="right")
    ends = np.concatenate([[0], ranges[:, 1]])
    inside: Bools = indices < ends[after]
    return inside & (indices >= 0)


def digits_of(indices: Ints, dims: Sequence[int]) -> Ints:
    """(n,) grid indices to (n, axes) positions."""
    digits = np.empty((len(indices), len(dims)), dtype=np.int64)
    rest = indices
    for axis in range(len(dims) - 1, -1, -1):
        if len(indices):
            rest, digits[:, axis] = np.divmod(rest, dims[axis])
    return digits


Box: TypeAlias = list[tuple[int, int]]  # positions [start, stop) on every axis


def range_boxes(low: int, high: int, dims: Sequence[int]) -> Iterator[Box]:
    """The range [low, high) of a grid as disjoint boxes, at most two for each axis."""
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
