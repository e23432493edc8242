"""The results of a search: its trials as a table, and its record."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import optuna
import pandas as pd
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from gridproof.results.run.record import Record
from gridproof.results.run.store import TRIALS, Store
from gridproof.sweeps.search.loop import Search
from gridproof.sweeps.search.objectives import SearchObjective
from gridproof.sweeps.search.storage import JOURNAL, without_password
from gridproof.sweeps.search.trial_spec import TrialSpec


def write_trials(store: Store, spec: TrialSpec, optuna_study: optuna.Study) -> None:
    """Write one row per finished trial: state, values, the proposal, the chosen cell and its metrics in sample."""
    names, rows = spec.study.space.names, []
    for trial in optuna_study.get_trials(deepcopy=False):
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            continue
        attributes = trial.user_attrs
        result = attributes.get("result", {})
        row: dict[str, Any] = {"number": trial.number, "state": trial.state.name.lower()}
        row["cells"] = result.get("cells", attributes.get("cells", 0))
        row["repeats"], row["why"] = attributes.get("repeats"), attributes.get("reason")
        row["violation"] = result.get("violation")
        for position, objective in enumerate(spec.objectives):
            row[f"value.{objective.name}"] = trial.values[position] if trial.values else None
        proposed = spec.dimensions.completed(trial.params)
        row |= {name: proposed[name] for name in names}
        row |= {f"chosen.{name}": result.get("chosen", {}).get(name) for name in names}
        row |= {f"metric.{name}": value for name, value in result.get("metrics", {}).items()}
        rows.append(row)
    store.write_table(TRIALS, pd.DataFrame(rows))


def search_record(
    spec: TrialSpec, search: Search, optuna_study: optuna.Study, front: Sequence[FrozenTrial], stopped: str
) -> Record:
    """What search.json holds, before a walk-forward search. stopped: why the search ended."""
    options, progress, dimensions = spec.options, search.progress, spec.dimensions
    objectives = spec.objectives
    reasons = sorted(progress.pruned_reasons.items(), key=lambda each: -each[1])
    return {
        "study": spec.study.name,
        "sampler": options.sampler,
        "seed": options.seed,
        "objectives": [{"name": one.name, "maximise": one.maximise, "meaning": one.meaning} for one in objectives],
        "objective": spec.study.spec.objective,
        "require": [one.text for one in spec.requirements],
        "cells_a_trial": options.cells if options.points is None else None,
        "points_a_batch": options.points,
        "neighbours": options.points is not None and spec.needs_neighbours,
        "trials": {
            "asked": options.trials,
            "finished": progress.finished,
            "pruned": progress.pruned,
            "repeated": progress.repeated,
        },
        "pruned_reasons": dict(reasons[:5]),
        "cells": progress.cells,
        "stopped": stopped,
        "storage": JOURNAL if options.storage is None else without_password(options.storage),
        "space": {
            "digits": dimensions.digits,
            "dimensions": dimensions.describe(),
            "levels": dimensions.levels,
            "uses": dimensions.uses,
            "fixed": {name: spec.study.base[name] for name in dimensions.held},
        },
        "best": _trial_record(front[0]),
        "front": [_trial_record(trial) for trial in front],
        "importances": importances(objectives, optuna_study),
        "walk_forward": None,
    }


def _trial_record(trial: FrozenTrial) -> Record:
    return {"number": trial.number, "values": list(trial.values), **trial.user_attrs["result"]}


def importances(objectives: Sequence[SearchObjective], optuna_study: optuna.Study) -> list[Record]:
    """Each objective's shares by dimension, from PED-ANOVA over the complete trials.

    The shares are empty where they cannot be computed: with fewer than two trials, or where all values are equal.
    """
    trials = optuna_study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    rows = []
    for position, objective in enumerate(objectives):
        shares: dict[str, float] = {}
        if len({trial.values[position] for trial in trials}) > 1:
            with warnings.catch_warnings():
                # Optuna warns that it takes smaller targets as better; ``_target`` provides for that.
                warnings.simplefilter("ignore", UserWarning)
                shares = get_param_importances(
                    optuna_study, evaluator=PedAnovaImportanceEvaluator(), target=_target(position, objective)
                )
        rows.append({"objective": objective.name, "shares": {name: float(share) for name, share in shares.items()}})
    return rows


def _target(position: int, objective: SearchObjective) -> Callable[[FrozenTrial], float]:
    """PED-ANOVA takes smaller targets as better."""
    sign = -1.0 if objective.maximise else 1.0
    return lambda trial: sign * float(trial.values[position])
