"""Compiled against the oracle, on random problems."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridproof.kernels import payoff_groups, reference
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu import latch
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.paths import flips, merge, pack, unpack
from gridproof.kernels.problem import Restrictions
from tests.support.agreement import assert_agree
from tests.support.problems import (
    at_open,
    many_payoffs,
    nav_stops,
    random_jobs,
    random_latch,
    random_problem,
    rebalanced,
    restricted,
    watching_nav,
)


@settings(max_examples=30)
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
    if seed % 2:
        problem = rebalanced(rng, problem)
    jobs = random_jobs(rng, problem, bits)
    assert_agree(cpu.evaluate(problem, jobs), reference.evaluate(problem, jobs))


@pytest.mark.parametrize("seed", range(3))
def test_payoffs_in_groups_give_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the range tables of all payoffs are too large, they are made for a few payoffs at a time."""
    rng = np.random.default_rng(seed)
    problem = rebalanced(rng, many_payoffs(rng, random_problem(rng, days=200), tables=17, executions=40))
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


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    legs=st.integers(2, 4),
    flip=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
    often=st.sampled_from([0.01, 0.1, 0.9]),
    nav=st.booleans(),
)
@example(seed=2**32 - 1, days=168, legs=2, flip=0.2, often=0.9, nav=False)  # a Sortino ratio of 13,079
def test_restrictions_agree_with_reference(
    seed: int, days: int, legs: int, flip: float, often: float, nav: bool
) -> None:
    """Minimum holding, stops and cooling-off in all combinations: metrics, and what is held on each day."""
    rng = np.random.default_rng(seed)
    problem = restricted(rng, random_problem(rng, days=days, legs=legs, flip=flip), often)
    if nav:
        problem = at_open(rng, watching_nav(rng, problem)) if seed % 2 else watching_nav(rng, problem)
    if seed % 3:
        problem = rebalanced(rng, problem)
    jobs = random_jobs(rng, problem, 3)
    assert_agree(cpu.bind(problem)(jobs), reference.evaluate(problem, jobs))
    listed = HoldingPeriodLister(problem, days)(jobs)
    owner = np.repeat(np.arange(len(jobs.rows)), np.diff(jobs.first))
    for job, execution in enumerate(jobs.execution.tolist()):
        held, *_ = reference.daily(problem, jobs.rows[owner[job]].astype(np.int64), execution)
        assert np.array_equal(listed.held(job), held)
        periods = listed.periods[listed.begins[job] : listed.begins[job + 1], 1]
        assert (periods[1:] != periods[:-1]).all()


def test_restrictions_that_restrict_nothing_change_no_bit() -> None:
    """A minimum holding of one day, no stop, and stops that never come, on the NAV too."""
    rng = np.random.default_rng(3)
    problem = random_problem(rng, days=300, flip=0.1)
    executions = len(problem.lags)
    jobs = random_jobs(rng, problem, 3)
    never = Restrictions(
        min_hold=np.ones(executions, dtype=np.int64),
        cooling=np.arange(executions),
        stop_of=np.arange(executions) % 2 - 1,
        exits=np.full((1, *problem.returns.shape[1:]), 300, dtype=np.int32),
        refuge=2,
        nav=nav_stops(problem, np.full(executions, 1e-9), np.full(executions, 1e-9)),
    )
    same = dataclasses.replace(problem, restrictions=never)
    np.testing.assert_array_equal(cpu.bind(same)(jobs), cpu.bind(problem)(jobs))
    np.testing.assert_array_equal(reference.evaluate(same, jobs), reference.evaluate(problem, jobs))


def _followed(target: str, min_hold: int = 1, cooling: int = 0, exits: dict[tuple[str, int], int] | None = None) -> str:
    """The positions of one variant. Each day a letter: a, b, c are allocations, c the refuge. exits: by entry."""
    table = np.full((1, 3, len(target)), len(target), dtype=np.int32)
    for (allocation, entered), day in (exits or {}).items():
        table[0, "abc".index(allocation), entered] = day
    one = [np.array([value]) for value in (min_hold, cooling, 0 if exits else -1)]
    wanted = np.array(["abc".index(each) for each in target])
    return "".join("abc"[each] for each in reference.follow(wanted, Restrictions(*one, table, 2), 0))


