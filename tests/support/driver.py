"""gridproof's command line on a trapped grid: python -m tests.support.driver TRAPS run STUDY …, or a fork."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reliability.driver import called
from gridproof.sweeps.cluster import executor as cluster
from gridproof.sweeps.execution import sweep as sweep_module
from tests.support.trapped import Trapped


def drive(traps: Path, arguments: Sequence[object]) -> int:
    """Call the command line in this process, which it changes. Returns its exit code."""
    sweep_module.whole_grid = lambda plan, _: Trapped(plan, traps)
    cluster.HEAD_TIMEOUT = 2.0
    return called(arguments)


if __name__ == "__main__":
    sys.exit(drive(Path(sys.argv[1]), sys.argv[2:]))
