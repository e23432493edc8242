"""Arrays on huge pages, whose memory is reused: fast random access, and no cost of fresh memory.

The system clears fresh memory, and a virtual machine may have to ask its host for it. ``benchmarks/README.md`` has the
cost.
"""

from __future__ import annotations

import mmap
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from math import prod

import numpy as np

from gridproof.kernels.arrays import Array

# The most bytes in the pool, in use or idle; arrays smaller than ``_LEAST`` bytes do not come from it.
_KEPT, _LEAST = 2**28, 2**16


class _Block:
    """A block of memory and a weak reference to the array made of it last, which all views of that array keep alive."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # a system without them
                self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._latest: Callable[[], Array | None] = lambda: None

    @property
    def idle(self) -> bool:
        return self._latest() is None

    def hand_out(self) -> Array:
        array = np.frombuffer(self._memory, dtype=np.uint8)
        self._latest = weakref.ref(array)
        return array


_pool: list[_Block] = []
_lock = threading.Lock()


def pages(*shape: int, kind: type[np.generic] = np.float64) -> Array:
    """An uninitialised array, on huge pages where the system has them, so that random reads need few page look-ups.

    A large array begins at a page, so entries of eight float64 cross no cache line. Memory is reused once no array
    refers to it.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size < _LEAST:
        return np.empty(shape, dtype=kind)
    with _lock:
        array = _find(size).hand_out()
    return array[:size].view(kind).reshape(shape)


def _find(size: int) -> _Block:
    idle = sorted((block for block in _pool if block.idle), key=lambda block: block.size)
    for block in idle:
        if size <= block.size <= 2 * size:
            return block
    kept = sum(block.size for block in _pool)
    if kept - sum(block.size for block in idle) + size > _KEPT:
        return _Block(size)  # it would not fit beside what is used
    while kept + size > _KEPT:
        gone = idle.pop()
        _pool.remove(gone)
        kept -= gone.size
    _pool.append(_Block(size))
    return _pool[-1]
