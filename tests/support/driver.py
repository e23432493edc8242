"""gridproof's command line on a trapped grid: python -m tests.support.driver TRAPS run STUDY …"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from gridproof.sweeps import run as run_module
from gridproof.sweeps.cli import app as command
from gridproof.sweeps.cluster import executor as cluster
from tests.support.trapped import Trapped

if __name__ == "__main__":
    # As from a terminal: what a shell starts in the background ignores it, and so does what that starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    traps = Path(sys.argv.pop(1))
    run_module.whole_grid = lambda plan, _: Trapped(plan, traps)
    cluster.HEAD_TIMEOUT = 2.0
    command.main()
