"""A backend whose time is counted: what a search spends in the kernels, and what beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.cpu import Compiled
from gridproof.kernels.problem import Problem, Work


@dataclass
class Clock:
    seconds: float = 0.0


def metered(backend: Backend, clock: Clock) -> Backend:
    """The same backend; ``clock`` has the seconds of latching paths, preparing tables and evaluating."""

    def latch(values: Floats, on: Floats, off: Floats, start: int) -> Words:
        began = time.perf_counter()
        try:
            return backend.latch_paths(values, on, off, start)
        finally:
            clock.seconds += time.perf_counter() - began

    latest: dict[int, Callable[[Work], Floats]] = {}

    def bound(problem: Problem) -> Callable[[Work], Floats]:
        """Problems of one ground differ in their paths alone, and share what hangs on the market."""
        like = latest.get(id(problem.bounds))
        if isinstance(like, Compiled):
            return Compiled(problem, like)
        return latest.setdefault(id(problem.bounds), backend.bind(problem))

    def bind(problem: Problem) -> Callable[[Work], Floats]:
        began = time.perf_counter()
        evaluate = bound(problem)
        clock.seconds += time.perf_counter() - began

        def counted(work: Work) -> Floats:
            began = time.perf_counter()
            try:
                return evaluate(work)
            finally:
                clock.seconds += time.perf_counter() - began

        return counted

    return Backend(backend.name, latch, bind)
