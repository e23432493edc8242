"""Random problems, jobs and boxes, for comparing backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.drift import Drift
from gridproof.kernels.nav_stops import DrawdownControl, NavStops
from gridproof.kernels.overnight import replace_overnight
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box, Jobs, Problem, Rebalancing, Restrictions


def settled(rule: Ints) -> Ints:
    """Make F(F(a, c), c) = F(a, c): follow each code's moves until they stand still, else stay."""
    result = rule.copy()
    for code in range(rule.shape[1]):
        fixed = [a for a in range(len(rule)) if rule[a, code] == a]
        for held in range(len(rule)):
            if result[held, code] not in fixed:
                result[held, code] = fixed[0] if fixed else held
        if not fixed:
            result[:, code] = 0
    return result


def random_problem(
    rng: np.random.Generator,
    days: int = 130,
    bits: int = 3,
    rows: int = 6,
    legs: int = 3,
    flip: float = 0.05,
    lead: int = 3,
    lags: tuple[int, ...] = (1, 2, 3),
) -> Problem:
    decision_days = days + lead - min(lags)
    states = (rng.random((bits * rows, decision_days)) < flip).cumsum(axis=1) % 2 == 1
    returns = rng.normal(0.0005, 0.02, (2, legs, days))
    returns[:, -1] = 0.0001  # cash
    # Below 0 where a switch gains, as at an open that is better than the close before.
    costs = rng.uniform(-0.005, 0.01, (2, legs, legs, days))
    costs[0] = 0.0
    costs[:, np.arange(legs), np.arange(legs)] = 0.0
    traded = np.full((legs, legs), 2.0)
    traded[-1] = traded[:, -1] = 1.0
    np.fill_diagonal(traded, 0.0)
    executions = len(lags) * 2
    cut = days * 2 // 3
    return Problem(
        path_bits=pack(states),
        decision_days=decision_days,
        lead=lead,
        rule=settled(rng.integers(0, legs, (legs, 2**bits))),
        start=legs - 1,
        lags=np.array(lags * 2, dtype=np.int64),
        payoff_of=np.arange(executions, dtype=np.int64) % 2,
        cost_of=np.arange(executions, dtype=np.int64) // len(lags),
        returns=returns,
        costs=costs,
        traded=traded[None, :, :, None],
        traded_of=np.zeros(executions, dtype=np.int64),
        invested=np.array([1.0] * (legs - 1) + [0.0]),
        bounds=np.array([0, cut, days] if 0 < cut < days else [0, days], dtype=np.int64),
        periods=243.0,
        risk_free=0.01,
    )


def many_payoffs(rng: np.random.Generator, problem: Problem, tables: int, executions: int) -> Problem:
    """The problem with so many payoff tables, and executions that have any lag, payoff and cost."""
    returns = rng.normal(0.0005, 0.02, (tables, *problem.returns.shape[1:]))
    returns[:, -1] = 0.0001  # cash
    return replace(
        problem,
        lags=rng.choice(problem.lags, executions),
        payoff_of=rng.permutation(np.arange(executions) % tables),
        cost_of=rng.integers(0, len(problem.costs), executions),
        traded_of=rng.integers(0, len(problem.traded), executions),
        returns=returns,
    )


def restricted(rng: np.random.Generator, problem: Problem, often: float = 0.05) -> Problem:
    """The problem with a minimum holding, a stop and a time until the next entry, or none of them, for each execution.

    often: a stop's chance on each day after the day of entry.
    """
    executions, (_, allocations, days) = len(problem.lags), problem.returns.shape
    refuge = allocations - 1
    exits = np.arange(days) + rng.geometric(often, (2, allocations, days))
    exits[:, refuge] = days
    return replace(
        problem,
        restrictions=Restrictions(
            min_hold=rng.choice([1, 1, 2, 5, 20], executions),
            cooling=rng.choice([0, 1, 3, 15], executions),
            stop_of=rng.integers(-1, 2, executions),
            exits=exits.astype(np.int32),
            refuge=refuge,
        ),
    )


def watching_nav(rng: np.random.Generator, problem: Problem) -> Problem:
    """The restricted problem with stops on the NAV since the entry and on its drawdown, or neither, for each
    execution; and with what is held by the drawdown, for some."""
    assert problem.restrictions is not None
    executions, allocations = len(problem.lags), problem.allocations
    entry, high = (rng.choice([0.0, 0.9, 0.97, 0.995], executions) for _ in range(2))
    most, kept = np.array([1, 4, 2]), np.arange(allocations)
    held = rng.integers(0, allocations, (3, allocations, 5))
    held[np.arange(3), :, most] = kept
    held[:, problem.restrictions.refuge] = problem.restrictions.refuge
    control = DrawdownControl.of(np.array([0.03, 0.1, 0.3]), most, held)
    nav = nav_stops(problem, entry, high)
    if rng.random() < 0.7:
        nav = replace(nav, control_of=rng.integers(-1, 3, executions), control=control)
    return replace(problem, restrictions=replace(problem.restrictions, nav=nav))


def nav_stops(problem: Problem, entry: Floats, high: Floats) -> NavStops:
    """In the market of the problem itself."""
    tables = problem.returns, problem.costs, problem.overnight, problem.payoff_of, problem.cost_of, problem.drift
    return NavStops(entry, high, *tables, np.full(len(entry), -1, dtype=np.int64))


