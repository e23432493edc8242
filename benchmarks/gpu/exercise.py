"""Small work for every kernel of the cuda backend: what is recorded, replayed and run under a sanitizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.gpu.settings import Found, Settings
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import CudaScan, latch_paths
from gridproof.kernels.cuda.passes import CudaPasses
from gridproof.kernels.cuda.product import Products
from gridproof.kernels.cuda.reduce import Reduction
from gridproof.kernels.panel.backend import panel_on
from gridproof.kernels.panel.selection import selection_problem
from gridproof.kernels.problem import Problem
from tests.support.pass_case import PassCase
from tests.support.problems import (
    drifting,
    random_box,
    random_jobs,
    random_latch,
    random_problem,
    rebalanced,
    restricted,
    watching_nav,
)
from tests.support.sample import Sample

# A seed from which samples have several axes, so that surfaces are asked for.
_SEVERAL_AXES = 4


def exercise(device: Device, rounds: int = 1) -> None:
    """Every kernel at least once a round, in the forms that a run takes: rules that depend on what is held or not, all
    metrics or one, one to eight bits, one segment or two; with minimum holding, stops and drift or without."""
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        latch_paths(device, *random_latch(rng, 90), 20)
        for bits, legs in ((1, 2), (3, 3), (8, 4)):
            problem = random_problem(rng, days=130, bits=bits, legs=legs, flip=0.1)
            held = restricted(rng, problem)
            several = problem, held, rebalanced(rng, watching_nav(rng, held))
            for one in (*several, drifting(rng, problem), drifting(rng, watching_nav(rng, held))):
                CudaScan(device, one)(random_jobs(rng, one, bits, 20))
        for holds, metric in ((True, None), (False, None), (False, "sharpe"), (True, "calmar"), (True, "sortino")):
            _exercise_product(device, rng, holds, metric)
        for plain in (True, False):
            sample = Sample(_SEVERAL_AXES + seed, plain=plain)
            Reduction(device, sample.question(), [device.upload(each) for each in sample.values]).answer()
        _exercise_passes(device, PassCase(seed, many=seed % 2 == 1))
        _exercise_panel(device, rng)


def run_exercise(settings: Settings) -> Found:
    exercise(settings.device())
    yield "exercised", "every kernel"


def _exercise_product(device: Device, rng: np.random.Generator, holds: bool, metric: str | None) -> None:
    problem: Problem = random_problem(rng, days=100, flip=0.1)
    if holds:
        problem = rebalanced(rng, problem)
    else:
        problem = replace(problem, rule=np.tile(problem.rule[:1], (len(problem.rule), 1)))
    box, products = random_box(rng, problem, 3), Products(device, problem, 2)
    if metric is None:
        products.evaluate(box)
    else:
        for values in products.values(box, metric):
            device.download(values)


def _exercise_passes(device: Device, case: PassCase) -> None:
    passes, rng, problem, patterns = CudaPasses(device), case.rng, case.problem, case.patterns
    benchmarks = rng.normal(0.0, 0.01, (2, case.days))
    passes.measure_excess(problem, patterns, benchmarks, 7.5, case.edges)
    passes.raise_maxima(problem, patterns, *case.resamples(5))
    shifts = np.unique(np.append(rng.integers(0, case.days, 9), 0))
    passes.active_t_maxima(problem, patterns, shifts, np.ones(case.jobs, dtype=bool))
    for objective in ("sharpe", "cagr"):
        passes.shifted_objectives(problem, patterns, shifts, objective)


def _exercise_panel(device: Device, rng: np.random.Generator) -> None:
    backend, shape = panel_on(device), (40, 30)
    factor = rng.normal(size=shape)
    factor[rng.random(shape) < 0.1] = np.nan
    value = np.exp(np.cumsum(rng.normal(0.0, 0.02, shape), axis=0))
    tradable = rng.random(shape) < 0.9
    schedules, weight = np.array([[1, 0], [5, 2]]), rng.random(shape)
    ranking = backend.rank_days(factor)
    for counts, parted in ((np.array([1, 4, 9]), False), (np.array([3, 10, 30]), True)):
        for weights in (None, weight):
            arrays = value, ranking, tradable, tradable, schedules, counts, weights
            backend.select(selection_problem(*arrays, start=1, parted=parted))
    backend.average_ranks(factor)
    backend.rank_ic(factor[None], value, np.array([1, 5]), 5)
    group = rng.integers(-1, 3, shape).astype(np.int32)
    backend.regress(value - 1.0, np.stack([factor, value]), group, 3, weight)
