"""The executor on Ray: a worker for each GPU or few CPUs of every node, and a window of tiles in flight to each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from types import TracebackType

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import Backend, Evaluate, cuda_planner, resolve
from gridproof.kernels.cuda.device import gpu_answers
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Work
from gridproof.results.run.summary_record import ClusterTiming
from gridproof.sweeps.cluster.connection import HEAD_TIMEOUT, check_address, connected, head_reachable
from gridproof.sweeps.cluster.interrupts import Interrupts, noted_interrupts
from gridproof.sweeps.cluster.ray_metrics import RayMetrics
from gridproof.sweeps.cluster.scheduler import DEATHS, Scheduler, tile_pieces
from gridproof.sweeps.cluster.worker import Shipment
from gridproof.sweeps.cluster.worker_pool import CPUS, WINDOW, BatchOutcome, WorkerPool
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.executor import ExecutionControl, Range, Task, Tile, TileFault
from gridproof.sweeps.plan.grid import Grid

# Seconds between looks at the nodes, and without any worker until a run that asked for none gives up.
_LOOK = 1.0
_ALONE = 30.0
# Seconds between lines that say that nobody is ready.
_TELL = 15.0


class ClusterExecutor:
    """``address``: local, auto or HOST:PORT. ``workers``: at most so many; an autoscaling cluster starts as many.

    The driver keeps the folder: it alone writes tiles, so nodes share no file system. Raises InputError where Ray is
    not installed or does not answer, IncompleteError where the head or every worker is lost.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        check_address(address)
        if workers is not None and workers < 1:
            raise InputError("a cluster needs at least one worker", workers, "--workers", "Raise it")
        self._address = address
        self._workers = workers
        self._stack = ExitStack()
        self._notices: list[str] = []
        self._nodes: Counter[str] = Counter()
        self._losses = 0
        self._draining = False
        self._driver_seconds = 0.0
        self._looked = self._met = self._told = 0.0

    def __enter__(self) -> ClusterExecutor:
        self._ray = self._stack.enter_context(connected(self._address))
        self._gcs = self._ray.get_runtime_context().gcs_address
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if hasattr(self, "_pool") and head_reachable(self._gcs, 0.0):
            self._pool.dismiss()
            if self._workers is not None:
                self._request([])
        self._stack.close()

    def backend(self, name: str) -> Backend:
        """That of this machine; where cuda is asked for and it has no GPU, the workers evaluate for it."""
        self._name = name
        if name == "cuda" and not gpu_answers():
            return cuda_planner()
        chosen = resolve(name)
        self._name = chosen.name
        return chosen

    def prepare(self, grid: Grid, backend: Backend) -> Evaluate:
        evaluate = self._evaluate if backend.name == "cuda" and not gpu_answers() else backend.bind(grid.plan.problem)
        shipment = self._ray.put(Shipment(grid, backend.name))
        gpu = self._name == "cuda"
        self._pool = WorkerPool(self._ray, shipment, gpu, self._workers, self._lost)
        if self._workers is not None:
            self._request([{"GPU": 1} if gpu else {"CPU": CPUS}] * self._workers)
        self._met = self._told = time.monotonic()
        self._look()
        return evaluate

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]:
        scheduler = Scheduler(missing)
        ray_metrics = RayMetrics()
        with noted_interrupts() as drain:
            try:
                while True:
                    self._look()
                    stopping = drain.asked or control.enough(self._pool.nodes)
                    if not stopping:
                        self._feed(task, scheduler)
                    if self._pool.flying == 0 and (stopping or scheduler.left == 0):
                        break
                    for answer in self._pool.wait(_LOOK):
                        began = time.perf_counter()
                        if (outcome := self._outcome(answer, scheduler, control, ray_metrics)) is not None:
                            yield outcome
                        self._driver_seconds += 0.1 * (time.perf_counter() - began - self._driver_seconds)
                    self._show(control, ray_metrics, drain)
            finally:
                self._pool.abandon()
            if drain.asked:
                raise KeyboardInterrupt

    def timing(self) -> ClusterTiming:
        return {"nodes": dict(sorted(self._nodes.items())), "workers_lost": self._losses}

    def _feed(self, task: Task, scheduler: Scheduler) -> None:
        ready = sorted(self._pool.ready, key=lambda member: len(member.batches))
        for depth in range(WINDOW):
            for member in ready:
                if len(member.batches) > depth:
                    continue
                most = tile_pieces(member.seconds_a_piece, self._driver_seconds, scheduler.left, len(ready))
                batch = scheduler.take(most)
                if batch is None:
                    return
                self._pool.give(member, batch, task.scale, task.keep_rows)

    def _outcome(
        self, answer: BatchOutcome, scheduler: Scheduler, control: ExecutionControl, ray_metrics: RayMetrics
    ) -> Tile | TileFault | None:
        batch, finished = answer.batch, answer.finished
        if finished is not None:
            self._nodes[answer.member.name] += finished.variants
            ray_metrics.finished(answer.member.name, finished.variants)
            control.nodes(self._rates())
            control.advance(finished.variants)
            return Tile(batch.low, batch.high, finished.tally, finished.rows)
        if answer.fault:
            return TileFault(batch.low, batch.high, answer.fault)
        ray_metrics.retried()
        if scheduler.give_back(batch, answer.died):
            return None
        return TileFault(batch.low, batch.high, f"{DEATHS} workers died over it, the last: {self._pool.complaint}")

    def _rates(self) -> dict[str, float]:
        rates: dict[str, float] = {}
        for member in self._pool.ready:
            rates[member.name] = rates.get(member.name, 0.0) + member.rate
        return rates

    def _show(self, control: ExecutionControl, ray_metrics: RayMetrics, drain: Interrupts) -> None:
        if drain.asked and not self._draining:
            self._draining = True
            self._notices.append("stopping: what is under way is finished first; once more stops at once")
        ray_metrics.rates(self._rates())
        control.nodes(self._rates())
        for notice in dict.fromkeys(self._notices):
            control.notice(notice)
        self._notices.clear()

    def _look(self) -> None:
        """At most once a second: whether the head is there, which nodes are, and whether anybody works."""
        if time.monotonic() - self._looked < _LOOK:
            return
        if not head_reachable(self._gcs, HEAD_TIMEOUT):
            rule = f"the head of the cluster, {self._gcs}, has not answered for {HEAD_TIMEOUT:.0f} s"
            raise IncompleteError(f"{rule}. Start it again; the same command goes on")
        self._pool.look()
        self._looked = now = time.monotonic()
        alone = not self._pool.members
        if self._pool.ready:
            self._met = self._told = now
        elif alone and (self._pool.hopeless or (self._workers is None and self._nobody(now))):
            self._give_up()
        elif now - self._told > _TELL:
            self._told = now
            self._notices.append(f"no worker is ready, {now - self._met:.0f} s: nodes are starting, or others use them")

    def _nobody(self, now: float) -> bool:
        return not self._pool.met or now - self._met > _ALONE

    def _give_up(self) -> None:
        what = "GPUs" if self._name == "cuda" else "CPUs"
        if not self._nodes:
            found = self._pool.complaint or f"{self._pool.nodes} nodes with {what}"
            remedy = f"Add nodes with {what}, or ask an autoscaling cluster for --workers N"
            raise InputError("a cluster needs a node that can work", found, "--ray", remedy)
        raise IncompleteError(f"no worker is left, the last: {self._pool.complaint}. The same command goes on")

    def _evaluate(self, work: Work) -> Floats:
        """On any worker, and on another one where that is lost."""
        while True:
            self._look()
            for _ in self._pool.wait(0.0 if self._pool.ready else _LOOK):
                raise AssertionError("nothing is in flight before tiles are asked for, or after")
            for member in self._pool.ready[:1]:
                try:
                    result: Floats = self._ray.get(member.actor.evaluate.remote(work))
                except self._ray.exceptions.RayTaskError as error:
                    raise error.cause from None
                except self._ray.exceptions.RayError as error:
                    self._pool.lose(member, str(error))
                else:
                    return result

    def _lost(self, what: str) -> None:
        self._losses += 1
        self._notices.append(what)

    def _request(self, bundles: list[dict[str, int]]) -> None:
        from ray.autoscaler.sdk import request_resources

        request_resources(bundles=bundles)
