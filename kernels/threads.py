"""Compiled loops on several cores by Python threads.

A function with ``parallel=True`` compiles three to five times as long as the same loop without it, since Numba makes
and optimises several versions of its body. A loop of few long parts needs none of that: each thread calls the compiled
function, which releases the interpreter's lock, for a range of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any

from gridproof.kernels.numba_settings import config

# Ranges for each thread: threads that finish early take what is left.
_RANGES = 8

# How many threads may be used. Numba's own number would start its threading layer, which no process survives that
# forks afterwards, and which nothing here uses.
_limit: int = config.NUMBA_NUM_THREADS


def thread_count() -> int:
    """How many threads kernels use: NUMBA_NUM_THREADS, which is the number of cores unless set, or the limit."""
    return _limit


def limit_threads(count: int) -> int:
    """Let kernels use at most ``count`` threads in this process from now on. Returns how many it was before."""
    global _limit
    before, _limit = _limit, max(1, min(count, config.NUMBA_NUM_THREADS))
    return before


def run_ranges(kernel: Callable[..., None], count: int, *arguments: Any, least: int = 1) -> None:
    """Call ``kernel(low, high, *arguments)`` for ranges that together cover 0 to ``count``, on several threads.

    kernel: compiled with ``nogil=True``; what it writes must not depend on how the range is cut. least: a range has so
    many at least, since a call costs some microseconds. Where a range raises, no further one begins, and the exception
    is raised when all threads have ended theirs. A kernel must not call this in turn.
    """
    threads = thread_count()
    ranges = min(_RANGES * threads, count // least)
    if threads == 1 or ranges <= 1:
        kernel(0, count, *arguments)
        return
    left = iter([(count * part // ranges, count * (part + 1) // ranges) for part in range(ranges)])

    def work() -> None:
        try:
            for low, high in left:  # one iterator for all threads: each range is taken once
                kernel(low, high, *arguments)
        except BaseException:
            for _ in left:
                pass
            raise

    others = [_pool().submit(work) for _ in range(min(threads, ranges) - 1)]
    try:
        work()
    finally:
        wait([other for other in others if not other.cancel()])
    for other in others:
        if not other.cancelled():
            other.result()


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """The threads beside the calling one, kept from call to call."""
    return ThreadPoolExecutor(max(1, config.NUMBA_NUM_THREADS - 1), thread_name_prefix="gridproof")


if hasattr(os, "register_at_fork"):  # a forked process has the pool but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
