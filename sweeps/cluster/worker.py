"""A worker of a cluster: a process that evaluates tiles with its share of a machine."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.kernels.problem import Evaluator, Work
from gridproof.kernels.threads import limit_threads
from gridproof.results.run.tally import Tally
from gridproof.sweeps.execution.identity import environment
from gridproof.sweeps.execution.tile import TallyScale, run_tile
from gridproof.sweeps.plan.grid import Grid


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a worker needs: the grid with its plan, which is data, and the name of the backend."""

    grid: Grid
    backend: str


@dataclass(frozen=True, slots=True)
class FinishedBatch:
    """A batch that a worker has evaluated. seconds: of the evaluation, without the transfer."""

    tally: Tally
    rows: npt.NDArray[np.float32] | None
    variants: int
    seconds: float


class Worker:
    """A Ray actor in a process of its own. Its arguments are read-only memory, shared by the workers of a node."""

    def __init__(self, threads: int) -> None:
        limit_threads(threads)
        self._loaded: tuple[Grid, Evaluator] | None = None

    def describe(self, gpu: bool) -> dict[str, str]:
        """Host, process id, and the environment that results depend on. gpu: whether that of a GPU counts."""
        return {"host": socket.gethostname(), "pid": str(os.getpid())} | environment(gpu)

    def load(self, shipment: Shipment) -> None:
        """Bind the plan to the backend. Raises InputError where it cannot run here."""
        grid = shipment.grid
        self._loaded = grid, resolve(shipment.backend).bind(grid.plan.problem)

    def tile(self, low: int, high: int, scale: TallyScale, keep_rows: bool) -> FinishedBatch:
        grid, evaluate = self._grid_and_evaluate()
        began = time.perf_counter()
        variants = 0

        def advance(count: int) -> None:
            nonlocal variants
            variants += count

        tally, rows = run_tile(grid, evaluate, low, high, scale, keep_rows, advance)
        return FinishedBatch(tally, rows, variants, time.perf_counter() - began)

    def evaluate(self, work: Work) -> Floats:
        """Metrics of work of the grid's plan, for a driver that cannot run the backend itself."""
        return self._grid_and_evaluate()[1](work)

    def _grid_and_evaluate(self) -> tuple[Grid, Evaluator]:
        if self._loaded is None:
            raise RuntimeError("a worker must load a plan before it evaluates")
        return self._loaded
