"""Signals in the first moments of a command, while it imports, end it with one line and exit code 130."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

# A module that gets a signal while it is imported, by code that catches everything.
STOPPED = """
import os
try:
    os.kill(os.getpid(), NUMBER)
    for _ in range(10**9): pass
except BaseException:
    pass
"""
LINE = "gridproof: interrupted; rerun the same command\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("importing", [True, False])
def test_a_signal_before_the_work_is_one_line(number: signal.Signals, importing: bool, tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(STOPPED.replace("NUMBER", str(int(number))))
    work = "import stopped" if importing else f"import os; os.kill(os.getpid(), {int(number)})"
    code = f"from gridproof.sweeps.cli.entry import end_on_signals; end_on_signals(); {work}; print('went on')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", LINE)


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    code = "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    code += "from gridproof.sweeps.cli.entry import end_on_signals; end_on_signals(); "
    code += "from gridproof.sweeps.cli.interrupts import sigterm_interrupts\n"
    code += "with sigterm_interrupts(): os.kill(os.getpid(), signal.SIGHUP)\n"
    code += "os.kill(os.getpid(), signal.SIGHUP); print('went on')"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")
