"""A grid whose workers have simulated GPUs: the shim stands in the place of the GPU that Ray gives each of them."""

from __future__ import annotations

import os
import signal
import time
from functools import cache
from pathlib import Path

from gridproof.kernels.cuda import availability
from gridproof.sweeps.plan.grid import ProductGrid
from gridproof.sweeps.plan.piece import BoxPiece
from gridproof.sweeps.plan.plan import Plan
from tests.support.shim.device import ShimDevice

GPUS = ("0", "1")


class GpuGrid(ProductGrid):
    """Pieces of at most ``most`` variants, which the backend reduces.

    marks: a folder, in which each GPU that evaluates leaves a file with its number. No GPU evaluates a box before all
    have begun one. Where the folder holds the file kill-N, the process with GPU N removes it and is killed.
    shim: the folder of the compiled kernels.
    """

    def __init__(self, plan: Plan, most: int, marks: Path, shim: Path) -> None:
        super().__init__(plan, most, reduced=True)
        self._marks, self._shim = marks, shim
        self._on_worker = False

    def __setstate__(self, state: dict[str, object]) -> None:
        """A worker that receives the grid gets the shim in the place of its GPU."""
        self.__dict__.update(state, _on_worker=True)
        folder = self._shim
        availability.gpu_fault = cache(lambda: "")
        availability._gpu = cache(lambda: ShimDevice(folder))  # type: ignore[arg-type, return-value]

    def box(self, number: int) -> BoxPiece | None:
        if self._on_worker:
            self._begin(os.environ["CUDA_VISIBLE_DEVICES"])
        return super().box(number)

    def _begin(self, gpu: str) -> None:
        (self._marks / gpu).touch()
        deadline = time.monotonic() + 120
        while not all((self._marks / each).exists() for each in GPUS):
            assert time.monotonic() < deadline, "the other GPU has no worker"
            time.sleep(0.02)
        fatal = self._marks / f"kill-{gpu}"
        if fatal.exists():
            fatal.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
