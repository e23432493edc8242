"""Trials on a Ray cluster: a finder on each share of a node; the driver alone asks and tells."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any

import numba

from gridproof.kernels.errors import InputError
from gridproof.sweeps.cluster.worker_pool import share_of
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_evaluation import TrialEvaluator, TrialResult
from gridproof.sweeps.search.trial_spec import TrialSpec

# Trials asked for together, for each worker: one under way, one waiting.
_WAITING = 2
# Times that a trial is given to another worker after its own was lost.
_RETRIES = 5


class TrialWorker:
    """Lives in a worker's process."""

    def __init__(self, threads: int) -> None:
        numba.set_num_threads(max(1, min(threads, numba.config.NUMBA_NUM_THREADS)))
        self._finders: dict[int, TrialEvaluator] = {}

    def find(self, number: int, recipe: TrialSpec, choices: Sequence[Choice]) -> list[TrialResult]:
        """number: of the recipe, in the order in which the driver came to them; the last one's finder is kept."""
        if number not in self._finders:
            self._finders = {number: recipe.finder(KernelClock())}
        return self._finders[number].find(choices)


class RayTrials:
    """``workers``: at most so many. Raises InputError where no node can work."""

    def __init__(self, ray: Any, gpu: bool, workers: int | None) -> None:
        self._ray = ray
        shares = [share_of(node["Resources"], gpu) for node in ray.nodes() if node["Alive"]]
        seats = [share for share in shares for _ in range(share.count)][:workers]
        if not seats:
            what = "GPUs" if gpu else "CPUs"
            raise InputError("a search on a cluster needs a node that can work", f"no {what}", "--ray", "Add nodes")
        # Ray starts a lost one again wherever there is room, and repeats what it was doing.
        self._actors = [
            ray.remote(TrialWorker)
            .options(num_cpus=share.cpus, num_gpus=share.gpus, max_restarts=-1, max_task_retries=_RETRIES)
            .remote(share.threads)
            for share in seats
        ]
        self.batch = _WAITING * len(self._actors)
        self._numbers = itertools.count()

    def finder(self, recipe: TrialSpec) -> TrialEvaluator:
        return _Shared(self._ray, self._actors, next(self._numbers), recipe)


class _Shared:
    """Findings in the order of the choices, whichever worker had them."""

    def __init__(self, ray: Any, actors: Sequence[Any], number: int, recipe: TrialSpec) -> None:
        self._ray, self._actors, self._number = ray, actors, number
        self._recipe = ray.put(recipe)
        self._bulk = recipe.points is not None

    def find(self, choices: Sequence[Choice]) -> list[TrialResult]:
        size = -(-len(choices) // len(self._actors)) if self._bulk else 1
        waiting = deque((low, choices[low : low + size]) for low in range(0, len(choices), size))
        found: dict[int, list[TrialResult]] = {}
        free = deque(self._actors)
        flying: dict[Any, tuple[Any, int]] = {}
        try:
            while waiting or flying:
                while waiting and free:
                    actor, (low, part) = free.popleft(), waiting.popleft()
                    flying[actor.find.remote(self._number, self._recipe, part)] = (actor, low)
                done, _ = self._ray.wait(list(flying), num_returns=1)
                actor, low = flying.pop(done[0])
                found[low] = self._ray.get(done[0])
                free.append(actor)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            what = " ".join(str(error).split())[:200]
            raise IncompleteError(f"the workers are lost: {what}. The same command goes on") from None
        return [finding for low in sorted(found) for finding in found[low]]
