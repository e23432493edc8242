"""The loop of a search: what is evaluated once, how it goes on, and when it stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.trial import FrozenTrial, TrialState

import gridproof as gp
from gridproof.results.axis_range import AxisRange
from gridproof.results.ledger.ledger import ledger_rows
from tests.support.searched import searched
from tests.support.searches import (
    PLAIN,
    ledger_boxes,
    open_journal,
    run_search,
    trial_facts,
    trials_of,
)


def test_a_trial_that_repeats_another_is_not_evaluated_again(data: Path, tmp_path: Path) -> None:
    study = searched().set({"rule": "guarded", "rate.window": [20, 25, 400], "trend.window": 40, "growth.smooth": 3})
    run = run_search(data, tmp_path, 40, study)
    trials, record = trials_of(run), run.search
    assert record["trials"]["finished"] == 40
    # Two uses and a window where rate is on: 2 × (3 + 1), of which the long window is no use.
    choices = {tuple(sorted(trial.params.items())) for trial in trials}
    assert len(choices) <= 8
    assert len(ledger_boxes(tmp_path, run.folder.name)) == len(choices) - sum(
        ("rate.window", 400) in one for one in choices
    )
    first: dict[Any, FrozenTrial] = {}
    for trial in trials:
        before = first.setdefault(tuple(sorted(trial.params.items())), trial)
        assert trial.values == before.values
        if before is not trial:
            assert trial.user_attrs["repeats"] == before.number
            kept = trial.user_attrs if trial.state == TrialState.PRUNED else trial.user_attrs["result"]
            assert kept["cells"] == 0
    assert record["trials"]["repeated"] == sum("repeats" in t.user_attrs and t.state.name == "COMPLETE" for t in trials)
    assert ledger_rows(tmp_path / "ledger")[0].evaluated >= record["cells"]


def test_proposals_that_differ_in_a_digit_too_many_are_one(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = {"rate.window": 25, "rate.on_above": 0.05, "trend.window": 40, "trend.on_above": 0.0}
    tiny = {"from": 0.0, "to": 0.1, "count": 3, "search": "continuous"}
    study = searched().set(PLAIN | still | {"rate.off_gap": tiny})
    monkeypatch.setattr(AxisRange, "rounded", lambda draw, value: round(float(value), 1))
    run = run_search(data, tmp_path, 60, study, points=20, objectives=["sharpe"])
    trials = trials_of(run)
    fresh = [trial for trial in trials if "repeats" not in trial.user_attrs]
    gaps = {trial.user_attrs["result"]["chosen"]["rate.off_gap"] for trial in fresh}
    assert gaps == {0.0, 0.1}
    assert len(fresh) == len(ledger_boxes(tmp_path, run.folder.name)) == 2


def test_more_trials_go_on_and_the_same_call_does_nothing_new(data: Path, tmp_path: Path) -> None:
    first = run_search(data, tmp_path, 10, sampler="tpe")
    trials = first.search["trials"]
    kept, evaluated = trial_facts(trials_of(first)), ledger_boxes(tmp_path, first.folder.name)
    again = run_search(data, tmp_path, 10, sampler="tpe", resume=True)
    assert (again.folder, trial_facts(trials_of(again))) == (first.folder, kept)
    assert ledger_boxes(tmp_path, first.folder.name) == evaluated
    assert again.search["trials"] == trials
    more = run_search(data, tmp_path, 16, sampler="tpe", resume=True)
    assert trial_facts(trials_of(more))[:10] == kept
    assert more.search["trials"]["finished"] == 16
    assert more.search["cells"] == pd.read_parquet(more.folder / "trials.parquet")["cells"].sum()
    assert len(set(ledger_boxes(tmp_path, first.folder.name))) == len(ledger_boxes(tmp_path, first.folder.name))
    assert {path.name for path in tmp_path.iterdir()} == {first.folder.name, "ledger"}


def test_it_begins_with_the_base(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 5)
    [first, *_] = trials_of(run)
    base = searched().base
    assert first.params
    assert first.params == {name: base[name] for name in first.params}
    assert run_search(data, tmp_path, 8).search["trials"]["finished"] == 8
    assert [trial.params for trial in trials_of(run)].count(first.params) == 1


def test_it_stops_where_it_stagnates(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 10_000, searched().set(PLAIN | {"trend.window": [20, 40]}), patience=15)
    record = run.search
    assert record["trials"]["finished"] < 200
    assert record["stopped"] == "no better trial among the last 15"
    values = [trial.values[0] if trial.values else -np.inf for trial in trials_of(run)]
    assert values.index(max(values)) == len(values) - 16
    again = run_search(data, tmp_path, 10_000, searched().set(PLAIN | {"trend.window": [20, 40]}), patience=15)
    assert again.search["trials"] == record["trials"]


def test_a_search_that_finds_nothing(data: Path, tmp_path: Path) -> None:
    study = searched().set(PLAIN | {"rate.window": 500}).set({"rate.window": [500, 550]})
    with pytest.raises(gp.InputError, match="a trial whose objective is defined; 4 of 4 trials were pruned") as fault:
        run_search(data, tmp_path, 4, study)
    assert "the window must begin after the slowest signal is defined" in str(fault.value)
    assert ledger_boxes(tmp_path, "") == []


def test_a_budget_ends_it_and_it_goes_on(data: Path, tmp_path: Path) -> None:
    with pytest.raises(gp.IncompleteError, match="rerun to resume"):
        run_search(data, tmp_path, 100_000, budget=gp.Budget(1.0 / 3600.0))
    [folder] = tmp_path.glob("*-search-*")
    finished = len(
        optuna.load_study(study_name=folder.name, storage=open_journal(folder / "search.journal")).get_trials()
    )
    assert finished > 0
    assert run_search(data, tmp_path, finished + 2, resume=True).search["trials"]["finished"] == finished + 2


def test_nsga2_is_asked_for_all_dimensions_and_disregards_those_without_a_meaning(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 12, sampler="nsga2", objectives=["plateau", "turnover"])
    base, first, *others = searched().base, *trials_of(run)
    names = {"rule", "rate.use", "rate.window", "trend.use", "trend.window", "growth.smooth"}
    assert set(first.params) == names
    assert all(set(trial.params) == names for trial in others)
    table = pd.read_parquet(run.folder / "trials.parquet").set_index("number")
    off = [trial for trial in others if trial.params["rate.use"] == "off" and trial.number in table.index]
    assert off
    assert all(table.loc[trial.number, "rate.window"] == base["rate.window"] for trial in off)
    # What differs in such a dimension alone is the same choice.
    assert {trial.params["rate.window"] for trial in off} != {base["rate.window"]}


def test_the_same_search_proposes_the_same(data: Path, tmp_path: Path) -> None:
    one, two = (run_search(data, tmp_path / name, 15, sampler="tpe", seed=5) for name in ("one", "two"))
    assert trial_facts(trials_of(one)) == trial_facts(trials_of(two))
    assert (one.folder / "trials.parquet").read_bytes() == (two.folder / "trials.parquet").read_bytes()
    assert (one.folder / "search.json").read_bytes() == (two.folder / "search.json").read_bytes()
