"""Compiled functions for CSCV (Bailey et al. 2017): metrics of every variant in every half of the blocks.

The sums of the blocks are added once for each subset of the first blocks and of the last. The sum of any half is then
one addition, and that of its complement another. Nothing is subtracted, so the numbers of a variant depend on that
variant alone. All functions that compile together are in this file, because Numba's cache checks only this file for
changes.
"""

from __future__ import annotations

import math

import numpy as np

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT
from gridproof.kernels.threads import run_ranges

# Variants looked at together: their sums over all subsets of blocks stay in the second-level cache.
_PANEL = 64

# Pairs of halves a thread takes at once, and panels it takes them through: long enough that threads seldom wait.
_BATCH = 256
_PANELS = 16

_SIGN = np.uint64(1 << 63)
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)


def sum_blocks(returns: Floats, bounds: Ints, logarithms: bool, sums: Floats, squares: Floats) -> None:
    """returns: (T, w). bounds: (S + 1,) days. Writes Σr and Σr² of each block (S, w), or Σlog(1 + r) and no squares."""
    run_ranges(_sum_blocks, -(-returns.shape[1] // _PANEL), returns, bounds, logarithms, sums, squares)


@jit(nogil=True)
def _sum_blocks(
    low: int, high: int, returns: Floats, bounds: Ints, logarithms: bool, sums: Floats, squares: Floats
) -> None:
    width = returns.shape[1]
    for strip in range(low, high):
        first = strip * _PANEL
        last = min(width, first + _PANEL)
        for block in range(len(bounds) - 1):
            for day in range(bounds[block], bounds[block + 1]):
                if logarithms:
                    for column in range(first, last):
                        sums[block, column] += math.log1p(returns[day, column])
                else:
                    for column in range(first, last):
                        sums[block, column] += returns[day, column]
                        squares[block, column] += returns[day, column] * returns[day, column]


def fingerprint(bits: Words, seed: int, marks: Words) -> None:
    """bits: (n, w), the float64 numbers of each column as words. Writes marks (w, 2): equal columns, equal marks.

    A mark has 128 bits: the probability that two of a billion different columns share one is about 1e-21. −0 and 0 are
    equal.
    """
    run_ranges(_fingerprint, -(-bits.shape[1] // _PANEL), bits, seed, marks)


@jit(nogil=True)
def _fingerprint(low: int, high: int, bits: Words, seed: int, marks: Words) -> None:
    rows, width = bits.shape
    for strip in range(low, high):
        for column in range(strip * _PANEL, min(width, (strip + 1) * _PANEL)):
            marks[column, 0] = np.uint64(seed) * _SECOND + _FIRST
            marks[column, 1] = np.uint64(seed) * _FIRST + _SECOND
        for row in range(rows):
            for column in range(strip * _PANEL, min(width, (strip + 1) * _PANEL)):
                word = bits[row, column] if bits[row, column] != _SIGN else np.uint64(0)
                one = (marks[column, 0] ^ word) * _FIRST
                two = (marks[column, 1] + word) * _SECOND
                marks[column, 0] = one ^ (one >> np.uint64(29)) ^ np.uint64(row)
                marks[column, 1] = two ^ (two >> np.uint64(32))
        for column in range(strip * _PANEL, min(width, (strip + 1) * _PANEL)):
            for word in range(2):
                mixed = (marks[column, word] ^ (marks[column, word] >> np.uint64(30))) * _SECOND
                marks[column, word] = mixed ^ (mixed >> np.uint64(31))


@jit()
def _subsets(values: Floats, first_block: int, blocks: int, first: int, width: int, table: Floats) -> None:
    """table (2^blocks, panel): the sums of all subsets of so many blocks, bit i for block first_block + i."""
    table[0] = 0.0
    for code in range(1, 1 << blocks):
        lowest = 0
        while not (code >> lowest) & 1:
            lowest += 1
        for column in range(width):
            before = table[code ^ (1 << lowest), column]
            table[code, column] = before + values[first_block + lowest, first + column]


@jit(nogil=True)
def _add_up(low: int, high: int, sums: Floats, squares: Floats, first: int, ratio: bool, tables: Floats) -> None:
    """tables (panels, 4, 2^blocks, panel): the sums over all subsets of the first half of the blocks and of the others,
    then the same of the squares, of the variants from ``first`` on."""
    blocks, variants = sums.shape
    lower = blocks // 2
    for panel in range(low, high):
        begin = first + panel * _PANEL
        width = min(_PANEL, variants - begin)
        if width > 0:
            for side in range(2):
                begins, many = side * lower, blocks - lower if side else lower
                _subsets(sums, begins, many, begin, width, tables[panel, side])
                if ratio:
                    _subsets(squares, begins, many, begin, width, tables[panel, 2 + side])


@jit()
def _measure(table: Floats, half: int, lower: int, days: float, ratio: bool, values: Floats) -> None:
    """values: mean, or mean / std (ddof 1; 0 without volatility) where ``ratio``, of a panel in a half."""
    share = 1.0 / days
    low, high = table[0, half & ((1 << lower) - 1)], table[1, half >> lower]
    if ratio:
        low_squares, high_squares = table[2, half & ((1 << lower) - 1)], table[3, half >> lower]
        rest = 1.0 / (days - 1.0)
        for column in range(len(values)):
            total = low[column] + high[column]
            square = low_squares[column] + high_squares[column]
            mean = total * share
            variance = (square - total * mean) * rest
            flat = variance <= FLAT * square * share
            values[column] = 0.0 if flat else mean / math.sqrt(1.0 if flat else variance)
    else:
        for column in range(len(values)):
            values[column] = (low[column] + high[column]) * share


@jit(fastmath={"nnan", "nsz", "reassoc"})
def _largest(values: Floats) -> float:
    largest = values[0]
    for value in values:
        largest = max(largest, value)
    return float(largest)


def find_best(
    sums: Floats,
    squares: Floats,
    halves: Ints,
    days: Floats,
    ratio: bool,
    tolerance: float,
    before: int,
    best: Floats,
    chosen: Ints,
    outside: Floats,
) -> None:
    """Updates the best variant of each half with n more variants, and its metric in the other half.

    sums, squares: (S, n) of the variants from ``before`` on. halves: (P,) bits of the blocks of one half of each pair.
    days: (P, 2) in that half and in the other. best, chosen, outside: (P, 2), read and written; a variant replaces the
    best if it is better by more than ``tolerance``.
    """
    tables, sums, squares = _tables(len(sums)), np.ascontiguousarray(sums), np.ascontiguousarray(squares)
    for first in range(0, sums.shape[1], _PANELS * _PANEL):
        run_ranges(_add_up, _PANELS, sums, squares, first, ratio, tables)
        run_ranges(_find_best, -(-len(halves) // _BATCH), tables, sums.shape, first, halves, days, ratio, tolerance,
                   before, best, chosen, outside)  # fmt: skip


def _tables(blocks: int) -> Floats:
    return np.empty((_PANELS, 4, 1 << (blocks - blocks // 2), _PANEL))


@jit(nogil=True)
def _find_best(
    low: int, high: int, tables: Floats, shape: tuple[int, int], first: int, halves: Ints, days: Floats, ratio: bool,
    tolerance: float, before: int, best: Floats, chosen: Ints, outside: Floats,
) -> None:  # fmt: skip
    """Batches [low, high) of the halves, among the variants of ``tables``, which are those from ``first`` on."""
    blocks, variants = shape
    lower, full, pairs = blocks // 2, (1 << blocks) - 1, len(halves)
    room = np.empty((2, _PANEL))
    for batch in range(low, high):
        for begin in range(first, min(variants, first + _PANELS * _PANEL), _PANEL):
            table, width = tables[(begin - first) // _PANEL], min(_PANEL, variants - begin)
            for pair in range(batch * _BATCH, min(pairs, (batch + 1) * _BATCH)):
                _measure(table, halves[pair], lower, days[pair, 0], ratio, room[0, :width])
                _measure(table, full ^ halves[pair], lower, days[pair, 1], ratio, room[1, :width])
                for side in range(2):
                    if _largest(room[side, :width]) > best[pair, side] + tolerance:
                        for column in range(width):
                            if room[side, column] > best[pair, side] + tolerance:
                                best[pair, side] = room[side, column]
                                chosen[pair, side] = before + begin + column
                                outside[pair, side] = room[1 - side, column]


def count_below(
    sums: Floats,
    squares: Floats,
    halves: Ints,
    days: Floats,
    ratio: bool,
    tolerance: float,
    outside: Floats,
    below: Ints,
    equal: Ints,
) -> None:
    """Adds to below and equal (P, 2) the variants worse than, and as good as, ``outside`` in the other half."""
    tables, sums, squares = _tables(len(sums)), np.ascontiguousarray(sums), np.ascontiguousarray(squares)
    for first in range(0, sums.shape[1], _PANELS * _PANEL):
        run_ranges(_add_up, _PANELS, sums, squares, first, ratio, tables)
        run_ranges(_count_below, -(-len(halves) // _BATCH), tables, sums.shape, first, halves, days, ratio, tolerance,
                   outside, below, equal)  # fmt: skip


@jit(nogil=True)
def _count_below(
    low: int, high: int, tables: Floats, shape: tuple[int, int], first: int, halves: Ints, days: Floats, ratio: bool,
    tolerance: float, outside: Floats, below: Ints, equal: Ints,
) -> None:  # fmt: skip
    """As ``_find_best``."""
    blocks, variants = shape
    lower, full, pairs = blocks // 2, (1 << blocks) - 1, len(halves)
    room = np.empty(_PANEL)
    for batch in range(low, high):
        for begin in range(first, min(variants, first + _PANELS * _PANEL), _PANEL):
            table, values = tables[(begin - first) // _PANEL], room[: min(_PANEL, variants - begin)]
            for pair in range(batch * _BATCH, min(pairs, (batch + 1) * _BATCH)):
                for side in range(2):
                    other = full ^ halves[pair] if side == 0 else halves[pair]
                    _measure(table, other, lower, days[pair, 1 - side], ratio, values)
                    least, most = outside[pair, side] - tolerance, outside[pair, side] + tolerance
                    worse, no_better = 0, 0
                    for value in values:
                        worse += value < least
                        no_better += value <= most
                    below[pair, side] += worse
                    equal[pair, side] += no_better - worse
