"""An interruption is exit code 130, also where a library turns it into an exception of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
import typer

from gridproof.sweeps.cli.interrupts import resumable


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    """As in a terminal: a process in the background ignores SIGINT."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupted_inside_a_library(number: signal.Signals) -> None:
    with resumable("finished tiles"):
        try:
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)
        except KeyboardInterrupt:
            raise TypeError("cannot compare") from None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_exception_made_of_an_interruption(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        interrupted_inside_a_library(number)
    assert ended.value.exit_code == 130
    assert (
        capsys.readouterr().err == "gridproof: interrupted; finished tiles are kept, rerun the same command to resume\n"
    )
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_other_exceptions_pass() -> None:
    with pytest.raises(TypeError, match="of its own"), resumable("finished tiles"):
        raise TypeError("of its own")
