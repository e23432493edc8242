"""A grid of small pieces that does on a worker what a file tells it to: raise, be slow, or kill its process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from gridproof.sweeps.plan.grid import ProductGrid
from gridproof.sweeps.plan.piece import Piece
from gridproof.sweeps.plan.plan import Plan

SLOW = 0.15


class Trapped(ProductGrid):
    """Pieces of ten variants. ``traps`` holds files: slow; raise-N; kill-N (each time) and kill-once-N."""

    def __init__(self, plan: Plan, traps: Path) -> None:
        super().__init__(plan, 10)
        self._traps = traps

    def piece(self, number: int) -> Piece:
        if (self._traps / "slow").exists():
            time.sleep(SLOW)
        if (self._traps / f"raise-{number}").exists():
            raise ValueError(f"a trap at piece {number}")
        once = self._traps / f"kill-once-{number}"
        if once.exists() or (self._traps / f"kill-{number}").exists():
            once.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().piece(number)
