"""Signals in the first moments of a command, while it imports, end it with one line and exit code 130."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gridproof.sweeps.cli.interrupts import sigterm_interrupts

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
    # Whoever starts the tests may ignore signals, as nohup does.
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
    code += "signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"from gridproof.sweeps.cli.entry import end_on_signals; end_on_signals(); {work}; print('went on')"
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


@pytest.mark.parametrize("name", ["__del__", "_raw_object_cache_notify"])
def test_a_signal_where_exceptions_are_lost_comes_again(name: str) -> None:
    """A finalizer, or LLVM's call while code is compiled: Python would print the exception and go on."""
    functions: dict[str, Any] = {"os": os, "signal": signal}
    exec(f"def {name}(*_): os.kill(os.getpid(), signal.SIGTERM)", functions)

    def work() -> None:
        with sigterm_interrupts() as received:
            if name == "__del__":
                type("Value", (), {name: functions[name]})()
            else:
                ctypes.CFUNCTYPE(None)(functions[name])()
            assert received == [signal.SIGTERM]
            time.sleep(5)
            raise AssertionError("the work went on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
