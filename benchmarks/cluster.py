"""What a cluster costs: python -m benchmarks.cluster [--study NAME --data FOLDER].

Prints the size of a plan, and the time of a tile on its way to the driver and into the run's folder: workers of a local
Ray answer at once with a tally of a given size.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gridproof.kernels.backend import resolve
from gridproof.results.run.store import Store
from gridproof.results.run.tally import KEPT, Tally
from gridproof.sweeps.cluster import worker_pool
from gridproof.sweeps.cluster.executor import ClusterExecutor
from gridproof.sweeps.cluster.worker import FinishedBatch, Shipment, Worker
from gridproof.sweeps.execution.executor import Task, TileFault
from gridproof.sweeps.execution.tile import TallyScale
from gridproof.sweeps.plan.grid import ProductGrid, whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study

TILES = 400


class Idle(Worker):
    """Answers at once; ``cells``: of the surfaces of its tally."""

    dims: tuple[int, ...] = ()

    def tile(self, low: int, high: int, scale: TallyScale, keep_rows: bool) -> FinishedBatch:
        return FinishedBatch(tally_of(self.dims), None, 1, 10.0)


class Slim(Idle):
    dims = (10, 10, 10, 10)


class Wide(Idle):
    dims = (40,) * 10


def tally_of(dims: tuple[int, ...]) -> Tally:
    tally = Tally.empty(dims, 200, 6)
    tally.best_value, tally.best_index = np.arange(KEPT, 0, -1.0), np.arange(KEPT)
    tally.best_key = np.arange(KEPT * 6).reshape(KEPT, 6)
    return tally


class Quiet:
    def advance(self, variants: int) -> None: ...
    def nodes(self, rates: Mapping[str, float]) -> None: ...
    def notice(self, text: str) -> None: ...
    def enough(self, nodes: int) -> bool:
        return False


def measure(worker: type[Idle]) -> None:
    study = load_study("us-demo")
    plan = build_plan(study, market_of(study), resolve("cpu"))
    grid = ProductGrid(plan, 1)
    task = Task(grid, TallyScale(np.linspace(0, 1, 201), (0.0, 0.0)), keep_rows=False)
    weight = len(pickle.dumps(tally_of(worker.dims)))
    worker_pool.Worker = worker  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder, ClusterExecutor("local") as executor:
        store = Store(Path(folder))
        store.create("")
        executor.prepare(grid, executor.backend("cpu"))
        stored, storing, began = 0, 0.0, 0.0
        for outcome in executor.tiles(task, [(0, TILES)], Quiet()):
            assert not isinstance(outcome, TileFault), outcome
            began = began or time.perf_counter()
            before = time.perf_counter()
            store.tiles.put(outcome.low, outcome.high, outcome.tally, outcome.rows)
            stored += 1
            if stored % 64 == 0:
                store.tiles.merge()
            storing += time.perf_counter() - before
        seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(
        f"tally of {weight / 2**20:.2f} MiB: {1e3 * seconds / stored:.1f} ms a tile ({stored} tiles), of it "
        f"{1e3 * storing / stored:.1f} ms into the folder; driver at most {memory:,.0f} MiB"
    )


def weigh(name: str, data: str | None) -> None:
    study = load_study(name)
    plan = build_plan(study, market_of(study, data), resolve("cpu"))
    grid = whole_grid(plan)
    weight = len(pickle.dumps(Shipment(grid, "cpu"), protocol=5))
    tally = len(pickle.dumps(Tally.empty(study.space.dims, 200, len(study.signals) + 1))) / 2**20
    print(f"{name}: {study.space.size:,} variants, plan {weight / 2**20:.2f} MiB, tally {tally:.2f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--study", help="also print the size of this study's plan")
    parser.add_argument("--data", metavar="FOLDER", help="the market folder of --study (packaged with the study)")
    options = parser.parse_args()
    weigh("us-demo", None)
    if options.study is not None:
        weigh(options.study, options.data)
    for kind in (Slim, Wide):
        measure(kind)


if __name__ == "__main__":
    main()
