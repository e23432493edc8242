"""Where the ``gridproof`` command begins: signals end it in one line from its first moment on, while it imports."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType


def main() -> None:
    """The entry point of the command line. Until a command handles signals itself, they end it with exit code 130."""
    end_on_signals()
    # What is imported stays: to look through it for garbage again and again takes a sixth of the start.
    gc.set_threshold(50_000, 20, 50)
    from gridproof.sweeps.cli.app import main as run_command

    run_command()


def end_on_signals() -> None:
    """SIGTERM, Ctrl-C, and SIGHUP where it would end the process (not under nohup), end it with a line on stderr."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _end)


def _end(_number: int, frame: FrameType | None) -> None:
    with suppress(OSError):  # there is nowhere else to say it
        os.write(2, b"gridproof: interrupted; rerun the same command\n")
    if _importing(frame):
        os._exit(130)  # an exception would be lost where an import catches it; nothing is open or written yet
    sys.exit(130)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
