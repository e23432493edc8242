"""A search from its options to a folder with its trials, the sweep around what it chose, and the report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.kernels.output import make_folder
from gridproof.results.ledger.run_files import is_recorded
from gridproof.results.run.atomic_write import remove_leftovers
from gridproof.results.run.record import Record
from gridproof.results.run.run import Run
from gridproof.results.run.store import REPORT, SEARCH, SEARCH_STUDY, STATISTICS, TRIALS, Store
from gridproof.results.run.summary_record import SUMMARY
from gridproof.signals.data.market import Market
from gridproof.sweeps.cluster.connection import check_address, connected
from gridproof.sweeps.execution.announcement import announce_backend
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.context import RunContext
from gridproof.sweeps.execution.errors import IncompleteError, resumable_writes
from gridproof.sweeps.execution.executor import LocalExecutor
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.recording import SearchLedger
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.execution.sweep import sweep
from gridproof.sweeps.plan.study_market import data_folder, market_of, report_data
from gridproof.sweeps.plan.workload import daily_kernel_notices
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.run import finish, report_faults
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.loop import Reporter, Search
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.pareto_front import pareto_front
from gridproof.sweeps.search.progress import SearchProgress
from gridproof.sweeps.search.ray_trials import RayTrials
from gridproof.sweeps.search.samplers import CROSSOVER_SAMPLERS, build_sampler, check_sampler
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.search_population import search_gatherer
from gridproof.sweeps.search.search_results import search_record, write_trials
from gridproof.sweeps.search.storage import (
    JOURNAL,
    has_search,
    open_search,
    open_storage,
    without_password,
)
from gridproof.sweeps.search.surroundings import surrounding_study
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.search.walk_forward import FoldChoice, SearchFold, search_folds, walk_forward_record
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.verdict import conclude_verdict

# Seconds between saves to a URL: what the loss of the machine may cost.
_SAVE_EVERY = 10.0
# Trials in a generation of NSGA-II where --points does not set it.
_GENERATION = 50


class FinishedSearch(NamedTuple):
    """A search that has ended. front: best by the first objective first. stopped: why it ended."""

    search: Search
    study: optuna.Study
    front: list[FrozenTrial]
    stopped: str


@dataclass
class SearchSession:
    """What the searches of one call share: the search itself and those of a walk-forward.

    ledger_lost: whether the ledger beside the folder does not know this search, so that the trials of earlier calls
    are recorded again.
    """

    spec: TrialSpec
    folder: Path
    storage: BaseStorage
    data: Path | None
    report: Reporter
    tracker: BudgetTracker
    ray_trials: RayTrials | None
    ledger_lost: bool
    clock: KernelClock = field(default_factory=KernelClock)
    seconds: dict[str, float] = field(default_factory=dict)

    def search(self, name: str, days: int | None = None) -> FinishedSearch:
        """Search to the end, as the Optuna study ``name``. days: how many days the trials may see.

        Raises IncompleteError where the budget is used up, InputError where every trial is pruned.
        """
        spec = replace(self.spec, days=days)
        options, dimensions = spec.options, spec.dimensions
        evaluator = spec.evaluator(self.clock) if self.ray_trials is None else self.ray_trials.evaluator(spec)
        study = self._open(spec, name)
        ledger = SearchLedger(spec.study, self.folder, self.data)

        def record(choices: Sequence[Choice]) -> None:
            if options.points is None:
                for choice in choices:
                    ledger.add_box(dimensions.grid(choice))
            else:
                ledger.add_points([point for choice in choices for point in spec.points_of(choice)])

        search = Search(
            study, dimensions, evaluator, spec.objectives, record, bool(options.require),
            options.sampler in CROSSOVER_SAMPLERS,
        )  # fmt: skip
        if self.ledger_lost:
            record(search.evaluated_before)
        batch = options.points or (1 if self.ray_trials is None else self.ray_trials.batch)
        try:
            stopped = search.run(
                options.trials, batch, options.patience, self.report, lambda: self.tracker.exhausted(1)
            )
        finally:
            ledger.fold()
            for part, seconds in search.seconds.items():
                self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        progress = search.progress
        if progress.finished < options.trials and stopped.startswith("--max"):
            raise IncompleteError(f"{stopped}; rerun to resume")
        front = pareto_front(search.complete_trials(), spec.objectives)
        if not front:
            reason = max(progress.pruned_reasons.items(), key=lambda each: each[1])[0]
            rule = f"a search needs a trial whose objective is defined; {progress.pruned} of {progress.finished} trials"
            raise InputError(f"{rule} were pruned, most of them for one reason", reason, spec.study.document.name,
                             "Widen the axes")  # fmt: skip
        return FinishedSearch(search, study, front, stopped)

    def _open(self, spec: TrialSpec, name: str) -> optuna.Study:
        """The Optuna study of this name, new or resumed. A new one proposes the base first."""
        options, dimensions, objectives = spec.options, spec.dimensions, spec.objectives
        resumed = has_search(self.storage, name)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        known = 0
        if resumed:
            known = len(optuna.load_study(study_name=name, storage=self.storage).get_trials(deepcopy=False))
        sampler = build_sampler(
            options.sampler, dimensions, len(objectives), bool(options.require), (options.seed, known),
            options.points or _GENERATION,
        )  # fmt: skip
        study = open_search(self.storage, name, f"{name} {options.identity()}", objectives, sampler)
        if not resumed:
            study.enqueue_trial(dict(dimensions.opening()))
        return study

    def walk_forward(self, context: SearchContext, count: int) -> Record:
        """Search anew on ``count`` growing windows and hold each choice on the days that follow."""

        def search_fold(fold: SearchFold) -> FoldChoice:
            best = self.search(f"{self.folder.name} until day {fold.trained}", fold.trained).front[0]
            return FoldChoice(best.number, best.user_attrs["result"]["chosen"], best.values[0])

        return walk_forward_record(context, count, search_fold, self.spec.options.trials, self.spec.objectives[0].name)


def search_folder(study: Study, market: Market, backend: str, options: SearchOptions, out: Path) -> Path:
    """OUT/NAME-search-HASH. The hash covers study, data, code, backend and options, not the number of trials."""
    text = "\n".join([study.identity, market.digest(), code_digest(), backend, options.identity()])
    return out / f"{study.name}-search-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run_search(
    study: Study,
    options: SearchOptions,
    data: str | Path | None = None,
    run: RunOptions | None = None,
    observer: RunObserver | None = None,
) -> Run:
    """Search a study's space. A later call with the same arguments, or more trials, resumes where this one stopped.

    The search sees the days in sample only. What it chose is swept with its surroundings, and judged against all cells
    that the search evaluated. run: as for a run; with ``run.ray`` trials are evaluated on a cluster, a batch at a time,
    and their results do not depend on the workers. KeyboardInterrupt loses the trials that are not finished. Raises
    InputError, and IncompleteError where the budget is used up or the cluster is lost.
    """
    run, observer = run or RunOptions(), observer or RunObserver()
    backend, market, runs = resolve(run.backend), market_of(study, data), RunStore(run.out)
    announce_backend(backend, run.ray, observer)
    for notice in daily_kernel_notices(study):
        observer.notice(notice)
    folder = search_folder(study, market, backend.name, options, runs.folder)
    runs.fetch(folder.name)
    store = Store(folder)
    report_data(market, observer)
    began = time.perf_counter()
    spec = TrialSpec(study, market, backend.name, options)
    spec.check()
    check_sampler(options.sampler, spec.dimensions, len(spec.objectives), bool(options.require))
    context = spec.context(KernelClock())
    if options.walk_forward is not None:
        search_folds(context, options.walk_forward)
    if options.resume and options.storage is None and not (folder / JOURNAL).exists():
        raise _nothing_to_resume(options, folder)
    with resumable_writes(folder), runs.lock(folder):
        remove_leftovers(folder)
        with ExitStack() as stack:
            ray_trials = None
            if run.ray is not None:
                check_address(run.ray)
                ray_trials = RayTrials(stack.enter_context(connected(run.ray)), backend.name == "cuda", run.workers)
            session = SearchSession(
                spec,
                folder,
                stack.enter_context(open_storage(options.storage, folder)),
                data_folder(study, data),
                _reporter(runs, observer),
                BudgetTracker(run.budget or Budget()),
                ray_trials,
                ledger_lost=not is_recorded(folder),
            )
            if options.resume and not has_search(session.storage, folder.name):
                raise _nothing_to_resume(options, folder)
            found = session.search(folder.name)
            record = search_record(spec, found.search, found.study, found.front, found.stopped)
            if options.walk_forward is not None:
                record["walk_forward"] = session.walk_forward(context, options.walk_forward)
        local = surrounding_study(study, spec.dimensions, found.front[0], context)
        where = data_folder(study, data)
        swept = RunContext(local, market, where, backend, store, runs, observer, run.language)
        report_faults(swept)
        if not store.has("study.yaml") or (folder / "study.yaml").read_bytes() != local.to_yaml().encode():
            store.clear()
        make_folder(folder)
        store.unlist(TRIALS, SEARCH_STUDY, SEARCH, SUMMARY, STATISTICS, REPORT)  # written anew, whatever they were
        write_trials(store, spec, found.study)
        store.write_text(SEARCH_STUDY, study.to_yaml())
        store.write_json(SEARCH, record)
        seconds = {**session.seconds, "kernels": session.clock.seconds, "searching": time.perf_counter() - began}
        evaluation, summary = sweep(swept, LocalExecutor(1))
        store.write_json(SUMMARY, summary)
        if run.verdict:
            conclude_verdict(evaluation, swept, summary, search_gatherer(store, evaluation.plan, market, backend.name))
        store.write_json("timing.json", store.read_json("timing.json") | {"search": seconds})
        finish(swept, evaluation.grid.pieces)
    return Run(folder, place=runs.of(folder))


def _nothing_to_resume(options: SearchOptions, folder: Path) -> InputError:
    rule, remedy = "there must be a search to resume", "Leave --resume out to start one, or repeat its options"
    where = str(folder) if options.storage is None else without_password(options.storage)
    return InputError(rule, f"none called {folder.name}", where, remedy)


def _reporter(runs: RunStore, observer: RunObserver) -> Reporter:
    """Reports how far a search is, and saves its trials to the URL where runs are kept every few seconds."""
    began = saved = time.monotonic()
    finished_before: int | None = None

    def report(progress: SearchProgress) -> None:
        nonlocal saved, finished_before
        now = time.monotonic()
        if now - saved > _SAVE_EVERY:
            runs.save()
            saved = now
        finished_before = progress.finished if finished_before is None else finished_before
        new = progress.finished - finished_before
        observer.progress("search", progress.finished, progress.trials, new, progress.detail(now - began))

    return report
