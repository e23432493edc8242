"""The results of a search: its table, its record, its ledger and its verdict."""

from __future__ import annotations

from pathlib import Path

import optuna
import pandas as pd
import pytest

import gridproof as gp
from gridproof.results.ledger.ledger import ledger_total
from gridproof.sweeps.execution.ledger_entries import market_identity
from gridproof.sweeps.run import judge_run
from gridproof.sweeps.search.objectives import parse_objectives
from gridproof.sweeps.search.search_results import importances
from tests.support.searched import searched
from tests.support.searches import (
    NUMBERS,
    ledger_boxes,
    run_search,
    trials_of,
)


def test_trials_are_kept_as_a_person_reads_them(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 30, seed=3)
    record, trials = run.search, trials_of(run)
    assert record["trials"] == {"asked": 30, "finished": 30, "pruned": record["trials"]["pruned"], "repeated": 1}
    names = {name for trial in trials for name in trial.params}
    assert names == {"rule", "rate.use", "rate.window", "trend.use", "trend.window", "growth.smooth"}
    assert all("rate.window" not in trial.params for trial in trials if trial.params["rule"] == "rotate")
    table = pd.read_parquet(run.folder / "trials.parquet")
    assert table["number"].tolist() == [trial.number for trial in trials] == list(range(30))
    assert table["cells"].sum() == record["cells"]
    complete = table[table["state"] == "complete"]
    assert record["best"]["values"][0] == complete["value.plateau"].max()
    assert record["front"] == [record["best"]]
    # The chosen cell of a trial is a point of the study.
    several = [axis.name for axis in searched().space.axes if len(axis.values) > 1]
    for trial in [trial for trial in trials if trial.values][:4]:
        found = trial.user_attrs["result"]
        point = gp.point(searched(), {name: found["chosen"][name] for name in several}, data)
        assert point.in_sample["sharpe"] == pytest.approx(found["metrics"]["sharpe"], rel=1e-9)
        [row] = complete[complete["number"] == trial.number].to_dict("records")
        assert {name: row[f"chosen.{name}"] for name in several} == {name: found["chosen"][name] for name in several}
    [shares] = record["importances"]
    assert shares["objective"] == "plateau"
    assert sum(shares["shares"].values()) == pytest.approx(1.0)
    assert run.summary["base"]["parameters"] == record["best"]["chosen"]
    assert record["space"]["fixed"] == {"rate10.release": 1, "execution.lag": 1, "execution.cost": 0.001}


def test_what_is_evaluated_is_counted_and_deflates(data: Path, tmp_path: Path) -> None:
    run = run_search(data, tmp_path, 12, searched().set(NUMBERS), verdict=True, seed=4)
    market = market_identity(searched(), None)
    table = pd.read_parquet(run.folder / "trials.parquet")
    assert len(ledger_boxes(tmp_path, run.folder.name)) == (table["cells"] > 0).sum()
    total = ledger_total(tmp_path / "ledger", market)
    cells, swept = int(table["cells"].sum()), run.summary["variants"]
    assert cells < total <= cells + swept, "the trials, and what was swept around the best of them"
    found = run.statistics
    assert (found["counts"]["choices"], found["counts"]["ledger"]) == (cells, total)
    marks = {mark["name"]: mark for mark in found["deflated"]["marks"]}
    assert (marks["choices"]["trials"], marks["ledger"]["trials"]) == (cells, total)
    assert marks["ledger"]["threshold"] > marks["choices"]["threshold"]
    # Judged anew by its folder, it is judged as it was.
    before = (run.folder / "statistics.json").read_bytes()
    (run.folder / "statistics.json").unlink()
    judge_run(run.folder, data)
    assert (run.folder / "statistics.json").read_bytes() == before
    assert ledger_total(tmp_path / "ledger", market) == total


def test_a_space_of_words_alone(data: Path, tmp_path: Path) -> None:
    still = {axis.name: searched().base[axis.name] for axis in searched().space.axes if len(axis.values) > 1}
    del still["rule"], still["trend.use"]
    run = run_search(data, tmp_path, 8, searched().set(still), verdict=True)
    assert run.summary["variants"] == 1
    assert run.search["cells"] <= 6
    assert run.statistics["counts"]["choices"] == run.search["cells"]


@pytest.mark.parametrize(("values", "computable"), [([1.0], False), ([2.0, 2.0, 2.0], False), ([1.0, 2.0, 4.0], True)])
def test_importances_need_trials_that_differ(values: list[float], computable: bool) -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    for value in values:
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        trial.suggest_int("n", 1, 3)
        study.tell(trial, value)
    [row] = importances(parse_objectives(["plateau"]), study)
    assert row["objective"] == "plateau"
    assert set(row["shares"]) == ({"x", "n"} if computable else set())
    assert not computable or sum(row["shares"].values()) == pytest.approx(1.0)
