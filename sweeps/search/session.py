"""A session of search: from options to a folder with its trials, the study of what was found, and its report."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.results.record import Record
from gridproof.results.report import write_report
from gridproof.results.store import Store
from gridproof.signals.market import Market
from gridproof.sweeps.budget import Budget, Meter
from gridproof.sweeps.executor import IncompleteError, Local
from gridproof.sweeps.identity import code_digest
from gridproof.sweeps.run import Progress, Run, data_folder, market_of, sweep
from gridproof.sweeps.search.aims import Aim, parse_aims, parse_requirements
from gridproof.sweeps.search.dimensions import Choice, Dimensions, steps_from
from gridproof.sweeps.search.drawn import RECORD, STUDY, TRIALS
from gridproof.sweeps.search.finding import Cells, Finder, Points
from gridproof.sweeps.search.ground import Ground
from gridproof.sweeps.search.metered import Clock, metered
from gridproof.sweeps.search.samplers import build_sampler
from gridproof.sweeps.search.search import Search, Standing, Watch, pareto
from gridproof.sweeps.search.storage import exists, open_search, open_storage
from gridproof.sweeps.study import Study
from gridproof.sweeps.trials import SearchLedger
from gridproof.sweeps.values import Value
from gridproof.sweeps.verdict import Say, conclude_verdict

# Cells of a trial, unless told otherwise; and variants around what was found, which are swept at the end.
CELLS = 65_536
_AROUND = 250_000
_FARTHEST = 6


@dataclass(frozen=True, slots=True)
class Options:
    """What a search does besides its study. ``points``: single points, so many a batch; None: dense levels."""

    trials: int
    sampler: str = "tpe"
    objectives: tuple[str, ...] = ("plateau",)
    require: tuple[str, ...] = ()
    cells: int = CELLS
    points: int | None = None
    seed: int = 0
    patience: int | None = None

    def __post_init__(self) -> None:
        for name, option in (("trials", self.trials), ("cells", self.cells), ("points", self.points),
                             ("patience", self.patience)):  # fmt: skip
            if option is not None and option < 1:
                raise InputError(f"{name} of a search is at least 1", option, f"--{name}", "Raise it")

    def identity(self) -> list[Any]:
        """What decides how a search goes on; how long it goes on does not."""
        return [self.sampler, self.objectives, self.require, self.cells, self.points, self.seed]


@dataclass(frozen=True)
class Parts:
    """What a search is made of, on one ground."""

    aims: tuple[Aim, ...]
    dimensions: Dimensions
    finder: Finder
    search: Search
    optuna_study: optuna.Study


def search_folder(study: Study, market: Market, backend: str, options: Options, out: Path) -> Path:
    """OUT/NAME-search-HASH: of the study, data, code, backend and options, not of the number of trials."""
    text = "\n".join([study.to_yaml(), market.digest(), code_digest(), backend, json.dumps(options.identity())])
    return out / f"{study.name}-search-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run_search(
    study: Study,
    options: Options,
    data: str | Path | None = None,
    out: str | Path = "runs",
    backend: str = "auto",
    storage: str | None = None,
    resume: bool = False,
    verdict: bool = True,
    watch: Watch = lambda _: None,
    progress: Progress | None = None,
    say: Say = lambda _: None,
    budget: Budget | None = None,
) -> Run:
    """Search a study's space; a later call with the same arguments, or more trials, goes on where this one stopped.

    What was found is swept with what surrounds it, and judged against all cells that the search evaluated. The search
    sees the days in sample alone. resume: there must be a search to go on with. KeyboardInterrupt loses the trial under
    way. Raises InputError.
    """
    chosen = resolve(backend)
    market = market_of(study, data)
    folder = search_folder(study, market, chosen.name, options, Path(out))
    store = Store(folder)
    if resume and storage is None and not folder.is_dir():
        rule, remedy = "there must be a search to resume", "Leave --resume out to begin one, or repeat its options"
        raise InputError(rule, "none with these options", str(folder), remedy)
    clock = Clock()
    ground = Ground(study, market, metered(chosen, clock))
    began = time.perf_counter()
    parts = assemble(ground, options, storage, folder, folder.name, data, resume)
    meter = Meter(budget or Budget())
    try:
        why = parts.search.go(options.trials, options.points or 1, options.patience, watch, lambda: meter.exhausted(1))
    finally:
        parts.search.close()
    seconds = {**parts.search.seconds, "kernels": clock.seconds, "searching": time.perf_counter() - began}
    if parts.search.standing.finished < options.trials and why.startswith("--max"):
        raise IncompleteError(f"{why}; the same command goes on")
    front = pareto(parts.optuna_study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)), parts.aims)
    if not front:
        complaint = max(parts.search.standing.complaints.items(), key=lambda each: each[1])
        rule = f"a search needs a trial that says something; {complaint[1]} of {options.trials} said nothing"
        raise InputError(rule, complaint[0], study.document.name, "Widen the axes, or loosen the requirements")
    local = around(study, parts.dimensions, front[0])
    _write_trials(store, study, parts)
    record = _record(study, parts, options, front, why, storage)
    if not store.has("study.yaml") or store.read_text("study.yaml") != local.to_yaml():
        store.clear()
    store.write_text(STUDY, study.to_yaml())
    store.write_json(RECORD, record)
    _plan, _grid, summary = found = sweep(store, local, market, chosen, Local(1), data, progress=progress)
    store.write_json("summary.json", summary)
    if verdict:
        conclude_verdict(found[0], found[1], store, chosen.name, data_folder(study, data), say)
    store.write_json("timing.json", store.read_json("timing.json") | {"search": seconds})
    write_report(folder)
    store.tidy()
    return Run(folder)


def assemble(
    ground: Ground,
    options: Options,
    storage: str | None,
    folder: Path,
    name: str,
    data: str | Path | None,
    resume: bool = False,
) -> Parts:
    """A search of this name in its storage, ready to go on. Raises InputError."""
    study = ground.study
    aims, requirements = parse_aims(options.objectives), parse_requirements(options.require)
    dimensions = Dimensions(study, options.points is None, options.cells)
    kind = Cells if options.points is None else Points
    finder = kind(ground, dimensions, aims, requirements)
    kept = open_storage(storage, folder)
    if resume and not exists(kept, name):
        rule, remedy = "there must be a search to resume", "Leave --resume out to begin one, or repeat its options"
        raise InputError(rule, f"none called {name}", storage or str(folder), remedy)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    identity = json.dumps([name, *options.identity()])
    population = options.points or 50
    begun = exists(kept, name) and len(optuna.load_study(study_name=name, storage=kept).get_trials(deepcopy=False))
    sampler = build_sampler(
        options.sampler, dimensions, len(aims), bool(requirements), (options.seed, int(begun)), population
    )
    optuna_study = open_search(kept, name, identity, aims, sampler)
    ledger = SearchLedger(study, folder, data_folder(study, data))

    def record(choices: Sequence[Choice]) -> None:
        for choice in choices:
            if isinstance(finder, Points):
                ledger.add_points(finder.cells(choice))
            else:
                ledger.add_box(dimensions.grid(choice))

    search = Search(optuna_study, dimensions, finder, aims, record, ledger.fold)
    return Parts(aims, dimensions, finder, search, optuna_study)


def around(study: Study, dimensions: Dimensions, trial: FrozenTrial) -> Study:
    """The study of what a trial chose, and of the variants around it, as many steps as a quick sweep allows."""
    chosen: Choice = trial.user_attrs["found"]["chosen"]
    centre = {axis.name: chosen[axis.name] for axis in study.space.axes if len(axis.values) > 1}
    moving = [
        axis
        for axis in study.space.axes
        if (axis in dimensions.free or axis.name in dimensions.levels)
        and not isinstance(axis.values[0], str)
        and dimensions.meant(axis.name, chosen)
    ]
    grid: dict[str, list[Value]] = {}
    for steps in range(1, _FARTHEST + 1):
        span = [*range(-steps, 0), *range(1, steps + 1)]
        wider = {axis.name: sorted([chosen[axis.name], *steps_from(axis, chosen[axis.name], span)], key=float)
                 for axis in moving}  # fmt: skip
        if steps > 1 and prod(map(len, wider.values())) > _AROUND:
            break
        grid = wider
    return study.set(centre).set({name: values for name, values in grid.items() if len(values) > 1})


def _write_trials(store: Store, study: Study, parts: Parts) -> None:
    """One row a trial: state, values, what it proposed, what it chose, its metrics in sample."""
    rows = []
    for trial in parts.optuna_study.get_trials(deepcopy=False):
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            continue
        found = trial.user_attrs.get("found", {})
        row: dict[str, Any] = {"number": trial.number, "state": trial.state.name.lower()}
        row["cells"] = found.get("cells", trial.user_attrs.get("cells", 0))
        row["repeats"], row["why"] = trial.user_attrs.get("repeats"), trial.user_attrs.get("why")
        row["lacks"] = found.get("lacks")
        for place, aim in enumerate(parts.aims):
            row[f"value.{aim.name}"] = trial.values[place] if trial.values else None
        proposed = parts.dimensions.completed(trial.params)
        row |= {name: proposed[name] for name in study.space.names}
        row |= {f"chosen.{name}": found.get("chosen", {}).get(name) for name in study.space.names}
        row |= {f"metric.{name}": value for name, value in found.get("metrics", {}).items()}
        rows.append(row)
    table = pd.DataFrame(rows)
    store.folder.mkdir(parents=True, exist_ok=True)
    store.write_table(TRIALS, table)


def _record(
    study: Study, parts: Parts, options: Options, front: Sequence[FrozenTrial], why: str, storage: str | None
) -> Record:
    standing: Standing = parts.search.standing
    dimensions = parts.dimensions
    return {
        "study": study.name,
        "sampler": options.sampler,
        "seed": options.seed,
        "objectives": [{"name": aim.name, "maximise": aim.maximise, "meaning": aim.meaning} for aim in parts.aims],
        "objective": study.spec.objective,
        "require": [one.text for one in parse_requirements(options.require)],
        "cells_a_trial": options.cells if options.points is None else None,
        "points_a_batch": options.points,
        "around": isinstance(parts.finder, Points) and not parts.finder.alone,
        "trials": {
            "asked": options.trials,
            "finished": standing.finished,
            "empty": standing.empty,
            "repeated": standing.repeated,
        },
        "complaints": dict(sorted(standing.complaints.items(), key=lambda each: -each[1])[:5]),
        "cells": standing.cells,
        "stopped": why,
        "storage": "search.journal" if storage is None else storage.split("@")[-1],
        "space": {
            "digits": dimensions.digits,
            "dimensions": dimensions.describe(),
            "levels": dimensions.levels,
            "held": {name: study.base[name] for name in dimensions.held},
        },
        "best": _trial(front[0]),
        "front": [_trial(trial) for trial in front],
        "importances": _importances(parts),
        "walk_forward": None,
    }


def _trial(trial: FrozenTrial) -> Record:
    return {"number": trial.number, "values": list(trial.values), **trial.user_attrs["found"]}


def _importances(parts: Parts) -> list[Record]:
    """PED-ANOVA over the trials, for each aim; empty where there are too few trials for it."""
    rows = []
    for place, aim in enumerate(parts.aims):
        try:
            shares = get_param_importances(
                parts.optuna_study,
                evaluator=PedAnovaImportanceEvaluator(),
                target=_cost_of(place, aim),
            )
        except (ValueError, RuntimeError):  # too few trials, or none that differ
            shares = {}
        rows.append({"objective": aim.name, "shares": {name: float(share) for name, share in shares.items()}})
    return rows


def _cost_of(place: int, aim: Aim) -> Callable[[FrozenTrial], float]:
    """Less is better: so PED-ANOVA takes it."""
    sign = -1.0 if aim.maximise else 1.0
    return lambda trial: sign * float(trial.values[place])
