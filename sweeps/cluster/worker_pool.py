"""The pool of workers on Ray: started where nodes have room, checked, and replaced when they are lost."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gridproof.kernels.errors import GpuError
from gridproof.sweeps.cluster.scheduler import PieceBatch
from gridproof.sweeps.cluster.worker import FinishedBatch, Worker
from gridproof.sweeps.execution.executor import describe
from gridproof.sweeps.execution.identity import environment
from gridproof.sweeps.execution.tile import TallyScale

# CPUs of a worker. With more, the single-threaded part of a piece would leave most of them idle.
CPUS = 4
# Batches submitted to a worker at a time: one that it evaluates, and one that waits.
WINDOW = 2
# A node is left alone after so many workers were lost on it without a finished batch between them. It is more than the
# scheduler's DEATHS, so that one bad batch does not cost a node.
LOSSES = 6


@dataclass(frozen=True, slots=True)
class NodeShare:
    """How many workers a node takes, and what each gets of it."""

    count: int
    cpus: int
    gpus: int
    threads: int


@dataclass(eq=False, slots=True)
class PoolMember:
    """A worker. ``startup``: the Ray reference of its environment, then of its plan; afterwards it is ready."""

    actor: Any
    node: str  # Ray's id of its node
    name: str  # of its node, as shown
    startup: Any
    loading: bool = False
    ready: bool = False
    batches: deque[tuple[Any, PieceBatch]] = field(default_factory=deque)
    seconds_per_piece: float | None = None
    rate: float = 0.0  # variants per second


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch: finished, raised (``fault``), or lost with its worker. died: the worker died over it."""

    member: PoolMember
    batch: PieceBatch
    finished: FinishedBatch | None = None
    fault: str = ""
    died: bool = False


