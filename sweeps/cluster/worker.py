"""A worker of a cluster: a process with a plan of its own, bound to its share of a machine."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.kernels.problem import Work
from gridproof.results.run.tally import Tally
from gridproof.signals.data.market import Market
from gridproof.sweeps.execution.identity import environment
from gridproof.sweeps.execution.tile import Yardstick, run_tile
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a worker needs of a plan: its arrays and the grid's cuts, not the market's series, nor compiled tables."""

    plan: Plan
    grid: Grid
    backend: str


@dataclass(frozen=True, slots=True)
class FinishedBatch:
    """A worker's answer. ``seconds``: what the evaluation took, without the way here."""

    tally: Tally
    rows: npt.NDArray[np.float32] | None
    variants: int
    seconds: float


def pack_plan(plan: Plan, grid: Grid, backend: str) -> Shipment:
    """Ready to be pickled: the evaluation is bound anew where it arrives."""
    lean = replace(plan, market=Market(plan.market.calendar, {}), evaluate=_unbound)
    return Shipment(lean, grid.on(lean), backend)


class Worker:
    """Lives in a process of its own; what arrives is read-only memory shared with the others of its machine."""

    def __init__(self, threads: int) -> None:
        numba.set_num_threads(max(1, min(threads, numba.config.NUMBA_NUM_THREADS)))
        self._loaded: tuple[Plan, Grid] | None = None

    def hello(self) -> dict[str, str]:
        """Who this is, and what it would compute with."""
        return {"host": socket.gethostname(), "pid": str(os.getpid())} | environment()

    def load(self, shipment: Shipment) -> None:
        """Bind the plan. Raises InputError where the backend cannot run here."""
        plan = replace(shipment.plan, evaluate=resolve(shipment.backend).bind(shipment.plan.problem))
        self._loaded = plan, shipment.grid.on(plan)

    def tile(self, low: int, high: int, yardstick: Yardstick, keep_rows: bool) -> FinishedBatch:
        plan, grid = self._plan_and_grid()
        began = time.perf_counter()
        variants = 0

        def advance(count: int) -> None:
            nonlocal variants
            variants += count

        tally, rows = run_tile(plan, grid, low, high, yardstick, keep_rows, advance)
        return FinishedBatch(tally, rows, variants, time.perf_counter() - began)

    def evaluate(self, work: Work) -> Floats:
        """As ``Plan.evaluate``, for a driver that cannot run the backend itself."""
        return self._plan_and_grid()[0].evaluate(work)

    def _plan_and_grid(self) -> tuple[Plan, Grid]:
        if self._loaded is None:
            raise RuntimeError("a worker was asked for work before it had a plan")
        return self._loaded


def _unbound(work: Work) -> Floats:
    raise RuntimeError("this plan travels: it is bound to a backend where it arrives")
