"""What a search found: its trials as a table, its record, and the study of what surrounds the chosen one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import optuna
import pandas as pd
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from gridproof.results.run.record import Record
from gridproof.results.run.store import Store
from gridproof.sweeps.search.dimensions import Choice, Dimensions, steps_from
from gridproof.sweeps.search.loop import Search
from gridproof.sweeps.search.objectives import SearchObjective
from gridproof.sweeps.search.options import Options
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.search_population import TRIALS
from gridproof.sweeps.search.storage import JOURNAL, without_password
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.study import Study
from gridproof.sweeps.study.values import Value

# Variants around what was found, which are swept at the end, and so many steps away at most.
_AROUND = 250_000
_FARTHEST = 6


def around(study: Study, dimensions: Dimensions, trial: FrozenTrial, ground: SearchContext) -> Study:
    """The study of what a trial chose, and of the variants around it, as many steps as a quick sweep allows; without
    those that the market is too short for."""
    chosen: Choice = trial.user_attrs["found"]["chosen"]
    centre = {axis.name: chosen[axis.name] for axis in study.space.axes if len(axis.values) > 1}
    moving = [
        axis
        for axis in study.space.axes
        if (axis in dimensions.free or axis.name in dimensions.levels)
        and not isinstance(axis.values[0], str)
        and dimensions.meant(axis.name, chosen)
    ]
    # Of too many axes levels stand still first: each trial has moved them.
    moving.sort(key=lambda axis: axis.name in dimensions.levels)
    while moving and not _allowed(_steps_around(moving, chosen, 1, ground), chosen, ground):
        moving.pop()
    grid: dict[str, list[Value]] = {}
    for steps in range(1, _FARTHEST + 1):
        wider = _steps_around(moving, chosen, steps, ground)
        if not _allowed(wider, chosen, ground):
            break
        grid = wider
    return study.set(centre).set({name: values for name, values in grid.items() if len(values) > 1})


def _steps_around(axes: Sequence[Axis], chosen: Choice, steps: int, ground: SearchContext) -> dict[str, list[Value]]:
    span = [*range(-steps, 0), *range(1, steps + 1)]
    grid = {}
    for axis in axes:
        near = [value for value in steps_from(axis, chosen[axis.name], span)
                if ground.defined({**chosen, axis.name: value}, axis.name)]  # fmt: skip
        grid[axis.name] = sorted([chosen[axis.name], *near], key=float)
    return grid


def _allowed(grid: Mapping[str, Sequence[Value]], chosen: Choice, ground: SearchContext) -> bool:
    """Neither too large nor, where two axes make a signal slow together, too early for the market."""
    slowest = {name: max(values, key=float) for name, values in grid.items()}
    return prod(map(len, grid.values())) <= _AROUND and ground.defined({**chosen, **slowest})


def write_trials(store: Store, study: Study, recipe: TrialSpec, optuna_study: optuna.Study) -> None:
    """One row a trial: state, values, what it proposed, what it chose, its metrics in sample."""
    rows = []
    for trial in optuna_study.get_trials(deepcopy=False):
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            continue
        found = trial.user_attrs.get("found", {})
        row: dict[str, Any] = {"number": trial.number, "state": trial.state.name.lower()}
        row["cells"] = found.get("cells", trial.user_attrs.get("cells", 0))
        row["repeats"], row["why"] = trial.user_attrs.get("repeats"), trial.user_attrs.get("why")
        row["violation"] = found.get("violation")
        for place, aim in enumerate(recipe.aims):
            row[f"value.{aim.name}"] = trial.values[place] if trial.values else None
        proposed = recipe.dimensions.completed(trial.params)
        row |= {name: proposed[name] for name in study.space.names}
        row |= {f"chosen.{name}": found.get("chosen", {}).get(name) for name in study.space.names}
        row |= {f"metric.{name}": value for name, value in found.get("metrics", {}).items()}
        rows.append(row)
    table = pd.DataFrame(rows)
    store.write_table(TRIALS, table)


def search_record(
    study: Study,
    recipe: TrialSpec,
    search: Search,
    optuna_study: optuna.Study,
    options: Options,
    front: Sequence[FrozenTrial],
    why: str,
    storage: str | None,
) -> Record:
    standing = search.standing
    dimensions = recipe.dimensions
    return {
        "study": study.name,
        "sampler": options.sampler,
        "seed": options.seed,
        "objectives": [{"name": aim.name, "maximise": aim.maximise, "meaning": aim.meaning} for aim in recipe.aims],
        "objective": study.spec.objective,
        "require": [one.text for one in recipe.requirements],
        "cells_a_trial": options.cells if options.points is None else None,
        "points_a_batch": options.points,
        "around": options.points is not None and recipe.around,
        "trials": {
            "asked": options.trials,
            "finished": standing.finished,
            "empty": standing.empty,
            "repeated": standing.repeated,
        },
        "complaints": dict(sorted(standing.complaints.items(), key=lambda each: -each[1])[:5]),
        "cells": standing.cells,
        "stopped": why,
        "storage": JOURNAL if storage is None else without_password(storage),
        "space": {
            "digits": dimensions.digits,
            "dimensions": dimensions.describe(),
            "levels": dimensions.levels,
            "uses": dimensions.uses,
            "held": {name: study.base[name] for name in dimensions.held},
        },
        "best": _trial(front[0]),
        "front": [_trial(trial) for trial in front],
        "importances": _importances(recipe, optuna_study),
        "walk_forward": None,
    }


def _trial(trial: FrozenTrial) -> Record:
    return {"number": trial.number, "values": list(trial.values), **trial.user_attrs["found"]}


def _importances(recipe: TrialSpec, optuna_study: optuna.Study) -> list[Record]:
    """PED-ANOVA over the trials, for each aim; empty where there are too few trials for it."""
    rows = []
    for place, aim in enumerate(recipe.aims):
        try:
            with warnings.catch_warnings():
                # That less is taken as better: so it is made.
                warnings.simplefilter("ignore", UserWarning)
                shares = get_param_importances(
                    optuna_study, evaluator=PedAnovaImportanceEvaluator(), target=_cost_of(place, aim)
                )
        except (ValueError, RuntimeError):  # too few trials, or none that differ
            shares = {}
        rows.append({"objective": aim.name, "shares": {name: float(share) for name, share in shares.items()}})
    return rows


def _cost_of(place: int, aim: SearchObjective) -> Callable[[FrozenTrial], float]:
    """Less is better: so PED-ANOVA takes it."""
    sign = -1.0 if aim.maximise else 1.0
    return lambda trial: sign * float(trial.values[place])
