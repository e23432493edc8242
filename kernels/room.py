"""Room for the tables of a product: how much a thread needs, where each begins, and memory quick to read at random."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.blocks import SHAPE, SUMS
from gridproof.kernels.lanes import LANES


LEAST, KEPT = 2**16, 2**28


def place_tables(
    units: Ints, chunks: Ints, nodes: Ints, counts: Ints, codes: int, allocations: int, room: int
) -> tuple[Array, tuple[int, int, int, int, int, int]]:
    """Where a unit's tables begin in the memory of a thread, as ``blocks`` takes it, and how much there is of each.

    The kinds: sums, shapes, states, heads, patterns and lists.
    """
    levels = nodes.shape[1] - 1
    # Of every chunk the most classes that a node of each level has.
    most = np.ones((len(chunks), levels), dtype=np.int64)
    for begins in nodes:
        for level, (low, high) in enumerate(pairwise(begins)):
            most[:, level] = np.maximum(most[:, level], counts[:, low:high].max(axis=1, initial=1))
    sizes = chunks[units, 2] - chunks[units, 1]
    wide = -(-sizes[:, -1:] // LANES) * LANES
    combinations, columns = most[units[:, :-1]].prod(axis=1), most[units[:, -1]]
    entries = (combinations * columns).max(axis=0) * allocations + LANES
    rows = combinations.max(axis=0)
    words = np.concatenate([columns[:, :-1], wide], axis=1)
    patterns = (np.minimum(combinations, codes) * words).max(axis=0)
    states = int((sizes[:, :-1].prod(axis=1) * wide[:, 0]).max())
    tables = np.empty((levels, 2, 3), dtype=np.uint64)
    at = np.array([states, 0, 2 * int(wide.max())], dtype=np.int64)
    for level in range(levels):
        for side in range(2 if level < levels - 1 else 1):
            tables[level, side] = at
            at += entries[level], 2 * rows[level] + 2, patterns[level]
    # The entries of the last block may begin where the room ends.
    at += room, 2 * room, room
    lists = 3 * int((entries + LANES * rows).max()) + int(wide.max()) * (allocations + 1)
    return tables, (int(at[0]) * SUMS, int(at[0]) * SHAPE, 3 * states, int(at[1]), int(at[2]), lists)


def pages(rows: int, width: int, kind: type[np.generic] = np.float64) -> Array:
    """(rows, width) of any content, on huge pages where the system has them: what is read at random misses no page table.

    Begins with a page, so entries of eight float64 cross no cache line. Memory that nobody holds any more is handed out
    again: fresh memory is cleared first, and a virtual machine may have to ask its host for it.
    """
    size = max(1, rows * width * np.dtype(kind).itemsize)
    return _find(size)[: rows * width * np.dtype(kind).itemsize].view(kind).reshape(rows, width)


_pool: list[Array] = []


def _find(size: int) -> Array:
    """At least so many bytes, of the pool if it has any that no array lives in."""
    # Three references: the pool's, the loop's and the call's.
    idle = [memory for memory in _pool if sys.getrefcount(memory) == 3]
    fitting = [memory for memory in idle if size <= len(memory) <= 2 * size + LEAST]
    if fitting:
        return min(fitting, key=len)
    kept = sum(map(len, _pool))
    for memory in idle:
        if kept + size > KEPT:
            _pool[:] = [other for other in _pool if other is not memory]
            kept -= len(memory)
    room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without them
            room.madvise(mmap.MADV_HUGEPAGE)
    memory = np.frombuffer(room, dtype=np.uint8)
    if kept + size <= KEPT:
        _pool.append(memory)
    return memory
