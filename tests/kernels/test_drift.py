"""Allocations that drift from the day of entry: the compiled backend against the reference, on random problems."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import payoff_groups, reference
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.product.limits import fits
from gridproof.kernels.problem import Problem
from tests.support.agreement import assert_agree
from tests.support.problems import (
    at_open,
    drifting,
    many_payoffs,
    random_jobs,
    random_problem,
    rebalanced,
    restricted,
    watching_nav,
)


def random_drift(seed: int, days: int, often: float = 0.05) -> Problem:
    """With or without trades at the open, rebalancing of the allocations that do not drift, stops, and stops on NAV."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, legs=4, flip=float(rng.choice([0.0, 0.02, 0.3])))
    if rng.random() < 0.5:
        problem = at_open(rng, problem)
    if rng.random() < 0.5:
        problem = rebalanced(rng, problem)
    if rng.random() < 0.6:
        problem = restricted(rng, problem, often)
        problem = watching_nav(rng, problem) if rng.random() < 0.6 else problem
    return drifting(rng, problem)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 160))
def test_cpu_agrees_with_reference(seed: int, days: int) -> None:
    """Metrics, what is held, and daily returns."""
    problem = random_drift(seed, days)
    jobs = random_jobs(np.random.default_rng(seed), problem, 3, 12)
    assert_agree(cpu.bind(problem)(jobs), reference.evaluate(problem, jobs))
    listed = HoldingPeriodLister(problem, days)(jobs)
    returns = daily_returns(problem, listed)
    owner = np.repeat(np.arange(len(jobs.rows)), np.diff(jobs.first))
    for job, execution in enumerate(jobs.execution.tolist()):
        held, earned, _ = reference.daily(problem, jobs.rows[owner[job]].astype(np.int64), execution)
        assert np.array_equal(listed.held(job), held)
        np.testing.assert_allclose(returns[:, job], earned, rtol=0, atol=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_payoffs_in_groups_and_threads_give_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    problem = many_payoffs(rng, random_problem(rng, days=120, legs=4), tables=7, executions=20)
    problem = drifting(rng, rebalanced(rng, problem))
    jobs = random_jobs(rng, problem, 3)
    whole = cpu.bind(problem)(jobs)
    assert_agree(whole, reference.evaluate(problem, jobs))
    monkeypatch.setattr(payoff_groups, "KEPT_BYTES", 1)
    monkeypatch.setattr(payoff_groups, "AT_ONCE_BYTES", 2 * payoff_groups.range_table_bytes(problem))
    np.testing.assert_array_equal(cpu.bind(problem)(jobs), whole)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 80))
def test_later_days_change_nothing(seed: int, cut: int) -> None:
    problem = random_drift(seed, 80)
    part = problem.first_days(cut, np.array([0, cut], dtype=np.int64))
    for execution in range(len(problem.lags)):
        held, returns, paid = reference.daily(problem, np.array([0, 7, 14]), execution)
        for found, whole in zip(
            reference.daily(part, np.array([0, 7, 14]), execution), (held, returns, paid), strict=True
        ):
            assert np.array_equal(found, whole[:cut])


def test_nothing_that_drifts_is_evaluated_as_a_product() -> None:
    rng = np.random.default_rng(0)
    problem = random_problem(rng)
    assert fits(problem)
    assert not fits(drifting(rng, problem))
