"""Whether any choice does better than the constant mix of its own mean weights: SPA and StepM.

The tests of ``data_snooping`` compare all choices with one benchmark. Here the benchmark differs by choice, so that a
choice gains nothing by holding more of a leg that rises.

Each series is divided by its plain standard deviation. Studentised by the long-run deviation, whose estimate from few
long blocks is too small for some of many choices, SPA rejected in 12.5 % of 200 markets without any timing (2,500 days,
64 choices, blocks of 120 days, at 5 %); divided by the plain deviation, with the same blocks, in 5.5 %.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.metrics import is_flat
from gridproof.results.run.data_snooping_record import ActiveRecord
from gridproof.results.statistics.active_returns import linearised_sharpe_difference
from gridproof.results.statistics.stepwise import stepwise_multiple_test
from gridproof.results.statistics.superior_predictive_ability import superior_predictive_ability
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.verdict.bootstrap import SEED, Bootstrap
from gridproof.sweeps.verdict.data_snooping import spa_record, stepwise_record
from gridproof.sweeps.verdict.population import Population, by_position
from gridproof.sweeps.verdict.search_placebo import eligible_choices, unanticipated_of_holdings

# So many choices are tested at most, all days of each at once; of more, as many are drawn, and the base besides.
MOST = 1000
# So many of them fit the caches together.
_TOGETHER = 16


def active_tests(population: Population, bootstrap: Bootstrap, base: Floats) -> ActiveRecord | None:
    """SPA of the active returns, and StepM of the differences of Sharpe ratios from each choice's own mix.

    base: (1, S, 12 + A) the metrics of the base. Active returns of choices that read the price of what they hold are
    made of ``unanticipated_returns``, as for Search. None where no choice can be tested.
    """
    eligible = np.flatnonzero(eligible_choices(population))
    chosen = eligible
    mine = population.find(base)
    if len(eligible) > MOST:
        chosen = eligible[draw_sample(len(eligible), MOST, SEED)]
        if mine is not None and mine in eligible:
            chosen = np.union1d(chosen, [mine])
    active, apart, kept = _measure(population, chosen)
    if not len(kept):
        return None
    spa = superior_predictive_ability(active, bootstrap.indices, bootstrap.block_length, studentised=False)
    stepwise = stepwise_multiple_test(apart, bootstrap.indices, bootstrap.block_length, studentised=False)
    place = next((place for place, one in enumerate(kept) if one == mine), None)
    return {
        "choices": len(kept),
        "sampled": len(eligible) > MOST,
        "spa": spa_record(spa),
        "stepwise": stepwise_record(stepwise, place),
    }


def _measure(population: Population, chosen: Ints) -> tuple[Floats, Floats, Ints]:
    """(T, n) active returns, (T, n) linearised differences of Sharpe ratios from the mix, and (n,) which choices.

    Both are in units of their standard deviation. Choices of which one, or its returns or its mix, does not vary are
    left out.
    """
    problem, days, free = population.plan.problem, population.days, population.plan.risk_free_of_a_day
    returns = np.ascontiguousarray(population.returns(chosen).T)
    periods = HoldingPeriodLister(problem, days)(population.jobs(chosen))
    payoffs = problem.payoff_of[population.execution[chosen]]
    positions = by_position(population).plan.problem
    earnings = positions.payoff_of[population.execution[chosen]]
    excess = {payoff: problem.returns[payoff, :, :days].T - free for payoff in set(payoffs.tolist())}
    timed, centred = {}, {}
    for earning in set(earnings.tolist()):
        legs = positions.returns[earning, :, :days].T
        timed[earning] = unanticipated_of_holdings(legs) if population.reads else legs - legs.mean(axis=0)
        centred[earning] = timed[earning] - timed[earning].mean(axis=0)
    everyday, flat = np.arange(days), np.zeros(len(chosen), dtype=np.bool_)
    active, apart = np.empty((len(chosen), days)), np.empty((len(chosen), days))
    for low in range(0, len(chosen), _TOGETHER):
        places = np.arange(low, min(low + _TOGETHER, len(chosen)))
        mixes, earned = np.empty((len(places), days)), np.empty((len(places), days))
        for place, mix, gain in zip(places, mixes, earned, strict=True):
            held, earning = periods.held(int(place)), int(earnings[place])
            mean = np.bincount(held, minlength=problem.allocations) / len(held)
            mix[:] = excess[int(payoffs[place])] @ mean
            gain[:] = timed[earning][everyday, held] - centred[earning] @ mean
        moving = ~_flat(returns[places]) & ~_flat(mixes) & ~_flat(earned)
        difference = np.zeros_like(mixes)
        if moving.any():
            difference[moving] = linearised_sharpe_difference(returns[places[moving]].T, mixes[moving].T).T
        moving &= ~_flat(difference)
        flat[places] = ~moving
        active[places[moving]] = earned[moving] / earned[moving].std(axis=1, keepdims=True)
        apart[places[moving]] = difference[moving] / difference[moving].std(axis=1, keepdims=True)
    kept = ~flat
    return np.ascontiguousarray(active[kept].T), np.ascontiguousarray(apart[kept].T), chosen[kept]


def _flat(rows: Floats) -> Bools:
    """(n,) which of the series, (n, T), do not vary."""
    flat: Bools = is_flat(rows.var(axis=1), (rows**2).mean(axis=1))
    return flat
