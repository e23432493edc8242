"""The choices of a study: its variants at one environment, by default the base's.

What a trader decides is a choice: thresholds, windows, the structure of the rule. What the market imposes is the
environment: lag, costs, carry, interest, releases and trading. Base and best are compared among the choices alone,
since the best of all variants would always be one without costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TypeVar

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.study import Study

Table = TypeVar("Table", Ints, Floats)


@dataclass(frozen=True)
class Choices:
    """The variants of a grid at one environment, numbered in the order of the grid.

    whole: the space of the grid. space: the same axes, those of the environment with one value. A choice has a number
    in ``space`` and an index in ``whole``. held: for each axis of the environment the position of its value in
    ``whole``.
    """

    whole: Space
    space: Space
    held: Mapping[int, int]

    @property
    def size(self) -> int:
        return self.space.size

    @cached_property
    def everything(self) -> bool:
        """Whether no axis of the environment has several values, so that every variant is a choice."""
        return self.space.dims == self.whole.dims

    @cached_property
    def _first(self) -> Ints:
        """(axes,) the position in ``whole`` of the first value of each axis of ``space``."""
        first = np.zeros(len(self.whole.axes), dtype=np.int64)
        for axis, digit in self.held.items():
            first[axis] = digit
        return first

    def whole_index(self, numbers: Ints) -> Ints:
        """Returns (n,) int64: the index in the whole grid of the choices with these numbers, (n,)."""
        rest = np.asarray(numbers, dtype=np.int64)
        index = np.zeros(len(rest), dtype=np.int64)
        stride = 1
        for axis in range(len(self.whole.axes) - 1, -1, -1):
            rest, digit = np.divmod(rest, len(self.space.axes[axis].values))
            index += (digit + self._first[axis]) * stride
            stride *= len(self.whole.axes[axis].values)
        return index

    def among(self, variants: Ints) -> Bools:
        """Returns (n,): whether variants of the whole grid, (n,) by index, are choices."""
        index = np.asarray(variants, dtype=np.int64)
        dims = self.whole.dims
        found: Bools = np.ones(len(index), dtype=np.bool_)
        for axis, digit in self.held.items():
            if dims[axis] > 1:
                found &= index // prod(dims[axis + 1 :]) % dims[axis] == digit
        return found

    def positions(self, variants: Ints) -> Ints:
        """Returns (n, axes) int64: the positions in ``space`` of choices, (n,) by their index in the whole grid."""
        return self.whole.digits(np.asarray(variants, dtype=np.int64)) - self._first

    def numbers(self, variants: Ints) -> Ints:
        """Returns (n,) int64: the numbers of choices, (n,) by their index in the whole grid."""
        rest = np.asarray(variants, dtype=np.int64)
        number = np.zeros(len(rest), dtype=np.int64)
        stride = 1
        for axis in range(len(self.whole.axes) - 1, -1, -1):
            rest, digit = np.divmod(rest, len(self.whole.axes[axis].values))
            number += (digit - self._first[axis]) * stride
            stride *= len(self.space.axes[axis].values)
        return number

    def sides(self, box: list[slice]) -> list[slice] | None:
        """Returns the choices in a box of positions in ``whole``, as a box; None where it has none."""
        inside = list(box)
        for axis, digit in self.held.items():
            if not box[axis].start <= digit < box[axis].stop:
                return None
            inside[axis] = slice(digit, digit + 1)
        return inside

    def among_values(self, table: Table, axes: tuple[int, ...]) -> Table:
        """Returns the part of a table over some axes of ``whole`` that the choices have; axes held keep length 1."""
        return table[tuple(slice(self.held[axis], self.held[axis] + 1) if axis in self.held else slice(None)
                           for axis in axes)]  # fmt: skip


def choices_of(study: Study, environment: Mapping[str, Value] | None = None) -> Choices:
    """The choices of a study at its base's environment, or at another one.

    environment: values on some axes of the environment; the others are at the base. Raises KeyError for a name that is
    no axis of the environment, ValueError for a value that is not on its axis.
    """
    space, base = study.space, study.base
    values = {name: base[name] for name in study.environment}
    for name, value in (environment or {}).items():
        if name not in values:
            raise KeyError(name)
        values[name] = value
    places = {name: space.names.index(name) for name in values}
    held = {places[name]: space.axes[places[name]].values.index(value) for name, value in values.items()}
    return Choices(space, space.narrowed({name: (value,) for name, value in values.items()}), held)
