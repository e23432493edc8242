"""What one thread evaluates at a time, and the small arrays that it needs for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.jit import jit


class Unit(NamedTuple):
    """One chunk of the paths of every signal, and all their combinations. The last signal is the inner one.

    The variants are stored outer combination by outer combination, each with the paths of the inner signal, padded to
    whole vectors. Numbers typed Any are uint64 in compiled code.
    """

    chunks: Ints  # (signals,): row of ``SignalPaths.chunks``
    sizes: Ints  # (signals,): paths
    begins: Ints  # (signals,): where the chunk's part of ``PathClasses`` begins
    outer_count: int  # combinations of the paths of all signals but the inner one
    width: Any  # paths of the inner signal, padded to a multiple of eight
    variants: Any  # outer_count · width
    allocations: Any
    versions: Any  # the most that an entry comes in
    count_width: Any  # counts of an entry, see ``day_tables``; 0 where no days are counted
    no_day: Any  # the index of the day that adds and charges nothing


class Node(NamedTuple):
    """A node of the tree of days whose table is made."""

    number: int
    day: Any  # of a leaf the first day, of another node the first day of its right half
    end: Any  # days from here on do not count
    table: Any  # a number that no other table of the unit has
    is_block: Any  # whether it is a node of the highest level


class Position(NamedTuple):
    """Where in the buffers a table begins, or ends."""

    entry: Any  # in ``Buffers.sums`` and ``shapes``, in entries
    row: Any  # in ``Buffers.rows``
    pattern: Any  # in ``Buffers.patterns``


class Scratch(NamedTuple):
    """Small arrays of a unit, which every table uses again."""

    digits: Ints  # (signals,): a combination of classes or paths, one of each signal
    class_counts: Ints  # (signals,): classes in the node at hand
    patterns_known: Words  # (codes, 2): by first code, the last table that has its pattern, and where that begins
    lists_known: Words  # (LISTS, 6): by hash of two patterns, see ``block_tables.combine_halves``
    columns: Floats  # see ``segment_metrics.write_metrics``
    row_starts: Words  # (blocks,): where the rows of each block's table begin
    block_rows: Words  # (blocks, 3): see ``simd_walk``


@jit(counted=False)
def advance(digits: Ints, sizes: Ints, signals: int) -> None:
    """Step the first ``signals`` digits to the next combination, the last fastest; after the last comes the first."""
    for signal in range(signals - 1, -1, -1):
        digits[signal] += 1
        if digits[signal] < sizes[signal]:
            break
        digits[signal] = 0
