"""Whether the best of so many choices is better than chance: all under the same shifts or signs of the market."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TypeAlias

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, variants_of
from gridproof.kernels.cpu.patterns.pattern_sums import days_held, sum_patterns, sum_runs, whole_scale
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Problem
from gridproof.results.conclusion import FEWEST_SWITCHES, LARGEST_WEIGHT, LEVEL
from gridproof.results.run.conclusion_record import ChoicesPlaceboRecord
from gridproof.results.run.record import number
from gridproof.results.statistics.own_past import flip_signs, unanticipated_returns
from gridproof.results.statistics.sequential import SequentialPValue, sequential_p_value
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.population import HeldVariants, Population, by_position
from gridproof.sweeps.verdict.timing import pairwise_volatility

# Shifts at most, and at a time; and of a market with the same random signs.
SHIFTS, _AT_ONCE, _OF_SIGNS = 999, 128, 16

# Gives the market, as a problem, of a batch of shifts by its number.
_Market: TypeAlias = Callable[[int], Problem]


def search_placebo(
    choices: HeldVariants, eligible: Bools, best: int | None, observer: RunObserver, most: int = SHIFTS
) -> ChoicesPlaceboRecord:
    """The largest active t of all choices, observed and under random circular shifts of the returns.

    The positions stay as they are; the market's returns are turned by the same number of days for every choice. Shifts
    are drawn without replacement, and not more than needed (``sequential_p_value``). Where they are often as good, a
    second placebo asks whether the best choice could have an effect of one annual volatility: the effect is taken out
    of the returns, these are turned, and the effect is put back at its days. eligible: (J,) which of the choices count.
    best: the number of the best of them. most: shifts.

    Where the signals read the price of a leg, the days' returns less their mean get random signs besides, new ones for
    every few shifts, and the sums of observed and drawn markets are those of ``unanticipated_returns``
    (``results.statistics.own_past``).
    """
    by_signs = bool(choices.reads)
    drawn = np.random.default_rng(SEED).permutation(np.arange(1, choices.days))[:most]
    record: ChoicesPlaceboRecord = {
        "null": "signs" if by_signs else "shifts",
        "choices": int(eligible.sum()),
        "sampled": bool(choices.sampled),
        "shifts": 0,
        "seed": SEED,
        "observed": None,
        "at_least": 0,
        "p_value": None,
        "p_with_effect": None,
    }
    if not eligible.any() or not len(drawn):
        return record
    choices = by_position(choices)
    problem, days = choices.plan.problem, choices.days
    itself = _changed(problem, days, unanticipated_of_holdings) if by_signs else problem
    observed = float(_maxima(choices, eligible, itself, np.zeros(1, dtype=np.int64), by_signs, None)[0])
    record["observed"] = number(observed)
    draw = partial(_placebo, choices, eligible, drawn, observer, by_signs)
    market = _market(problem, days, by_signs)
    found = draw("verdict: placebo of the search", market, None, lambda maxima: maxima >= observed)
    record["shifts"], record["at_least"], record["p_value"] = found.placebos, found.reached, found.p_value
    if found.p_value > LEVEL and best is not None:
        effect = planted_effect(choices, best)
        without = _market(_changed(problem, days, lambda returns: returns - effect), days, by_signs)
        sums = _sums(choices, unanticipated_of_holdings(effect) if by_signs else effect)
        planted = draw("verdict: placebo with an effect", without, sums, lambda maxima: maxima <= observed)
        record["p_with_effect"] = planted.p_value
    return record


def _market(problem: Problem, days: int, by_signs: bool) -> _Market:
    """The market of each batch: always the observed one, or one of random signs drawn for the batch."""

    def signed(batch: int) -> Problem:
        def change(returns: Floats) -> Floats:
            # The same signs for all payoffs.
            signs = np.random.default_rng([SEED, batch])
            return unanticipated_of_holdings(flip_signs(returns - returns.mean(axis=0), signs))

        return _changed(problem, days, change)

    return signed if by_signs else (lambda _: problem)


def _changed(problem: Problem, days: int, change: Callable[[Floats], Floats]) -> Problem:
    """The problem with the (days, A) returns in sample of every payoff replaced by ``change`` of them."""
    returns = problem.returns.copy()
    for payoff in range(len(returns)):
        returns[payoff, :, :days] = change(returns[payoff, :, :days].T).T
    return replace(problem, returns=returns)


def unanticipated_of_holdings(returns: Floats) -> Floats:
    """(days, A) ``unanticipated_returns`` where one allocation is held at a time: Σ w·g needs no constant."""
    found, constant = unanticipated_returns(returns)
    return found + constant / len(returns)


def _mean_sums(problem: Problem, patterns: Sequence[Patterns]) -> Floats:
    """(J,) the sum over days of what the mean weights of each variant earn."""
    found = np.empty(variants_of(patterns))
    for each in patterns:
        means = problem.returns[each.payoff, :, : each.edges[-1]].mean(axis=1)
        found[each.jobs] = days_held(each, problem.allocations) @ means
    return found


def planted_effect(choices: HeldVariants, best: int) -> Floats:
    """(days, A) what each allocation returns more on a day if the choice's effect is one annual volatility a year.

    The effect of δ a day between two allocations is δ/2·(w − w̄) of each; the volatility is the pairwise one.
    """
    problem, days = choices.plan.problem, choices.days
    held = HoldingPeriodLister(problem, days)(choices.jobs(slice(best, best + 1))).held(0)
    weights = np.eye(problem.allocations)[held]
    returns = problem.returns[problem.payoff_of[choices.execution[best]], :, :days].T
    effect: Floats = pairwise_volatility(returns) / np.sqrt(problem.periods) / 2.0 * (weights - weights.mean(axis=0))
    return effect


def _placebo(
    choices: HeldVariants,
    eligible: Bools,
    shifts: Ints,
    observer: RunObserver,
    by_signs: bool,
    task: str,
    market: _Market,
    added: Floats | None,
    reaches: Callable[[Floats], Bools],
) -> SequentialPValue:
    """The p-value of the observed maximum, from the maxima of as many shifts as it takes."""
    reached = np.zeros(0, dtype=np.bool_)
    enough = max(1, round(LEVEL * (len(shifts) + 1)))  # then p is 5 % or more, whatever follows
    size, batches = min(_OF_SIGNS if by_signs else _AT_ONCE, 1 + len(shifts) // 4), count()
    while len(reached) < len(shifts) and reached.sum() < enough:
        batch = shifts[len(reached) : len(reached) + size]
        maxima = _maxima(choices, eligible, market(next(batches)), batch, by_signs, added)
        reached = np.concatenate([reached, reaches(maxima)])
        observer.progress(task, len(reached), len(shifts), len(reached))
    observer.progress(task, len(shifts), len(shifts), len(shifts))
    return sequential_p_value(reached, enough)


def _maxima(
    choices: HeldVariants, eligible: Bools, problem: Problem, shifts: Ints, by_signs: bool, added: Floats | None
) -> Floats:
    """(K,) the largest active t of each shift. by_signs: with the mean of the returns, which the pass leaves out.

    added: (J,) to each sum besides.
    """
    maxima = np.full(len(shifts), -np.inf)
    for first, patterns in choices.patterns():
        here = slice(first, first + variants_of(patterns))
        more = None if added is None else added[here]
        if by_signs:
            means = _mean_sums(problem, patterns)
            more = means if more is None else more + means
        found = choices.passes.active_t_maxima(problem, patterns, shifts, eligible[here], more)
        maxima = np.maximum(maxima, found)
    return maxima


def _sums(choices: HeldVariants, returns: Floats) -> Floats:
    """(J,) Σ w·r of every choice, its days not turned. returns: (days, A)."""
    scale = whole_scale(float(np.abs(returns).max(axis=1).sum()))
    values = np.rint(returns * scale)[:, :, None]
    sums = np.empty(len(choices))
    for first, patterns in choices.patterns():
        for each in patterns:
            sums[first + each.jobs] = sum_patterns(each, sum_runs(each, values))[:, 0] / scale
    return sums


def eligible_choices(population: Population) -> Bools:
    """(J,) whether a choice switches often enough, and leaves its main allocation often enough, to have a timing."""
    metrics = population.metrics[:, 0]
    switches = metrics[:, METRICS.index("switches")]
    largest = metrics[:, len(METRICS) :].max(axis=1)
    return are_eligible(switches, largest)


def are_eligible(switches: Array, largest: Floats) -> Bools:
    """(J,) of the switches and the mean weights of the main allocation, (J,) each."""
    eligible: Bools = (switches >= FEWEST_SWITCHES) & (largest <= LARGEST_WEIGHT)
    return eligible


def best_eligible(objective: Floats, eligible: Bools) -> int | None:
    """The number of the eligible choice with the highest objective, (J,) both; None where none has any."""
    known = np.where(eligible, objective, np.nan)
    return int(np.nanargmax(known)) if np.isfinite(known).any() else None
