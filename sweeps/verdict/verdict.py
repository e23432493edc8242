"""The verdict: every statistic of a finished sweep, into ``statistics.json``. What is a sample says so there."""

from __future__ import annotations

from pathlib import Path

from gridproof.results.gates import NOT_COVERED, judge
from gridproof.results.ledger.ledger import ledger_total
from gridproof.results.run.record import Record
from gridproof.results.run.store import Store
from gridproof.results.run.summary_record import RunSummary
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.ledger_entries import market_identity
from gridproof.sweeps.search.search_population import gather_search, is_search
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.bootstrap import RESAMPLES, SEED
from gridproof.sweeps.verdict.candidates import find_candidates
from gridproof.sweeps.verdict.cross_validation import CrossValidation
from gridproof.sweeps.verdict.data_snooping import data_snooping_record, measure_data_snooping
from gridproof.sweeps.verdict.deflation import count_trials, deflate, haircut
from gridproof.sweeps.verdict.ensemble import average
from gridproof.sweeps.verdict.landscape import plateaus, sensitivity, whole_grid_values
from gridproof.sweeps.verdict.placebo import placebo
from gridproof.sweeps.verdict.population import gather
from gridproof.sweeps.verdict.stress import stress

# Objectives that sums of days give, and what CSCV and the walk-forward call them.
_METRIC = {"sharpe": "sharpe", "cagr": "cagr", "total_return": "cagr"}

# Stages that the observer hears of.
_STAGES = 5


def conclude_verdict(evaluation: GridEvaluation, context: RunContext, summary: RunSummary) -> Record:
    """Compute all statistics of a finished run and write them. Raises InputError where the sample is too short."""
    plan, grid, store, observer = evaluation.plan, evaluation.grid, context.store, context.observer
    study, space, dates, backend = plan.study, plan.study.space, plan.days, context.backend.name
    objective = study.spec.objective
    observer.progress("verdict", 0, _STAGES, 0, "gathering what trades differently")
    contenders = find_candidates(evaluation, int(summary["best"]["index"]))
    if is_search(store):
        known = [(space.parameters(contenders.index[name]), contenders.metrics[name]) for name in contenders.points]
        population, tried = gather_search(store, context.market, backend, known)
        distinct = tried
    else:
        population, tried, distinct = gather(evaluation), summary["evaluated"], summary["distinct"]
    bootstrap, benchmarks = contenders.bootstrap(), contenders.benchmarks()
    ahead = CrossValidation(population, _METRIC[objective]) if objective in _METRIC else None
    tested = f"testing {len(population):,} variants against {len(benchmarks)} benchmarks, {RESAMPLES:,} resamples"
    observer.progress("verdict", 1, _STAGES, 1, tested)
    luck = measure_data_snooping(population, benchmarks, bootstrap, ahead)
    observer.progress("verdict", 2, _STAGES, 2, "turning the market against the signals")
    turned = placebo(population, grid, contenders, backend)
    ensemble = average(population, contenders.standard_error)
    observer.progress("verdict", 3, _STAGES, 3, "ranking the best of each half of the days among all")
    overfitting = [] if ahead is None else ahead.overfitting()
    no_blocks = f"{objective} is not given by sums of blocks, or there are too few days"
    values = whole_grid_values(store, space, objective)
    plateau, no_plateau = plateaus(values, contenders)
    counts = count_trials(population, luck, tried, distinct, _ledger(study, store, context.data))
    record: Record = {
        "method": {
            "confidence": 0.95,
            "seed": SEED,
            "resamples": RESAMPLES,
            "block_length": bootstrap.block_length,
            "variants": tried,
            "distinct": population.distinct,
            "used": len(population),
            "sampled": bool(population.sampled),
            "sample": population.sampled,
            "objective": objective,
            "days": contenders.days,
            "periods": plan.problem.periods,
            "left_out": luck.left_out,
            "versions": _versions(),
        },
        "counts": counts,
        "who": contenders.standings(ensemble, bootstrap),
        "ensemble": None if ensemble is None else ensemble.record(),
        "shift": contenders.shifts(),
        "subperiods": contenders.years(),
        "luck": data_snooping_record(luck, population, contenders.metrics["base"]) | {"placebo": turned},
        "overfitting": overfitting,
        "overfitting_why": None if overfitting else no_blocks,
        "sensitivity": sensitivity(store, space, values),
        "plateau": plateau,
        "plateau_why": no_plateau,
        "walk_forward": None if ahead is None else ahead.walk_forward(dates),
        "combinatorial": None if ahead is None else ahead.combinatorial(dates),
        "deflated": deflate(population, contenders, counts),
        "haircut": haircut(population, contenders),
    }
    observer.progress("verdict", 4, _STAGES, 4, "stressing base and best")
    record["stress"] = {
        name: stress(evaluation, point, contenders.index[name], contenders.holds_in_sample)
        for name, point in contenders.points.items()
    }
    record["gates"] = judge(record)
    record["not_covered"] = NOT_COVERED
    store.write_json("statistics.json", record)
    observer.progress("verdict", _STAGES, _STAGES, _STAGES)
    return record


def _ledger(study: Study, store: Store, data: Path | None) -> int | None:
    folder = store.folder.parent / "ledger"
    return ledger_total(folder, market_identity(study, data)) if folder.is_dir() else None


def _versions() -> Record:
    return {
        "psr": "Bailey, López de Prado 2012",
        "deflated": "Bailey, López de Prado 2014",
        "interval": "stationary bootstrap, percentile and studentised by Mertens' error",
        "overfitting": "CSCV, Bailey et al. 2017, mid-p",
        "spa": "Hansen 2005, ω from daily autocovariances",
        "reality_check": "White 2000",
        "stepwise": "Romano, Wolf 2005",
        "haircut": "Harvey, Liu 2015",
        "block_length": "Politis, White 2004, corrected 2009; the longest of the base and the legs",
    }
