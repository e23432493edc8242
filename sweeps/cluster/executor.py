"""The executor on Ray: one worker per GPU or per few CPUs of each node, with several batches in flight to each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from types import TracebackType

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import Backend, cuda_planner, resolve
from gridproof.kernels.cuda.availability import gpu_answers
from gridproof.kernels.errors import GpuError, InputError
from gridproof.kernels.problem import Evaluator, Work
from gridproof.results.run.summary_record import ClusterTiming
from gridproof.sweeps.cluster.connection import HEAD_TIMEOUT, check_address, connected, head_reachable
from gridproof.sweeps.cluster.interrupts import Interrupts, deferred_interrupts
from gridproof.sweeps.cluster.ray_metrics import RayMetrics
from gridproof.sweeps.cluster.scheduler import DEATHS, Scheduler, batch_pieces
from gridproof.sweeps.cluster.worker import Shipment
from gridproof.sweeps.cluster.worker_pool import CPUS, WINDOW, BatchOutcome, WorkerPool
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.executor import ExecutionControl, Range, Task, Tile, TileFault, describe
from gridproof.sweeps.plan.grid import Grid

# Seconds between checks of the head and the nodes.
_CHECK_EVERY = 1.0
# Seconds without any worker after which a run gives up, unless --workers asked an autoscaler for some.
_ALONE = 30.0
# Seconds between notices that no worker is ready.
_NOTICE_EVERY = 15.0


class ClusterExecutor:
    """Evaluates tiles on a Ray cluster.

    address: local, auto or HOST:PORT. workers: at most so many; an autoscaling cluster starts as many. Only the driver
    writes the run's folder, so nodes need no common file system. Raises InputError where Ray is not installed or not
    reachable, IncompleteError where the head or every worker is lost.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        check_address(address)
        if workers is not None and workers < 1:
            raise InputError("a cluster needs at least one worker", workers, "--workers", "Raise it")
        self._address = address
        self._workers = workers
        self._stack = ExitStack()
        self._notices: list[str] = []
        self._variants: Counter[str] = Counter()  # evaluated by each node
        self._losses = 0
        self._stop_announced = False
        self._driver_seconds = 0.0  # that a finished batch costs the driver, a moving average
        self._checked = self._last_ready = self._noticed = 0.0

    def __enter__(self) -> ClusterExecutor:
        self._ray = self._stack.enter_context(connected(self._address))
        self._head = self._ray.get_runtime_context().gcs_address
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if hasattr(self, "_pool") and head_reachable(self._head, 0.0):
            self._pool.shut_down()
            if self._workers is not None:
                self._request([])
        self._stack.close()

    def backend(self, name: str) -> Backend:
        """This machine's backend. Where cuda is asked for and it has no GPU, it only plans, and a worker evaluates."""
        self._name = name
        if name == "cuda" and not gpu_answers():
            return cuda_planner()
        backend = resolve(name)
        self._name = backend.name
        return backend

    def prepare(self, grid: Grid, backend: Backend) -> Evaluator:
        remote = backend.name == "cuda" and not gpu_answers()
        evaluate = self._evaluate if remote else backend.bind(grid.plan.problem)
        shipment = self._ray.put(Shipment(grid, backend.name))
        gpu = self._name == "cuda"
        self._pool = WorkerPool(self._ray, shipment, gpu, self._workers, self._count_loss)
        if self._workers is not None:
            self._request([{"GPU": 1} if gpu else {"CPU": CPUS}] * self._workers)
        self._last_ready = self._noticed = time.monotonic()
        self._check()
        return evaluate

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]:
        scheduler = Scheduler(missing)
        ray_metrics = RayMetrics()
        with deferred_interrupts() as interrupts:
            try:
                while True:
                    self._check()
                    stopping = interrupts.requested or control.enough(self._pool.nodes)
                    if not stopping:
                        self._submit(task, scheduler)
                    if self._pool.in_flight == 0 and (stopping or scheduler.left == 0):
                        break
                    for outcome in self._pool.wait(_CHECK_EVERY):
                        began = time.perf_counter()
                        if (tile := self._tile(outcome, scheduler, control, ray_metrics)) is not None:
                            yield tile
                        self._driver_seconds += 0.1 * (time.perf_counter() - began - self._driver_seconds)
                    self._report(control, ray_metrics, interrupts)
            finally:
                self._pool.abandon()
            if interrupts.requested:
                raise KeyboardInterrupt

    def timing(self) -> ClusterTiming:
        return {"nodes": dict(sorted(self._variants.items())), "workers_lost": self._losses}

    def _submit(self, task: Task, scheduler: Scheduler) -> None:
        """Fill every worker's window of batches, those with the fewest first."""
        ready = sorted(self._pool.ready, key=lambda member: len(member.batches))
        for depth in range(WINDOW):
            for member in ready:
                if len(member.batches) > depth:
                    continue
                most = batch_pieces(member.seconds_per_piece, self._driver_seconds, scheduler.left, len(ready))
                batch = scheduler.take(most)
                if batch is None:
                    return
                self._pool.submit(member, batch, task.scale, task.keep_rows)

    def _tile(
        self, outcome: BatchOutcome, scheduler: Scheduler, control: ExecutionControl, ray_metrics: RayMetrics
    ) -> Tile | TileFault | None:
        """The tile of a batch, or its fault; None where the batch is submitted again."""
        batch, finished = outcome.batch, outcome.finished
        if finished is not None:
            self._variants[outcome.member.name] += finished.variants
            ray_metrics.finished(outcome.member.name, finished.variants)
            control.nodes(self._rates())
            control.advance(finished.variants)
            return Tile(batch.low, batch.high, finished.tally, finished.rows)
        if outcome.fault:
            return TileFault(batch.low, batch.high, outcome.fault)
        ray_metrics.retried()
        if scheduler.give_back(batch, outcome.died):
            return None
        fault = f"{DEATHS} workers died over it, the last: {self._pool.last_failure}"
        return TileFault(batch.low, batch.high, fault)

    def _rates(self) -> dict[str, float]:
        """Variants per second by node."""
        rates: dict[str, float] = {}
        for member in self._pool.ready:
            rates[member.name] = rates.get(member.name, 0.0) + member.rate
        return rates

    def _report(self, control: ExecutionControl, ray_metrics: RayMetrics, interrupts: Interrupts) -> None:
        if interrupts.requested and not self._stop_announced:
            self._stop_announced = True
            self._notices.append("stopping: tiles in progress are finished first; interrupt again to stop at once")
        ray_metrics.rates(self._rates())
        control.nodes(self._rates())
        for notice in dict.fromkeys(self._notices):
            control.notice(notice)
        self._notices.clear()

    def _check(self) -> None:
        """At most once a second: whether the head is reachable, which nodes there are, and whether workers are ready.

        Raises IncompleteError or InputError where the run cannot go on.
        """
        if time.monotonic() - self._checked < _CHECK_EVERY:
            return
        if not head_reachable(self._head, HEAD_TIMEOUT):
            text = f"the head of the cluster, {self._head}, has not answered for {HEAD_TIMEOUT:.0f} s"
            raise IncompleteError(f"{text}. Start it again, then rerun to resume")
        self._pool.refresh()
        self._checked = now = time.monotonic()
        waited = now - self._last_ready
        if self._pool.ready:
            self._last_ready = self._noticed = now
        elif not self._pool.members and (self._pool.all_nodes_failed or self._is_hopeless(waited)):
            self._give_up()
        elif now - self._noticed > _NOTICE_EVERY:
            self._noticed = now
            self._notices.append(f"no worker is ready for {waited:.0f} s: nodes are starting, or are in use by others")

    def _is_hopeless(self, waited: float) -> bool:
        """Whether no worker will come. With --workers the autoscaler may still start nodes."""
        return self._workers is None and (not self._pool.had_nodes or waited > _ALONE)

    def _give_up(self) -> None:
        what = "GPUs" if self._name == "cuda" else "CPUs"
        if not self._variants:
            value = self._pool.last_failure or f"{self._pool.nodes} nodes with {what}"
            remedy = f"Add nodes with {what}, or ask an autoscaling cluster for --workers N"
            raise InputError("a cluster needs a node that can run a worker", value, "--ray", remedy)
        text = f"no worker is left, the last: {self._pool.last_failure}"
        raise IncompleteError(f"{text}; rerun to resume")

    def _evaluate(self, work: Work) -> Floats:
        """Evaluate work of the grid's plan on any worker; where that is lost, on another one."""
        while True:
            self._check()
            for _ in self._pool.wait(0.0 if self._pool.ready else _CHECK_EVERY):
                raise AssertionError("no batch is in flight before or after tiles are asked for")
            for member in self._pool.ready[:1]:
                try:
                    result: Floats = self._ray.get(member.actor.evaluate.remote(work))
                except self._ray.exceptions.RayTaskError as error:
                    if not isinstance(error.cause, GpuError):
                        raise error.cause from None
                    self._pool.lose(member, describe(error.cause))
                except self._ray.exceptions.RayError as error:
                    self._pool.lose(member, str(error))
                else:
                    return result

    def _count_loss(self, notice: str) -> None:
        self._losses += 1
        self._notices.append(notice)

    def _request(self, bundles: list[dict[str, int]]) -> None:
        """Ask the autoscaler for these resources."""
        from ray.autoscaler.sdk import request_resources

        request_resources(bundles=bundles)