def share_of(resources: dict[str, float], gpu: bool) -> NodeShare:
    """The workers of a node with these resources: one per GPU, or one per four CPUs."""
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if gpu:
        return NodeShare(gpus, min(1, cpus // gpus) if gpus else 0, 1, max(1, cpus // gpus) if gpus else 1)
    count = 0 if cpus < 1 else max(1, cpus // CPUS)
    each = cpus // count if count else 0
    return NodeShare(count, each, 0, each)


class WorkerPool:
    """The workers of a run.

    shipment: Ray's reference of the plan that each worker loads. limit: at most so many workers; None: as many as the
    nodes take. notify: called with one sentence for each lost worker.
    """

    def __init__(self, ray: Any, shipment: Any, gpu: bool, limit: int | None, notify: Callable[[str], None]) -> None:
        self._ray = ray
        self._shipment = shipment
        self._gpu = gpu
        self._limit = limit
        self._notify = notify
        self._environment = environment(gpu)
        self._losses: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._mismatched: set[str] = set()
        self._lost_batches: deque[BatchOutcome] = deque()
        self._usable_nodes = 0
        self.members: list[PoolMember] = []
        self.nodes = 0  # with what a worker needs
        self.last_failure = ""

    @property
    def had_nodes(self) -> bool:
        """Whether there was ever a node for a worker."""
        return bool(self._names)

    @property
    def ready(self) -> list[PoolMember]:
        return [member for member in self.members if member.ready]

    @property
    def in_flight(self) -> int:
        """Batches that are submitted, or lost and not yet returned."""
        return len(self._lost_batches) + sum(len(member.batches) for member in self.members)

    @property
    def all_nodes_failed(self) -> bool:
        return self._usable_nodes == 0 and self.nodes > 0

    def refresh(self) -> None:
        """Read the list of nodes: lose the workers of nodes that are gone, and start workers where there is room."""
        alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        shares = {node_id: share_of(node["Resources"], self._gpu) for node_id, node in alive.items()}
        self.nodes = sum(share.count > 0 for share in shares.values())
        for member in [member for member in self.members if member.node not in alive]:
            self.lose(member, "its node is gone")
        present = Counter(member.node for member in self.members)
        self._usable_nodes = 0
        for node_id, share in shares.items():
            if self._losses[node_id] >= LOSSES or node_id in self._mismatched:
                continue
            self._usable_nodes += share.count > 0
            for _ in range(share.count - present[node_id]):
                if self._limit is None or len(self.members) < self._limit:
                    self._start(node_id, self._name(node_id, alive[node_id]["NodeManagerAddress"]), share)

    def submit(self, member: PoolMember, batch: PieceBatch, scale: TallyScale, keep_rows: bool) -> None:
        reference = member.actor.tile.remote(batch.low, batch.high, scale, keep_rows)
        member.batches.append((reference, batch))

    def wait(self, seconds: float) -> Iterator[BatchOutcome]:
        """What became of batches, waiting at most so long for the first. Workers become ready meanwhile."""
        while self._lost_batches:
            yield self._lost_batches.popleft()
        pending = {member.startup: member for member in self.members if not member.ready}
        pending |= {reference: member for member in self.members for reference, _ in member.batches}
        if not pending:
            time.sleep(seconds)
            return
        references = list(pending)
        if not self._ray.wait(references, num_returns=1, timeout=seconds, fetch_local=False)[0]:
            return
        done, _ = self._ray.wait(references, num_returns=len(references), timeout=0, fetch_local=False)
        for reference in done:
            member = pending[reference]
            if member not in self.members:
                continue  # lost meanwhile; its batches are among the lost ones
            if not member.ready:
                self._continue_startup(member)
            elif (outcome := self._outcome(member, reference)) is not None:
                yield outcome
        while self._lost_batches:
            yield self._lost_batches.popleft()

    def abandon(self) -> None:
        """Forget all batches in flight; their results are not read."""
        self._lost_batches.clear()
        for member in self.members:
            member.batches.clear()

    def shut_down(self) -> None:
        for member in self.members:
            self._ray.kill(member.actor)
        self.members.clear()

    def lose(self, member: PoolMember, reason: str) -> None:
        """Remove a worker and return its batches. It is killed: it may be only unreachable, and still working."""
        if member not in self.members:
            return
        self.members.remove(member)
        self._losses[member.node] += 1
        self.last_failure = f"{member.name}: {reason}"[:400]
        self._notify(f"worker lost, {self.last_failure[:200]}")
        # A worker evaluates its batches in order: it died over the first of them.
        for position, (_, batch) in enumerate(member.batches):
            self._lost_batches.append(BatchOutcome(member, batch, died=position == 0))
        self._ray.kill(member.actor)

    def _start(self, node: str, name: str, share: NodeShare) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        on_node = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        options = {"num_cpus": share.cpus, "num_gpus": share.gpus, "scheduling_strategy": on_node}
        actor = self._ray.remote(Worker).options(**options).remote(share.threads)
        self.members.append(PoolMember(actor, node, name, actor.describe.remote(self._gpu)))

    def _continue_startup(self, member: PoolMember) -> None:
        """Compare a worker's environment with the driver's, then send the plan; with the plan loaded it is ready."""
        try:
            reply = self._ray.get(member.startup)
        except self._ray.exceptions.RayTaskError as error:
            # A node may have other GPUs that work.
            end = self.lose if isinstance(error.cause, GpuError) else self._refuse
            end(member, describe(error.cause))
        except self._ray.exceptions.RayError as error:
            self.lose(member, describe(error))
        else:
            if member.loading:
                member.ready = True
                return
            differences = [
                f"{name} is {reply.get(name, 'missing')}, not {value}"
                for name, value in self._environment.items()
                if reply.get(name) != value
            ]
            if differences:
                self._refuse(member, f"environment mismatch: {'; '.join(differences)}")
                return
            # A driver without CuPy plans only; then the first worker says with what all others compute.
            self._environment |= {name: reply[name] for name in ("cupy", "nvrtc") if name in reply}
            member.loading = True
            member.startup = member.actor.load.remote(self._shipment)

    def _outcome(self, member: PoolMember, reference: Any) -> BatchOutcome | None:
        """The outcome of a batch whose result is there; None where the worker is lost."""
        batch = next(batch for each, batch in member.batches if each == reference)
        try:
            finished: FinishedBatch = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, GpuError):  # this worker's every later batch would fail too
                self.lose(member, describe(error.cause))
                return None
            self._remove(member, reference)
            return BatchOutcome(member, batch, fault=describe(error.cause))
        except self._ray.exceptions.RayError as error:
            self.lose(member, describe(error))
            return None
        self._remove(member, reference)
        self._losses[member.node] = 0
        member.seconds_per_piece = finished.seconds / batch.pieces
        rate = finished.variants / max(finished.seconds, 1e-9)
        member.rate = rate if member.rate == 0.0 else 0.5 * (member.rate + rate)
        return BatchOutcome(member, batch, finished)

    def _remove(self, member: PoolMember, reference: Any) -> None:
        member.batches = deque(pair for pair in member.batches if pair[0] != reference)

    def _refuse(self, member: PoolMember, reason: str) -> None:
        """Use its node no more."""
        self._mismatched.add(member.node)
        self.lose(member, reason)

    def _name(self, node: str, address: str) -> str:
        """The node's address; where several nodes share it, with the first characters of the node's id."""
        if node not in self._names:
            taken = any(name.split("#")[0] == address for name in self._names.values())
            self._names[node] = f"{address}#{node[:6]}" if taken else address
        return self._names[node]
