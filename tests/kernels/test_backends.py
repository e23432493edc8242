"""Compiled against the oracle, on random problems."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import payoff_groups, reference
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu import latch
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.paths import flips, merge, pack, unpack
from tests.support.agreement import assert_agree
from tests.support.problems import many_payoffs, random_jobs, random_latch, random_problem


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    bits=st.integers(1, 8),
    legs=st.integers(2, 4),
    flip=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
)
def test_cpu_agrees_with_reference(seed: int, days: int, bits: int, legs: int, flip: float) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, bits=bits, legs=legs, flip=flip)
    jobs = random_jobs(rng, problem, bits)
    assert_agree(cpu.evaluate(problem, jobs), reference.evaluate(problem, jobs))


@pytest.mark.parametrize("seed", range(3))
def test_payoffs_in_groups_give_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the range tables of all payoffs are too large, they are made for a few payoffs at a time."""
    rng = np.random.default_rng(seed)
    problem = many_payoffs(rng, random_problem(rng, days=200), tables=17, executions=40)
    jobs = random_jobs(rng, problem, 3)
    whole = cpu.bind(problem)(jobs)
    monkeypatch.setattr(payoff_groups, "KEPT_BYTES", 1)
    monkeypatch.setattr(payoff_groups, "AT_ONCE_BYTES", 5 * payoff_groups.range_table_bytes(problem))
    groups = list(payoff_groups.payoff_groups(problem, jobs))
    assert [len(group.problem.returns) for group in groups] == [5, 5, 5, 2]
    assert np.array_equal(np.sort(np.concatenate([group.places for group in groups])), np.arange(len(jobs.execution)))
    np.testing.assert_array_equal(cpu.bind(problem)(jobs), whole)
    assert_agree(whole, reference.evaluate(problem, jobs))


@pytest.mark.parametrize("seed", range(20))
def test_legs_that_hardly_move(seed: int) -> None:
    """A deposit index with rounded closes, a leg that never falls, and cash without interest: alone and in turns."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=300, legs=3, flip=rng.choice([0.0, 0.02]))
    returns = np.zeros_like(problem.returns)
    returns[:, 0] = 8e-5 + rng.normal(0, 4e-7, 300)
    returns[:, 1] = np.abs(rng.normal(0, 0.01, 300))
    problem = dataclasses.replace(problem, returns=returns, costs=problem.costs * rng.integers(0, 2))
    jobs = random_jobs(rng, problem, 3)
    actual, expected = cpu.evaluate(problem, jobs), reference.evaluate(problem, jobs)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-9)


def test_a_fall_by_rounding_is_no_drawdown() -> None:
    rng = np.random.default_rng(0)
    problem = random_problem(rng, days=300, flip=0.02)
    rising = np.abs(rng.normal(0, 0.01, problem.returns.shape))
    problem = dataclasses.replace(problem, returns=rising, costs=np.zeros_like(problem.costs))
    jobs = random_jobs(rng, problem, 3)
    for backend in (cpu, reference):
        found = backend.evaluate(problem, jobs)
        assert not found[..., METRICS.index("max_drawdown")].any()
        assert np.isnan(found[..., METRICS.index("calmar")]).all()


@pytest.mark.parametrize("days", [63, 64, 65, 128, 4300])
def test_word_borders(days: int) -> None:
    rng = np.random.default_rng(days)
    problem = random_problem(rng, days=days, flip=0.02)
    jobs = random_jobs(rng, problem, 3, tuples=5)
    assert_agree(cpu.evaluate(problem, jobs), reference.evaluate(problem, jobs))


def test_a_job_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(5)
    problem = random_problem(rng)
    jobs = random_jobs(rng, problem, 3, tuples=300)
    whole = cpu.evaluate(problem, jobs)
    order = rng.permutation(len(jobs.rows))
    for index in order[:20]:
        part = slice(jobs.first[index], jobs.first[index + 1])
        alone = type(jobs)(jobs.rows[index : index + 1], np.array([0, part.stop - part.start]), jobs.execution[part])
        np.testing.assert_array_equal(cpu.evaluate(problem, alone), whole[part])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(2, 200), start=st.integers(0, 100))
def test_latches_agree(seed: int, days: int, start: int) -> None:
    values, on, off = random_latch(np.random.default_rng(seed), days)
    start = min(start, days - 1)
    expected = reference.latch_paths(values, on, off, start)
    np.testing.assert_array_equal(latch.latch_paths(values, on, off, start), expected)


def test_latch_by_hand() -> None:
    values = np.array([np.nan, 0.2, 0.5, 0.3, 0.3, 0.1, 0.0, 0.4])
    states = unpack(reference.latch_paths(values, np.array([0.3]), np.array([0.1]), 0), 8)[0]
    assert states.tolist() == [False, False, True, True, True, True, False, True]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 150))
def test_packing(seed: int, days: int) -> None:
    states = np.random.default_rng(seed).random((5, days)) < 0.5
    words = pack(states)
    np.testing.assert_array_equal(unpack(words, days), states)
    expected = np.zeros_like(states)
    expected[:, 1:] = states[:, 1:] != states[:, :-1]
    np.testing.assert_array_equal(unpack(flips(words, days), days), expected)
    assert not unpack(flips(words, days), words.shape[1] * 64)[:, days:].any()


def test_merge_keeps_every_path_by_index() -> None:
    rng = np.random.default_rng(1)
    pool = rng.integers(0, 2**63, (7, 2, 3)).astype(np.uint64)
    chosen = rng.integers(0, 7, 50)
    distinct, index = merge(pool[chosen])
    np.testing.assert_array_equal(distinct[index], pool[chosen])
    assert len(distinct) == len(np.unique(chosen))
    np.testing.assert_array_equal(distinct[0], pool[chosen[0]])
