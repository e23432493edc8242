"""How a command that can be resumed ends early: exit codes 3 and 130."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import typer

from gridproof.sweeps.cli.streams import print_error

# Functions that code in C calls and whose exceptions are ignored: finalizers, and llvmlite's cache of compiled code.
_LOSE_EXCEPTIONS = {"__del__", "_raw_object_cache_notify", "_raw_object_cache_getbuffer"}
# Seconds after which a signal that arrived in such a function is raised again.
_AGAIN = 0.02


@contextmanager
def sigterm_interrupts() -> Iterator[list[int]]:
    """SIGTERM, and SIGHUP where it would end the process (not under nohup), become KeyboardInterrupt, as SIGINT is.

    Yields the signals received so far: a library may turn a KeyboardInterrupt into an exception of its own.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        interrupt(number, frame)

    def interrupt(_number: int, frame: FrameType | None) -> None:
        if _loses_exceptions(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            return
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM]
    numbers += [one for one in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(one) not in (signal.SIG_IGN, None)]
    before: dict[signal.Signals, Any] = {number: signal.signal(number, stop) for number in numbers}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interrupt)
    try:
        yield received
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _loses_exceptions(frame: FrameType | None) -> bool:
    """Whether Python would ignore an exception raised here: in a finalizer, or where LLVM calls back."""
    while frame is not None:
        if frame.f_code.co_name in _LOSE_EXCEPTIONS:
            return True
        frame = frame.f_back
    return False


@contextmanager
def resumable(kept: str) -> Iterator[None]:
    """Exit with code 3 where work is left (budget used up, disk full, workers lost), and with 130 on Ctrl-C or SIGTERM.

    kept: what stays, such as "finished tiles".
    """
    from gridproof.sweeps.execution.errors import IncompleteError

    received: list[int] = []
    try:
        with sigterm_interrupts() as received:
            yield
    except IncompleteError as error:
        print_error(f"not finished: {error}")
        raise typer.Exit(3) from None
    except (Exception, KeyboardInterrupt) as error:
        if not received and not isinstance(error, KeyboardInterrupt):
            raise
        print_error(f"interrupted; {kept} are kept, rerun the same command to resume")
        raise typer.Exit(130) from None
