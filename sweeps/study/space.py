"""The space of a study: its axes, the axes of each signal, and the index arithmetic of the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter of the study with its values. ``path``: its keys in the study file.

    ``searched``: the range in which a search may choose any number; None if it chooses among the values.
    """

    name: str
    path: tuple[str, ...]
    values: AxisValues
    searched: AxisRange | None = None

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers: counts may be numbers beside shares such as 10%, which are texts."""
        return isinstance(self.values, AxisRange) or not any(isinstance(value, str) for value in self.values)


@dataclass(frozen=True, slots=True)
class Space:
    """The axes in grid order, last axis fastest, and the base.

    First come the axes that several signals share, then the other axes of each signal, last those of the execution.
    ``uses``: for each signal the positions of its axes, ascending.
    """

    axes: tuple[Axis, ...]
    uses: Mapping[str, tuple[int, ...]]
    shared: int  # number of leading axes that several signals share
    executing: int  # number of trailing axes of the execution
    base: tuple[int, ...]  # the published variant's position on each axis
    owners: Mapping[str, str]  # for each parameter the axis that gives its value: its own, or the one it is tied to

    def narrowed(self, values: Mapping[str, Sequence[Value]]) -> Space:
        """Returns a copy with other values on some axes. Where they lack the base's value, their first is the base."""
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
        """Returns the position of the axis that gives a parameter its value."""
        return self.names.index(self.owners[parameter])

    def values_of(self, parameter: str) -> AxisValues:
        """Returns the values of the axis that gives a parameter its value."""
        return self.axes[self.position(parameter)].values

    @property
    def base_index(self) -> int:
        return self.index(self.base)

    def index(self, digits: Sequence[int]) -> int:
        """Returns the grid index of a variant from its position on each axis."""
        index = 0
        for size, digit in zip(self.dims, digits, strict=True):
            index = index * size + int(digit)
        return index

    def digits(self, index: Ints) -> Ints:
        """Returns the (n, axes) int64 positions on each axis for (n,) grid indices."""
        result = np.empty((len(index), len(self.axes)), dtype=np.int64)
        rest = index
        for axis in range(len(self.axes) - 1, -1, -1):
            rest, result[:, axis] = np.divmod(rest, len(self.axes[axis].values))
        return result

    def execution(self, index: int) -> int:
        """Returns the index of a variant within the trailing axes, those of the execution."""
        return index % prod(self.dims[len(self.dims) - self.executing :])

    def executions(self, variants: Ints) -> Ints:
        """Returns (n,) int64: ``execution`` of each of the variants, (n,)."""
        return np.asarray(variants, dtype=np.int64) % prod(self.dims[len(self.dims) - self.executing :])

    def slice_through_base(self, x: int, y: int) -> Ints:
        """Returns (nx * ny,) int64: the grid indices over axes x and y, all others at the base; y varies fastest."""
        down, across = (part.ravel().astype(np.int64) for part in np.indices((self.dims[x], self.dims[y])))
        first, second = prod(self.dims[x + 1 :]), prod(self.dims[y + 1 :])
        return self.base_index + (down - self.base[x]) * first + (across - self.base[y]) * second

    def parameters(self, index: int) -> dict[str, Value]:
        """Returns the value of a variant on each axis, by name."""
        digits = self.digits(np.array([index], dtype=np.int64))[0]
        return {axis.name: axis.values[digit] for axis, digit in zip(self.axes, digits, strict=True)}
