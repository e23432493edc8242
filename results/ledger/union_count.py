"""Counts the distinct variants in a union of grids, ranges of grids and single variants. The count is exact.

A variant is a value for every parameter. Two grids may differ in values, order of axes and ties; they overlap in the
variants that agree on every parameter, and those count once. The variants are not listed. Each range of a grid is split
into a few boxes. Values of a parameter that lie in the same boxes form a class, and all values of a class are counted
together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from math import prod
from operator import and_, or_
from typing import TypeAlias

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.results.ledger.defaults import completed
from gridproof.results.ledger.parameter_columns import ParameterColumns, part_boxes
from gridproof.results.ledger.ranges import Box, FinishedTrials, TrialAxis, merge_ranges, within


def count_distinct(finished: Sequence[FinishedTrials]) -> int:
    """Returns the number of distinct variants of all parts together, exact at any size.

    All parts must have the same parameters, except those that have a default. The time depends on the number of
    overlapping boxes, not on their size.
    """
    parts = _by_grid(completed(finished))
    if not parts:
        return 0
    layout = ParameterColumns(parts)
    return _count_boxes(layout) + _count_points(layout)


def _by_grid(finished: Sequence[FinishedTrials]) -> list[FinishedTrials]:
    """Returns one part for each grid and one for each box. Ranges are merged; indices inside a range are dropped."""
    grids: dict[tuple[TrialAxis, ...], list[FinishedTrials]] = {}
    for part in finished:
        grids.setdefault(part.axes, []).append(part)
        for box in part.boxes:
            axes = tuple(TrialAxis(axis.names, values) for axis, values in zip(part.axes, box, strict=True))
            whole = np.array([[0, prod(len(values) for values in box)]], dtype=np.int64)
            grids.setdefault(axes, []).append(FinishedTrials(axes, whole, np.empty(0, dtype=np.int64)))
    parts = []
    for axes, same in grids.items():
        ranges = merge_ranges(np.concatenate([part.ranges for part in same]))
        indices = np.unique(np.concatenate([part.indices for part in same]))
        rows = tuple(dict.fromkeys(row for part in same for row in part.rows))
        parts.append(FinishedTrials(axes, ranges, indices[~within(ranges, indices)], rows))
    return parts


Region: TypeAlias = tuple[int, ...]  # for each column the classes it contains, one bit for each class


def _count_boxes(layout: ParameterColumns) -> int:
    """Returns the number of variants in the union of all boxes.

    Groups of boxes that have no value in common on some column are counted separately. Within a group the largest box
    is counted as a whole. The space outside it is split into one region for each column, and the parts of the other
    boxes that lie in a region are counted in the same way.
    """
    touched = [part for part in layout.parts if len(part.ranges)]
    if len(touched) < 2:
        return sum(int((part.ranges[:, 1] - part.ranges[:, 0]).sum()) for part in touched)
    boxes = [(number, box) for number in range(len(layout.parts)) for box in part_boxes(layout, number)]
    columns = [_classes(layout, column, boxes) for column in range(len(layout.columns))]
    value_counts = [_ValueCounts(counts) for _, counts in columns]

    def volume(region: Region) -> int:
        return prod(each[classes] for each, classes in zip(value_counts, region, strict=True))

    total, waiting = 0, [list(zip(*(regions for regions, _ in columns), strict=True))]
    while waiting:
        regions = list(dict.fromkeys(waiting.pop()))
        if len(regions) <= 2:
            total += sum(volume(region) for region in regions)
            total -= volume(tuple(map(and_, *regions))) if len(regions) == 2 else 0
        elif groups := _separate(regions):
            waiting += groups
        else:
            largest = max(regions, key=volume)
            total += volume(largest)
            waiting += _outside(regions, largest)
    return total


class _ValueCounts(dict[int, int]):
    """The number of values in a set of classes of one column, cached. The key has one bit for each class."""

    def __init__(self, counts: Ints) -> None:
        super().__init__()
        self._counts = counts

    def __missing__(self, classes: int) -> int:
        raw = np.frombuffer(classes.to_bytes(-(-len(self._counts) // 8), "little"), dtype=np.uint8)
        inside = np.unpackbits(raw, count=len(self._counts), bitorder="little").astype(np.bool_)
        self[classes] = int(self._counts[inside].sum())
        return self[classes]


def _separate(regions: Sequence[Region]) -> list[list[Region]] | None:
    """Groups of regions that have no value in common on one of the columns; None if no column separates them."""
    for column in range(len(regions[0])):
        masks = dict.fromkeys(region[column] for region in regions)
        every = reduce(or_, masks)
        if every == sum(masks):  # the sum equals the union: no two masks have a bit in common
            if len(masks) > 1:
                sets: dict[int, list[Region]] = {mask: [] for mask in masks}
                for region in regions:
                    sets[region[column]].append(region)
                return list(sets.values())
            continue
        groups: list[int] = []
        for mask in masks:
            joined, others = mask, []
            for group in groups:
                if group & joined:
                    joined |= group
                else:
                    others.append(group)
            if joined == every:
                break
            groups = [joined, *others]
        else:
            return [[region for region in regions if region[column] & group] for group in groups]
    return None


def _outside(regions: Sequence[Region], pivot: Region) -> list[list[Region]]:
    """The parts of each region outside the pivot, grouped by the first column on which they lie outside."""
    outside: list[list[Region]] = [[] for _ in pivot]
    for region in regions:
        rest = region
        for column, inside in enumerate(pivot):
            if outer := rest[column] & ~inside:
                outside[column].append((*rest[:column], outer, *rest[column + 1 :]))
                if outer == rest[column]:
                    break
                rest = (*rest[:column], rest[column] & inside, *rest[column + 1 :])
    return [each for each in outside if each]


def _classes(layout: ParameterColumns, column: int, boxes: Sequence[tuple[int, Box]]) -> tuple[list[int], Ints]:
    """Group the values of a column into classes; two values are in one class if they lie in the same boxes.

    Returns for each box its classes, one bit for each class, and for each class the number of its values.
    """
    numbers: dict[bytes, int] = {}
    own = [numbers.setdefault(each[column].tobytes(), len(numbers)) for each in layout.lists]
    values = [np.frombuffer(raw, dtype=np.int64) for raw in numbers]
    cuts: list[set[int]] = [set() for _ in numbers]
    for number, box in boxes:
        cuts[own[number]].update(box[column])
    found = np.zeros(layout.sizes[column], dtype=np.int64)
    count = 1
    # Refine the classes list by list: a new class is an old class and an interval between the cuts of this list.
    for mine, edge_set in zip(values, cuts, strict=True):
        edges = np.array(sorted(edge_set), dtype=np.int64)
        interval = np.searchsorted(edges, np.arange(len(mine)), side="right")
        inside = (interval > 0) & (interval < len(edges))
        key = found[mine[inside]] * (len(edges) + 1) + interval[inside]
        kinds, place = np.unique(key, return_inverse=True)
        found[mine[inside]] = count + place.ravel()
        count += len(kinds)
    kinds, found = np.unique(found, return_inverse=True)

    @cache
    def among(which: int, start: int, stop: int) -> int:
        return sum(1 << at for at in np.unique(found[values[which][start:stop]]).tolist())

    return [among(own[number], *box[column]) for number, box in boxes], np.bincount(found, minlength=len(kinds))


def _count_points(layout: ParameterColumns) -> int:
    """Returns the number of distinct single variants that lie in no range of any grid."""
    points = np.concatenate(layout.points)
    lookup = _PointIndex(points)
    counted = np.zeros(len(points), dtype=np.bool_)
    for number, part in enumerate(layout.parts):
        if len(points) and len(part.ranges):
            candidates = lookup(layout.lists[number])
            counted[candidates] |= within(part.ranges, _indices(layout, number, points[candidates]))
    points = points[~counted]
    key = np.zeros(len(points), dtype=np.int64)
    span = 1
    for column, size in enumerate(layout.sizes):
        if span * size >= 2**62:
            key = np.unique(key, return_inverse=True)[1].ravel()
            span = len(points) + 1
        key = key * size + points[:, column]
        span *= size
    return len(np.unique(key))


class _PointIndex:
    """Single variants sorted by each column: narrows those to be compared with a part that has constant columns."""

    def __init__(self, points: Ints) -> None:
        self._order = np.argsort(points, axis=0, kind="stable")
        self._sorted = np.take_along_axis(points, self._order, axis=0)

    def __call__(self, lists: Sequence[Ints]) -> Ints:
        """Returns the variants that agree with a part on its most selective constant column; all if it has none."""
        low, high, best = 0, len(self._order), 0
        for column, values in enumerate(lists):
            if len(values) == 1:
                first, last = np.searchsorted(self._sorted[:, column], (values[0], values[0] + 1))
                if last - first < high - low:
                    low, high, best = int(first), int(last), column
        return self._order[low:high, best]


def _indices(layout: ParameterColumns, number: int, points: Ints) -> Ints:
    """Returns the grid index of each variant in the grid of one part; −1 if it is not on that grid."""
    part = layout.parts[number]
    digits = np.full((len(points), len(part.axes)), -1, dtype=np.int64)
    outside = np.zeros(len(points), dtype=np.bool_)
    for column, (axis, own) in enumerate(zip(layout.axes[number], layout.lists[number], strict=True)):
        place = np.full(layout.sizes[column], -1, dtype=np.int64)
        place[own] = np.arange(len(own))
        at = place[points[:, column]]
        outside |= at < 0
        if axis is not None:
            outside |= (digits[:, axis] >= 0) & (digits[:, axis] != at)
            digits[:, axis] = at
    index = np.zeros(len(points), dtype=np.int64)
    for axis, size in enumerate(part.dims):
        if size > 1:
            index = index * size + digits[:, axis]
    index[outside] = -1
    return index
