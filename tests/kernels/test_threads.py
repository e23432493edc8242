"""Ranges of a loop on several threads: each once, and what happens when one raises, and after a fork."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from gridproof.kernels.threads import limit_threads, run_ranges, thread_count


@pytest.mark.parametrize("count", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("least", [1, 3, 5000])
def test_every_number_is_in_one_range(count: int, least: int) -> None:
    seen = np.zeros(count, dtype=np.int64)
    cut: list[tuple[int, int]] = []

    def kernel(low: int, high: int, added: int) -> None:
        seen[low:high] += added
        cut.append((low, high))

    run_ranges(kernel, count, 2, least=least)
    assert (seen == 2).all()
    assert all(high - low >= min(least, count) for low, high in cut)
    assert len(cut) <= 8 * thread_count()


def test_as_many_threads_as_numba_has() -> None:
    used: set[int] = set()
    before = thread_count()

    def kernel(low: int, high: int) -> None:
        used.add(threading.get_ident())
        time.sleep(0.01)

    for threads in {1, before}:
        used.clear()
        limit_threads(threads)
        try:
            run_ranges(kernel, 1000)
        finally:
            limit_threads(before)
        assert 1 <= len(used) <= threads
        assert threading.get_ident() in used


@pytest.mark.parametrize("where", ["this thread", "another"])
def test_an_exception_ends_the_loop_and_is_raised(where: str) -> None:
    if thread_count() == 1:
        pytest.skip("one thread: no other may raise")
    mine, calls = threading.get_ident(), []

    def kernel(low: int, high: int) -> None:
        calls.append(low)
        if (threading.get_ident() == mine) == (where == "this thread"):
            raise KeyboardInterrupt
        time.sleep(0.2)

    with pytest.raises(KeyboardInterrupt):
        run_ranges(kernel, 1000)
    assert len(calls) < 8 * thread_count(), "no further range begins"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    seen = np.zeros(100, dtype=np.int64)

    def kernel(low: int, high: int) -> None:
        time.sleep(0.001)
        seen[low:high] = os.getpid()

    run_ranges(kernel, 100)
    child = os.fork()
    if child == 0:
        run_ranges(kernel, 100)
        os._exit(0 if (seen == os.getpid()).all() else 1)
    for _ in range(200):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert ended, "the child waits for threads that it does not have"
    assert os.waitstatus_to_exitcode(status) == 0
