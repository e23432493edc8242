"""One process at a time compiles a function: another one waits, and loads what the first has kept.

Without it, the processes of a cluster's machine or of the tests each compile everything at their first start, and one
that updates the list of what is kept can lose what another has just added.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gridproof.kernels.numba_settings import global_compiler_lock, load_array_functions

# Seconds after which a process no longer waits and compiles itself, and between two looks.
LONGEST, PAUSE = 120.0, 0.02

# The locks that this process holds: compiling a function may compile it again for other types.
_held: set[Path] = set()


def compile_once(dispatcher: Any, path: Path) -> None:
    """Let one process at a time compile a function. path: a file beside what is kept of it; it is made, and stays.

    A process that ends in any way releases it. Nothing is locked where the file cannot be made, or on a file system
    without locks.
    """
    compile_here = dispatcher.compile

    def compile_alone(sig: Any) -> Any:
        with global_compiler_lock:  # before it, so that a thread with the file never waits for one without
            load_array_functions()
            if path in _held:
                return compile_here(sig)
            with _lock(path):
                return compile_here(sig)

    dispatcher.compile = compile_alone


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield
        return
    _held.add(path)
    try:
        _acquire(descriptor)
        yield
    finally:
        _held.discard(path)
        os.close(descriptor)


def _acquire(descriptor: int) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(PAUSE)
        except OSError:  # a file system without locks
            return
