"""Objectives under several payoffs and costs from the patterns of one, against the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.pattern_objectives import objective_ranges
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from gridproof.kernels.cpu.shifted_objectives import FROM_SUMS, summed
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Jobs
from tests.support.problems import random_jobs, random_problem


@pytest.mark.parametrize("objective", FROM_SUMS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=8)
def test_as_the_reference_under_every_payoff_and_cost(objective: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = int(rng.integers(20, 300))
    problem = random_problem(rng, days=days, bits=2, lags=(1,), flip=float(rng.choice([0.0, 0.02, 0.2])))
    problem = replace(problem, bounds=np.array([0, days]))
    jobs = random_jobs(rng, problem, 2, 40)
    rows = np.unique(jobs.rows, axis=0)
    tuples = np.arange(len(rows) + 1, dtype=np.int64)

    def under(execution: int) -> Jobs:
        return Jobs(rows, tuples, np.full(len(rows), execution, dtype=np.int64))

    (patterns,) = find_patterns(problem, HoldingPeriodLister(problem, days)(under(1)))
    executions = range(len(problem.lags))
    tables = [(int(problem.payoff_of[one]), int(problem.cost_of[one])) for one in executions]
    assert len(set(tables)) > 1
    found = objective_ranges(problem, patterns, tables, objective)
    for execution in executions:
        values = reference.evaluate(problem, under(execution))[:, 0, METRICS.index(objective)]
        exact = summed(values, objective, days / problem.periods)
        defined = ~np.isnan(exact)
        least, most = found.least[execution][defined], found.most[execution][defined]
        assert (least <= exact[defined]).all()
        assert (exact[defined] <= most).all()
        # Narrow wherever the returns vary: what is evaluated again is what could be the best.
        varies = np.abs(exact[defined]) < 1e3
        assert (most - least)[varies].max(initial=0.0) < 1e-5


def test_a_variant_that_never_varies_has_no_ratio_or_any() -> None:
    rng = np.random.default_rng(0)
    problem = random_problem(rng, days=100, bits=1, rows=2, lags=(1,), flip=0.0)
    problem = replace(problem, rule=np.array([[2, 2]] * 3), returns=np.zeros_like(problem.returns))
    jobs = Jobs(np.array([[0]], dtype=np.int32), np.array([0, 1]), np.array([0]))
    (patterns,) = find_patterns(problem, HoldingPeriodLister(problem, 100)(jobs))
    found = objective_ranges(problem, patterns, [(0, 0)], "sharpe")
    assert np.isnan(found.least).all()
    assert np.isnan(found.most).all()
