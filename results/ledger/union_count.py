"""The union: how many different variants several grids, ranges of grids and single points come to, counted exactly.

A variant is the full assignment parameter → value. Grids of other values, of another order of axes or with other ties
overlap in the variants whose values agree on every parameter; those count once. Nothing is listed: a range of a grid
is a few boxes, the values of a parameter fall into classes that lie in the same boxes, and a class counts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from math import prod
from operator import and_, or_
from typing import TypeAlias

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.results.ledger.parameter_columns import ParameterColumns, part_boxes
from gridproof.results.ledger.ranges import Box, FinishedTrials, TrialAxis, merge_ranges, within


def count_distinct(finished: Sequence[FinishedTrials]) -> int:
    """How many different variants these are together, each counted once; exact at any size.

    All must name the same parameters. The time follows the number of boxes that overlap, not of their cells.
    """
    parts = _by_grid(finished)
    if not parts:
        return 0
    layout = ParameterColumns(parts)
    return _count_boxes(layout) + _count_points(layout)


def _by_grid(finished: Sequence[FinishedTrials]) -> list[FinishedTrials]:
    """One part for each grid, its ranges merged and without the indices that lie in them; a box is one by itself."""
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


Region: TypeAlias = tuple[int, ...]  # for each column the classes of its values, as bits


def _count_boxes(layout: ParameterColumns) -> int:
    """Cells in the union of all boxes.

    Sets of boxes with no value in common on some column are counted apart. Of what is left the largest box counts
    whole, and the space outside it falls into one region for each column, in which the others are cut down and
    counted again: those that lie in it vanish.
    """
    touched = [part for part in layout.parts if len(part.ranges)]
    if len(touched) < 2:
        return sum(int((part.ranges[:, 1] - part.ranges[:, 0]).sum()) for part in touched)
    boxes = [(number, box) for number in range(len(layout.parts)) for box in part_boxes(layout, number)]
    columns = [_classes(layout, column, boxes) for column in range(len(layout.columns))]
    width = [_Width(counts) for _, counts in columns]

    def volume(region: Region) -> int:
        return prod(each[classes] for each, classes in zip(width, region, strict=True))

    total, waiting = 0, [list(zip(*(regions for regions, _ in columns), strict=True))]
    while waiting:
        regions = list(dict.fromkeys(waiting.pop()))
        if len(regions) <= 2:
            total += sum(volume(region) for region in regions)
            total -= volume(tuple(map(and_, *regions))) if len(regions) == 2 else 0
        elif apart := _apart(regions):
            waiting += apart
        else:
            largest = max(regions, key=volume)
            total += volume(largest)
            waiting += _outside(regions, largest)
    return total


class _Width(dict[int, int]):
    """How many values some classes of a column have together."""

    def __init__(self, counts: Ints) -> None:
        super().__init__()
        self._counts = counts

    def __missing__(self, classes: int) -> int:
        raw = np.frombuffer(classes.to_bytes(-(-len(self._counts) // 8), "little"), dtype=np.uint8)
        inside = np.unpackbits(raw, count=len(self._counts), bitorder="little").astype(np.bool_)
        self[classes] = int(self._counts[inside].sum())
        return self[classes]


def _apart(regions: Sequence[Region]) -> list[list[Region]] | None:
    """Regions in sets that share no value on one of the columns; None where no column parts them."""
    for column in range(len(regions[0])):
        masks = dict.fromkeys(region[column] for region in regions)
        every = reduce(or_, masks)
        if every == sum(masks):  # as many bits in all as together: no two have one in common
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
    """What of each region lies outside the pivot, by the first column on which it does."""
    outside: list[list[Region]] = [[] for _ in pivot]
    for region in regions:
        rest = region
        for column, inside in enumerate(pivot):
            if beyond := rest[column] & ~inside:
                outside[column].append((*rest[:column], beyond, *rest[column + 1 :]))
                if beyond == rest[column]:
                    break
                rest = (*rest[:column], rest[column] & inside, *rest[column + 1 :])
    return [each for each in outside if each]


def _classes(layout: ParameterColumns, column: int, boxes: Sequence[tuple[int, Box]]) -> tuple[list[int], Ints]:
    """The values of a column fall into classes that lie in the same boxes: those of each box, as bits, and for each
    class how many values it has."""
    lists: dict[bytes, int] = {}
    own = [lists.setdefault(each[column].tobytes(), len(lists)) for each in layout.lists]
    values = [np.frombuffer(raw, dtype=np.int64) for raw in lists]
    cuts: list[set[int]] = [set() for _ in lists]
    for number, box in boxes:
        cuts[own[number]].update(box[column])
    found = np.zeros(layout.sizes[column], dtype=np.int64)
    many = 1
    # Refined list by list: what two values have in common so far, and the stretch between cuts that they lie in here.
    for mine, ends in zip(values, cuts, strict=True):
        edges = np.array(sorted(ends), dtype=np.int64)
        stretch = np.searchsorted(edges, np.arange(len(mine)), side="right")
        inside = (stretch > 0) & (stretch < len(edges))
        key = found[mine[inside]] * (len(edges) + 1) + stretch[inside]
        kinds, place = np.unique(key, return_inverse=True)
        found[mine[inside]] = many + place.ravel()
        many += len(kinds)
    kinds, found = np.unique(found, return_inverse=True)

    @cache
    def among(which: int, start: int, stop: int) -> int:
        return sum(1 << at for at in np.unique(found[values[which][start:stop]]).tolist())

    return [among(own[number], *box[column]) for number, box in boxes], np.bincount(found, minlength=len(kinds))


def _count_points(layout: ParameterColumns) -> int:
    """Single points that lie in no range of any grid, equal ones once."""
    points = np.concatenate(layout.points)
    near = _Near(points)
    counted = np.zeros(len(points), dtype=np.bool_)
    for number, part in enumerate(layout.parts):
        if len(points) and len(part.ranges):
            candidates = near(layout.lists[number])
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


class _Near:
    """Points by what they have on each column: a part that stands still on some has few to look at."""

    def __init__(self, points: Ints) -> None:
        self._order = np.argsort(points, axis=0, kind="stable")
        self._sorted = np.take_along_axis(points, self._order, axis=0)

    def __call__(self, lists: Sequence[Ints]) -> Ints:
        """Those that agree with a part on the column, of those where it has one value, on which the fewest do."""
        low, high, best = 0, len(self._order), 0
        for column, values in enumerate(lists):
            if len(values) == 1:
                first, last = np.searchsorted(self._sorted[:, column], (values[0], values[0] + 1))
                if last - first < high - low:
                    low, high, best = int(first), int(last), column
        return self._order[low:high, best]


def _indices(layout: ParameterColumns, number: int, points: Ints) -> Ints:
    """The grid index that each point has in one part's grid, −1 where it has none."""
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
