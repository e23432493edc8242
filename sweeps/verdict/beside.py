"""Work that goes on beside the passes of a verdict, on a thread of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

from gridproof.kernels.threads import thread_count

Result = TypeVar("Result")

# Seconds after which a thread gives way to another that waits for the interpreter. Both threads leave it for
# microseconds at a time, and wait for the other's 5 ms, Python's own setting, whenever they come back.
_INTERVAL = 0.0005


class Beside:
    """Runs functions one after the other beside the caller; where one thread may be used, when they are asked for.

    What a function gives must not depend on when it runs. A context: at its end, what has not begun is left out.
    """

    def __init__(self) -> None:
        several = thread_count() > 1
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="gridproof-beside") if several else None

    def start(self, compute: Callable[[], Result]) -> Callable[[], Result]:
        """Returns the function that waits for the result. It raises what ``compute`` raised."""
        return compute if self._thread is None else self._thread.submit(compute).result

    def __enter__(self) -> Beside:
        if self._thread is not None:
            self._interval = sys.getswitchinterval()
            sys.setswitchinterval(_INTERVAL)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            sys.setswitchinterval(self._interval)
