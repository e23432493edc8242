"""Whether the best of so many choices is better than chance: all under the same circular shifts of the market."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import variants_of
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Problem
from gridproof.results.conclusion import FEWEST_SWITCHES, LARGEST_WEIGHT, LEVEL
from gridproof.results.run.conclusion_record import ChoicesPlaceboRecord
from gridproof.results.statistics.sequential import SequentialPValue, sequential_p_value
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.strategy_statistics import number
from gridproof.sweeps.verdict.timing import pairwise_volatility

# Shifts at most, and at a time.
SHIFTS, _AT_ONCE = 999, 128


def search_placebo(
    population: Population, objective: Floats, observer: RunObserver, most: int = SHIFTS
) -> ChoicesPlaceboRecord:
    """The largest active t of all choices, observed and under random circular shifts of the returns.

    The positions stay as they are; the market's returns are turned by the same number of days for every choice. Shifts
    are drawn without replacement, and not more than needed (``sequential_p_value``). Where they are often as good, a
    second placebo asks whether the best choice could have an effect of one annual volatility: the effect is taken out
    of the returns, these are turned, and the effect is put back at its days. objective: (J,) by which the best choice
    is the best. most: shifts.
    """
    eligible = eligible_choices(population)
    drawn = np.random.default_rng(SEED).permutation(np.arange(1, population.days))[:most]
    record: ChoicesPlaceboRecord = {
        "choices": int(eligible.sum()),
        "sampled": bool(population.sampled),
        "shifts": 0,
        "seed": SEED,
        "observed": None,
        "at_least": 0,
        "p_value": None,
        "p_with_effect": None,
    }
    if not eligible.any() or not len(drawn):
        return record
    problem = population.plan.problem
    observed = float(_maxima(population, eligible, problem, np.zeros(1, dtype=np.int64), None)[0])
    record["observed"] = number(observed)
    draw = partial(_placebo, population, eligible, drawn, observer)
    found = draw("verdict: placebo of the search", problem, None, lambda maxima: maxima >= observed)
    record["shifts"], record["at_least"], record["p_value"] = found.placebos, found.reached, found.p_value
    if found.p_value > LEVEL and np.isfinite(objective[eligible]).any():
        best = int(np.nanargmax(np.where(eligible, objective, np.nan)))
        effect = planted_effect(population, best)
        returns = problem.returns.copy()
        returns[:, :, : population.days] -= effect.T
        without, sums = replace(problem, returns=returns), _sums(population, effect)
        planted = draw("verdict: placebo with an effect", without, sums, lambda maxima: maxima <= observed)
        record["p_with_effect"] = planted.p_value
    return record


def planted_effect(population: Population, best: int) -> Floats:
    """(days, A) what each allocation returns more on a day if the choice's effect is one annual volatility a year.

    The effect of δ a day between two allocations is δ/2·(w − w̄) of each; the volatility is the pairwise one.
    """
    problem, days = population.plan.problem, population.days
    held = HoldingPeriodLister(problem, days)(population.jobs(slice(best, best + 1))).held(0)
    weights = np.eye(problem.allocations)[held]
    returns = problem.returns[problem.payoff_of[population.execution[best]], :, :days].T
    effect: Floats = pairwise_volatility(returns) / np.sqrt(problem.periods) / 2.0 * (weights - weights.mean(axis=0))
    return effect


def _placebo(
    population: Population,
    eligible: Bools,
    shifts: Ints,
    observer: RunObserver,
    task: str,
    problem: Problem,
    added: Floats | None,
    reaches: Callable[[Floats], Bools],
) -> SequentialPValue:
    """The p-value of the observed maximum, from the maxima of as many shifts as it takes."""
    reached = np.zeros(0, dtype=np.bool_)
    enough = max(1, round(LEVEL * (len(shifts) + 1)))  # then p is 5 % or more, whatever follows
    at_once = min(_AT_ONCE, 1 + len(shifts) // 4)
    while len(reached) < len(shifts) and reached.sum() < enough:
        batch = shifts[len(reached) : len(reached) + at_once]
        reached = np.concatenate([reached, reaches(_maxima(population, eligible, problem, batch, added))])
        observer.progress(task, len(reached), len(shifts), len(reached))
    observer.progress(task, len(shifts), len(shifts), len(shifts))
    return sequential_p_value(reached, enough)


def _maxima(population: Population, eligible: Bools, problem: Problem, shifts: Ints, added: Floats | None) -> Floats:
    maxima = np.full(len(shifts), -np.inf)
    for first, patterns in population.patterns():
        here = slice(first, first + variants_of(patterns))
        more = None if added is None else added[here]
        found = population.passes.active_t_maxima(problem, patterns, shifts, eligible[here], more)
        maxima = np.maximum(maxima, found)
    return maxima


def _sums(population: Population, returns: Floats) -> Floats:
    """(J,) Σ(w − w̄)r of every choice, its days not turned. returns: (days, A)."""
    days = len(returns)
    running = np.concatenate([np.zeros((1, returns.shape[1])), np.cumsum(returns - returns.mean(axis=0), axis=0)])
    sums = []
    for _, periods in population.holding_periods():
        begin, allocation = periods.periods[:, 0], periods.periods[:, 1]
        end = np.append(begin[1:], days)
        end[periods.begins[1:] - 1] = days
        sums.append(np.add.reduceat(running[end, allocation] - running[begin, allocation], periods.begins[:-1]))
    return np.concatenate(sums)


def eligible_choices(population: Population) -> Bools:
    """(J,) whether a choice switches often enough, and leaves its main allocation often enough, to have a timing."""
    metrics = population.metrics[:, 0]
    switches = metrics[:, METRICS.index("switches")]
    largest = metrics[:, len(METRICS) :].max(axis=1)
    eligible: Bools = (switches >= FEWEST_SWITCHES) & (largest <= LARGEST_WEIGHT)
    return eligible
