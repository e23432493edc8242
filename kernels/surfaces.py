"""Surfaces: for every pair of axes the count, sum, sum of squares and maximum of a value over all other axes.

Sums are integers: a value is rounded to 2^−30 before it is added, so that no sum depends on the order in which
tiles, threads or machines add. The rounding is below 5e-10 a value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from gridproof.kernels.arrays import Floats, Ints

SCALE = float(2**30)
# 2^20 squares of this size at SCALE fit an int64. Values beyond are not averaged, and the count shows it.
LIMIT = 64.0
_LOW = np.int64(2**32 - 1)


@dataclass(slots=True)
class Surfaces:
    """Cells of all pairs, one pair behind another: (C,) each. A sum is high · 2^32 + low, in units of 1 / SCALE."""

    dims: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    count: Ints
    sums: Ints  # (4, C): high and low of the sum, high and low of the sum of squares
    maximum: Floats  # NaN-free: −inf where nothing was added

    @classmethod
    def empty(cls, dims: tuple[int, ...]) -> Surfaces:
        """Pairs of axes with more than one value each; where only one axis has several, it is paired with axis 0."""
        several = [axis for axis, size in enumerate(dims) if size > 1]
        pairs = tuple((x, y) for i, x in enumerate(several) for y in several[i + 1 :])
        cells = sum(dims[x] * dims[y] for x, y in pairs)
        return cls(
            dims,
            pairs,
            np.zeros(cells, dtype=np.int64),
            np.zeros((4, cells), dtype=np.int64),
            np.full(cells, -np.inf),
        )

    def offsets(self) -> Ints:
        """(pairs + 1,): the first cell of each pair."""
        sizes = [self.dims[x] * self.dims[y] for x, y in self.pairs]
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def add(self, digits: Ints, values: Floats) -> None:
        """Add at most 2^20 variants: positions on every axis (n, axes), values (n,); NaN is not added."""
        if not self.pairs:
            return
        sums = np.zeros((2, len(self.count)), dtype=np.int64)
        pairs = np.array(self.pairs, dtype=np.int64)
        transposed = np.ascontiguousarray(digits.T)
        sizes = np.array(self.dims, dtype=np.int64)
        _add(transposed, values, pairs, sizes, self.offsets(), self.count, sums, self.maximum)
        for row in range(2):
            self._carry(2 * row, sums[row] >> np.int64(32), sums[row] & _LOW)

    def merge(self, other: Surfaces) -> None:
        self.count += other.count
        self._carry(0, other.sums[0], other.sums[1])
        self._carry(2, other.sums[2], other.sums[3])
        np.maximum(self.maximum, other.maximum, out=self.maximum)

    def mean(self) -> Floats:
        """(C,): NaN where nothing was added."""
        with np.errstate(invalid="ignore"):
            return self._total(0) / np.where(self.count > 0, self.count, np.nan)

    def mean_square(self) -> Floats:
        with np.errstate(invalid="ignore"):
            return self._total(2) / np.where(self.count > 0, self.count, np.nan)

    def _total(self, row: int) -> Floats:
        total: Floats = (self.sums[row] * 2.0**32 + self.sums[row + 1]) / SCALE
        return total

    def _carry(self, row: int, high: Ints, low: Ints) -> None:
        low = self.sums[row + 1] + low
        self.sums[row] += high + (low >> np.int64(32))
        self.sums[row + 1] = low & _LOW


@njit(parallel=True, cache=True, error_model="numpy")
def _add(
    digits: Ints,
    values: Floats,
    pairs: Ints,
    dims: Ints,
    offsets: Ints,
    count: Ints,
    sums: Ints,
    maximum: Floats,
) -> None:
    # A thread owns whole pairs, so no two threads touch one cell.
    for pair in prange(len(pairs)):
        x, y = digits[pairs[pair, 0]], digits[pairs[pair, 1]]
        width, offset = dims[pairs[pair, 1]], offsets[pair]
        for variant in range(len(values)):
            value = values[variant]
            if np.isnan(value):
                continue
            cell = offset + x[variant] * width + y[variant]
            maximum[cell] = max(maximum[cell], value)
            if abs(value) <= LIMIT:
                count[cell] += 1
                sums[0, cell] += np.int64(np.rint(value * SCALE))
                sums[1, cell] += np.int64(np.rint(value * value * SCALE))
