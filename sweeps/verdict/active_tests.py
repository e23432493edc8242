"""Whether any choice does better than the constant mix of its own mean weights: SPA and StepM.

The tests of ``data_snooping`` compare all choices with one benchmark. Here the benchmark differs by choice, so that a
choice gains nothing by holding more of a leg that rises.

Each series is divided by its plain standard deviation. Studentised by the long-run deviation, whose estimate from few
long blocks is too small for some of many choices, SPA rejected in 12.5 % of 200 markets without any timing (2,500 days,
64 choices, blocks of 120 days, at 5 %); divided by the plain deviation, with the same blocks, in 5.5 %.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.metrics import is_flat
from gridproof.results.run.data_snooping_record import ActiveRecord
from gridproof.results.statistics.active_returns import linearised_sharpe_difference
from gridproof.results.statistics.sign_flips import correct_own_past
from gridproof.results.statistics.stepwise import stepwise_multiple_test
from gridproof.results.statistics.superior_predictive_ability import superior_predictive_ability
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.verdict.bootstrap import SEED, Bootstrap
from gridproof.sweeps.verdict.data_snooping import spa_record, stepwise_record
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.search_placebo import eligible_choices, memory_of
from gridproof.sweeps.verdict.static_holdings import mean_weights

# So many choices are tested at most, all days of each at once; of more, as many are drawn, and the base besides.
MOST = 1000


def active_tests(population: Population, bootstrap: Bootstrap, base: Floats) -> ActiveRecord | None:
    """SPA of the active returns, and StepM of the differences of Sharpe ratios from each choice's own mix.

    base: (1, S, 12 + A) the metrics of the base. Active returns of choices that read the price of what they hold are
    corrected as for Search (``search_placebo``). None where no choice can be tested.
    """
    counted = eligible_choices(population)
    eligible = np.flatnonzero(counted)
    chosen = eligible
    mine = population.find(base)
    if len(eligible) > MOST:
        chosen = eligible[draw_sample(len(eligible), MOST, SEED)]
        if mine is not None and mine in eligible:
            chosen = np.union1d(chosen, [mine])
    active, apart, kept = _measure(population, chosen, memory_of(population, counted))
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


def _measure(population: Population, chosen: Ints, memory: int | None) -> tuple[Floats, Floats, Ints]:
    """(T, n) active returns, (T, n) linearised differences of Sharpe ratios from the mix, and (n,) which choices.

    Both are in units of their standard deviation. Choices of which one, or its returns or its mix, does not vary are
    left out.
    """
    problem, days, free = population.plan.problem, population.days, population.plan.risk_free_of_a_day
    returns = population.returns(chosen)
    periods = HoldingPeriodLister(problem, days)(population.jobs(chosen))
    active, apart, kept = [], [], []
    for place, one in enumerate(chosen):
        held = periods.held(place)
        legs = problem.returns[problem.payoff_of[population.execution[one]], :, :days].T
        centred = legs - legs.mean(axis=0)
        if memory is not None:
            centred = correct_own_past(centred, memory)
        mean = mean_weights(held, legs.shape[1])
        own, mix = returns[:, place], (legs - free) @ mean
        if any(is_flat(series.var(), (series**2).mean()) for series in (own, mix)):
            continue
        earned, difference = centred[np.arange(days), held] - centred @ mean, linearised_sharpe_difference(own, mix)
        if any(is_flat(series.var(), (series**2).mean()) for series in (earned, difference)):
            continue
        active.append(earned / earned.std())
        apart.append(difference / difference.std())
        kept.append(one)
    if not kept:
        return np.zeros((days, 0)), np.zeros((days, 0)), np.zeros(0, dtype=np.int64)
    return np.column_stack(active), np.column_stack(apart), np.array(kept)
