"""Surfaces: for every pair of axes, the count, sum, sum of squares and maximum of a metric over all other axes.

Sums are integers: each value, and its square, is rounded to a multiple of 2^−30 before it is added. So no sum depends
on the order in which tiles, threads or machines add. The rounding error of each value is below 5e-10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.aggregate.marginals import Marginals
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

SCALE = float(2**30)
# Values whose magnitude is larger are neither summed nor counted: the sum of 2^20 squares must fit two int64 limbs.
LIMIT = float(2**20)
# A pair of axes with more cells than this has no surface.
LARGEST = 250_000
_LIMBS = 3
_LIMB = float(2**32)
# Splits a whole number into its lowest 32 bits and the rest. Sums of 2^20 values below _SMALL fit one int64.
_SHIFTS = np.array([0, 32]).reshape(2, 1, 1)
_MASKS = np.array([2**32 - 1, -1]).reshape(2, 1, 1)
_SMALL = 64.0
# Each thread takes at least this many values.
_VALUES = 4096


@dataclass(slots=True)
class Surfaces:
    """The surfaces of all pairs of axes. The cells of all pairs are concatenated; C is their number.

    A sum is stored as three limbs of 32 bits, in units of 1 / SCALE.

    Attributes:
        dims: the number of values on each axis
        pairs: the pairs of axes (x, y) with a surface; the cells of a pair are in C order, y fastest
        count: (C,) int64, the number of values added
        sums: (2, 3, C) int64, the sums of the values and of their squares; lowest limb first, only the last is signed
        maximum: (C,) float64, never NaN; −inf where nothing was added
    """

    dims: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    count: Ints
    sums: Ints
    maximum: Floats

    @classmethod
    def empty(cls, dims: tuple[int, ...]) -> Surfaces:
        """Returns empty surfaces for all pairs of axes with more than one value each and at most LARGEST cells."""
        pairs = tuple((x, y) for x, y in several_pairs(dims) if dims[x] * dims[y] <= LARGEST)
        cells = sum(dims[x] * dims[y] for x, y in pairs)
        return cls(
            dims,
            pairs,
            np.zeros(cells, dtype=np.int64),
            np.zeros((2, _LIMBS, cells), dtype=np.int64),
            np.full(cells, -np.inf),
        )

    def offsets(self) -> Ints:
        """Returns the index of each pair's first cell, and at the end the number of cells: (pairs + 1,)."""
        sizes = [self.dims[x] * self.dims[y] for x, y in self.pairs]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def add(self, digits: Ints, values: Floats) -> None:
        """Adds n ≤ 2^20 variants. digits: (n, axes), the position on each axis. values: (n,); NaN is not added."""
        if not self.pairs:
            return
        sums = np.zeros((5, len(self.count)), dtype=np.int64)
        pairs = np.array(self.pairs, dtype=np.int64)
        transposed = np.ascontiguousarray(digits.T)
        sizes = np.array(self.dims, dtype=np.int64)
        run_ranges(_add, len(pairs), transposed, *_terms(values), pairs, sizes, self.offsets(), sums, self.maximum)
        self.count += sums[0]
        self.sums[:, :2] += sums[1:].reshape(2, 2, -1)
        self.carry()

    def add_box(self, begins: Sequence[int], lengths: Sequence[int], values: Floats) -> None:
        """Adds all combinations of positions begins[a] … begins[a] + lengths[a] − 1 on each axis a: n ≤ 2^20 variants.

        values: (n,), in C order of the axes; NaN is not added. The resulting integers are the same as those of ``add``.
        """
        if not self.pairs:
            return
        order = sorted(range(len(lengths)), key=lambda axis: (lengths[axis] == 1, self.dims[axis] == 1))
        varied = sorted(order[: max(2, sum(length > 1 for length in lengths))])
        small = bool(np.abs(values).max() < _SMALL)  # and none undefined
        terms = _whole(values) if small else _terms(values)
        tables = Marginals(*terms, varied, [lengths[axis] for axis in varied])
        for (x, y), first in zip(self.pairs, self.offsets(), strict=False):
            shape = self.dims[x], self.dims[y]
            part = slice(begins[x], begins[x] + lengths[x]), slice(begins[y], begins[y] + lengths[y])
            sums, highest = tables.of(x, y)
            cells = slice(first, first + shape[0] * shape[1])
            self.count[cells].reshape(shape)[part] += len(values) // highest.size if small else sums[0]
            limbs = sums[:, None] >> _SHIFTS & _MASKS if small else sums[1:].reshape(2, 2, *highest.shape)
            self.sums[:, :2, cells].reshape(2, 2, *shape)[(..., *part)] += limbs
            mine = self.maximum[cells].reshape(shape)[part]
            np.maximum(mine, highest, out=mine)
        self.carry()

    def merge(self, other: Surfaces) -> None:
        """Adds the variants of other surfaces of the same grid."""
        self.count += other.count
        self.sums += other.sums
        self.carry()
        np.maximum(self.maximum, other.maximum, out=self.maximum)

    def mean(self) -> Floats:
        """Returns the mean value of each cell, (C,); NaN where nothing was added."""
        with np.errstate(invalid="ignore"):
            return self._total(0) / np.where(self.count > 0, self.count, np.nan)

    def mean_square(self) -> Floats:
        """Returns the mean square of each cell, (C,); NaN where nothing was added."""
        with np.errstate(invalid="ignore"):
            return self._total(1) / np.where(self.count > 0, self.count, np.nan)

    def _total(self, row: int) -> Floats:
        # Begin with the signed limb: in a small negative sum the higher limbs cancel before the lowest is added.
        total: Floats = np.zeros(len(self.count))
        for limb in reversed(range(_LIMBS)):
            total = total * _LIMB + self.sums[row, limb]
        return total / SCALE

    def carry(self) -> None:
        """Brings all limbs but the last into 0 … 2^32 − 1. Before the call they may be as large as int64 allows."""
        for limb in range(_LIMBS - 1):
            self.sums[:, limb + 1] += self.sums[:, limb] >> np.int64(32)
            self.sums[:, limb] &= np.int64(2**32 - 1)


