"""Arrays on huge pages, whose memory is reused.

Huge pages make random access fast. Reuse saves the cost of new memory: the operating system clears it, and a virtual
machine may have to ask its host for it. ``benchmarks/README.md`` gives the measured cost.
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

# The pool keeps at most ``_KEPT`` bytes, in use or idle. Arrays smaller than ``_LEAST`` bytes do not come from it.
_KEPT, _LEAST = 2**28, 2**16


class _Block:
    """A block of memory, and a weak reference to the last array made of it. All views of an array keep it alive."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # raised where the system has no huge pages
                self._memory.madvise(mmap.MADV_HUGEPAGE)
        self._latest: Callable[[], Array | None] = lambda: None

    @property
    def idle(self) -> bool:
        """Whether no array refers to this memory."""
        return self._latest() is None

    def hand_out(self) -> Array:
        """Returns the whole block as an array (size,) of uint8."""
        array = np.frombuffer(self._memory, dtype=np.uint8)
        self._latest = weakref.ref(array)
        return array


_pool: list[_Block] = []
_lock = threading.Lock()


def pages(*shape: int, kind: type[np.generic] = np.float64) -> Array:
    """Returns an uninitialised array of this shape, on huge pages where the system has them.

    An array of 64 KiB or more begins at a page boundary, so an entry of eight float64 never crosses a cache line. Its
    memory is reused as soon as neither the array nor a view of it exists.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size < _LEAST:
        return np.empty(shape, dtype=kind)
    with _lock:
        array = _find(size).hand_out()
    return array[:size].view(kind).reshape(shape)


def _find(size: int) -> _Block:
    """Returns an idle block of ``size`` to 2 × ``size`` bytes, else a new one, dropping idle blocks to make room."""
    idle = sorted((block for block in _pool if block.idle), key=lambda block: block.size)
    for block in idle:
        if size <= block.size <= 2 * size:
            return block
    kept = sum(block.size for block in _pool)
    if kept - sum(block.size for block in idle) + size > _KEPT:
        return _Block(size)  # not kept in the pool: it would not fit beside the blocks in use
    while kept + size > _KEPT:
        dropped = idle.pop()
        _pool.remove(dropped)
        kept -= dropped.size
    _pool.append(_Block(size))
    return _pool[-1]
