"""How a command that can be resumed ends early: exit codes 3 and 130."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM becomes KeyboardInterrupt."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
        print(f"gridproof: not finished: {error}", file=sys.stderr)
        raise typer.Exit(3) from None
    except KeyboardInterrupt:
        print(f"gridproof: interrupted; {kept} are kept, rerun the same command to resume", file=sys.stderr)
        raise typer.Exit(130) from None
