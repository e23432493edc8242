"""The buffers of a thread: how large each is, and where the tables of a unit begin in them.

All sizes follow from ``TableSizes``, the most that any table of a unit needs. The compiled code writes into the buffers
unchecked, so ``place_tables`` asserts that no table reaches into the next or beyond its buffer.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.product.entry import SHAPE, SUMS
from gridproof.kernels.cpu.product.simd import LANES

# Blocks are tabulated until they have this many entries, and the variants then walk through them: about as many as fit
# a core's cache.
BLOCK_ENTRIES = 20_000


class Buffers(NamedTuple):
    """(threads, size) each, or flat those of one thread. ``sums`` and ``shapes`` begin with the unit's variants."""

    sums: Floats  # 8 for each entry
    shapes: Floats  # 4 for each entry
    states: Floats  # of every variant the peak, then of every one the deepest fall, then the allocation held (uint64)
    rows: Array  # uint32, 2 for each row of a table: where its entries and where its pattern begin
    patterns: Array  # uint32, see ``block_tables``; begins with those of flat rows, without versions and with
    lists: Array  # uint32: which entries are joined
    counts: Any  # uint16 or None, see ``day_tables``: ``count_width`` for each entry, those of the variants first

    def of(self, thread: int) -> Buffers:
        return Buffers._make(None if each is None else each[thread] for each in self)


class BufferSizes(NamedTuple):
    """Elements of each buffer of a thread."""

    sums: int
    shapes: int
    states: int
    rows: int
    patterns: int
    lists: int
    counts: int


class BufferLayout(NamedTuple):
    """Where tables begin: for each level those of a left and of a right node; blocks stand behind one another."""

    tables: Words  # (levels, 2, 3): entry, row, pattern
    block_end: Words  # (3,): past-last positions at which the table of a block may begin
    versions: Any  # this and the next uint64, see ``place_tables``
    count_width: Any


class TableSizes(NamedTuple):
    """The most that a table needs, by level; and what a unit needs besides."""

    entries: Ints  # (levels,), with the lanes of a last join that are too many
    rows: Ints  # (levels,)
    patterns: Ints  # (levels,)
    lists: int  # for one table
    variants: int
    width: int  # of the inner signal's paths, padded


def place_tables(
    units: Ints,
    chunks: Ints,
    nodes: Ints,
    counts: Ints,
    codes: int,
    versions: int,
    count_width: int,
    block_entries: int,
) -> tuple[BufferLayout, BufferSizes]:
    """Where the tables begin, for any of the units, and the size of every buffer.

    Other arguments as in ``block_sweep.sweep``. codes: of the rule. versions: the most that an entry comes in.
    count_width: counts of an entry, see ``day_tables``. block_entries: see ``BLOCK_ENTRIES``.
    """
    need = _table_sizes(units, chunks, nodes, counts, codes, versions)
    levels = len(need.entries)
    each = np.stack([need.entries, 2 * need.rows, need.patterns], axis=1)
    at = np.array([need.variants, 0, 2 * need.width], dtype=np.int64)
    tables = np.empty((levels, 2, 3), dtype=np.uint64)
    for level in range(levels):
        tables[level] = at
        if level < levels - 1:
            tables[level, 1] = at + each[level]
            at = at + 2 * each[level]
    # Blocks begin before ``block_end``, so the last one may reach beyond it.
    block_end = at + np.array([1, 2, 1]) * block_entries
    end = block_end + each[-1]
    entries = int(end[0] + 1) // 2 * 2  # shapes fill whole lines
    sizes = BufferSizes(
        entries * SUMS, entries * SHAPE, 3 * need.variants, int(end[1]), int(end[2]), need.lists, entries * count_width
    )  # fmt: skip
    layout = BufferLayout(tables, block_end.astype(np.uint64), np.uint64(versions), np.uint64(count_width))
    assert_disjoint(layout, sizes, each)
    return layout, sizes


def assert_disjoint(layout: BufferLayout, sizes: BufferSizes, each: Ints) -> None:
    """No table reaches into the next one, nor the last block beyond its buffer. each: (levels, 3) sizes of a table."""
    begins = layout.tables.astype(np.int64)
    below = begins[:-1].reshape(-1, 3)  # a left and a right table of every level but the highest
    ends = below + np.repeat(each[:-1], 2, axis=0)
    assert (ends <= np.concatenate([below[1:], begins[-1:, 0]])).all()
    capacity = np.array([min(sizes.sums // SUMS, sizes.shapes // SHAPE), sizes.rows, sizes.patterns])
    assert (layout.block_end.astype(np.int64) + each[-1] <= capacity).all()
    assert begins[0, 0, 0] * 3 == sizes.states
    assert capacity.max() < 2**32  # rows and patterns hold positions in uint32


def _table_sizes(units: Ints, chunks: Ints, nodes: Ints, counts: Ints, codes: int, versions: int) -> TableSizes:
    # Of every chunk the most classes that a node of each level has.
    most = np.ones((len(chunks), nodes.shape[1] - 1), dtype=np.int64)
    for begins in nodes:
        for level, (low, high) in enumerate(pairwise(begins)):
            most[:, level] = np.maximum(most[:, level], counts[:, low:high].max(axis=1, initial=1))
    sizes = chunks[units, 2] - chunks[units, 1]
    width = -(-sizes[:, -1:] // LANES) * LANES
    outer, inner = most[units[:, :-1]].prod(axis=1), most[units[:, -1]]
    entries = (outer * inner).max(axis=0) * versions + LANES
    rows = outer.max(axis=0)
    words = np.concatenate([inner[:, :-1], width], axis=1)  # of a pattern
    widest = int(width.max())
    return TableSizes(
        entries=entries,
        rows=rows,
        patterns=(np.minimum(outer, codes) * words).max(axis=0),
        # The words of a block's pattern, or the right entries of a row, then three lists for each pair of patterns.
        lists=3 * int((entries + LANES * rows).max()) + widest * versions,
        variants=int((sizes[:, :-1].prod(axis=1) * width[:, 0]).max()),
        width=widest,
    )
