"""The largest active t under shifts, against the definition day by day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from gridproof.kernels.cpu.placebo_maxima import active_t, active_t_maxima
from gridproof.kernels.problem import Jobs, Problem
from tests.support.problems import many_payoffs, random_jobs, random_problem, random_sweep


def by_definition(problem: Problem, jobs: Jobs, days: int, shifts: list[int], sums: Floats) -> Floats:
    """(J, K) the active t of every job under every shift, with (J,) sums added."""
    rows: list[list[float]] = []
    for place in range(len(jobs.rows)):
        for job in range(jobs.first[place], jobs.first[place + 1]):
            execution, added = int(jobs.execution[job]), sums[len(rows)]
            held = reference.daily(problem, jobs.rows[place], execution)[0][:days]
            weights = np.eye(problem.allocations)[held]
            returns = problem.returns[problem.payoff_of[execution], :, :days].T
            turned = [np.roll(returns, -shift, axis=0) for shift in shifts]
            rows.append([active_t(weights, one) + added / root(weights, one) for one in turned])
    return np.array(rows)


def root(weights: Floats, returns: Floats) -> float:
    """√Σx² of the active returns x."""
    days = ((weights - weights.mean(axis=0)) * (returns - returns.mean(axis=0))).sum(axis=1)
    return float(np.sqrt((days**2).sum())) or np.nan


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_the_maxima_are_those_of_the_definition(seed: int) -> None:
    problem, jobs, days = random_sweep(seed)
    rng = np.random.default_rng(seed)
    shifts = rng.integers(0, days, int(rng.integers(1, 20)))
    held = HoldingPeriodLister(problem, days)(jobs)
    eligible = rng.random(len(held.execution)) < 0.8
    added = rng.normal(0.0, 0.1, len(eligible)) * float(rng.integers(2))
    expected = by_definition(problem, jobs, days, [int(shift) for shift in shifts], added)
    expected[~eligible] = -np.inf
    expected = np.where(np.isnan(expected), -np.inf, expected).max(axis=0)
    found = active_t_maxima(problem, find_patterns(problem, held), shifts, eligible, added if added.any() else None)
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_the_split_into_calls_does_not_matter() -> None:
    problem, jobs, days = random_sweep(4)
    held = HoldingPeriodLister(problem, days)(jobs)
    everyone = np.ones(len(held.execution), dtype=np.bool_)
    shifts = np.arange(days)
    whole = active_t_maxima(problem, find_patterns(problem, held), shifts, everyone)
    parts = []
    for low in range(0, len(everyone), 5):
        part = held.part(low, min(len(everyone), low + 5))
        found = find_patterns(problem, part, np.array([0, 7, days]))
        parts.append(active_t_maxima(problem, found, shifts[::-1], everyone[low : low + 5]))
    assert np.array_equal(np.maximum.reduce(parts)[::-1], whole)


def test_threads_that_take_whole_sets_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    problem = many_payoffs(rng, random_problem(rng, 120), tables=40, executions=60)
    held = HoldingPeriodLister(problem, 120)(random_jobs(rng, problem, 3))
    patterns, eligible = find_patterns(problem, held), rng.random(len(held.execution)) < 0.8
    assert len(patterns) > 16
    found = []
    for sets in (0, 1_000):
        monkeypatch.setattr("gridproof.kernels.cpu.placebo_maxima._SETS", sets)
        found.append(active_t_maxima(problem, patterns, np.arange(20), eligible))
    np.testing.assert_array_equal(*found)


def test_runs_that_are_turned_alone_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for seed in range(8):
        problem, jobs, days = random_sweep(seed)
        held = HoldingPeriodLister(problem, days)(jobs)
        patterns, everyone, found = find_patterns(problem, held), np.ones(len(held.execution), dtype=np.bool_), []
        for few in (False, True):
            monkeypatch.setattr("gridproof.kernels.cpu.placebo_maxima.has_few_runs", lambda *_, few=few: few)
            found.append(active_t_maxima(problem, patterns, np.arange(-3, days + 3), everyone))
        np.testing.assert_array_equal(*found)
        seen.append(np.isfinite(found[0]).all())
    assert sum(seen) >= 3


def test_two_legs_are_their_difference() -> None:
    """With two allocations the active return is (w − w̄) of the first times the demeaned difference of returns."""
    rng = np.random.default_rng(1)
    weights = (np.cumsum(rng.random(300) < 0.05) % 2).astype(float)
    returns = rng.normal(0, 0.01, (300, 2))
    difference = returns[:, 0] - returns[:, 1]
    days = (weights - weights.mean()) * (difference - difference.mean())
    expected = days.sum() / np.sqrt((days**2).sum())
    assert active_t(np.column_stack([weights, 1 - weights]), returns) == pytest.approx(expected)


def test_nothing_eligible() -> None:
    problem, jobs, days = random_sweep(5)
    held = HoldingPeriodLister(problem, days)(jobs)
    found = active_t_maxima(
        problem, find_patterns(problem, held), np.arange(3), np.zeros(len(held.execution), dtype=np.bool_)
    )
    assert (found == -np.inf).all()
