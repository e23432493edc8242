"""The kernels of a stock panel and the passes of a verdict against the CPU: the same bits, and their time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.gpu.settings import Found, Settings
from benchmarks.panel import made_up
from gridproof.kernels.cpu.passes import CpuPasses
from gridproof.kernels.cuda.passes import CudaPasses
from gridproof.kernels.panel.backend import panel_on, resolve_panel
from gridproof.kernels.panel.selection import selection_problem
from tests.support.pass_case import PassCase


def compare_panels(settings: Settings) -> Found:
    panel = made_up(settings.size(3_800, 60), settings.size(3_618, 50))
    value, key = panel.value, panel.key
    counts = np.arange(1, settings.size(1_001, 9))
    schedules = np.array([[1, 0], [20, 3]])
    with settings.as_the_gpu() as device:
        backends = {"cuda": panel_on(device), "cpu": resolve_panel("cpu")}
        ranking, _ = yield from _both("ranking", {name: lambda b=b: b.rank_days(key) for name, b in backends.items()})
        problem = selection_problem(value, ranking, panel.buyable, panel.sellable, schedules, counts)
        yield from _both("selections", {name: lambda b=b: b.select(problem) for name, b in backends.items()})
        horizons = np.array([1, 5, 10, 20, 60][: settings.size(5, 2)])
        factor = key[None]
        yield from _both(
            "rank_ic", {name: lambda b=b: b.rank_ic(factor, value, horizons, 10) for name, b in backends.items()}
        )
        yield from _passes(CudaPasses(device), settings)


def cpu_panels() -> None:
    """The same calls of the CPU's backend on a small panel."""
    panel, backend = made_up(60, 50), resolve_panel("cpu")
    ranking = backend.rank_days(panel.key)
    schedules, counts = np.array([[1, 0], [20, 3]]), np.arange(1, 9)
    backend.select(selection_problem(panel.value, ranking, panel.buyable, panel.sellable, schedules, counts))
    backend.rank_ic(panel.key[None], panel.value, np.array([1, 5]), 10)


def _both(what: str, calls: dict[str, Callable[[], Any]]) -> Any:
    """Yields what was compared and the seconds of each, the second of two calls; returns both answers."""
    answers, seconds = {}, {}
    for name, call in calls.items():
        call()
        began = time.perf_counter()
        answers[name] = call()
        seconds[name] = time.perf_counter() - began
    for field, mine, theirs in zip(answers["cuda"]._fields, answers["cuda"], answers["cpu"], strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=f"{what}, {field}")
    yield what, {"bits": "the same", "seconds": seconds}
    return answers["cpu"], answers["cuda"]


def _passes(cuda: CudaPasses, settings: Settings) -> Found:
    """Random cases, every pass."""
    cpu = CpuPasses()
    for seed in range(settings.size(60, 2)):
        case = PassCase(seed, settings.size(1_100, 40), many=seed % 2 == 1)
        problem, patterns = case.problem, case.patterns
        counts, *rest, maxima = case.resamples(5)
        raised = [maxima.copy(), maxima.copy()]
        for passes, into in zip((cuda, cpu), raised, strict=True):
            passes.raise_maxima(problem, patterns, counts, *rest, into)
        np.testing.assert_array_equal(*raised, err_msg=f"maxima of resamples, seed {seed}")
        shifts = np.unique(np.append(case.rng.integers(0, case.days, 9), 0))
        every = np.ones(case.jobs, dtype=bool)
        found = [passes.active_t_maxima(problem, patterns, shifts, every) for passes in (cuda, cpu)]
        np.testing.assert_array_equal(*found, err_msg=f"active t, seed {seed}")
        for objective in ("sharpe", "cagr"):
            pair = [passes.shifted_objectives(problem, patterns, shifts, objective) for passes in (cuda, cpu)]
            for mine, theirs in zip(*pair, strict=True):
                np.testing.assert_array_equal(mine, theirs, err_msg=f"{objective}, seed {seed}")
    yield "verdict_passes", f"{settings.size(60, 2)} random cases, the same bits"
