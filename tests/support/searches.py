"""Searches in tests: run one on the small market, and read what it left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

import gridproof as gp
from gridproof.sweeps.search.optuna_internals import operation_of, running_trial_operations
from tests.support.searched import searched

# Without conditional dimensions: windows and levels of one rule.
PLAIN = {"rule": "guarded", "rate.use": "on", "trend.use": "on", "growth.smooth": 3}
# A space of numbers alone, for samplers that handle only numbers.
NUMBERS = {**PLAIN, "trend.on_above": 0.0}


def run_search(data: Path, out: Path, trials: int, study: gp.Study | None = None, **options: Any) -> gp.Run:
    return gp.search(study or searched(), trials, data, out=out, **{"verdict": False, "sampler": "random", **options})


def open_journal(path: Path) -> BaseStorage:
    return JournalStorage(JournalFileBackend(str(path)))


def trials_of(run: gp.Run, storage: BaseStorage | None = None) -> list[FrozenTrial]:
    kept = storage or open_journal(run.folder / "search.journal")
    return optuna.load_study(study_name=run.folder.name, storage=kept).get_trials()


def trial_facts(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    """All of each trial but its times."""
    return [(trial.number, trial.state.name, trial.values, trial.params, trial.user_attrs) for trial in trials]


def ledger_boxes(out: Path, run: str) -> list[Any]:
    """What the ledger says was evaluated by the trials of a search: its lines, one text each."""
    lines = [line for path in (out / "ledger").glob(f"{run}-*.jsonl") for line in path.read_text().splitlines()[1:]]
    records = [json.loads(line) for line in lines if line.startswith("{")]
    found = [json.dumps(record["box"]) for record in records if "box" in record]
    return found + [json.dumps(row) for record in records for row in record.get("rows", [])]


def told_trials(out: Path) -> int:
    """How many trials have a result in the journal of the one search under ``out``; the file may be being written."""
    [path] = out.glob("*/search.journal")
    lines, _, _ = path.read_text().rpartition("\n")
    records = [json.loads(line) for line in lines.splitlines()]
    running = running_trial_operations()
    return sum(operation_of(record) not in running and "trial_id" in record for record in records)
