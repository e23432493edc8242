"""Marginals of a box: what its variants come to over every pair of axes, without a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.jit import jit

# Parts of the first axis that are summed side by side.
_PARTS = 8


class Marginals:
    """Of a box over every pair of its axes, those of length 1 included: sums of k terms and a maximum."""

    def __init__(self, terms: Ints, highest: Floats, axes: Sequence[int], lengths: Sequence[int]) -> None:
        """terms: (k, n) to be summed, highest: (n,), both used up; the last axis fastest.

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
        # A copy of the cells for each part, where the variants are many times as many.
        parts = max(1, min(_PARTS, lengths[0], len(highest) // (8 * cells)))
        sums, maxima = np.zeros((parts, len(terms), cells), dtype=np.int64), np.full((parts, cells), -np.inf)
        _marginals(terms, highest, sizes, self._first, sums, maxima)
        self._sums, self._highest = sums.sum(axis=0), maxima.max(axis=0)

    def of(self, x: int, y: int) -> tuple[Ints, Floats]:
        """(k, lengths of x, of y) and (lengths of x, of y)."""
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
        return sums.reshape(len(sums), *shape), highest.reshape(shape)

    def _pair(self, i: int, j: int) -> tuple[Ints, Floats]:
        shape = self._lengths[i], self._lengths[j]
        cells = slice(self._first[i, j], self._first[i, j] + shape[0] * shape[1])
        return self._sums[:, cells].reshape(len(self._sums), *shape), self._highest[cells].reshape(shape)


@jit(parallel=True)
def _marginals(terms: Ints, highest: Floats, lengths: Ints, first: Ints, sums: Ints, maxima: Floats) -> None:
    """Sums over all but two axes, for every two, of parts of the first axis; ``terms`` and ``highest`` are used up.

    first: (m, m) the first cell of each pair in ``sums`` (parts, k, C), zeros before, and ``maxima`` (parts, C), −inf.
    """
    parts, several = sums.shape[:2]
    row = len(highest) // lengths[0]
    for task in prange(parts * (several + 1)):
        part, term = task // (several + 1), task % (several + 1)
        begin, end = lengths[0] * part // parts, lengths[0] * (part + 1) // parts
        sizes, places = lengths.copy(), first.copy()
        sizes[0] = end - begin
        places[0] += begin * lengths
        if term < several:
            _fold(terms[term, row * begin : row * end], sizes, places, sums[part, term], False)
        else:
            _fold(highest[row * begin : row * end], sizes, places, maxima[part], True)


@jit()
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
