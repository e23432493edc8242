"""The context of a search: what counts as undefined, and evaluators that share the market's tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridproof.kernels.backend import resolve
from gridproof.kernels.cpu.backend import CpuEvaluator
from gridproof.kernels.errors import InputError
from gridproof.sweeps.plan.signal_values import UndefinedSignalError
from gridproof.sweeps.search import search_context
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock, TimedEvaluator, timed
from tests.support.searched import searched, small_market
from tests.support.trials import POINTS, whole


def fresh_context() -> SearchContext:
    return SearchContext(searched(), small_market(), resolve("cpu"))


def columns_of(points: list[Choice]) -> dict[str, Any]:
    return {name: np.array([point[name] for point in points], dtype=object) for name in points[0]}


def test_only_an_undefined_signal_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    context, long = fresh_context(), whole({"rate.window": 500})
    assert context.is_defined(whole({}))
    assert not context.is_defined(long)
    assert not context.is_defined(long, "rate.window")
    assert context.is_defined(long, "trend.window")
    with pytest.raises(UndefinedSignalError, match="the window must begin after the slowest signal is defined"):
        context.plan_points(context.in_sample, columns_of([long]))

    def refuse(*_: Any) -> None:
        raise InputError("a rule", "a value", "somewhere", "Do something")

    monkeypatch.setattr(search_context, "read_signal", refuse)
    with pytest.raises(InputError, match="somewhere: a rule"):
        fresh_context().is_defined(whole({}))


def test_evaluators_of_one_layout_share_tables_and_change_no_bit() -> None:
    context, points = fresh_context(), [whole(point) for point in POINTS]
    for layout in ("in_sample", "parts", "layout"):
        for point in points:
            shared = context.evaluate_points(getattr(context, layout), columns_of([point]))
            other = fresh_context()
            alone = other.evaluate_points(getattr(other, layout), columns_of([point]))
            assert shared.tobytes() == alone.tobytes()
    assert len(context._evaluators) == 3


def test_time_in_the_kernels_is_counted() -> None:
    context, clock = fresh_context(), KernelClock()
    problem = context.plan_points(context.in_sample, columns_of([whole(POINTS[0])])).plan.problem
    first = timed(resolve("cpu"), clock).bind(problem)
    assert isinstance(first, TimedEvaluator)
    assert isinstance(first.evaluate, CpuEvaluator)
    bound = clock.seconds
    assert bound > 0.0
    second = timed(resolve("cpu"), clock, first).bind(problem)
    jobs = context.plan_points(context.in_sample, columns_of([whole(POINTS[0])])).jobs
    assert first(jobs).tobytes() == second(jobs).tobytes()
    assert clock.seconds > bound
