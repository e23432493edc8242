"""Deferred interrupts: the first one is only noted, so that tiles in progress can finish; the second one interrupts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    requested: bool = False


@contextmanager
def deferred_interrupts() -> Iterator[Interrupts]:
    """The first SIGINT or SIGTERM sets ``requested``; each later one raises KeyboardInterrupt.

    Python handles signals in the main thread only. In another thread this changes nothing.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupts.requested:
            raise KeyboardInterrupt
        interrupts.requested = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