def at_open(rng: np.random.Generator, problem: Problem) -> Problem:
    """The problem with the switches of its second cost table made at the open."""
    overnight = rng.normal(0.0, 0.01, (len(problem.costs), *problem.returns.shape[1:]))
    overnight[0] = overnight[:, -1] = 0.0
    costs = replace_overnight(problem.costs, np.zeros_like(overnight), overnight)
    found, own = replace(problem, costs=costs, overnight=overnight), problem.restrictions
    if own is None or own.nav is None:
        return found
    nav = replace(own.nav, costs=costs, overnight=overnight)
    return replace(found, restrictions=replace(own, nav=nav))


def rebalanced(rng: np.random.Generator, problem: Problem) -> Problem:
    """The problem with weights that drift: each allocation but the last trades by itself, and each switch differs by
    day and by cost table."""
    allocations = problem.allocations
    own = rng.uniform(0.0, 0.1, problem.returns.shape) * (rng.random(problem.returns.shape) < 0.3)
    own[:, -1] = own[..., 0] = 0.0
    traded = rng.uniform(0.5, 2.0, problem.costs.shape)
    traded[:, np.arange(allocations), np.arange(allocations)] = 0.0
    return replace(problem, traded=traded, traded_of=problem.cost_of, rebalancing=Rebalancing(own, own * 0.001))


def random_jobs(rng: np.random.Generator, problem: Problem, bits: int, tuples: int = 40) -> Jobs:
    counts = rng.integers(1, len(problem.lags) + 1, tuples)
    return Jobs(
        rows=rng.integers(0, len(problem.path_bits), (tuples, bits)).astype(np.int32),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        execution=rng.integers(0, len(problem.lags), counts.sum()).astype(np.int64),
    )


def random_box(rng: np.random.Generator, problem: Problem, bits: int, most: int = 5) -> Box:
    """Signals of one to several bits each, which stand anywhere in the code; some paths twice."""
    places = rng.permutation(bits)
    cuts = np.arange(0)
    if bits > 1:
        cuts = np.sort(rng.choice(np.arange(1, bits), min(bits - 1, rng.integers(0, bits)), replace=False))
    groups = np.split(places, cuts)
    paths = [rng.integers(0, len(problem.path_bits), (rng.integers(1, most + 1), len(group))) for group in groups]
    executions = np.sort(rng.choice(len(problem.lags), rng.integers(1, len(problem.lags) + 1), replace=False))
    return Box(tuple(path.astype(np.int32) for path in paths), tuple(groups), executions)


def one_bit_box(problem: Problem, paths: Sequence[Array]) -> Box:
    """A signal of one bit for each array of rows of ``path_bits``, under every execution."""
    rows = tuple(np.asarray(each).astype(np.int32).reshape(-1, 1) for each in paths)
    return Box(rows, tuple(np.array([bit]) for bit in range(len(rows))), np.arange(len(problem.lags)))


def random_latch(rng: np.random.Generator, days: int) -> tuple[Floats, Floats, Floats]:
    """Values, rounded so that some lie on a level and some missing at first, and nine levels on and off."""
    values = rng.normal(size=days).round(1)
    values[: rng.integers(0, days)] = np.nan
    on = rng.normal(size=9).round(1)
    return values, on, on - rng.integers(0, 3, 9) * 0.1


def random_sweep(seed: int) -> tuple[Problem, Jobs, int]:
    """A problem of a few months, some jobs under two lags, and how many of its days count."""
    rng = np.random.default_rng(seed)
    days, bits = int(rng.integers(20, 200)), int(rng.integers(1, 4))
    problem = random_problem(rng, days, bits, 6, int(rng.integers(2, 5)), float(rng.choice([0.02, 0.3])), 4, (1, 2))
    if seed % 2:
        problem = restricted(rng, at_open(rng, problem))
    return problem, random_jobs(rng, problem, bits, 12), int(rng.integers(10, days + 1))


def drifting(rng: np.random.Generator, problem: Problem, parts: int = 3) -> Problem:
    """The problem with allocations of random weights, of which some drift from the day of entry under each payoff; the
    last, cash, does not. What entering them earns and costs follows from these weights."""
    tables, allocations, days = problem.returns.shape
    growth = 1.0 + rng.normal(0.0005, 0.01, (tables, days, parts))
    weights = rng.uniform(-0.3, 1.0, (tables, allocations, 1, parts)) * np.ones((days, 1))
    weights[..., -1] = 1.0 - weights[..., :-1].sum(axis=-1)
    drifts = rng.random((tables, allocations)) < 0.7
    drifts[:, -1] = False
    at_open = np.array([problem.overnight is not None and table > 0 for table in range(len(problem.costs))])
    opened = 1.0 + rng.normal(0.0, 0.004, (len(problem.costs), days, parts)) * at_open[:, None, None]
    opened[:, 0] = 1.0
    returns = np.where(drifts[..., None], (weights * growth[:, None]).sum(axis=-1) - 1.0, problem.returns)
    paid = np.zeros_like(returns) if problem.rebalancing is None else problem.rebalancing.paid
    paid = np.where(drifts[..., None], 0.0, paid)
    drift = Drift(
        drifts, growth, weights, paid, *rng.uniform(0.0, 0.01, (2, len(problem.costs), days, parts)), opened, at_open,
        np.array([1.0] * (parts - 1) + [0.0]), np.arange(parts),
    )  # fmt: skip
    own = problem.rebalancing
    if own is not None:
        own = Rebalancing(np.where(drifts[..., None], 0.0, own.traded), paid)
    found = replace(problem, returns=returns, rebalancing=own, drift=drift)
    kept = problem.restrictions
    if kept is None or kept.nav is None:
        return found
    return replace(found, restrictions=replace(kept, nav=nav_stops(found, kept.nav.entry, kept.nav.high)))
