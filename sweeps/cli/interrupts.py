"""How a command that can be resumed ends early: exit codes 3 and 130."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from gridproof.sweeps.cli.streams import print_error


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM, and SIGHUP where it would end the process (not under nohup), become KeyboardInterrupt."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def resumable(kept: str) -> Iterator[None]:
    """Exit with code 3 where work is left (budget used up, disk full, workers lost), and with 130 on Ctrl-C or SIGTERM.

    kept: what stays, such as "finished tiles".
    """
    from gridproof.sweeps.execution.errors import IncompleteError

    try:
        with sigterm_interrupts():
            yield
    except IncompleteError as error:
        print_error(f"not finished: {error}")
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        print_error(f"interrupted; {kept} are kept, rerun the same command to resume")
        raise typer.Exit(130) from None
