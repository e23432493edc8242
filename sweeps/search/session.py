"""A session of search: from options to a folder with its trials, the study of what was found, and its report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.results.run.record import Record
from gridproof.results.run.run import Run
from gridproof.results.run.store import Store
from gridproof.signals.data.market import Market
from gridproof.sweeps.cluster.connection import check_address, connected
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.errors import IncompleteError
from gridproof.sweeps.execution.executor import LocalExecutor
from gridproof.sweeps.execution.identity import code_digest
from gridproof.sweeps.execution.ledger_entries import SearchLedger, is_recorded
from gridproof.sweeps.execution.observer import RunObserver
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.run_store import RunStore
from gridproof.sweeps.run import RunContext, data_folder, finish, market_of, sweep
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.loop import Search, Watch, pareto
from gridproof.sweeps.search.objectives import parse_objectives
from gridproof.sweeps.search.options import Options
from gridproof.sweeps.search.progress import SearchProgress
from gridproof.sweeps.search.ray_trials import RayTrials
from gridproof.sweeps.search.samplers import CROSSING, build_sampler, check_sampler
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.search_population import RECORD, STUDY
from gridproof.sweeps.search.search_results import around, search_record, write_trials
from gridproof.sweeps.search.storage import JOURNAL, alone, exists, open_search, open_storage, without_password
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_evaluation import TrialEvaluator
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.search.walk_forward import SearchFold, folds_of, walk
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.verdict.verdict import conclude_verdict

# Seconds between saves to a URL: what the loss of a machine may cost.
_SAVE_EVERY = 10.0
# Trials of NSGA-II's generations, where no batch says how many.
_POPULATION = 50


@dataclass
class _Session:
    """What the searches of one session share."""

    study: Study
    market: Market
    options: Options
    folder: Path
    storage: BaseStorage
    url: str | None  # of the storage; None: the journal in the folder
    data: Path | None
    observer: Watch
    tracker: BudgetTracker
    crowd: RayTrials | None
    clock: KernelClock
    seconds: dict[str, float]
    unrecorded: bool  # no ledger here knows this search: the one of an earlier call is lost, or beside another folder

    def search(self, recipe: TrialSpec, name: str, resume: bool) -> tuple[Search, optuna.Study, list[FrozenTrial], str]:
        """One search to its end: itself, Optuna's part of it, its front and why it stopped."""
        options = self.options
        finder: TrialEvaluator = recipe.finder(self.clock) if self.crowd is None else self.crowd.finder(recipe)
        dimensions, aims = recipe.dimensions, recipe.aims
        storage = self.storage
        begun = exists(storage, name)
        if resume and not begun:
            raise _none_to_resume(name, self.url, self.folder)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        known = len(optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)) if begun else 0
        population = options.points or _POPULATION
        required = bool(options.require)
        sampler = build_sampler(options.sampler, dimensions, len(aims), required, (options.seed, known), population)
        optuna_study = open_search(storage, name, f"{name} {options.identity()}", aims, sampler)
        if not begun:
            optuna_study.enqueue_trial(dict(dimensions.opening()))
        ledger = SearchLedger(self.study, self.folder, self.data)

        def record(choices: Sequence[Choice]) -> None:
            if options.points is None:
                for choice in choices:
                    ledger.add_box(dimensions.grid(choice))
            else:
                ledger.add_points([point for choice in choices for point in recipe.points_of(choice)])

        search = Search(optuna_study, dimensions, finder, aims, record, required, options.sampler in CROSSING)
        if self.unrecorded:
            record(search.before)
        batch = options.points or (1 if self.crowd is None else self.crowd.batch)
        try:
            why = search.go(options.trials, batch, options.patience, self.observer, lambda: self.tracker.exhausted(1))
        finally:
            ledger.fold()
            for part, seconds in search.seconds.items():
                self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        if search.standing.finished < options.trials and why.startswith("--max"):
            raise IncompleteError(f"{why}; the same command goes on")
        front = pareto(search.trials(), aims)
        if not front:
            complaint = max(search.standing.complaints.items(), key=lambda each: each[1])
            empty = f"{search.standing.empty} of {search.standing.finished}"
            rule = f"a search needs a trial that says something; {empty} said nothing, most of them for one reason"
            raise InputError(rule, complaint[0], self.study.document.name, "Widen the axes")
        return search, optuna_study, front, why


def _none_to_resume(name: str, storage: str | None, folder: Path) -> InputError:
    rule, remedy = "there must be a search to resume", "Leave --resume out to begin one, or repeat its options"
    return InputError(rule, f"none called {name}", without_password(storage) if storage else str(folder), remedy)


