"""The four answers under every other environment of the grid: another lag, cost, carry, interest or release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import prod

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.metrics import METRICS
from gridproof.results.conclusion import conclude
from gridproof.results.run.conclusion_record import (
    ChoicesPlaceboRecord,
    ConclusionRecord,
    EnvironmentRecord,
    EnvironmentStrategy,
)
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.choices import Choices, choices_of
from gridproof.sweeps.plan.grid import ListedGrid
from gridproof.sweeps.plan.sample import draw_sample
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.daily_variant import DailyVariant, DailyVariants
from gridproof.sweeps.verdict.population import Population, gather
from gridproof.sweeps.verdict.questions import ask_search, ask_since, ask_timing, ask_worth
from gridproof.sweeps.verdict.strategy_statistics import number, time_shift

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
    evaluation: GridEvaluation, population: Population, search: ChoicesPlaceboRecord | None, observer: RunObserver
) -> list[EnvironmentRecord]:
    """The answers for the base and the best choice of each other environment. search: under the base's environment.

    The placebo of the choices leaves costs out: where only these differ, it is not repeated. A search is not
    repeated either, so Search is not asked where a search found the base.
    """
    plan, study = evaluation.plan, evaluation.plan.study
    space = study.space
    varied = [axis for axis, name in enumerate(space.names) if name in study.environment and space.dims[axis] > 1]
    others = list(other_environments(space.base, space.dims, varied))
    searched = population.points is not None
    searches = {_paths(study, space.base): search}
    by_day, bests = DailyVariants(plan), _best_choices(evaluation, others, varied, observer)
    records: list[EnvironmentRecord] = []
    for done, digits in enumerate(others):
        observer.progress("verdict: other environments", done, len(others), done)
        environment = {space.names[axis]: space.axes[axis].values[digits[axis]] for axis in varied}
        choices = choices_of(study, environment)
        numbers = draw_choices(choices)
        if not searched and (same := _paths(study, digits)) not in searches:
            searches[same] = ask_search(_gather(evaluation, numbers, choices, population), RunObserver(), _SHIFTS)
        found = None if searched else searches[same]
        rule = by_day.of(evaluation.grid.alone(space.index(digits)).work)[0]
        records.append(
            {
                "environment": environment,
                "conclusion": _conclude(rule, found, searched),
                "base": _strategy(evaluation, space.index(digits)),
                "best": _strategy(evaluation, bests[digits]),
                "sampled": _drawn(numbers, choices),
            }
        )
    observer.progress("verdict: other environments", len(others), len(others), len(others))
    return records


def _conclude(rule: DailyVariant, search: ChoicesPlaceboRecord | None, searched: bool) -> ConclusionRecord:
    days, periods = rule.days, rule.plan.problem.periods
    shift = time_shift(rule.held[:days], rule.excess_of_legs[:days], rule.unit_cost, periods, 0.0)
    return conclude(
        ask_timing(rule, shift["p_value"]),
        ask_worth(rule, 0, _RESAMPLES),
        search,
        ask_since(rule, _RESAMPLES),
        declared=rule.plan.study.spec.declared,
        repeated=not searched,
    )


def _best_choices(
    evaluation: GridEvaluation, others: list[tuple[int, ...]], varied: list[int], observer: RunObserver
) -> dict[tuple[int, ...], int]:
    """The index of the best choice under each environment; that of the base's choices where no objective is defined.

    Environments that differ in execution alone are evaluated together: what a variant holds is decided once.
    """
    study = evaluation.plan.study
    space = study.space
    signals = len(space.dims) - space.executing
    together: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for digits in others:
        together.setdefault(digits[:signals], []).append(digits)
    bests: dict[tuple[int, ...], int] = {}
    for group in together.values():
        observer.progress("verdict: best under other environments", len(bests), len(others), len(bests))
        indices = []
        for digits in group:
            choices = choices_of(study, {space.names[axis]: space.axes[axis].values[digits[axis]] for axis in varied})
            indices.append(choices.whole_index(draw_choices(choices)))
        variants = np.concatenate(indices)
        order = np.argsort(variants)
        values = np.empty(len(variants))
        values[order] = evaluation.objectives(variants)
        for digits, index, own in zip(group, indices, np.split(values, len(group)), strict=True):
            bests[digits] = int(index[np.nanargmax(own)]) if np.isfinite(own).any() else space.index(digits)
    observer.progress("verdict: best under other environments", len(others), len(others), len(others))
    return bests


def other_environments(base: tuple[int, ...], dims: tuple[int, ...], varied: list[int]) -> Iterator[tuple[int, ...]]:
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


def _gather(evaluation: GridEvaluation, numbers: Ints, choices: Choices, base: Population) -> Population:
    """The choices of these numbers. base: the population of the base's environment, whose passes serve here too."""
    plan = evaluation.plan
    own = ListedGrid(plan, choices_of(plan.study).whole_index(numbers))
    found = gather(GridEvaluation(own, evaluation.evaluate, evaluation.points), choices)
    return replace(found, passes=base.passes, sampled=_drawn(numbers, choices) or found.sampled)


def _drawn(numbers: Ints, choices: Choices) -> str:
    """What was drawn from what; empty where all choices are evaluated."""
    return "" if len(numbers) == choices.size else f"{len(numbers):,} of {choices.size:,} choices drawn at random"


def _paths(study: Study, digits: tuple[int, ...]) -> tuple[object, ...]:
    """What the placebo of the choices depends on: releases, lag, and what the legs earn."""
    space = study.space
    costs = {"execution.cost", *(leg.terms["cost"] for leg in study.legs if "cost" in leg.terms)}
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
