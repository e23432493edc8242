"""What restrictions, opens and weights that drift from the day of entry cost in list form, as ratios to the plain list.

python -m benchmarks.restrictions [--variants 100000]

All forms are timed in turns in one process, in user CPU time, so that a busy machine disturbs the ratios little.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from statistics import median
from time import process_time

import numpy as np

from benchmarks.problem import Case, build
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.backend import bind
from gridproof.kernels.drift import Drift
from gridproof.kernels.nav_stops import DrawdownControl, NavStops
from gridproof.kernels.overnight import replace_overnight
from gridproof.kernels.problem import Jobs, Problem, Restrictions

ROUNDS = 5


def with_restrictions(
    problem: Problem, min_hold: int = 1, cooling: int = 0, stop: float = 0.0, refuge: int | None = None
) -> Problem:
    """stop: the fall from the close before entry at which a leg is left, with the problem's one lag; 0 for none.
    refuge: by default the last allocation."""
    days, refuge = problem.returns.shape[2], problem.allocations - 1 if refuge is None else refuge
    exits = np.full(problem.returns.shape, days, dtype=np.int32)
    if stop:
        for leg in range(refuge):
            nav = np.concatenate([[1.0], np.cumprod(1.0 + problem.returns[0, leg])])
            for entered in range(days):
                fallen = np.flatnonzero(nav[entered + 1 :] <= (1.0 - stop) * nav[entered])
                if len(fallen):
                    exits[0, leg, entered] = entered + fallen[0] + int(problem.lags[0])
    terms = [np.array([value]) for value in (min_hold, cooling, 0 if stop else -1)]
    return replace(problem, restrictions=Restrictions(*terms, exits, refuge))


def with_nav_stops(problem: Problem, fall: float = 0.0, drawdown: float = 0.0, refuge: int | None = None) -> Problem:
    """Stops on the NAV from the entry and from its high, entered again after 20 days; 0 for none."""
    found = with_restrictions(problem, cooling=20, refuge=refuge)
    assert found.restrictions is not None
    entry, high = (np.array([1.0 - share if share else 0.0]) for share in (fall, drawdown))
    market = problem.returns, problem.costs, problem.overnight, problem.payoff_of, problem.cost_of, problem.drift
    nav = NavStops(entry, high, *market, np.array([-1]))
    return replace(found, restrictions=replace(found.restrictions, nav=nav))


def with_control(problem: Problem, limit: float, steps: int = 4) -> Problem:
    """The part that is held by the drawdown, in quarters: these are allocations too, with cash for the rest."""
    whole, cash = problem.allocations, problem.allocations - 1
    shares = np.arange(1, steps) / steps
    weights = np.concatenate([np.eye(whole), *(np.eye(whole)[:cash] * share for share in shares)])
    weights[:, cash] = 1.0 - weights[:, :cash].sum(axis=1)
    traded = np.abs(weights[:, None, :cash] - weights[None, :, :cash]).sum(axis=-1)[None, :, :, None]
    days, cost = problem.returns.shape[2], problem.costs[0, 0, cash, 0]
    larger = replace(
        problem,
        rule=np.concatenate([problem.rule, np.repeat(problem.rule[:1], len(weights) - whole, axis=0)]),
        returns=np.einsum("al,pld->pad", weights, problem.returns),
        costs=np.repeat(cost * traded, days, axis=3),
        traded=traded,
        invested=weights[:, :cash].sum(axis=1),
    )
    held = np.repeat(np.arange(len(weights))[:, None], steps + 1, axis=1)
    held[:whole, 0] = cash
    for leg in range(cash):
        held[leg, 1:steps] = whole + leg + cash * np.arange(steps - 1)
    found = with_nav_stops(larger, refuge=cash)
    assert found.restrictions is not None
    assert found.restrictions.nav is not None
    control = DrawdownControl.of(np.array([limit]), np.array([steps]), held[None])
    nav = replace(found.restrictions.nav, control_of=np.zeros(1, dtype=np.int64), control=control)
    return replace(found, restrictions=replace(found.restrictions, nav=nav))


def at_open(problem: Problem, seed: int = 1) -> Problem:
    overnight = np.random.default_rng(seed).normal(0.0, 0.006, (1, *problem.returns.shape[1:]))
    overnight[:, -1] = 0.0
    costs = replace_overnight(problem.costs, np.zeros_like(overnight), overnight)
    return replace(problem, costs=costs, overnight=overnight)


def from_entry(problem: Problem) -> Problem:
    """Each allocation but the last, cash, is 60 % of its leg and the rest in the others, from the day of entry."""
    (returns,), days = problem.returns, problem.returns.shape[2]
    legs = len(returns)
    weights = np.where(np.eye(legs) > 0, 0.6, 0.4 / (legs - 1))
    weights[-1] = np.eye(legs)[-1]
    growth = 1.0 + returns.T
    drifts = np.arange(legs)[None] < legs - 1
    rates = np.full((1, days, legs), 0.001)
    drift = Drift(
        drifts, growth[None], np.repeat(weights[None, :, None], days, axis=2), np.zeros((1, legs, days)), rates, rates,
        np.ones((1, days, legs)), np.zeros(1, dtype=np.bool_), np.ones(legs), np.arange(legs),
    )  # fmt: skip
    return replace(problem, returns=(growth @ weights.T).T[None] - 1.0, drift=drift)


def seconds(problem: Problem, pieces: list[Jobs]) -> tuple[float, float]:
    """User CPU seconds of all pieces, and the mean number of switches."""
    evaluate = bind(problem)
    evaluate(pieces[0])  # the tables
    begin = process_time()
    found = [evaluate(piece) for piece in pieces]
    spent = process_time() - begin
    switches: Floats = np.concatenate([each[:, 0, 9] for each in found])
    return spent, float(switches.mean())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restrictions", description=__doc__)
    parser.add_argument("--variants", type=int, default=100_000)
    variants = parser.parse_args().variants
    for yearly in (1.0, 5.0, 20.0):
        grid = build(Case(f"{yearly:g} a year", yearly=yearly, variants=variants))
        plain = grid.problem
        forms = {
            "plain": plain,
            "restricts nothing": with_restrictions(plain),
            "minimum holding 10": with_restrictions(plain, min_hold=10),
            "stop 8 %": with_restrictions(plain, stop=0.08),
            "stop 8 %, entered again after 20": with_restrictions(plain, cooling=20, stop=0.08),
            "all three": with_restrictions(plain, 10, 20, 0.08),
            "at the open": at_open(plain),
            "NAV stop that is never reached": with_nav_stops(plain, 0.99),
            "NAV stop 8 %, again after 20": with_nav_stops(plain, 0.08),
            "drawdown stop 20 %, the same": with_nav_stops(plain, 0.0, 0.2),
            "drifts from the day of entry": from_entry(plain),
            "the same, drawdown stop 20 %": with_nav_stops(from_entry(plain), 0.0, 0.2),
            "control that is never reached": with_control(plain, 0.99, 1),
            "control of 20 % in quarters": with_control(plain, 0.2),
        }
        pieces = grid.pieces()
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in forms}
        for _ in range(ROUNDS):
            for name, problem in forms.items():
                times[name].append(seconds(problem, pieces))
        base = median(spent for spent, _ in times["plain"])
        for name, found in times.items():
            spent, switches = median(one for one, _ in found), found[0][1]
            print(f"{yearly:4g} a year  {name:34s} {spent:7.3f} s  {spent / base:5.2f} x  {switches:7.1f} switches")


if __name__ == "__main__":
    main()