def search_folder(study: Study, market: Market, backend: str, options: Options, out: Path) -> Path:
    """OUT/NAME-search-HASH: of the study, data, code, backend and options, not of the number of trials."""
    text = "\n".join([study.to_yaml(), market.digest(), code_digest(), backend, options.identity()])
    return out / f"{study.name}-search-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run_search(
    study: Study,
    options: Options,
    data: str | Path | None = None,
    run: RunOptions | None = None,
    storage: str | None = None,
    resume: bool = False,
    observer: RunObserver | None = None,
) -> Run:
    """Search a study's space; a later call with the same arguments, or more trials, goes on where this one stopped.

    What was found is swept with what surrounds it, and judged against all cells that the search evaluated. The search
    sees the days in sample alone. run: as for a run; on a cluster (``run.ray``) trials are evaluated a batch at a time,
    and what they find depends on no worker. storage: URL of Optuna's storage; None: a journal in the folder. resume:
    there must be a search to go on with. KeyboardInterrupt loses the trials under way. Raises InputError, and
    IncompleteError where the budget is used up.
    """
    run, observer = run or RunOptions(), observer or RunObserver()
    ray, chosen = run.ray, resolve(run.backend)
    market = market_of(study, data)
    place = RunStore(run.out)
    folder = search_folder(study, market, chosen.name, options, place.folder)
    place.fetch(folder.name)
    store = Store(folder)
    began = time.perf_counter()
    recipe = TrialSpec(study, market, chosen.name, options.objectives, options.require, options.cells, options.points)
    recipe.check()
    check_sampler(options.sampler, recipe.dimensions, len(recipe.aims), bool(options.require))
    ground = recipe.ground(KernelClock())
    if options.walk_forward is not None:
        folds_of(ground, options.walk_forward)
    if resume and storage is None and not (folder / JOURNAL).exists():
        raise _none_to_resume(folder.name, storage, folder)
    with ExitStack() as stack:
        stack.enter_context(alone(folder))
        crowd = None
        if ray is not None:
            check_address(ray)
            crowd = RayTrials(stack.enter_context(connected(ray)), chosen.name == "cuda", run.workers)
        kept = stack.enter_context(open_storage(storage, folder))
        session = _Session(
            study=study,
            market=market,
            options=options,
            folder=folder,
            storage=kept,
            url=storage,
            data=data_folder(study, data),
            observer=_saving(place, observer),
            tracker=BudgetTracker(run.budget or Budget()),
            crowd=crowd,
            clock=KernelClock(),
            seconds={},
            unrecorded=not is_recorded(folder),
        )
        search, optuna_study, front, why = session.search(recipe, folder.name, resume)
        record = search_record(study, recipe, search, optuna_study, options, front, why, storage)
        if options.walk_forward is not None:
            record["walk_forward"] = _walk_forward(session, recipe, ground, options.walk_forward)
    local = around(study, recipe.dimensions, front[0], ground)
    if not store.has("study.yaml") or store.read_text("study.yaml") != local.to_yaml():
        store.clear()
    folder.mkdir(parents=True, exist_ok=True)
    write_trials(store, study, recipe, optuna_study)
    store.write_text(STUDY, study.to_yaml())
    store.write_json(RECORD, record)
    seconds = {**session.seconds, "kernels": session.clock.seconds, "searching": time.perf_counter() - began}
    context = RunContext(local, market, data_folder(study, data), chosen, store, place, observer)
    plan, grid, summary = sweep(context, LocalExecutor(1))
    store.write_json("summary.json", summary)
    if run.verdict:
        conclude_verdict(plan, grid, store, chosen.name, context.data, observer)
    store.write_json("timing.json", store.read_json("timing.json") | {"search": seconds})
    finish(context)
    return Run(folder, place=place.of(folder))


def _saving(place: RunStore, observer: RunObserver) -> Watch:
    """Report how far a search is, and now and then keep what trials have found where runs are kept."""
    saved = time.monotonic()
    before: int | None = None
    began = saved

    def watched(standing: SearchProgress) -> None:
        nonlocal saved, before
        if time.monotonic() - saved > _SAVE_EVERY:
            place.save()
            saved = time.monotonic()
        before = standing.finished if before is None else before
        seconds = time.monotonic() - began
        observer.progress(
            "search", standing.finished, standing.trials, standing.finished - before, standing.detail(seconds)
        )

    return watched


def _walk_forward(session: _Session, recipe: TrialSpec, ground: SearchContext, count: int) -> Record:
    def fold_search(place: int, fold: SearchFold) -> tuple[int, Choice, Floats]:
        shorter = replace(recipe, days=fold.trained)
        found = session.search(shorter, f"{session.folder.name} until day {fold.trained}", False)[2][0]
        choice: Choice = found.user_attrs["found"]["chosen"]
        return found.number, choice, found.values

    names = [aim.name for aim in parse_objectives(session.options.objectives)]
    return walk(ground, count, fold_search, session.options.trials, names[0])
