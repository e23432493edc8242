"""Marginals of a box: for every pair of axes, sums and maxima over all other axes, without a list of the variants."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

# The first axis is cut into at most this many parts, which are summed in parallel.
_PARTS = 8


class Marginals:
    """For every pair of a box's axes: the sums of k terms, and a maximum, over all other axes."""

    def __init__(self, terms: Ints, highest: Floats, axes: Sequence[int], lengths: Sequence[int]) -> None:
        """Computes the marginals of n variants, which are in C order of the axes.

        Args:
            terms: (k, n), the terms to be summed; overwritten
            highest: (n,), the values for the maximum; overwritten
            axes: at least two axes, ascending; all axes with more than one value must be among them
            lengths: the number of values on each of these axes
        """
        self._axes = {axis: place for place, axis in enumerate(axes)}
        self._lengths = lengths
        sizes = np.array(lengths, dtype=np.int64)
        self._first = np.zeros((len(axes), len(axes)), dtype=np.int64)
        cells = 0
        for i, j in combinations(range(len(axes)), 2):
            self._first[i, j] = cells
            cells += lengths[i] * lengths[j]
        # Each part has its own copy of the cells, so there are several parts only if variants far outnumber cells.
        parts = max(1, min(_PARTS, lengths[0], len(highest) // (8 * cells)))
        sums, maxima = np.zeros((parts, len(terms), cells), dtype=np.int64), np.full((parts, cells), -np.inf)
        run_ranges(_add_part, parts * len(terms), terms, sizes, self._first, sums)
        run_ranges(_compare_part, parts, highest, sizes, self._first, maxima)
        self._sums, self._highest = sums.sum(axis=0), maxima.max(axis=0)

    def of(self, x: int, y: int) -> tuple[Ints, Floats]:
        """Returns the sums (k, length of x, length of y) and the maxima (length of x, length of y); x < y."""
        if x in self._axes and y in self._axes:
            return self._pair(self._axes[x], self._axes[y])
        # x or y has one value and is not in any pair: sum a pair that contains the other axis.
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


@jit(nogil=True)
def _add_part(low: int, high: int, terms: Ints, lengths: Ints, first: Ints, sums: Ints) -> None:
    """For every pair of axes, sums ``terms`` over all other axes, separately for each part of the first axis.

    A task is one part and one term; this call does the tasks [low, high) of parts × k.
    terms: (k, n), overwritten. first: (m, m), the first cell of each pair. sums: (parts, k, C), zero before the call.
    """
    parts, several = sums.shape[:2]
    sizes, places = lengths.copy(), first.copy()
    row = terms.shape[1] // lengths[0]
    for task in range(low, high):
        part, term = task // several, task % several
        begin = _narrow(lengths, first, part, parts, sizes, places)
        _fold(terms[term, row * begin : row * (begin + sizes[0])], sizes, places, sums[part, term], False)


@jit(nogil=True)
def _compare_part(low: int, high: int, highest: Floats, lengths: Ints, first: Ints, maxima: Floats) -> None:
    """As ``_add_part``, but takes maxima, for the parts [low, high).

    highest: (n,), overwritten. maxima: (parts, C), −inf before the call.
    """
    sizes, places = lengths.copy(), first.copy()
    row = len(highest) // lengths[0]
    for part in range(low, high):
        begin = _narrow(lengths, first, part, len(maxima), sizes, places)
        _fold(highest[row * begin : row * (begin + sizes[0])], sizes, places, maxima[part], True)


@jit()
def _narrow(lengths: Ints, first: Ints, part: int, parts: int, sizes: Ints, places: Ints) -> int:
    """Writes the lengths of one part of the first axis to ``sizes`` and its first cells to ``places``.

    Returns the position on the first axis at which the part begins.
    """
    begin = lengths[0] * part // parts
    sizes[0] = lengths[0] * (part + 1) // parts - begin
    for other in range(len(lengths)):
        places[0, other] = first[0, other] + begin * lengths[other]
    return int(begin)


@jit()
def _fold(given: Array, lengths: Ints, first: Ints, cells: Array, largest: bool) -> None:
    """Adds the marginals of ``given`` for all pairs to ``cells``, or takes maxima if ``largest``. Overwrites ``given``.

    The axes are summed out one after another, from the last and from the first. So most pairs are computed from arrays
    that are already small.
    """
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
