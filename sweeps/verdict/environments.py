"""The four answers under each other environment of the grid: another lag, cost, carry, interest, release, trading."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import prod
from typing import TypeAlias, TypedDict

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Work
from gridproof.results.axis_range import Value
from gridproof.results.conclusion import conclude
from gridproof.results.run.conclusion_record import (
    ChoicesPlaceboRecord,
    EnvironmentRecord,
    EnvironmentStrategy,
    TimingRecord,
    WorthRecord,
)
from gridproof.results.run.record import number
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import Choices, choices_of
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.execution_keys import CAPITAL, MIN_COMMISSION, watches_nav
from gridproof.sweeps.study.leg import IMPACT_TERMS
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.beside import Beside
from gridproof.sweeps.verdict.daily_variant import DailyVariants
from gridproof.sweeps.verdict.environment_choices import EnvironmentChoices, base_choices, environment_choices
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.questions import ask_since, ask_timings, ask_worth
from gridproof.sweeps.verdict.search_placebo import search_placebo
from gridproof.sweeps.verdict.stages import Stages
from gridproof.sweeps.verdict.timing import FEWER_DRAWS

# The positions of a variant on all axes; those of an environment that the placebo of its choices depends on.
Digits: TypeAlias = tuple[int, ...]
Earned: TypeAlias = tuple[int, ...]

# So many combinations are all evaluated; of more, those that differ from the base's environment on one axis.
_COMBINATIONS = 24
# Environments at most: of an axis with many values those next to the base's.
_MOST = 48
# Choices that an environment evaluates; of more, so many are drawn.
CHOICES = 50_000
_SEED = 1
# Resamples and shifts of each test: fewer than for the base's environment.
_RESAMPLES, _SHIFTS = 999, 199


def judge_environments(
    evaluation: GridEvaluation,
    population: Population,
    search: ChoicesPlaceboRecord | None,
    observer: RunObserver,
    stages: Stages,
    beside: Beside,
) -> list[EnvironmentRecord]:
    """The answers for the base and the best choice of each other environment. search: under the base's environment.

    beside: where the base is measured, while its choices are.

    The placebo of the choices leaves costs out: where only these differ, it is not repeated. A search is not
    repeated either, so Search is not asked where a search found the base.
    """
    plan, study = evaluation.plan, evaluation.plan.study
    space = study.space
    varied = [axis for axis, name in enumerate(space.names) if name in study.environment and space.dims[axis] > 1]
    others = list(other_environments(space.base, space.dims, varied))
    searched = population.points is not None
    searches: dict[Earned, ChoicesPlaceboRecord | None] = {_earned(study, space.base): search}
    bests: dict[Digits, int] = {}
    works = [evaluation.grid.alone(space.index(digits)).work for digits in others]
    measured = beside.start(partial(_measure_bases, plan, works, bool(population.reads)))
    for number_of_group, group in enumerate(_holding_alike(plan, others, varied).values()):
        observer.progress("verdict: choices under other environments", len(bests), len(others), len(bests))
        asked = list(dict.fromkeys(earned for digits in group if (earned := _earned(study, digits)) not in searches))
        judge = partial(_judge_group, evaluation, population, group, varied, [] if searched else asked)
        found = stages.record(f"environments-{number_of_group}", judge)
        bests |= zip(group, found["bests"], strict=True)
        searches |= zip(asked, found["searches"], strict=False)
    observer.progress("verdict: choices under other environments", len(others), len(others), len(others))
    records: list[EnvironmentRecord] = []
    observer.progress("verdict: other environments", 0, len(others))
    for digits, base in zip(others, measured(), strict=True):
        records.append(
            {
                "environment": _environment(study, digits, varied),
                "conclusion": conclude(
                    base["timing"],
                    base["worth"],
                    None if searched else searches[_earned(study, digits)],
                    base["since"],
                    declared=study.spec.declared,
                    repeated=not searched,
                ),
                "base": _strategy(evaluation, space.index(digits)),
                "best": _strategy(evaluation, bests[digits]),
                "sampled": _drawn(_choices(study, digits, varied)),
            }
        )
    observer.progress("verdict: other environments", len(others), len(others), len(others))
    return records


class _Group(TypedDict):
    bests: list[int]  # the grid index of the best choice under each environment
    searches: list[ChoicesPlaceboRecord | None]


def _judge_group(
    evaluation: GridEvaluation, population: Population, group: list[Digits], varied: list[int], asked: list[Earned]
) -> _Group:
    """The best choice of each environment, of several in which all choices hold the same, and the placebos asked."""
    study = evaluation.plan.study
    space = study.space
    environments = [_choices(study, digits, varied) for digits in group]
    choices = _choices_held(evaluation, population, group[0], environments[0], varied)
    executions = [space.executions(one.whole_index(choices.numbers)) for one in environments]
    bests: list[int] = []
    searches: dict[Earned, ChoicesPlaceboRecord | None] = {}
    found = choices.best(executions)
    for digits, own, execution, (best, eligible) in zip(group, environments, executions, found, strict=True):
        bests.append(space.index(digits) if best is None else int(own.whole_index(choices.numbers[[best]])[0]))
        if (earned := _earned(study, digits)) in asked and earned not in searches:
            here, counted = choices.under(execution), choices.eligible
            several = len(here) > 1
            searches[earned] = search_placebo(here, counted, eligible, RunObserver(), _SHIFTS) if several else None
    return {"bests": bests, "searches": [searches[earned] for earned in asked]}


def _environment(study: Study, digits: Digits, varied: list[int]) -> dict[str, Value]:
    space = study.space
    return {space.names[axis]: space.axes[axis].values[digits[axis]] for axis in varied}


def _choices(study: Study, digits: Digits, varied: list[int]) -> Choices:
    return choices_of(study, _environment(study, digits, varied))


def _holding_alike(plan: Plan, others: list[Digits], varied: list[int]) -> dict[tuple[float, ...], list[Digits]]:
    """The environments by what all choices hold there: the releases, the lag and the restrictions decide that, and
    where positions depend on the NAV what is earned and paid.

    Where choices differ in execution too, each environment stands alone.
    """
    space = plan.study.space
    signals = len(space.dims) - space.executing
    chosen = prod(space.dims[axis] for axis in range(signals, len(space.dims)) if axis not in varied) > 1
    alike: dict[tuple[float, ...], list[Digits]] = {}
    for digits in others:
        execution = space.execution(space.index(digits))
        key: tuple[float, ...] = digits if chosen else (*digits[:signals], *plan.problem.holding_terms(execution))
        alike.setdefault(key, []).append(digits)
    return alike


def _choices_held(
    evaluation: GridEvaluation, population: Population, digits: Digits, choices: Choices, varied: list[int]
) -> EnvironmentChoices:
    """The choices of an environment. Where they hold what the population holds, its patterns serve."""
    study = evaluation.plan.study
    space, numbers = study.space, draw_choices(choices)
    whole = evaluation.grid.size == space.size and not population.sampled and len(numbers) == choices.size
    same = _holding_alike(evaluation.plan, [space.base, digits], varied)
    if whole and population.points is None and len(same) == 1:
        return base_choices(evaluation, choices_of(study), population)
    return environment_choices(evaluation, choices, numbers, population.passes, _drawn(choices), population.reads)


class _Measured(TypedDict):
    timing: TimingRecord
    worth: WorthRecord
    since: WorthRecord | None


def _measure_bases(plan: Plan, works: list[Work], own_price: bool) -> list[_Measured]:
    """What the answers for the base rest on under each environment, but for the search. works: the base in each."""
    by_day = DailyVariants(plan)
    rules = [rule for work in works for rule in by_day.of(work)]
    alike: dict[tuple[bytes, int, bytes], list[int]] = {}
    overnight = plan.problem.overnight
    for place, rule in enumerate(rules):
        # Where only costs differ, the base holds the same, and its timing is compared with the same markets.
        payoff, cost = (int(of[rule.execution]) for of in (plan.problem.payoff_of, plan.problem.cost_of))
        nights = b"" if overnight is None else overnight[cost].tobytes()
        alike.setdefault((rule.held.tobytes(), payoff, nights), []).append(place)
    timings: dict[int, TimingRecord] = {}
    for places in alike.values():
        timings |= zip(places, ask_timings([rules[place] for place in places], own_price, FEWER_DRAWS), strict=True)
    return [
        {"timing": timings[place], "worth": ask_worth(rule, 0, _RESAMPLES), "since": ask_since(rule, _RESAMPLES)}
        for place, rule in enumerate(rules)
    ]


def other_environments(base: Digits, dims: Digits, varied: list[int]) -> Iterator[Digits]:
    """The positions on all axes, for every environment but the base's; the axes not in ``varied`` stay at the base.

    In grid order. Where there are more than 24 combinations, one axis is moved at a time.
    """
    if prod(dims[axis] for axis in varied) <= _COMBINATIONS:
        for moved in product(*(range(dims[axis]) for axis in varied)):
            digits = list(base)
            for axis, digit in zip(varied, moved, strict=True):
                digits[axis] = digit
            if tuple(digits) != base:
                yield tuple(digits)
        return
    share = max(1, _MOST // len(varied))
    for axis in varied:
        near = sorted(
            (digit for digit in range(dims[axis]) if digit != base[axis]), key=lambda one: abs(one - base[axis])
        )
        for digit in sorted(near[:share]):
            yield (*base[:axis], digit, *base[axis + 1 :])


def draw_choices(choices: Choices) -> Ints:
    """The numbers of all choices, ascending; of many those of a random sample."""
    return np.arange(choices.size) if choices.size <= CHOICES else draw_sample(choices.size, CHOICES, _SEED)


def _drawn(choices: Choices) -> str:
    """What ``draw_choices`` draws from what; empty where it gives all."""
    return "" if choices.size <= CHOICES else f"{CHOICES:,} of {choices.size:,} choices drawn at random"


def _earned(study: Study, digits: Digits) -> Earned:
    """What the placebo of the choices depends on: releases, lag, and what the legs earn."""
    space = study.space
    # Selections and mixes earn their returns after the costs of their own trades; a stop on the NAV follows what was
    # paid.
    if study.mixed or watches_nav(space) or any(leg.selection is not None for leg in study.legs):
        costs: set[str] = set()
    else:
        terms = (leg.terms.get(term) for leg in study.legs for term in ("cost", "sale_cost", *IMPACT_TERMS))
        costs = {"execution.cost", CAPITAL, MIN_COMMISSION, *(term for term in terms if term is not None)}
    return tuple(
        digits[axis] for axis, name in enumerate(space.names) if name in study.environment and name not in costs
    )


def _strategy(evaluation: GridEvaluation, index: int) -> EnvironmentStrategy:
    metrics = evaluation.metrics(index)[0]
    return {
        "sharpe": number(metrics[METRICS.index("sharpe")]),
        "cagr": number(metrics[METRICS.index("cagr")]),
        "index": index,
    }
