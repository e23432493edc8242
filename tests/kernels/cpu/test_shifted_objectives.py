"""The objective of every variant under shifts, against the reference on returns that are turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from gridproof.kernels.cpu.shifted_objectives import FROM_SUMS, shifted_objectives
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.overnight import replace_overnight
from gridproof.kernels.problem import Jobs, Problem
from tests.support.problems import random_sweep


def turned(problem: Problem, jobs: Jobs, days: int, shifts: Ints, objective: str) -> Floats:
    """(K, J) the objective of every job in the first ``days`` days, under every shift, by the reference."""
    rows = []
    for shift in shifts:
        moved = problem.first_days(days, np.array([0, days]))
        moved = replace(moved, returns=np.roll(moved.returns, -int(shift), axis=2))
        if moved.overnight is not None:
            overnight = np.roll(moved.overnight, -int(shift), axis=2)
            moved = replace(moved, costs=replace_overnight(moved.costs, moved.overnight, overnight))
        rows.append(reference.evaluate(moved, jobs)[:, 0, METRICS.index(objective)])
    return np.array(rows)


@pytest.mark.parametrize("objective", FROM_SUMS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=8)
def test_as_the_reference(objective: str, seed: int) -> None:
    problem, jobs, days = random_sweep(seed)
    rng = np.random.default_rng(seed)
    shifts = rng.integers(0, days, 5)
    values = turned(problem, jobs, days, shifts, objective)
    defined = ~np.isnan(values)
    given_values = np.nanquantile(np.where(defined.any(axis=1, keepdims=True), values, 0.0), 0.4, axis=1) + 1e-7
    patterns = find_patterns(problem, HoldingPeriodLister(problem, days)(jobs))
    found = shifted_objectives(problem, patterns, shifts, objective, given_values)
    best = np.where(defined, values, -np.inf).max(axis=1)
    np.testing.assert_allclose(found.best, best, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(found.defined, defined.sum(axis=1))
    np.testing.assert_array_equal(found.below, (values < given_values[:, None]).sum(axis=1))


def test_a_variant_equals_itself_in_other_company() -> None:
    """Its value is found alone, with other blocks, and again among all."""
    problem, jobs, days = random_sweep(4)
    held = HoldingPeriodLister(problem, days)(jobs)
    shifts = np.arange(days)
    alone = shifted_objectives(problem, find_patterns(problem, held.part(4, 5)), shifts, "sharpe").best
    among = find_patterns(problem, held, np.array([0, 3, days]))
    found = shifted_objectives(problem, among, shifts, "sharpe", given=np.where(np.isfinite(alone), alone, np.nan))
    assert (found.equal[np.isfinite(alone)] >= 1).all()
    parts = [shifted_objectives(problem, find_patterns(problem, part), shifts, "sharpe", given=found.best)
             for part in (held.part(0, 4), held.part(4, len(held.execution)))]  # fmt: skip
    joined = parts[0].joined(parts[1])
    np.testing.assert_array_equal(joined.best, found.best)
    np.testing.assert_array_equal(joined.defined, found.defined)
