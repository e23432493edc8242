"""Running a study: every variant of it, or a sample, into a folder that a later call resumes or reads."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gridproof.kernels.backend import cuda_planner, resolve
from gridproof.kernels.cuda.availability import gpu_answers
from gridproof.kernels.errors import InputError
from gridproof.results.ledger.run_files import check_ledger
from gridproof.results.report.report import report_language, write_report
from gridproof.results.run.atomic_write import remove_leftovers
from gridproof.results.run.manifest import MANIFEST
from gridproof.results.run.run import Run
from gridproof.results.run.store import CUT, LISTED, REPORT, STATISTICS, Store
from gridproof.results.run.summary_record import SUMMARY, RunSummary, complete_summary
from gridproof.results.texts.translation import Language
from gridproof.signals.data.market import Market
from gridproof.sweeps.cluster.executor import ClusterExecutor
from gridproof.sweeps.execution.announcement import announce_backend
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.collect import recorded_grid
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.errors import resumable_writes
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.executor import Executor, LocalExecutor
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.recording import record_finished
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.execution.sweep import choose_grid, sweep
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.plan.study_market import data_folder, market_of, recorded_market, report_data
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.study.study import Study, load_recorded_study

if TYPE_CHECKING:
    from gridproof.sweeps.verdict.verdict import GatherPopulation


def run_folder(study: Study, market: Market, backend: str, sample: int | None, out: Path) -> Path:
    """runs/NAME-HASH: the hash covers the study, the data, the code and the backend."""
    identity = "\n".join([study.identity, market.digest(), code_digest(), backend, str(sample)])
    return out / f"{study.name}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def run_study(
    study: Study,
    data: str | Path | None = None,
    options: RunOptions | None = None,
    observer: RunObserver | None = None,
) -> Run:
    """Evaluate every variant of a study, or a random sample of them, into a folder under ``options.out``.

    Resumes an interrupted run of the same study, data, code and backend. A finished run is only read. On a cluster
    (``options.ray``) what is written is the same to the byte. KeyboardInterrupt keeps every finished tile. Raises
    InputError, and IncompleteError where the budget is used up, tiles fail, the cluster is lost or the disk is full:
    all resumable.
    """
    options, observer = options or RunOptions(), observer or RunObserver()
    executor: Executor = (
        LocalExecutor(options.tile_pieces) if options.ray is None else ClusterExecutor(options.ray, options.workers)
    )
    tracker = BudgetTracker(options.budget or Budget())
    backend = executor.backend(options.backend)
    announce_backend(backend, options.ray, observer)
    market = market_of(study, data)
    sample = options.sample if options.sample is not None and options.sample < study.space.size else None
    runs = RunStore(options.out)
    store = Store(run_folder(study, market, backend.name, sample, runs.folder))
    context = RunContext(study, market, data_folder(study, data), backend, store, runs, observer, options.language)
    with resumable_writes(store.folder), runs.lock(store.folder, observer.notice):
        runs.fetch(store.folder.name)
        remove_leftovers(store.folder)
        manifest = store.manifest()
        faults = report_faults(context)
        # What was finished with a verdict is repaired with it, whatever this call asks for.
        judged = manifest is not None and STATISTICS in manifest.files
        verdict = (options.verdict or judged) and not store.has(STATISTICS)
        if verdict:
            check_ledger(store.folder)
        if any(name not in (STATISTICS, REPORT) for name in faults):
            report_data(market, observer)
            evaluation, summary = sweep(context, executor, sample, tracker)
            # Before the verdict: a run whose verdict fails can be shown, and a later call computes the verdict.
            store.write_json(SUMMARY, summary)
            if verdict:
                from gridproof.sweeps.verdict.verdict import conclude_verdict  # imports SciPy, which nothing else needs

                judging = _judging(context)
                if judging is not context:
                    evaluate = judging.backend.bind(evaluation.plan.problem)
                    evaluation = GridEvaluation(evaluation.grid, evaluate, evaluation.points)
                conclude_verdict(evaluation, judging, summary, _gatherer(evaluation, summary))
            finish(context, evaluation.grid.pieces)
            return Run(store.folder, place=runs.of(store.folder))
        for repaired in record_finished(study, store.folder, context.data, sample):
            observer.notice(repaired)
        if verdict:
            compute_verdict(context)
        elif faults or report_language(store.folder) != options.language:
            write_report_of(context)
        store.tidy()
        runs.save()
    return Run(store.folder, reused=not faults, place=runs.of(store.folder))


def report_faults(context: RunContext) -> dict[str, str]:
    """What is wrong with the finished files and tiles of a run, by name. Wrong files are removed, to be made again.

    The observer gets one notice where a finished run was damaged. A run that is not finished lacks its manifest.
    """
    store = context.store
    manifest, faults = store.manifest(), store.faults()
    if manifest is not None:
        faults |= store.tiles.faults(manifest.pieces)
    if faults and (manifest is not None or store.finished):
        # Tiles that are there are named when the sweep begins.
        named = [f"{name} ({fault})" for name, fault in faults.items() if not name.startswith("tiles/")]
        if named:
            context.observer.notice(f"{store.folder}: not as it was finished, and made again: {', '.join(named)}")
    unverified = (STATISTICS, REPORT) if manifest is None else ()
    for name in {*unverified, *(name for name in faults if name in (*LISTED, MANIFEST))}:
        (store.folder / name).unlink(missing_ok=True)
    return faults


def finish(context: RunContext, pieces: int) -> None:
    """Write the report of a run whose summary is written, and the manifest; remove what only an unfinished run needs,
    and save it. pieces: of the grid."""
    store = context.store
    _report(context)
    store.list_files(pieces)
    store.tidy()
    context.runs.save()


def write_report_of(context: RunContext) -> None:
    """Write the report of a finished run again."""
    context.store.unlist(REPORT)
    _report(context)
    context.store.relist(STATISTICS, REPORT)


def judge_run(
    folder: str | Path,
    data: str | Path | None = None,
    observer: RunObserver | None = None,
    *,
    fetched: bool = False,
    language: Language = "en",
) -> Run:
    """Computes the statistics of a finished run again and writes its report.

    data: the folder given for the run. fetched: whether the folder was downloaded from a URL. The study in the folder
    may only read what ``recorded_market`` says.

    Raises InputError if the folder holds no finished run, or if the data differ from those of the run, and
    IncompleteError where the disk is full.
    """
    observer = observer or RunObserver()
    store = Store(Path(folder))
    summary = complete_summary(store.read_json(SUMMARY), store.folder / SUMMARY)
    store.verify("study.yaml")
    study = load_recorded_study(store.folder / "study.yaml")
    market = recorded_market(study, data, fetched)
    if market.digest() != summary["data_hash"]:
        rule, remedy = (
            "a verdict must be computed from the data of its run",
            "Give the run's --data, or run the study again",
        )
        raise InputError(rule, "other data", str(store.folder), remedy)
    runs = RunStore(store.folder.parent)
    name = summary["backend"]
    backend = cuda_planner() if name == "cuda" and not gpu_answers() else resolve(name)
    context = RunContext(study, market, data_folder(study, data), backend, store, runs, observer, language)
    with resumable_writes(store.folder), runs.lock(store.folder, observer.notice):
        compute_verdict(context)
    return Run(store.folder)


def compute_verdict(context: RunContext) -> None:
    """Computes the statistics of a finished run and writes its report. Raises InputError where a file is damaged."""
    context = _judging(context)
    study, market, backend, store = context.study, context.market, context.backend, context.store
    store.verify("study.yaml", CUT, "top.parquet", "surfaces.parquet", "curves.parquet")
    summary = cast("RunSummary", store.read_json(SUMMARY))
    plan = build_plan(study, market, backend, observer=context.observer)
    grid = choose_grid(plan, backend, summary["sample"])
    grid = recorded_grid(store, grid) or grid
    evaluation = GridEvaluation(grid, backend.bind(plan.problem), Points(study, market))
    from gridproof.sweeps.search.search_population import is_search, search_gatherer
    from gridproof.sweeps.verdict.verdict import conclude_verdict  # imports SciPy, which nothing else needs

    searched = is_search(store)
    gathered = search_gatherer(store, plan, market, backend.name) if searched else _gatherer(evaluation, summary)
    store.unlist(STATISTICS, REPORT)
    conclude_verdict(evaluation, context, summary, gathered)
    _report(context)
    store.relist(STATISTICS, REPORT)


def _judging(context: RunContext) -> RunContext:
    """The context of a verdict: on the CPU where the run's backend needs a GPU, and this machine has none.

    The metrics of the two backends are the same to 1e-9.
    """
    if context.backend.name != "cuda" or gpu_answers():
        return context
    context.observer.notice("verdict on the CPU: no GPU on this machine")
    return replace(context, backend=resolve("cpu"))


def _report(context: RunContext) -> None:
    context.observer.progress("report", 0, 1)
    write_report(context.store.folder, context.language)
    context.observer.progress("report", 1, 1, 1)


def _gatherer(evaluation: GridEvaluation, summary: RunSummary) -> GatherPopulation:
    """Gathers the population of a run's verdict."""
    from gridproof.sweeps.verdict.population import Gathered, gather

    return lambda _, stages: Gathered(
        gather(evaluation, stages), summary["evaluated_choices"], summary["distinct_choices"]
    )
