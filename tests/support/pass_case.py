"""Random variants of a random problem, for the passes of a verdict: what variants hold, and numbers for every pass."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from tests.support.problems import random_jobs, random_problem, random_sweep


class PassCase:
    """Patterns of random variants, and random numbers for all passes. lanes: resamples or shifts at most."""

    def __init__(self, seed: int, lanes: int = 140, many: bool = False) -> None:
        """many: so many variants that not all blocks are joined."""
        self.rng = rng = np.random.default_rng(seed)
        self.problem, jobs, self.days = random_sweep(seed)
        if many:
            self.days = 300
            self.problem = random_problem(rng, self.days, rows=40, flip=0.05, lags=(1, 2))
            jobs = random_jobs(rng, self.problem, 3, 200)
        held = HoldingPeriodLister(self.problem, self.days)(jobs)
        self.edges = np.unique(np.concatenate([[0, self.days], rng.integers(0, self.days, rng.integers(0, 4))]))
        self.patterns = find_patterns(self.problem, held, self.edges)
        self.jobs, self.lanes = len(held.execution), int(rng.integers(1, lanes))

    def resamples(self, kinds: int) -> tuple[Floats, ...]:
        """Counts, offsets, centres, factors, maxima so far."""
        rng, jobs = self.rng, self.jobs
        factors = rng.normal(size=(kinds, jobs))
        factors[rng.random((kinds, jobs)) < 0.2] = np.nan
        shape, days = (kinds, self.lanes), self.days
        return (
            rng.poisson(1.0, (self.lanes, days)).astype(float), rng.normal(size=shape), rng.normal(size=(kinds, jobs)),
            factors, np.where(rng.random(shape) < 0.5, -np.inf, rng.normal(0.0, 3.0, shape)),
        )  # fmt: skip
