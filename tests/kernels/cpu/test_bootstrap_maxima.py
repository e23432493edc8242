"""Traces of variants and the maxima of their resampled sums, against the oracle day by day and plain matrices."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns, raise_maxima, return_scale
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister, HoldingPeriods
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from gridproof.kernels.problem import Box, Jobs, Problem
from gridproof.results.statistics.bootstrap import resample_counts
from gridproof.statistics import stationary_bootstrap_indices
from tests.support.problems import random_jobs, random_problem

SEEDS = st.integers(0, 2**32 - 1)


def frozen(problem: Problem) -> Problem:
    for field in dataclasses.fields(problem):
        value = getattr(problem, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return problem


def by_day(problem: Problem, jobs: Jobs, days: int) -> tuple[Ints, Floats]:
    """(J, days) held and (days, J) returns of every job by the oracle."""
    held, returns = [], []
    for place in range(len(jobs.rows)):
        for job in range(jobs.first[place], jobs.first[place + 1]):
            allocation, earned, _ = reference.daily(problem, jobs.rows[place], int(jobs.execution[job]))
            held.append(allocation[:days])
            returns.append(earned[:days])
    return np.array(held), np.stack(returns, axis=1)


def drawn(rng: np.random.Generator) -> tuple[Problem, Jobs, int]:
    """A problem with two payoff and two cost tables and several lags, some jobs, and how many of its days count."""
    days, bits, lead = int(rng.integers(2, 200)), int(rng.integers(1, 4)), int(rng.integers(3, 6))
    lags = tuple(int(lag) for lag in rng.permutation([1, 2, 3])[: rng.integers(1, 4)])
    problem = random_problem(rng, days, bits, 6, int(rng.integers(2, 5)), float(rng.choice([0, 0.02, 0.3])), lead, lags)
    return frozen(problem), random_jobs(rng, problem, bits, 20), int(rng.integers(1, days + 1))


def largest(
    counts: Floats, returns: Floats, offsets: Floats, centres: Floats, factors: Floats, maxima: Floats
) -> Floats:
    """The definition, a matrix product of all resamples with all days of all jobs."""
    values = (counts @ returns - offsets[:, :, None] - centres[:, None, :]) * factors[:, None, :]
    values = np.where(np.isnan(factors)[:, None, :], -np.inf, values)
    return np.maximum(maxima, values.max(axis=2))


@settings(max_examples=30)
@given(SEEDS)
def test_traces_and_daily_returns_are_the_references(seed: int) -> None:
    problem, jobs, days = drawn(np.random.default_rng(seed))
    traces = HoldingPeriodLister(problem, days)(jobs)
    held, returns = by_day(problem, jobs, days)
    np.testing.assert_array_equal([traces.held(job) for job in range(len(jobs.execution))], held)
    np.testing.assert_array_equal(traces.execution, jobs.execution)
    found = daily_returns(problem, traces)
    assert found.shape == (days, len(jobs.execution))
    np.testing.assert_allclose(found, returns, rtol=0, atol=1e-15)


@settings(max_examples=30)
@given(SEEDS)
def test_stretches_begin_where_something_changes(seed: int) -> None:
    """As many as there are switches: the cost of a resample follows from it."""
    problem, jobs, days = drawn(np.random.default_rng(seed))
    traces = HoldingPeriodLister(problem, days)(jobs)
    held, _ = by_day(problem, jobs, days)
    np.testing.assert_array_equal(np.diff(traces.begins), 1 + (held[:, 1:] != held[:, :-1]).sum(axis=1))
    assert (traces.periods[traces.begins[:-1], 0] == 0).all()


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 19))
def test_maxima_are_those_of_the_matrix_product(seed: int, resamples: int) -> None:
    rng = np.random.default_rng(seed)
    problem, jobs, days = drawn(rng)
    traces = HoldingPeriodLister(problem, days)(jobs)
    _, returns = by_day(problem, jobs, days)
    counts = rng.multinomial(days, np.full(days, 1 / days), resamples).astype(np.float64)
    kinds, width = int(rng.integers(1, 5)), len(jobs.execution)
    offsets, centres = rng.normal(0, 0.1, (kinds, resamples)), rng.normal(0, 0.1, (kinds, width))
    factors = rng.uniform(0, 2, (kinds, width))
    factors[rng.random((kinds, width)) < 0.3] = np.nan
    before = np.where(rng.random((kinds, resamples)) < 0.5, -np.inf, rng.normal(0, 0.2, (kinds, resamples)))
    found = before.copy()
    for given_array in (counts, offsets, centres, factors):
        given_array.flags.writeable = False
    edges = np.unique(np.concatenate([[0, days], rng.integers(0, days + 1, 3)]))
    raise_maxima(problem, find_patterns(problem, traces, edges), counts, offsets, centres, factors, found)
    np.testing.assert_allclose(found, largest(counts, returns, offsets, centres, factors, before), rtol=0, atol=1e-12)


def whole(seed: int = 5, tuples: int = 40) -> tuple[Problem, Jobs, HoldingPeriods, Floats]:
    rng = np.random.default_rng(seed)
    problem = frozen(random_problem(rng, days=150))
    jobs = random_jobs(rng, problem, 3, tuples)
    indices = stationary_bootstrap_indices(150, 8.0, 43, seed)
    return problem, jobs, HoldingPeriodLister(problem, 150)(jobs), resample_counts(indices, 150)


def test_jobs_left_out_everywhere_raise_nothing() -> None:
    problem, jobs, traces, counts = whole()
    nothing = np.full((1, len(jobs.execution)), np.nan)
    maxima = np.full((1, 43), -np.inf)
    raise_maxima(
        problem, find_patterns(problem, traces), counts, np.zeros((1, 43)), np.zeros_like(nothing), nothing, maxima
    )
    assert np.isneginf(maxima).all()


@pytest.mark.parametrize("width", [1, 7, 64])
def test_parts_are_the_whole(width: int) -> None:
    problem, jobs, traces, counts = whole()
    count = len(jobs.execution)
    centres, factors = np.zeros((2, count)), np.ones((2, count))
    factors[1, ::3] = np.nan
    offsets = np.zeros((2, 43))
    together, apart = np.full((2, 43), -np.inf), np.full((2, 43), -np.inf)
    raise_maxima(problem, find_patterns(problem, traces), counts, offsets, centres, factors, together)
    columns = []
    for low in range(0, count, width):
        part = traces.part(low, min(count, low + width))
        assert part.begins[0] == 0
        assert len(part.periods) == part.begins[-1]
        columns.append(daily_returns(problem, part))
        here = slice(low, low + width)
        found = find_patterns(problem, part, np.array([0, 50, 150]))  # other blocks, other joins, the same bits
        raise_maxima(problem, found, counts, offsets, centres[:, here], factors[:, here], apart)
    np.testing.assert_array_equal(np.concatenate(columns, axis=1), daily_returns(problem, traces))
    np.testing.assert_array_equal(apart, together)


def test_one_resample_of_the_days_themselves_is_the_plain_sum() -> None:
    problem, jobs, traces, _ = whole()
    _, returns = by_day(problem, jobs, 150)
    maxima = np.full((1, 1), -np.inf)
    width = len(jobs.execution)
    nothing, one = np.zeros((1, width)), np.ones((1, width))
    raise_maxima(problem, find_patterns(problem, traces), np.ones((1, 150)), np.zeros((1, 1)), nothing, one, maxima)
    assert maxima[0, 0] == pytest.approx(returns.sum(axis=0).max(), rel=1e-12)


def test_a_box_is_its_jobs() -> None:
    problem, _, _, _ = whole()
    box = Box(
        paths=(np.array([[0], [3], [5]], dtype=np.int32), np.array([[1, 2], [4, 0]], dtype=np.int32)),
        places=(np.array([1]), np.array([0, 2])),
        executions=np.array([0, 4]),
    )
    found, listed = HoldingPeriodLister(problem, 100)(box), HoldingPeriodLister(problem, 100)(box.jobs())
    for name in ("begins", "periods", "execution"):
        np.testing.assert_array_equal(getattr(found, name), getattr(listed, name))
    assert len(found.execution) == len(box) == 12
    _, returns = by_day(problem, box.jobs(), 100)
    np.testing.assert_allclose(daily_returns(problem, found), returns, rtol=0, atol=1e-15)


BLAS = """
import sys
import numpy as np
from gridproof.kernels.cpu.bootstrap_maxima import raise_maxima
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns
from tests.support.problems import random_jobs, random_problem

