"""Marginals of a box: what its variants come to over every pair of axes, without a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.compiled import compiled


class Marginals:
    """Of a box over every pair of its axes, those of length 1 included: five sums and a maximum."""

    def __init__(self, terms: Ints, highest: Floats, axes: Sequence[int], lengths: Sequence[int]) -> None:
        """terms: (5, n) to be summed, highest: (n,), both used up; the last axis fastest.

        axes: at least two, ascending, all that vary among them; lengths: theirs.
        """
        self._axes = {axis: place for place, axis in enumerate(axes)}
        self._lengths = lengths
        sizes = np.array(lengths, dtype=np.int64)
        self._first = np.zeros((len(axes), len(axes)), dtype=np.int64)
        cells = 0
        for i, j in combinations(range(len(axes)), 2):
            self._first[i, j] = cells
            cells += lengths[i] * lengths[j]
        self._sums, self._highest = np.zeros((5, cells), dtype=np.int64), np.full(cells, -np.inf)
        _marginals(terms, highest, sizes, self._first, self._sums, self._highest)

    def of(self, x: int, y: int) -> tuple[Ints, Floats]:
        """(5, lengths of x, of y) and (lengths of x, of y)."""
        if x in self._axes and y in self._axes:
            return self._pair(self._axes[x], self._axes[y])
        # An axis of one value: the marginal of the other, or of none, from any pair that holds it.
        known = self._axes.get(x, self._axes.get(y, 0))
        i, j = (known, known + 1) if known + 1 < len(self._lengths) else (known - 1, known)
        sums, highest = self._pair(i, j)
        away = 2 if known == i else 1
        sums, highest = sums.sum(axis=away, keepdims=True), highest.max(axis=away - 1, keepdims=True)
        if x not in self._axes and y not in self._axes:
            return sums.sum(axis=(1, 2), keepdims=True), highest.max(keepdims=True)
        shape = (-1, 1) if x in self._axes else (1, -1)
        return sums.reshape(5, *shape), highest.reshape(shape)

    def _pair(self, i: int, j: int) -> tuple[Ints, Floats]:
        shape = self._lengths[i], self._lengths[j]
        cells = slice(self._first[i, j], self._first[i, j] + shape[0] * shape[1])
        return self._sums[:, cells].reshape(5, *shape), self._highest[cells].reshape(shape)


@compiled(parallel=True)
def _marginals(terms: Ints, highest: Floats, lengths: Ints, first: Ints, sums: Ints, maximum: Floats) -> None:
    """Sums over all but two axes, for every two; ``terms`` and ``highest`` are used up.

    first: (m, m) the first cell of each pair in ``sums`` (5, C) and ``maximum`` (C,), zeros and −inf before.
    """
    for term in prange(6):
        if term < 5:
            _fold(terms[term], lengths, first, sums[term], False)
        else:
            _fold(highest, lengths, first, maximum, True)


@compiled()
def _fold(given: Array, lengths: Ints, first: Ints, cells: Array, largest: bool) -> None:
    """Axis after axis is summed away from both ends, so that most pairs are read off what is small already."""
    spare = np.empty(len(given) // lengths[-1], dtype=given.dtype)
    size = len(given)
    for i in range(len(lengths) - 1):
        source, count = given, size
        for j in range(len(lengths) - 1, i, -1):
            wide = lengths[j]
            count //= wide
            each = count // lengths[i]
            for run in range(count):
                cell = first[i, j] + run // each * wide
                total = source[run * wide]
                for place in range(wide):
                    value = source[run * wide + place]
                    if largest:
                        cells[cell + place] = max(cells[cell + place], value)
                        total = max(total, value)
                    else:
                        cells[cell + place] += value
                        total += value if place > 0 else 0
                spare[run] = total
            source = spare
        size //= lengths[i]
        for part in range(size, size * lengths[i], size):
            for place in range(size):
                if largest:
                    given[place] = max(given[place], given[part + place])
                else:
                    given[place] += given[part + place]
