"""A run with its verdict writes the same bytes whatever the threads of BLAS and Numba, the tiles, and interruptions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.executors import contents
from tests.support.rays import ROOT
from tests.support.tiny import tiny_grid_file

# Runs the study argv[1] into the folder argv[2], in tiles of argv[3] pieces, after an interruption where argv[4] is 1.
PROGRAM = """
import sys
import gridproof as gp
from gridproof.sweeps import run
from gridproof.sweeps.execution import sweep
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.plan.grid import ProductGrid
from tests.support.observers import StopAt

sweep.whole_grid = lambda plan, _: ProductGrid(plan, 10)  # many small pieces
study = gp.load_study(sys.argv[1])
options = RunOptions(sys.argv[2], tile_pieces=int(sys.argv[3]))
if sys.argv[4] == "1":
    try:
        run.run_study(study, options=options, observer=StopAt(new=50))
    except KeyboardInterrupt:
        print("interrupted")
print(run.run_study(study, options=options).folder)
"""


def run_in_a_child(study: Path, out: Path, threads: int, tile_pieces: int, interrupted: bool) -> dict[str, bytes]:
    """The files of the run that a process with so many threads of each kind makes."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    command = [sys.executable, "-c", PROGRAM, str(study), str(out), str(tile_pieces), str(int(interrupted))]
    environment = os.environ | dict.fromkeys(names, str(threads))
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert ("interrupted" in done.stdout) == interrupted
    return contents(Path(done.stdout.split()[-1]))


@pytest.mark.slow("test_run compares runs of several threads and tiles, test_verdict_rules a verdict of one thread")
def test_threads_tiles_and_interruptions_change_no_byte_of_a_verdict(tmp_path: Path) -> None:
    study = tiny_grid_file(tmp_path)
    one = run_in_a_child(study, tmp_path / "one", 1, 100, interrupted=False)
    two = run_in_a_child(study, tmp_path / "two", 2, 1, interrupted=True)
    assert "statistics.json" in one
    assert "report.html" in one
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []
