"""The four questions of a verdict, measured: the base's timing and worth, the search among the choices, and the time
since publication."""

from __future__ import annotations

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import METRICS
from gridproof.results.conclusion import conclude
from gridproof.results.run.conclusion_record import ChoicesPlaceboRecord, ConclusionRecord, QuestionsRecord, WorthRecord
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.candidates import Candidates
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.search_placebo import search_placebo
from gridproof.sweeps.verdict.static_holdings import compare_with_holdings
from gridproof.sweeps.verdict.timing import measure_timing


def ask_questions(
    candidates: Candidates, population: Population, p_value: float | None, observer: RunObserver
) -> tuple[QuestionsRecord, ConclusionRecord]:
    """population: the choices. p_value: of the base's shift test."""
    problem = candidates.plan.problem
    held, gross = candidates.held("base"), excess_of_legs(candidates)
    days = candidates.days
    timing = measure_timing(held[:days], gross[:days], candidates.unit_cost("base"), problem.periods, p_value)
    worth = _worth(candidates, held, gross, 0)
    search = None if len(population) < 2 else _search(candidates, population, observer)
    since = _worth(candidates, held, gross, 1) if problem.segments > 1 else None
    declared = candidates.plan.study.spec.declared
    questions: QuestionsRecord = {"timing": timing, "worth": worth, "search": search, "since": since}
    return questions, conclude(timing, worth, search, since, declared=declared)


def excess_of_legs(candidates: Candidates) -> Floats:
    """(D, A) what each leg earns in excess of cash, before cost, under the base's execution."""
    problem, space = candidates.plan.problem, candidates.plan.study.space
    payoff = problem.payoff_of[space.execution(space.base_index)]
    excess: Floats = problem.returns[payoff].T - candidates.free
    return excess


def _worth(candidates: Candidates, held: Ints, gross: Floats, segment: int) -> WorthRecord:
    problem = candidates.plan.problem
    low, high = int(problem.bounds[segment]), int(problem.bounds[segment + 1])
    legs = {leg.name: gross[low:high, place] for place, leg in enumerate(candidates.plan.study.legs)}
    rule = candidates.returns["base"][low:high] - candidates.free
    return compare_with_holdings(rule, legs, held[low:high], problem.periods)


def _search(candidates: Candidates, choices: Population, observer: RunObserver) -> ChoicesPlaceboRecord:
    objective = choices.metrics[:, 0, METRICS.index(candidates.plan.study.spec.objective)]
    return search_placebo(choices, objective, observer)
