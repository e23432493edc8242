"""Common columns for the parameters of several grids, so that variants of different grids can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.results.axis_range import AxisValues, Value
from gridproof.results.ledger.ranges import Box, FinishedTrials, digits_of, range_boxes


class ParameterColumns:
    """Assigns each parameter to a column, and numbers the values of each column from 0 across all grids.

    Parameters that are tied in one grid, and set by at most one axis in every other grid, form one column whose values
    are tuples. Other tied parameters have a column each, so one axis may set several columns.
    """

    def __init__(self, parts: Sequence[FinishedTrials]) -> None:
        self.parts = parts
        self.columns = _columns(parts)
        self.axes: list[list[int | None]] = []  # for each part and column the axis that varies it; None: constant
        self.lists: list[list[Ints]] = []  # for each part and column the numbers of its values along that axis
        self.points: list[Ints] = []  # for each part (m, columns): its single variants by number
        numbers: list[dict[tuple[Value, ...], int]] = [{} for _ in self.columns]
        met: list[dict[tuple[AxisValues, ...], Ints]] = [{} for _ in self.columns]  # lists already numbered
        for part in parts:
            dims = part.dims
            position = {name: at for at, axis in enumerate(part.axes) for name in axis.names}
            moving: list[int | None] = []
            lists: list[Ints] = []
            for column, known, before in zip(self.columns, numbers, met, strict=True):
                own = [position[name] for name in column]
                moving.append(next((at for at in own if dims[at] > 1), None))
                key = tuple(part.axes[at].values for at in own)
                if key not in before:
                    several = max(dims[at] for at in own) if all(dims[at] for at in own) else 0
                    values = [tuple(each) * (several if len(each) == 1 else 1) for each in key]
                    before[key] = _numbered(list(zip(*values, strict=True)) if several else [], known)
                lists.append(before[key])
            self.axes.append(moving)
            self.lists.append(lists)
            digits = digits_of(part.indices, dims)
            listed = np.empty((len(part.indices) + len(part.rows), len(self.columns)), dtype=np.int64)
            for at, (column, known) in enumerate(zip(self.columns, numbers, strict=True)):
                axis = moving[at]
                where = digits[:, axis] if axis is not None else np.zeros(len(digits), dtype=np.int64)
                listed[: len(digits), at] = lists[at][where] if len(digits) else 0
                if part.rows:
                    rows = [tuple(row[position[name]] for name in column) for row in part.rows]
                    listed[len(digits) :, at] = _numbered(rows, known)
            self.points.append(listed)
        self.sizes = [len(known) for known in numbers]


def _numbered(values: Sequence[tuple[Value, ...]], known: dict[tuple[Value, ...], int]) -> Ints:
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def _columns(parts: Sequence[FinishedTrials]) -> list[tuple[str, ...]]:
    """Returns the columns, in the order of the first grid's axes. Tied parameters share one if every grid allows it."""
    group: dict[str, tuple[str, ...]] = {name: (name,) for axis in parts[0].axes for name in axis.names}
    for part in parts:
        for axis in part.axes:
            if len(axis.names) > 1 and len(axis.values) > 1:
                joined = tuple(dict.fromkeys(other for name in axis.names for other in group[name]))
                group |= dict.fromkeys(joined, joined)
    for joined in {column for column in group.values() if len(column) > 1}:
        for part in parts:
            moves = [axis for axis in part.axes if len(axis.values) > 1 and set(axis.names) & set(joined)]
            if len(moves) > 1:
                group |= {name: (name,) for name in joined}
    return list(dict.fromkeys(group.values()))


def part_boxes(columns: ParameterColumns, number: int) -> Iterator[Box]:
    """Yields the boxes of one part: for each column the positions on its axis.

    An axis that varies several columns yields one box for each of its values, because its variants are a diagonal of
    those columns and not a box.
    """
    part, moving = columns.parts[number], columns.axes[number]
    crossing = {axis for axis in moving if axis is not None and moving.count(axis) > 1}
    for low, high in part.ranges.tolist():
        for whole in range_boxes(low, high, part.dims):
            boxes = [whole]
            for axis in crossing:
                boxes = [[*box[:axis], (at, at + 1), *box[axis + 1 :]] for box in boxes for at in range(*box[axis])]
            for box in boxes:
                yield [(0, 1) if axis is None else box[axis] for axis in moving]
