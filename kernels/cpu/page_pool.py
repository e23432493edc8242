"""Memory quick to read at random, on huge pages, and used again.

Fresh memory is cleared before it is handed out, and a virtual machine may have to ask its host for it: what that
costs stands in ``benchmarks/README.md``.
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

# Bytes that are kept, used or idle; smaller arrays than ``_LEAST`` are not worth it.
_KEPT, _LEAST = 2**28, 2**16


class _Room:
    """Some memory, and the array of it that was handed out last: all that is made of that refers to it."""

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


_pool: list[_Room] = []
_lock = threading.Lock()


def pages(*shape: int, kind: type[np.generic] = np.float64) -> Array:
    """An array of any content, on huge pages where the system has them: what is read at random misses no page table.

    A large one begins with a page, so entries of eight float64 cross no cache line. Memory in which no array lives any
    more is handed out again.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size < _LEAST:
        return np.empty(shape, dtype=kind)
    with _lock:
        array = _find(size).hand_out()
    return array[:size].view(kind).reshape(shape)


def _find(size: int) -> _Room:
    idle = sorted((room for room in _pool if room.idle), key=lambda room: room.size)
    for room in idle:
        if size <= room.size <= 2 * size:
            return room
    kept = sum(room.size for room in _pool)
    if kept - sum(room.size for room in idle) + size > _KEPT:
        return _Room(size)  # it would not fit beside what is used
    while kept + size > _KEPT:
        gone = idle.pop()
        _pool.remove(gone)
        kept -= gone.size
    _pool.append(_Room(size))
    return _pool[-1]