def test_following_by_hand() -> None:
    assert _followed("aabbaacc") == "aabbaacc"
    # A change waits until the position is three days old; one that is taken back by then changes nothing.
    assert _followed("aabbbbbb", min_hold=3) == "aaabbbbb"
    assert _followed("aaaaabaaaa", min_hold=3) == "aaaaabbbaa"
    assert _followed("abaaaaaa", min_hold=3) == "aaaaaaaa"
    # A stop leads to the refuge until the target changes; the target may be the refuge itself.
    assert _followed("aaaaaaabb", exits={("a", 0): 3}) == "aaaccccbb"
    assert _followed("aaaaaccaa", exits={("a", 0): 3}) == "aaaccccaa"
    # With cooling-off the target is entered again, and may be stopped again.
    assert _followed("aaaaaaaaa", cooling=2, exits={("a", 0): 2, ("a", 4): 7}) == "aaccaaacc"
    assert _followed("aaaabbbbb", cooling=5, exits={("a", 0): 2}) == "aaccbbbbb"
    # A change of target on the day of the stop wins; one that waits is entered then, whatever the minimum holding.
    assert _followed("aaabbbbbb", exits={("a", 0): 3}) == "aaabbbbbb"
    assert _followed("abbbbbbbb", min_hold=6, exits={("a", 0): 3}) == "aaabbbbbb"
    # No minimum holding keeps a stopped position from the new target, nor from the next entry.
    assert _followed("aaaabbbbb", min_hold=6, exits={("a", 0): 3}) == "aaacbbbbb"
    assert _followed("aaaaaaaaa", min_hold=6, cooling=1, exits={("a", 0): 3}) == "aaacaaaaa"


def test_a_switch_at_the_open_by_hand() -> None:
    """The allocation before earns the night, the one after the day; what is paid is found again."""
    rng = np.random.default_rng(2)
    problem = random_problem(rng, days=100, flip=0.2)
    paid = problem.costs
    problem = at_open(rng, dataclasses.replace(problem, costs=np.abs(paid)))
    assert problem.overnight is not None
    for execution in range(len(problem.lags)):
        rows, returns = np.array([0, 7, 14]), problem.returns[problem.payoff_of[execution]]
        held, earned, _ = reference.daily(problem, rows, execution)
        night = 1.0 + problem.overnight[problem.cost_of[execution]]
        for day in range(1, 100):
            before, after = held[day - 1], held[day]
            share = abs(paid[problem.cost_of[execution], before, after, day])
            expected = night[before, day] * (1.0 - share) * (1.0 + returns[after, day]) / night[after, day] - 1.0
            assert earned[day] == pytest.approx(expected, abs=1e-14)
            assert problem.paid(execution, held)[day] == pytest.approx(share, abs=1e-14)


def test_from_open_to_open_a_position_earns_what_the_variant_does() -> None:
    """Without what switches pay, the days' growth of the positions held multiplies to that of the variant."""
    rng = np.random.default_rng(6)
    problem = random_problem(rng, days=80, flip=0.2)
    problem = at_open(rng, dataclasses.replace(problem, costs=np.zeros_like(problem.costs)))
    for execution in range(len(problem.lags)):
        held, earned, _ = reference.daily(problem, np.array([0, 7, 14]), execution)
        tables = int(problem.payoff_of[execution]), int(problem.cost_of[execution])
        for days in (1, 50, 80):
            grown = 1.0 + problem.position_returns(*tables, days)[held[:days], np.arange(days)]
            assert grown.prod() == pytest.approx((1.0 + earned[:days]).prod(), rel=1e-12)


def test_first_days_and_executions_of_a_restricted_problem() -> None:
    """Cut to its first days a problem gives what it gives on them; some executions are those of the whole."""
    rng = np.random.default_rng(4)
    problem = watching_nav(rng, restricted(rng, random_problem(rng, days=200), 0.1))
    jobs = random_jobs(rng, problem, 3, tuples=10)
    whole = dataclasses.replace(problem, bounds=np.array([0, 120, 200]))
    shorter = problem.first_days(120, np.array([0, 120]))
    expected = cpu.bind(whole)(jobs)
    np.testing.assert_array_equal(reference.evaluate(shorter, jobs)[:, 0], reference.evaluate(whole, jobs)[:, 0])
    np.testing.assert_allclose(cpu.bind(shorter)(jobs)[:, 0], expected[:, 0], rtol=1e-9)
    order = rng.permutation(len(problem.lags))
    turned = dataclasses.replace(jobs, execution=np.argsort(order)[jobs.execution])
    np.testing.assert_array_equal(cpu.bind(whole.under(order))(turned), expected)


def test_on_another_market_positions_stay_that_watched_the_nav_of_their_own() -> None:
    """As in a placebo, which turns the returns against what was held."""
    rng = np.random.default_rng(8)
    problem = watching_nav(rng, restricted(rng, random_problem(rng, days=150)))
    jobs = random_jobs(rng, problem, 3, tuples=10)
    turned = dataclasses.replace(problem, returns=np.roll(problem.returns, -40, axis=2), costs=2.0 * problem.costs)
    assert_agree(cpu.bind(turned)(jobs), reference.evaluate(turned, jobs))
    for each in (turned, turned.first_days(90, np.array([0, 90]))):
        days = each.returns.shape[2]
        np.testing.assert_array_equal(
            HoldingPeriodLister(each, days)(jobs).periods, HoldingPeriodLister(problem, days)(jobs).periods
        )


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


@settings(max_examples=50)
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
