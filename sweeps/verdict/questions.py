"""What the four answers rest on: timing and worth of a rule, its time since publication, the search of its choices."""

from __future__ import annotations

from collections.abc import Sequence

from gridproof.kernels.metrics import METRICS
from gridproof.results.run.conclusion_record import (
    ChoicesPlaceboRecord,
    QuestionsRecord,
    TimingRecord,
    WorthRecord,
)
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.held import holding_weights
from gridproof.sweeps.verdict.daily_variant import DailyVariant
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.search_placebo import SHIFTS, best_eligible, eligible_choices, search_placebo
from gridproof.sweeps.verdict.static_holdings import RESAMPLES, compare_with_holdings
from gridproof.sweeps.verdict.timing import DRAWS, measure_timing


def ask_questions(rule: DailyVariant, population: Population, observer: RunObserver) -> QuestionsRecord:
    """population: the choices."""
    return {
        "timing": ask_timing(rule, bool(population.reads)),
        "worth": ask_worth(rule, 0),
        "search": ask_search(population, observer),
        "since": ask_since(rule),
    }


def ask_timing(rule: DailyVariant, own_price: bool) -> TimingRecord:
    """The rule's positions in sample, against chance. own_price: its signals read the price of a leg."""
    (found,) = ask_timings([rule], own_price)
    return found


def ask_timings(rules: Sequence[DailyVariant], own_price: bool, draws: int = DRAWS) -> list[TimingRecord]:
    """As ``ask_timing``, of rules that hold the same, on legs that earn the same before cost."""
    rule = rules[0]
    days, costs = rule.days, [one.unit_cost for one in rules]
    periods = rule.plan.problem.periods
    weights = rule.plan.study.weights
    return measure_timing(rule.held[:days], rule.excess_of_positions, costs, periods, own_price, draws, weights)


def ask_worth(rule: DailyVariant, segment: int, resamples: int = RESAMPLES) -> WorthRecord:
    """The rule against every static holding of the days of a segment: 0 in sample, 1 after publication."""
    problem = rule.plan.problem
    inside = slice(int(problem.bounds[segment]), int(problem.bounds[segment + 1]))
    legs = {name: returns[inside] for name, returns in rule.holdings.items()}
    above, weights = rule.returns[inside] - rule.plan.risk_free_of_a_day, holding_weights(rule.plan.study)
    return compare_with_holdings(above, legs, rule.held[inside], problem.periods, resamples, weights)


def ask_since(rule: DailyVariant, resamples: int = RESAMPLES) -> WorthRecord | None:
    """As ``ask_worth``, on the days after publication; None where the study names no date."""
    return ask_worth(rule, 1, resamples) if rule.plan.problem.segments > 1 else None


def ask_search(choices: Population, observer: RunObserver, shifts: int = SHIFTS) -> ChoicesPlaceboRecord | None:
    """All choices under the same shifts or signs; None where there is one choice only."""
    if len(choices) < 2:
        return None
    objective = choices.metrics[:, 0, METRICS.index(choices.plan.study.spec.objective)]
    eligible = eligible_choices(choices)
    found = search_placebo(choices, eligible, best_eligible(objective, eligible), observer, shifts)
    study = choices.plan.study
    if choices.points is None and int(choices.cells.sum()) < choices_of(study).size:
        found["sampled"] = True  # of a run of a sample
    return found
