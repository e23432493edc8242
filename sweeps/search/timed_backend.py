"""A backend that measures the time spent in the kernels, apart from the rest of a search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.cpu.backend import CpuEvaluator
from gridproof.kernels.problem import Problem, Work


@dataclass
class KernelClock:
    """Seconds in the kernels: latching paths, preparing tables, evaluating, finding the best neighbourhood."""

    seconds: float = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began


class TimedEvaluator:
    """Evaluates jobs or boxes of one problem and counts the time."""

    def __init__(self, evaluate: Callable[[Work], Floats], clock: KernelClock) -> None:
        self.evaluate, self._clock = evaluate, clock

    def __call__(self, work: Work) -> Floats:
        with self._clock.counting():
            return self.evaluate(work)


def timed(backend: Backend, clock: KernelClock, like: TimedEvaluator | None = None) -> Backend:
    """The same backend, counting its time.

    like: an evaluator of a problem that differs from those to be bound in its paths alone. On the cpu backend its
    tables of the market are used again.
    """

    def latch_paths(values: Floats, on: Floats, off: Floats, start: int) -> Words:
        with clock.counting():
            return backend.latch_paths(values, on, off, start)

    def bind(problem: Problem) -> TimedEvaluator:
        with clock.counting():
            if like is not None and isinstance(like.evaluate, CpuEvaluator):
                return TimedEvaluator(CpuEvaluator(problem, like.evaluate), clock)
            return TimedEvaluator(backend.bind(problem), clock)

    return Backend(backend.name, latch_paths, bind)