rng = np.random.default_rng(8)
problem = random_problem(rng, days=1500, flip=0.4)
held = HoldingPeriodLister(problem, 1500)(random_jobs(rng, problem, 3, 150))
width = len(held.execution)
maxima = np.full((1, 203), -np.inf)
counts = rng.poisson(1.0, (203, 1500)).astype(float)
raise_maxima(problem, find_patterns(problem, held), counts, rng.normal(size=(1, 203)), rng.normal(size=(1, width)),
             np.ones((1, width)), maxima)
sys.stdout.buffer.write(maxima.tobytes())
"""


def test_the_same_bytes_whatever_the_threads() -> None:
    """Of the BLAS library and of Numba: child processes, since both read their number once."""
    found = set()
    for threads in ("1", "2"):
        environment = os.environ | dict.fromkeys(
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), threads
        )
        done = subprocess.run([sys.executable, "-c", BLAS], env=environment, check=True, stdout=subprocess.PIPE)
        assert len(done.stdout) == 203 * 8
        found.add(done.stdout)
    assert len(found) == 1


def test_whole_numbers_keep_their_digits() -> None:
    """The largest possible sum of a resample is below 2^53, and not needlessly far below."""
    problem, _, _, counts = whole()
    scale = return_scale(problem, counts)
    most = 150 * ((1 + np.abs(problem.returns).max()) * (1 + np.abs(problem.costs).max()) - 1)
    assert 2**51 <= scale * most <= 2**53
    assert np.log2(scale) == np.floor(np.log2(scale))
