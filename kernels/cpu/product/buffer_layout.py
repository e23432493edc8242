"""Room for the tables of a product: how much a thread needs, and where each begins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.cpu.product.block_tables import SHAPE, SUMS
from gridproof.kernels.cpu.product.simd import LANES


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
