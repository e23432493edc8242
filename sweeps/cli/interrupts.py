"""How a command that can be resumed ends early: exit codes 3 and 130."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from gridproof.sweeps.cli.streams import print_error


@contextmanager
def sigterm_interrupts() -> Iterator[list[int]]:
    """SIGTERM, and SIGHUP where it would end the process (not under nohup), become KeyboardInterrupt, as SIGINT is.

    Yields the signals received so far: a library may turn a KeyboardInterrupt into an exception of its own.
    """
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM]
    numbers += [one for one in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(one) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
