"""The command line. Commands import what they need when they are called, so that help and errors come at once."""

from __future__ import annotations

import errno
import os
import sys

import typer

from gridproof.kernels.errors import InputError
from gridproof.results.run.packages import version_fault
from gridproof.results.texts.fault import fault_text
from gridproof.results.texts.spoken import say, spoken
from gridproof.sweeps.cli import (
    catalogue,
    check,
    data,
    explain,
    factors,
    finished_runs,
    machine,
    monitor,
    point,
    run,
    search,
)
from gridproof.sweeps.cli.help import Command, Group
from gridproof.sweeps.cli.streams import open_streams, print_error

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: rich takes as long to import as all else together.
    rich_markup_mode=None,
    help="Is a published timing or rotation strategy robust, or a fluke of its thresholds? "
    "Write it as one study file; gridproof evaluates every variant around it and shows where it stands.",
    epilog="Exit codes: 0 done; 1 a check found errors; 2 the input cannot be used; 3 stopped before the end, rerun "
    "the same command to resume; 130 interrupted, rerun the same command to resume.",
)
app.command("demo", cls=Command)(run.demo)
app.command("run", cls=Command)(run.run)
app.command("search", cls=Command)(search.search)
app.command("factors", cls=Command)(factors.factors)
app.command("point", cls=Command)(point.point)
app.command("explain", cls=Command)(explain.explain)
app.command("show", cls=Command)(finished_runs.show)
app.command("verdict", cls=Command)(finished_runs.verdict)
app.command("report", cls=Command)(finished_runs.report)
app.command("check", cls=Command)(check.check)
app.command("ledger", cls=Command)(finished_runs.ledger)
app.command("monitor", cls=Command)(monitor.monitor)
app.add_typer(data.app, name="data")
app.command("operators", cls=Command)(catalogue.operators)
app.command("schema", cls=Command)(catalogue.schema)
app.command("synth", cls=Command)(catalogue.synth)
app.command("bench", cls=Command)(machine.bench)


def main() -> None:
    """Runs the command line. Input, a file or a stream that cannot be used is one line on stderr and exit code 2."""
    open_streams()
    try:
        try:
            app(standalone_mode=True)
        finally:
            _flush_output()
    except InputError as error:
        fault = fault_text(error, spoken())
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
        # Whatever writes a file names it; what is left is the terminal, or what stands for it.
        place = error.filename or ("standard output" if full else None)
        where = f"{place}: " if place is not None else ""
        fault = f"{where}{error.strerror or ' '.join(map(str, error.args))}"
    except UnicodeEncodeError as error:
        fault = f"{error.object}: the name must have an encoding on this system; got {sys.getfilesystemencoding()}. "
        fault += "Set PYTHONUTF8=1, or rename it."
    except MemoryError as error:
        fault = f"{say('not enough memory')}: {error}".rstrip(": ")
    except Exception as error:
        if (found := version_fault()) is None:
            raise
        fault = f"{type(error).__name__}: {' '.join(str(error).split())}. {found}"
    else:
        return
    print_error(fault)
    sys.exit(2)


def _flush_output() -> None:
    """Raises OSError where the standard output cannot be written, as on a full device.

    Python would write what is left again when the process ends; after a failure it goes nowhere.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # a reader such as head that has seen enough
            error.filename = "standard output"
            raise
