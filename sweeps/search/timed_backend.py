"""A backend whose time is counted: what a search spends in the kernels, and what beside them."""

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
    """Seconds in the kernels: latching paths, preparing tables, evaluating, looking at neighbourhoods."""

    seconds: float = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began


def metered(backend: Backend, clock: KernelClock) -> Backend:
    """The same backend, which counts its time."""

    def latch(values: Floats, on: Floats, off: Floats, start: int) -> Words:
        with clock.counting():
            return backend.latch_paths(values, on, off, start)

    first: dict[int, CpuEvaluator] = {}

    def bound(problem: Problem) -> Callable[[Work], Floats]:
        """Problems of one ground differ in their paths alone, and compiled share what hangs on the market."""
        if (like := first.get(id(problem.bounds))) is not None:
            return CpuEvaluator(problem, like)
        evaluate = backend.bind(problem)
        if isinstance(evaluate, CpuEvaluator):
            first[id(problem.bounds)] = evaluate
        return evaluate

    def bind(problem: Problem) -> Callable[[Work], Floats]:
        with clock.counting():
            evaluate = bound(problem)

        def counted(work: Work) -> Floats:
            with clock.counting():
                return evaluate(work)

        return counted

    return Backend(backend.name, latch, bind)
