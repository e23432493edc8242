"""The excess over benchmarks, its long-run deviation and sums over parts, against their definitions in NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.excess import measure_excess
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from tests.support.problems import random_jobs, random_problem


def long_run(excess: Floats, block_length: float) -> float:
    """ω by Hansen's formula, one autocovariance after another."""
    days, stay = len(excess), 1.0 - 1.0 / block_length
    about = excess - excess.mean()
    total = float(about @ about) / days
    for lag in range(1, days):
        kappa = (1.0 - lag / days) * stay**lag + lag / days * stay ** (days - lag)
        total += 2.0 * kappa * float(about[lag:] @ about[:-lag]) / days
    return float(np.sqrt(max(total, 0.0)))


@pytest.mark.parametrize("tuples", [1, 23])
def test_by_its_definition(tuples: int) -> None:
    """One variant, and several strips of them."""
    rng = np.random.default_rng(tuples)
    problem = random_problem(rng, days=250)
    held = HoldingPeriodLister(problem, 240)(random_jobs(rng, problem, 3, tuples))
    returns = daily_returns(problem, held) - problem.risk_free / problem.periods
    benchmarks = rng.normal(0.0, 0.01, (2, 240))
    edges = np.array([0, 40, 200, 240])
    found = measure_excess(problem, find_patterns(problem, held, edges), benchmarks, 7.5, edges)
    for kind, benchmark in enumerate(benchmarks):
        excess = returns - benchmark[:, None]
        np.testing.assert_allclose(found.sums[kind], excess.sum(axis=0), rtol=0, atol=1e-13)
        expected = [long_run(column, 7.5) for column in excess.T]
        np.testing.assert_allclose(found.deviations[kind], expected, rtol=1e-10)
    np.testing.assert_allclose(found.total, returns.sum(axis=0), rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.spread, returns.std(axis=0, ddof=1), rtol=1e-12)
    for group, (low, high) in enumerate(pairwise(edges)):
        part = returns[low:high]
        expected_parts = np.stack([part.sum(axis=0), (part**2).sum(axis=0), np.log1p(part).sum(axis=0)])
        np.testing.assert_allclose(found.parts[:, group], expected_parts, rtol=0, atol=1e-12)


def test_no_variation() -> None:
    """Over itself an excess is 0 and has no deviation; a constant one that is not 0 has the deviation −1."""
    rng = np.random.default_rng(0)
    problem = random_problem(rng, days=60)
    held = HoldingPeriodLister(problem, 60)(random_jobs(rng, problem, 3, 1)).part(0, 1)
    own = daily_returns(problem, held)[:, 0] - problem.risk_free / problem.periods
    edges = np.array([0, 60])
    found = measure_excess(problem, find_patterns(problem, held, edges), np.stack([own, own - 0.001]), 5.0, edges)
    assert found.sums[0, 0] == found.deviations[0, 0] == 0.0
    assert found.sums[1, 0] == pytest.approx(0.06)
    assert found.deviations[1, 0] == -1.0


def test_the_other_variants_change_no_bit() -> None:
    rng = np.random.default_rng(4)
    problem = random_problem(rng, days=300)
    held = HoldingPeriodLister(problem, 300)(random_jobs(rng, problem, 3, 30))
    benchmarks, edges = rng.normal(0.0, 0.01, (2, 300)), np.array([0, 100, 101, 300])
    together = measure_excess(problem, find_patterns(problem, held, edges), benchmarks, 7.5, edges)
    alone = held.part(5, 6)
    found = measure_excess(problem, find_patterns(problem, alone, edges), benchmarks, 7.5, edges)
    for mine, theirs in zip(found, together, strict=True):
        np.testing.assert_array_equal(mine, theirs[..., 5:6])
