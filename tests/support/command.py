"""The command line, called as a person calls it."""

from __future__ import annotations

import subprocess
import sys


def gridproof(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``gridproof ARGUMENTS`` in a process of its own; it must exit with code ``expect``, without a traceback."""
    command = [sys.executable, "-m", "gridproof", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == expect, done.stderr
    assert "Traceback" not in done.stderr
    return done
