"""The private parts of Optuna: the installed version has them, and they mean what the search takes them to mean."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from enum import IntEnum
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, _storage
from optuna.trial import TrialState

from gridproof.kernels.errors import InputError
from gridproof.sweeps.search import optuna_internals
from gridproof.sweeps.search.journal import SearchJournal
from gridproof.sweeps.search.optuna_internals import operation_of, running_trial_operations


def fill(storage: JournalStorage) -> None:
    """One complete trial, one pruned, one running."""
    study = optuna.create_study(storage=storage, study_name="s", sampler=optuna.samplers.RandomSampler(seed=1))
    for state in (TrialState.COMPLETE, TrialState.PRUNED):
        trial = study.ask()
        value = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("why", "a reason")
        trial.set_constraint("c", 0.5)
        study.tell(trial, value if state == TrialState.COMPLETE else None, state)
    study.ask().suggest_int("n", 1, 9)


def trials_of(storage: JournalStorage) -> list[tuple[Any, ...]]:
    study = optuna.load_study(storage=storage, study_name="s")
    return [(t.number, t.state, t.values, t.params, t.user_attrs, t.system_attrs) for t in study.get_trials()]


def test_optuna_reads_a_journal_of_the_search_and_the_other_way_round(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs.journal", tmp_path / "ours.journal"
    fill(JournalStorage(JournalFileBackend(str(theirs))))
    with closing(SearchJournal(ours)) as journal:
        fill(JournalStorage(journal))
    expected = trials_of(JournalStorage(JournalFileBackend(str(theirs))))
    assert [state for _, state, *_ in expected] == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING]
    assert trials_of(JournalStorage(JournalFileBackend(str(ours)))) == expected
    with closing(SearchJournal(theirs)) as journal:
        assert trials_of(JournalStorage(journal)) == expected


def test_the_operations_of_a_running_trial_are_those_before_its_result(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    fill(JournalStorage(JournalFileBackend(str(path))))
    records = [json.loads(line) for line in path.read_text().splitlines()]
    running = [operation_of(record) in running_trial_operations() for record in records]
    about_trials = [record for record in records if "trial_id" in record or "datetime_start" in record]
    results = [record for record in about_trials if "values" in record]
    assert len(results) == 2
    assert {operation_of(record) for record in about_trials if record not in results} == running_trial_operations()
    assert running.count(False) == len(records) - len(about_trials) + len(results)


def test_the_journal_is_written_when_a_trial_has_its_result(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    with closing(SearchJournal(path)) as journal:
        fill(JournalStorage(journal))
        killed = tmp_path / "killed.journal"
        shutil.copy(path, killed)
    assert [trial[1] for trial in trials_of(JournalStorage(JournalFileBackend(str(killed))))] == [
        TrialState.COMPLETE,
        TrialState.PRUNED,
    ]


def test_another_optuna_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_storage, "JournalOperation", IntEnum("JournalOperation", {"CREATE_TRIAL": 4}))
    fault = rf"package optuna: .* Optuna {optuna_internals.TESTED} has; got Optuna [\d.]+ without JournalOperation"
    with pytest.raises(InputError, match=fault):
        SearchJournal(tmp_path / "x.journal")
    with pytest.raises(InputError, match="without op_code in a journal record"):
        operation_of({"operation": 4})
