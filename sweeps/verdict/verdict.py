"""The verdict: all statistics of a finished sweep, written to ``statistics.json``. A sample is named as one there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import TypeAlias

from gridproof.kernels.backend import passes_of
from gridproof.kernels.cpu.passes import CpuPasses
from gridproof.results.conclusion import conclude
from gridproof.results.evidence.evidence import NOT_COVERED, collect_evidence
from gridproof.results.ledger.ledger import LEDGER_FOLDER, cut_off_files, ledger_total
from gridproof.results.run.digest import digest_of_file, digest_of_record
from gridproof.results.run.statistics_record import Method, StatisticsRecord
from gridproof.results.run.store import CUT, SEARCH, SEARCH_STUDY, TRIALS
from gridproof.results.run.stress_record import StressRecord
from gridproof.results.run.summary_record import SUMMARY, RunSummary
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.identity import environment
from gridproof.sweeps.execution.ledger_entries import market_identity
from gridproof.sweeps.plan.choices import choices_of
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.active_tests import active_tests
from gridproof.sweeps.verdict.beside import Beside
from gridproof.sweeps.verdict.bootstrap import RESAMPLES, SEED, Bootstrap
from gridproof.sweeps.verdict.candidates import Candidates, find_candidates
from gridproof.sweeps.verdict.cross_validation import CrossValidation
from gridproof.sweeps.verdict.daily_variant import candidate_by_day
from gridproof.sweeps.verdict.data_snooping import data_snooping_record, measure_data_snooping
from gridproof.sweeps.verdict.deflation import count_trials, deflate, haircut, measure_correlations
from gridproof.sweeps.verdict.ensemble import average
from gridproof.sweeps.verdict.environments import judge_environments
from gridproof.sweeps.verdict.landscape import choices_values, plateaus, sensitivity
from gridproof.sweeps.verdict.mix import mix_statistics, years_beside_holdings
from gridproof.sweeps.verdict.placebo import placebo
from gridproof.sweeps.verdict.population import Gathered, Population
from gridproof.sweeps.verdict.questions import ask_questions
from gridproof.sweeps.verdict.stages import Stages
from gridproof.sweeps.verdict.stress import stress

# The metric by which cross-validation ranks for each objective that sums over days give.
_METRIC = {"sharpe": "sharpe", "cagr": "cagr", "total_return": "cagr"}

# Gives the variants that are tested; of a search they include base and best.
GatherPopulation: TypeAlias = Callable[[Candidates, Stages], Gathered]


def conclude_verdict(
    evaluation: GridEvaluation, context: RunContext, summary: RunSummary, gather: GatherPopulation
) -> StatisticsRecord:
    """Compute all statistics of a finished run and write them to ``statistics.json``.

    evaluation: of the variants of the run. An interrupted verdict goes on from the stages that it finished. Raises
    InputError where the sample is too short.
    """
    stages = Stages(context.store.folder, _identity(context))
    with Beside() as beside:
        record = _compute(evaluation, context, summary, gather, stages, beside)
    context.store.write_json("statistics.json", dict(record))
    stages.remove()
    context.observer.progress("verdict: base and best", 1, 1, 1)
    return record


def _compute(
    evaluation: GridEvaluation,
    context: RunContext,
    summary: RunSummary,
    gather: GatherPopulation,
    stages: Stages,
    beside: Beside,
) -> StatisticsRecord:
    plan, store, observer = evaluation.plan, context.store, context.observer
    study, dates, backend = plan.study, plan.days, context.backend.name
    objective = study.spec.objective
    observer.progress("verdict: distinct variants", 0, 1)
    candidates = find_candidates(evaluation, int(summary["best"]["index"]))
    gathered, tried, distinct = gather(candidates, stages)
    # What variants earn that drift from the day of entry is tested on the CPU.
    passes = CpuPasses() if plan.problem.drift is not None else passes_of(context.backend)
    population = replace(gathered, passes=passes)
    observer.progress("verdict: distinct variants", 1, 1, 1)
    correlations = beside.start(lambda: measure_correlations(population))
    bootstrap, benchmarks = candidates.bootstrap(), candidates.benchmarks()
    active = beside.start(lambda: active_tests(population, bootstrap, candidates.metrics["base"][None]))
    cross_validation = CrossValidation(population, _METRIC[objective]) if objective in _METRIC else None
    snooping = measure_data_snooping(population, benchmarks, bootstrap, cross_validation, observer, stages)
    choices = choices_of(study)
    swept = evaluation.grid if population.sampled else evaluation.grid.among(choices)
    shifted = stages.record("placebo", lambda: placebo(population, swept, candidates, backend, observer))
    ensemble = average(population, candidates.standard_error)
    strategies = beside.start(lambda: candidates.strategies(ensemble, bootstrap))
    overfitting = [] if cross_validation is None else cross_validation.overfitting(observer)
    no_blocks = f"{objective} is not given by sums of blocks, or there are too few days"
    values = choices_values(store, choices, objective)
    plateau, no_plateau = plateaus(values, choices, candidates)
    ledger = _ledger(context)
    counts = count_trials(population, snooping, correlations(), tried, distinct, summary["evaluated"], ledger)
    stressed = _stress(evaluation, candidates, observer)
    observer.progress("verdict: base and best", 0, 1)
    rule = candidate_by_day(candidates, "base")
    questions = stages.record("questions", lambda: ask_questions(rule, population, observer))
    conclusion = conclude(**questions, declared=study.spec.declared)
    environments = judge_environments(evaluation, population, questions["search"], observer, stages, beside)
    record: StatisticsRecord = {
        "conclusion": conclusion,
        "questions": questions,
        "environments": environments,
        "method": _method(population, candidates, bootstrap, tried, snooping.left_out),
        "counts": counts,
        "who": strategies() | mix_statistics(rule, bootstrap),
        "ensemble": None if ensemble is None else ensemble.record(),
        "shift": candidates.shifts(),
        "subperiods": years_beside_holdings(candidates, rule),
        "data_snooping": data_snooping_record(snooping, population, candidates.metrics["base"], shifted, active()),
        "overfitting": overfitting,
        "overfitting_why": None if overfitting else no_blocks,
        "sensitivity": sensitivity(store, choices, values),
        "plateau": plateau,
        "plateau_why": no_plateau,
        "walk_forward": None if cross_validation is None else cross_validation.walk_forward(dates),
        "combinatorial": None if cross_validation is None else cross_validation.combinatorial(dates),
        "deflated": deflate(population, candidates, counts),
        "haircut": haircut(population, candidates),
        "stress": stressed,
        "evidence": [],
        "not_covered": NOT_COVERED,
    }
    record["evidence"] = collect_evidence(record)
    return record


def _stress(evaluation: GridEvaluation, candidates: Candidates, observer: RunObserver) -> dict[str, StressRecord]:
    """Of base and best."""
    found: dict[str, StressRecord] = {}
    for done, (name, point) in enumerate(candidates.points.items()):
        observer.progress("verdict: stress", done, len(candidates.points), done)
        found[name] = stress(evaluation, candidate_by_day(candidates, name), point, candidates.index[name])
    observer.progress("verdict: stress", len(found), len(found), len(found))
    return found


def _method(population: Population, candidates: Candidates, bootstrap: Bootstrap, tried: int, left_out: int) -> Method:
    """tried: how many choices there are. left_out: variants whose excess over a benchmark is constant."""
    return {
        "confidence": 0.95,
        "seed": SEED,
        "resamples": RESAMPLES,
        "block_length": bootstrap.block_length,
        "choices": tried,
        "distinct_choices": population.distinct,
        "used": len(population),
        "sampled": bool(population.sampled),
        "sample": population.sampled,
        "objective": candidates.plan.study.spec.objective,
        "days": candidates.days,
        "periods": candidates.plan.problem.periods,
        "left_out": left_out,
        "own_price": [one.record() for one in population.reads],
        "versions": _versions(),
    }


def _identity(context: RunContext) -> str:
    """A digest of all that the stages of a verdict depend on."""
    store = context.store
    files = [name for name in (SUMMARY, CUT, SEARCH, SEARCH_STUDY, TRIALS) if store.has(name)]
    return digest_of_record(
        {
            "run": store.folder.name,
            "study": context.study.identity,  # with the digest of its own operators
            "data": context.market.digest(),
            "backend": context.backend.name,
            "code": environment(context.backend.name == "cuda") | {"scipy": version("scipy")},
            "files": {name: digest_of_file(store.folder / name) for name in files},
        }
    )


def _ledger(context: RunContext) -> int | None:
    """The number of distinct variants ever evaluated on the market; None where there is no ledger."""
    folder = context.store.folder.parent / LEDGER_FOLDER
    if not folder.is_dir():
        return None
    for cut in cut_off_files(folder):
        context.observer.notice(cut)
    return ledger_total(folder, market_identity(context.study, context.data))


def _versions() -> dict[str, str]:
    return {
        "psr": "Bailey, López de Prado 2012",
        "deflated": "Bailey, López de Prado 2014",
        "interval": "stationary bootstrap, percentile and studentised by Mertens' error",
        "overfitting": "CSCV, Bailey et al. 2017, mid-p",
        "spa": "Hansen 2005, ω from daily autocovariances",
        "reality_check": "White 2000",
        "stepwise": "Romano, Wolf 2005",
        "haircut": "Harvey, Liu 2015",
        "block_length": "Politis, White 2004, corrected 2009; the longest of base and legs, 120 days or T/10 at least",
    }
