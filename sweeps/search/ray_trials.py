"""Trials on a Ray cluster: an evaluator on each worker; the driver alone asks and tells."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.kernels.threads import limit_threads
from gridproof.sweeps.cluster.worker_pool import share_of
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_result import TrialEvaluator, TrialResult
from gridproof.sweeps.search.trial_spec import TrialSpec

# Trials that are asked for together, per worker: one that it evaluates, and one that waits.
_TRIALS_PER_WORKER = 2
# How often a trial is evaluated again after its worker was lost.
_RETRIES = 5


class TrialWorker:
    """An actor in a process of its own."""

    def __init__(self, threads: int) -> None:
        limit_threads(threads)
        self._evaluators: dict[int, TrialEvaluator] = {}

    def evaluate(self, number: int, spec: TrialSpec, choices: Sequence[Choice]) -> list[TrialResult]:
        """number: of the specification, in the driver's order. The evaluator of the last one is kept."""
        if number not in self._evaluators:
            self._evaluators = {number: spec.evaluator(KernelClock())}
        return self._evaluators[number].evaluate(choices)


class RayTrials:
    """The workers of a search on a cluster. ``workers``: at most so many.

    Raises InputError where no node has what a worker needs.
    """

    def __init__(self, ray: Any, gpu: bool, workers: int | None) -> None:
        self._ray = ray
        shares = [share_of(node["Resources"], gpu) for node in ray.nodes() if node["Alive"]]
        seats = [share for share in shares for _ in range(share.count)][:workers]
        if not seats:
            what = "GPUs" if gpu else "CPUs"
            raise InputError(f"a search on a cluster needs nodes with {what}", "none", "--ray", "Add nodes")
        # Ray restarts a lost actor wherever there is room, and repeats the call that it was working on.
        self._actors = [
            ray.remote(TrialWorker)
            .options(num_cpus=share.cpus, num_gpus=share.gpus, max_restarts=-1, max_task_retries=_RETRIES)
            .remote(share.threads)
            for share in seats
        ]
        self.batch = _TRIALS_PER_WORKER * len(self._actors)
        self._numbers = itertools.count()

    def evaluator(self, spec: TrialSpec) -> TrialEvaluator:
        return _RayEvaluator(self._ray, self._actors, next(self._numbers), spec)


def without_files(spec: TrialSpec) -> TrialSpec:
    """The specification with the columns of its panel in memory: nodes need no files."""
    market, stocks = spec.market, spec.study.panel
    if market.panel is None or stocks is None:
        return spec
    panel = market.panel.loaded(sorted(set(stocks.formulas.columns()) & set(market.panel.columns)))
    return replace(spec, market=replace(market, panel=panel))


class _RayEvaluator:
    """Evaluates choices on whichever workers are free; the results are in the order of the choices."""

    def __init__(self, ray: Any, actors: Sequence[Any], number: int, spec: TrialSpec) -> None:
        self._ray, self._actors, self._number = ray, actors, number
        self._spec = ray.put(without_files(spec))
        self._in_shares = spec.options.points is not None

    def evaluate(self, choices: Sequence[Choice]) -> list[TrialResult]:
        """Points go to the workers in equal shares, dense trials one by one."""
        size = -(-len(choices) // len(self._actors)) if self._in_shares else 1
        waiting = deque((low, choices[low : low + size]) for low in range(0, len(choices), size))
        results: dict[int, list[TrialResult]] = {}
        free = deque(self._actors)
        in_flight: dict[Any, tuple[Any, int]] = {}
        try:
            while waiting or in_flight:
                while waiting and free:
                    actor, (low, part) = free.popleft(), waiting.popleft()
                    in_flight[actor.evaluate.remote(self._number, self._spec, part)] = (actor, low)
                done, _ = self._ray.wait(list(in_flight), num_returns=1)
                actor, low = in_flight.pop(done[0])
                results[low] = self._ray.get(done[0])
                free.append(actor)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            text = " ".join(str(error).split())[:200]
            raise IncompleteError(f"all workers are lost: {text}; rerun to resume") from None
        return [result for low in sorted(results) for result in results[low]]