def several_pairs(dims: tuple[int, ...]) -> list[tuple[int, int]]:
    """Returns all pairs (x, y), x < y, of axes that have more than one value each."""
    several = [axis for axis, size in enumerate(dims) if size > 1]
    return [(x, y) for i, x in enumerate(several) for y in several[i + 1 :]]


@jit(nogil=True)
def _add(
    low: int, high: int, digits: Ints, terms: Ints, highest: Floats, pairs: Ints, dims: Ints, offsets: Ints, sums: Ints,
    maximum: Floats,
) -> None:  # fmt: skip
    """Adds all variants to the surfaces of pairs [low, high). No two threads share a pair, so none share a cell."""
    for pair in range(low, high):
        x, y = digits[pairs[pair, 0]], digits[pairs[pair, 1]]
        width, offset = dims[pairs[pair, 1]], offsets[pair]
        for variant in range(len(highest)):
            cell = offset + x[variant] * width + y[variant]
            maximum[cell] = max(maximum[cell], highest[variant])
            for term in range(5):
                sums[term, cell] += terms[term, variant]


def _terms(values: Floats) -> tuple[Ints, Floats]:
    """Returns what is added for each value, and what its cell's maximum is compared with.

    The first is (5, n) int64: 1, two limbs of the value, two limbs of its square; all 0 where the value is NaN or its
    magnitude is above LIMIT. The second is (n,): the value, or −inf for NaN.
    """
    terms, highest = np.empty((5, len(values)), dtype=np.int64), np.empty(len(values))
    run_ranges(_split, len(values), values, terms, highest, least=_VALUES)
    return terms, highest


def _whole(values: Floats) -> tuple[Ints, Floats]:
    """As ``_terms``, for finite values of magnitude below ``_SMALL``: (2, n), the value and its square, a limb each."""
    terms = np.empty((2, len(values)), dtype=np.int64)
    run_ranges(_round, len(values), values, terms, least=_VALUES)
    return terms, values.copy()


@jit(nogil=True)
def _round(low: int, high: int, values: Floats, terms: Ints) -> None:
    for variant in range(low, high):
        terms[0, variant] = np.int64(np.rint(values[variant] * SCALE))
        terms[1, variant] = np.int64(np.rint(values[variant] * values[variant] * SCALE))


@jit(nogil=True)
def _split(low: int, high: int, values: Floats, terms: Ints, highest: Floats) -> None:
    for variant in range(low, high):
        value = values[variant]
        highest[variant] = -np.inf if np.isnan(value) else value
        defined = abs(value) <= LIMIT
        terms[0, variant] = 1 if defined else 0
        for power in range(2):
            whole = (np.rint(value * value * SCALE) if power else np.rint(value * SCALE)) if defined else 0.0
            rest = np.floor(whole / _LIMB)
            terms[1 + 2 * power, variant] = np.int64(whole - rest * _LIMB)
            terms[2 + 2 * power, variant] = np.int64(rest)
