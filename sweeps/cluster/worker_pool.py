"""The workers of a run on Ray: hired where nodes have room, greeted, and replaced when they are lost."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gridproof.sweeps.cluster.scheduler import PieceBatch
from gridproof.sweeps.cluster.worker import FinishedBatch, Worker
from gridproof.sweeps.execution.executor import describe
from gridproof.sweeps.execution.identity import environment
from gridproof.sweeps.execution.tile import TallyScale

# CPUs of one worker: beyond, what a piece does on one core holds the others up.
CPUS = 4
# Tiles given to a worker at a time: one to work on, one waiting.
WINDOW = 2
# Workers lost in a row on one node, without a tile between them, until the node is left alone: more than a tile takes
# with it before it is given up.
STRIKES = 6


@dataclass(frozen=True, slots=True)
class NodeShare:
    """A node's part for one worker."""

    count: int
    cpus: int
    gpus: int
    threads: int


@dataclass(eq=False, slots=True)
class PoolMember:
    actor: Any
    node: str  # Ray's id of it
    name: str
    answer: Any  # what it was asked before it is ready: its greeting, then its plan
    ready: bool = False
    loading: bool = False
    batches: deque[tuple[Any, PieceBatch]] = field(default_factory=deque)
    seconds_a_piece: float | None = None
    rate: float = 0.0  # variants a second


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch: finished, raised (``fault``), or lost with its worker; ``died``: over this very batch."""

    member: PoolMember
    batch: PieceBatch
    finished: FinishedBatch | None = None
    fault: str = ""
    died: bool = False


def share_of(resources: dict[str, float], gpu: bool) -> NodeShare:
    """How many workers a node takes: one a GPU, or one for every four of its CPUs."""
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if gpu:
        return NodeShare(gpus, min(1, cpus // gpus) if gpus else 0, 1, max(1, cpus // gpus) if gpus else 1)
    count = 0 if cpus < 1 else max(1, cpus // CPUS)
    each = cpus // count if count else 0
    return NodeShare(count, each, 0, each)


class WorkerPool:
    """``tell`` hears of every loss. ``limit``: at most so many workers."""

    def __init__(self, ray: Any, shipment: Any, gpu: bool, limit: int | None, tell: Callable[[str], None]) -> None:
        self._ray = ray
        self._shipment = shipment
        self._gpu = gpu
        self._limit = limit
        self._tell = tell
        self._environment = environment()
        self._strikes: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._refused: set[str] = set()
        self._owed: deque[BatchOutcome] = deque()
        self.members: list[PoolMember] = []
        self.nodes = self._usable = 0
        self.complaint = ""

    @property
    def met(self) -> bool:
        """Whether there was ever a node to work on."""
        return bool(self._names)

    @property
    def ready(self) -> list[PoolMember]:
        return [member for member in self.members if member.ready]

    @property
    def flying(self) -> int:
        return len(self._owed) + sum(len(member.batches) for member in self.members)

    def look(self) -> None:
        """Which nodes there are: members of lost ones are lost, and new ones or those with room get members."""
        alive = {node["NodeID"]: node for node in self._ray.nodes() if node["Alive"]}
        shares = {number: share_of(node["Resources"], self._gpu) for number, node in alive.items()}
        self.nodes = sum(share.count > 0 for share in shares.values())
        for member in [member for member in self.members if member.node not in alive]:
            self.lose(member, "its node is gone")
        present = Counter(member.node for member in self.members)
        self._usable = 0
        for number, share in shares.items():
            if self._strikes[number] >= STRIKES or number in self._refused:
                continue
            self._usable += share.count > 0
            for _ in range(share.count - present[number]):
                if self._limit is None or len(self.members) < self._limit:
                    self._hire(number, self._name(number, alive[number]["NodeManagerAddress"]), share)

    def give(self, member: PoolMember, batch: PieceBatch, scale: TallyScale, keep_rows: bool) -> None:
        answer = member.actor.tile.remote(batch.low, batch.high, scale, keep_rows)
        member.batches.append((answer, batch))

    def wait(self, seconds: float) -> Iterator[BatchOutcome]:
        """What has become of batches, waiting at most so long for the first; members become ready meanwhile."""
        while self._owed:
            yield self._owed.popleft()
        waiting = {member.answer: member for member in self.members if not member.ready}
        waiting |= {answer: member for member in self.members for answer, _ in member.batches}
        if not waiting:
            time.sleep(seconds)
            return
        answers = list(waiting)
        if not self._ray.wait(answers, num_returns=1, timeout=seconds, fetch_local=False)[0]:
            return
        done, _ = self._ray.wait(answers, num_returns=len(answers), timeout=0, fetch_local=False)
        for answer in done:
            member = waiting[answer]
            if member not in self.members:
                continue  # lost meanwhile, and what it had is owed
            if not member.ready:
                self._welcome(member)
            elif (found := self._settle(member, answer)) is not None:
                yield found
        while self._owed:
            yield self._owed.popleft()

    @property
    def hopeless(self) -> bool:
        """There are nodes, and every one of them has been given up."""
        return self._usable == 0 and self.nodes > 0

    def abandon(self) -> None:
        """Forget what is under way: its answers are not read any more."""
        self._owed.clear()
        for member in self.members:
            member.batches.clear()

    def dismiss(self) -> None:
        for member in self.members:
            self._ray.kill(member.actor)
        self.members.clear()

    def _hire(self, node: str, name: str, share: NodeShare) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(node_id=node, soft=False)
        options = {"num_cpus": share.cpus, "num_gpus": share.gpus, "scheduling_strategy": here}
        actor = self._ray.remote(Worker).options(**options).remote(share.threads)
        self.members.append(PoolMember(actor, node, name, actor.hello.remote()))

    def _welcome(self, member: PoolMember) -> None:
        """A greeting is compared, then the plan is sent; once that is there the member is ready."""
        try:
            answer = self._ray.get(member.answer)
        except self._ray.exceptions.RayTaskError as error:
            self._refuse(member, describe(error.cause))
        except self._ray.exceptions.RayError as error:
            self.lose(member, describe(error))
        else:
            if member.loading:
                member.ready = True
                return
            other = {name: f"{answer[name]}, not {value}" for name, value in self._environment.items()
                     if answer[name] != value}  # fmt: skip
            if other:
                found = "; ".join(f"{name} is {what}" for name, what in other.items())
                self._refuse(member, f"it would compute otherwise: {found}")
                return
            member.loading = True
            member.answer = member.actor.load.remote(self._shipment)

    def _settle(self, member: PoolMember, answer: Any) -> BatchOutcome | None:
        batch = next(batch for ref, batch in member.batches if ref == answer)
        try:
            finished: FinishedBatch = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            self._forget(member, answer)
            return BatchOutcome(member, batch, fault=describe(error.cause))
        except self._ray.exceptions.RayError as error:
            self.lose(member, describe(error))
            return None
        self._forget(member, answer)
        self._strikes[member.node] = 0
        pieces = batch.pieces
        member.seconds_a_piece = finished.seconds / pieces
        rate = finished.variants / max(finished.seconds, 1e-9)
        member.rate = rate if member.rate == 0.0 else 0.5 * (member.rate + rate)
        return BatchOutcome(member, batch, finished)

    def _forget(self, member: PoolMember, answer: Any) -> None:
        member.batches = deque(pair for pair in member.batches if pair[0] != answer)

    def _refuse(self, member: PoolMember, why: str) -> None:
        self._refused.add(member.node)
        self.lose(member, why)

    def lose(self, member: PoolMember, why: str) -> None:
        """What it had is owed to others. It is killed, so that it cannot go on unseen where it is only unreachable."""
        if member not in self.members:
            return
        self.members.remove(member)
        self._strikes[member.node] += 1
        self.complaint = f"{member.name}: {why}"[:400]
        self._tell(f"worker lost, {self.complaint[:200]}")
        # A worker takes its tiles in turn: it died over the first of them.
        for position, (_, batch) in enumerate(member.batches):
            self._owed.append(BatchOutcome(member, batch, died=position == 0))
        self._ray.kill(member.actor)

    def _name(self, node: str, address: str) -> str:
        """The node's address, and where several share it also part of its id."""
        if node not in self._names:
            taken = any(name.split("#")[0] == address for name in self._names.values())
            self._names[node] = f"{address}#{node[:6]}" if taken else address
        return self._names[node]
