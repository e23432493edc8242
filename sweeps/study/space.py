"""The space of a study: its axes, which signal uses which, and the grid's index arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter of the study. ``path``: its keys in the study file.

    ``searched``: the range within which a search may choose any number; None: it chooses among the values.
    """

    name: str
    path: tuple[str, ...]
    values: AxisValues
    searched: AxisRange | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """Axes in grid order, the last varying fastest: first those that several signals share, then each signal's own,
    last those of the execution. ``uses``: for each signal the positions of its axes, ascending."""

    axes: tuple[Axis, ...]
    uses: Mapping[str, tuple[int, ...]]
    shared: int  # how many leading axes several signals use
    executing: int  # how many trailing axes belong to the execution
    base: tuple[int, ...]  # the published variant's position on each axis
    owners: Mapping[str, str]  # for each parameter the axis it takes its value from: its own, or the one it is tied to

    def narrowed(self, values: Mapping[str, Sequence[Value]]) -> Space:
        """The same axes with other values on some of them; the base stays where they have its value, else the first."""
        axes, base = [], []
        for axis, digit in zip(self.axes, self.base, strict=True):
            chosen = axis_values(values.get(axis.name, axis.values))
            axes.append(replace(axis, values=chosen))
            base.append(chosen.index(axis.values[digit]) if axis.values[digit] in chosen else 0)
        return replace(self, axes=tuple(axes), base=tuple(base))

    @property
    def dims(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def size(self) -> int:
        return prod(self.dims)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.axes)

    def position(self, parameter: str) -> int:
        """The position of the axis from which a parameter takes its value."""
        return self.names.index(self.owners[parameter])

    @property
    def base_index(self) -> int:
        return self.index(self.base)

    def index(self, digits: Sequence[int]) -> int:
        """The grid index of a variant, from its position on each axis."""
        index = 0
        for size, digit in zip(self.dims, digits, strict=True):
            index = index * size + int(digit)
        return index

    def digits(self, index: Ints) -> Ints:
        """(n,) grid indices to (n, axes) positions on each axis."""
        result = np.empty((len(index), len(self.axes)), dtype=np.int64)
        rest = index
        for axis in range(len(self.axes) - 1, -1, -1):
            rest, result[:, axis] = np.divmod(rest, len(self.axes[axis].values))
        return result

    def execution(self, index: int) -> int:
        """Which of the executions a variant has: their axes are the last, so they vary fastest."""
        return index % prod(self.dims[len(self.dims) - self.executing :])

    def slice_through_base(self, x: int, y: int) -> Ints:
        """The grid indices over two axes, all others at the base: x down, y across, row by row."""
        down, across = (part.ravel().astype(np.int64) for part in np.indices((self.dims[x], self.dims[y])))
        first, second = prod(self.dims[x + 1 :]), prod(self.dims[y + 1 :])
        return self.base_index + (down - self.base[x]) * first + (across - self.base[y]) * second

    def parameters(self, index: int) -> dict[str, Value]:
        """A variant by name and value."""
        digits = self.digits(np.array([index], dtype=np.int64))[0]
        return {axis.name: axis.values[digit] for axis, digit in zip(self.axes, digits, strict=True)}
