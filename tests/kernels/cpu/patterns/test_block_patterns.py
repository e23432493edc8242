"""Patterns of variants, against what each variant holds day by day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, find_patterns
from gridproof.kernels.cpu.patterns.pattern_sums import days_held
from gridproof.kernels.problem import Jobs
from tests.support.problems import many_payoffs, random_jobs, random_problem


def spread(patterns: Patterns, row: int) -> dict[int, Ints]:
    """What a row of a table stands for: the first day of each pattern in it, with (day, before, held) rows."""
    first = len(patterns.before)
    if row >= first:
        one, other = (spread(patterns, int(part)) for part in patterns.joins[row - first])
        assert not one.keys() & other.keys()
        return one | other
    runs = patterns.runs[patterns.begins[row] : patterns.begins[row + 1]]
    days = [(day, allocation) for begin, end, allocation in runs for day in range(begin, end)]
    return {int(runs[0, 0]): np.array([[patterns.before[row], patterns.before[row]], *days])}


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_the_rows_of_a_variant_are_what_it_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, bits = int(rng.integers(2, 400)), int(rng.integers(1, 4))
    problem = random_problem(rng, days, bits, 6, int(rng.integers(2, 4)), float(rng.choice([0.01, 0.2])), 4, (1, 3))
    held = HoldingPeriodLister(problem, days)(random_jobs(rng, problem, bits, 300))
    edges = np.unique(np.concatenate([[0, days], rng.integers(0, days + 1, 2)]))
    found = find_patterns(problem, held, edges)
    assert np.array_equal(np.sort(np.concatenate([each.jobs for each in found])), np.arange(len(held.execution)))
    for each in found:
        assert set(edges) <= set(each.edges)
        assert np.diff(each.edges).max() <= 64
        assert (problem.payoff_of[held.execution[each.jobs]] == each.payoff).all()
        assert (problem.cost_of[held.execution[each.jobs]] == each.cost).all()
        for place in rng.integers(0, len(each.jobs), 3):
            expected = held.held(int(each.jobs[place]))
            parts: dict[int, Ints] = {}
            for row in each.roots[place]:
                parts |= spread(each, int(row))
            assert sorted(parts) == list(each.edges[:-1])
            for low, high in pairwise(each.edges):
                assert parts[int(low)][0, 0] == expected[max(0, low - 1)]
                np.testing.assert_array_equal(parts[int(low)][1:, 0], np.arange(low, high))
                np.testing.assert_array_equal(parts[int(low)][1:, 1], expected[low:high])
        counted = [np.bincount(held.held(int(job)), minlength=problem.allocations) for job in each.jobs]
        np.testing.assert_array_equal(days_held(each, problem.allocations), counted)


def test_equal_blocks_share_a_pattern() -> None:
    """Among many variants few patterns are different, and none occurs twice in a block."""
    rng = np.random.default_rng(2)
    problem = random_problem(rng, 256, 2, 4, 2, 0.01, 4, (1,))
    held = HoldingPeriodLister(problem, 256)(random_jobs(rng, problem, 2, 500))
    for each in find_patterns(problem, held):
        written = [
            (each.before[row], *each.runs[each.begins[row] : each.begins[row + 1]].ravel())
            for row in range(len(each.before))
        ]
        assert len(set(written)) == len(written) < len(each.jobs)


def test_payoffs_under_which_the_same_is_held_share_their_patterns() -> None:
    rng = np.random.default_rng(4)
    problem = many_payoffs(rng, random_problem(rng, 200, 2, 4, 2, 0.05, 4, (1, 3)), tables=30, executions=60)
    rows = rng.integers(0, len(problem.path_bits), (5, 2)).astype(np.int32)
    every = Jobs(rows, np.arange(6, dtype=np.int64) * 60, np.tile(np.arange(60, dtype=np.int64), 5))
    held = HoldingPeriodLister(problem, 200)(every)
    found = find_patterns(problem, held)
    assert len({id(each.runs) for each in found}) < len(found)
    for each in found:
        (alone,) = find_patterns(problem, held.take(each.jobs))
        assert np.array_equal(held.execution[each.jobs], held.take(each.jobs).execution)
        for name in ("payoff", "cost", "edges", "of", "first", "before", "begins", "runs", "joins", "roots"):
            np.testing.assert_array_equal(getattr(each, name), getattr(alone, name))


@pytest.mark.parametrize("jobs", [1, 2])
def test_few_variants(jobs: int) -> None:
    rng = np.random.default_rng(jobs)
    problem = random_problem(rng, 200, 2, 4, 2, 0.1, 4, (1,))
    held = HoldingPeriodLister(problem, 200)(random_jobs(rng, problem, 2, 1)).part(0, 1)
    (found,) = find_patterns(problem, held)
    assert found.roots.shape[0] == 1
