"""Memory quick to read at random, on huge pages, and used again.

Fresh memory is cleared before it is handed out, and a virtual machine may have to ask its host for it: as much work as
evaluating a small grid.
"""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from math import prod

import numpy as np

from gridproof.kernels.arrays import Array

# Bytes that are kept for what comes next; smaller arrays than ``_LEAST`` are not worth it.
_KEPT, _LEAST = 2**28, 2**16
_pool: list[Array] = []


def pages(*shape: int, kind: type[np.generic] = np.float64) -> Array:
    """An array of any content, on huge pages where the system has them: what is read at random misses no page table.

    A large one begins with a page, so entries of eight float64 cross no cache line. Memory in which no array lives any
    more is handed out again.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size < _LEAST:
        return np.empty(shape, dtype=kind)
    return _find(size)[:size].view(kind).reshape(shape)


def _find(size: int) -> Array:
    # An idle one is known to the pool, this loop and the call alone: arrays in it refer to it.
    idle = [memory for memory in _pool if sys.getrefcount(memory) == 3]
    fitting = [memory for memory in idle if size <= len(memory) <= 2 * size]
    if fitting:
        return min(fitting, key=len)
    kept = sum(map(len, _pool))
    while idle and kept + size > _KEPT:
        gone = idle.pop()
        _pool[:] = [memory for memory in _pool if memory is not gone]
        kept -= len(gone)
    memory = _map(size)
    if kept + size <= _KEPT:
        _pool.append(memory)
    return memory


def _map(size: int) -> Array:
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, dtype=np.uint8)
