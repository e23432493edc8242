"""Stopping politely: the first interrupt is noted, so that what is under way is finished; the second interrupts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    asked: bool = False


@contextmanager
def noted_interrupts() -> Iterator[Interrupts]:
    """SIGINT and SIGTERM set ``asked``; once it is set they raise KeyboardInterrupt.

    Only the main thread hears signals; in another one nothing changes.
    """
    drain = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield drain
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        if drain.asked:
            raise KeyboardInterrupt
        drain.asked = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield drain
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
