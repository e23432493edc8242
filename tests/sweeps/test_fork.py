"""A process that has run a study may fork, as a pool of multiprocessing does on Linux; the children run studies too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rays import ROOT

SCRIPT = """
import multiprocessing, sys
import gridproof as gp
from tests.support.tiny import tiny_grid

def variants(lag):
    study, verdict = tiny_grid().set({"lag": lag}), sys.argv[2] == "True"
    return gp.run(study, out=sys.argv[1], verdict=verdict).summary["variants"]

if __name__ == "__main__":
    first = variants(1)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print([first, *pool.map(variants, [2, 3])])
"""


WITH_VERDICT = pytest.param(True, marks=pytest.mark.slow("runs without a verdict use the same threads in a fork"))


@pytest.mark.parametrize("verdict", [False, WITH_VERDICT])
def test_a_run_in_a_forked_process_after_a_run(tmp_path: Path, verdict: bool) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(verdict)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[96, 96, 96]"
    assert "unsafe" not in done.stderr
