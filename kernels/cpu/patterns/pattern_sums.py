"""Sums over the days of variants, for eight resamples or shifts at a time, from tables of their patterns.

A table is flat: for each row (pattern or join) and each sum, eight numbers side by side. All numbers are whole and
below 2^53, so that sums are exact in every order: how variants are cut into calls, and how blocks are joined, changes
nothing.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cpu.patterns.simd_rows import add_between, add_rows
from gridproof.kernels.jit import jit

LANES = 8  # resamples or shifts that stand side by side
_EIGHT = np.uint64(LANES)


def whole_scale(most: float) -> float:
    """The power of two by which numbers that add up to at most ``most`` become numbers below 2^53."""
    return float(2.0 ** (52 - np.frexp(most)[1])) if most > 0.0 else 1.0


@jit(counted=False)
def turn_days(values: Floats, days: int, shift: int, lane: int, prefix: Floats) -> None:
    """Lane ``lane`` of prefix (days + 1, width, 8): the sums of the values (days, width), turned by ``shift`` days."""
    width = len(values) // days
    turned = shift % days
    at = np.uint64(lane)
    for _ in range(days):
        row = np.uint64(turned * width)
        for place in range(np.uint64(width)):
            there = at + np.uint64(width) * _EIGHT
            prefix[there] = prefix[at] + values[row + place]
            at += _EIGHT
        turned = turned + 1 if turned + 1 < days else 0


@jit(counted=False)
def add_runs(patterns: Patterns, prefix: Floats, allocations: int, sums: int, table: Floats) -> None:
    """The rows of all patterns in a table (rows, sums, 8), from prefix sums (days + 1, A, sums, 8) over the days."""
    width = np.uint64(sums) * _EIGHT
    for pattern in range(len(patterns.before)):
        out = np.uint64(pattern) * width
        for place in range(width):
            table[out + place] = 0.0
        for run in range(patterns.begins[pattern], patterns.begins[pattern + 1]):
            begin, end, allocation = patterns.runs[run, 0], patterns.runs[run, 1], patterns.runs[run, 2]
            here = np.uint64(np.int64(begin) * allocations + allocation) * width
            there = np.uint64(np.int64(end) * allocations + allocation) * width
            for place in range(np.uint64(sums)):
                at = place * _EIGHT
                add_between(table, out + at, prefix, here + at, there + at)


@jit(counted=False)
def add_turned_runs(
    patterns: Patterns, prefix: Floats, days: int, allocations: int, sums: int, shift: int, lane: int, table: Floats
) -> None:
    """Lane ``lane`` of the rows of all patterns, the days turned by ``shift``: as ``turn_days`` and ``add_runs``.

    prefix: flat (days + 1, A, sums) over the days as they are. For few runs: the days between are not added again.
    """
    row = allocations * sums
    turned = shift % days
    for pattern in range(len(patterns.before)):
        out = pattern * sums * LANES + lane
        for place in range(sums):
            table[out + place * LANES] = 0.0
        for run in range(patterns.begins[pattern], patterns.begins[pattern + 1]):
            begin, end, allocation = patterns.runs[run, 0], patterns.runs[run, 1], patterns.runs[run, 2]
            low = (np.int64(begin) + turned) % days
            high = low + np.int64(end) - np.int64(begin)
            for place in range(sums):
                at = np.int64(allocation) * sums + place
                if high <= days:
                    found = prefix[high * row + at] - prefix[low * row + at]
                else:
                    found = prefix[days * row + at] - prefix[low * row + at] + prefix[(high - days) * row + at]
                table[out + place * LANES] += found


@jit(counted=False)
def add_joins(table: Floats, joins: Array, patterns: int, sums: int) -> None:
    """Complete a table (rows, sums, 8): row ``patterns`` + i is the sum of the two rows joins[i]."""
    width = np.uint64(sums) * _EIGHT
    for number in range(np.uint64(len(joins))):
        one, other = np.uint64(joins[number, 0]) * width, np.uint64(joins[number, 1]) * width
        out = (np.uint64(patterns) + number) * width
        for place in range(np.uint64(sums)):
            at = place * _EIGHT
            add_rows(table, out + at, one + at, other + at)


def sum_patterns(patterns: Patterns, values: Floats) -> Floats:
    """(J, K) of each variant: the sums over its patterns. values: (P, K) of each pattern, whole numbers."""
    count, kinds = values.shape
    groups = -(-kinds // LANES)
    table = np.zeros((count + len(patterns.joins), groups * LANES))
    table[:count, :kinds] = values
    add_joins(table.ravel(), patterns.joins, count, groups)
    rows = np.ascontiguousarray(table[:, :kinds])
    total: Floats = rows[patterns.roots[:, 0]]
    for place in range(1, patterns.roots.shape[1]):
        total += rows[patterns.roots[:, place]]
    return total


def sum_runs(patterns: Patterns, values: Floats) -> Floats:
    """(P, K) of each pattern: the sums over its days of what is held. values: (days, A, K), whole numbers."""
    running = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=running[1:])
    begin, end, allocation = patterns.runs.T
    found: Floats = np.add.reduceat(running[end, allocation] - running[begin, allocation], patterns.begins[:-1])
    return found


def days_held(patterns: Patterns, allocations: int) -> Ints:
    """(J, A) the days that each variant is in each allocation."""
    ones = np.broadcast_to(np.eye(allocations), (int(patterns.edges[-1]), allocations, allocations))
    return sum_patterns(patterns, sum_runs(patterns, ones)).astype(np.int64)
