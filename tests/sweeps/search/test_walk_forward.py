"""A walk-forward search, and what a search may see of the future: nothing."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

import gridproof as gp
from tests.support.searched import searched
from tests.support.searches import (
    open_journal,
    run_search,
    trial_facts,
    trials_of,
)


def test_nothing_after_publication_reaches_a_trial(data: Path, tmp_path: Path) -> None:
    """Other days after publication: the same trials to the last bit."""
    published = "2021-07-01"
    other = tmp_path / "market"
    shutil.copytree(data, other)
    for name, column in (("index", "close"), ("yield", "y10"), ("money", "m1")):
        table = pd.read_csv(other / f"{name}.csv", dtype={"code": str})
        date = "usable_from" if name == "money" else "date"
        later = table[date] >= published
        rng = np.random.default_rng(9)
        table.loc[later, column] *= np.exp(np.cumsum(rng.normal(0.01, 0.2, int(later.sum()))))
        table.to_csv(other / f"{name}.csv", index=False)
    options: list[dict[str, Any]] = [
        {"objectives": ["plateau", "walk_forward", "worst_period"], "require": ["switches>=4"]},
        {"points": 5, "objectives": ["plateau", "turnover"]},
    ]
    for place, each in enumerate(options):
        one = run_search(data, tmp_path / f"one{place}", 15, sampler="tpe", **each)
        two = run_search(other, tmp_path / f"two{place}", 15, searched(), sampler="tpe", **each)
        assert one.folder.name != two.folder.name, "other data, another search"
        assert trial_facts(trials_of(one)) == trial_facts(trials_of(two))
        assert one.search["best"] == two.search["best"]
        assert one.summary["base"]["in_sample"] == two.summary["base"]["in_sample"]
        assert one.summary["base"]["after_publication"] != two.summary["base"]["after_publication"]


def test_a_walk_forward_search(data: Path, tmp_path: Path) -> None:
    study = searched().set({"window.published": "2022-01-03"})
    run = run_search(data, tmp_path, 6, study, walk_forward=2, sampler="tpe")
    walk = run.search["walk_forward"]
    assert [fold["test_to"] < after["test_from"] for fold, after in itertools.pairwise(walk["folds"])] == [True]
    days = pd.to_datetime(walk["curve"]["date"])
    expected: list[float] = []
    held_before = None
    for fold in walk["folds"]:
        assert fold["train_to"] < fold["test_from"]
        several = [axis.name for axis in study.space.axes if len(axis.values) > 1]
        point = gp.point(study, {name: fold["parameters"][name] for name in several}, data)
        dates = point.curve.index
        inside = (dates >= pd.Timestamp(fold["test_from"])) & (dates <= pd.Timestamp(fold["test_to"]))
        part = point.curve[inside]["return"].to_numpy().copy()
        held = np.array(point.held)[inside]
        if held_before is not None:
            # The trade into what this fold holds is charged once: nothing where it is what was held.
            own = point.curve[inside]["cost"].to_numpy()[0]
            risky = {"small": 0.0015, "large": 0.001, "cash": 0.0}
            cost = 0.0 if held[0] == held_before else 1 - (1 - risky[held_before]) * (1 - risky[held[0]])
            gross = (1 + part[0]) / (1 - own)
            assert walk["curve"]["nav"][len(expected)] / walk["curve"]["nav"][len(expected) - 1] == pytest.approx(
                gross * (1 - cost), rel=2e-6
            )
            part[0] = gross * (1 - cost) - 1
        held_before = held[-1]
        expected += part.tolist()
        # Out of a search of its own on the days of training alone.
        trained = int((dates <= pd.Timestamp(fold["train_to"])).sum())
        own_study = optuna.load_study(
            study_name=f"{run.folder.name} until day {trained}", storage=open_journal(run.folder / "search.journal")
        )
        assert len(own_study.get_trials()) == 6
        assert max(trial.values[0] for trial in own_study.get_trials() if trial.values) == pytest.approx(
            fold["in_sample"]
        )
    np.testing.assert_allclose(walk["curve"]["nav"], np.cumprod(1 + np.array(expected)), rtol=1e-5)
    returns = np.array(expected)
    assert walk["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(243), rel=1e-3)
    assert len(days) == walk["days"] == len(expected)
    assert days.is_monotonic_increasing


def test_a_fold_sees_its_days_of_training_alone(data: Path, tmp_path: Path) -> None:
    study = searched().set({"window.published": "2022-01-03"})
    other = tmp_path / "market"
    shutil.copytree(data, other)
    table = pd.read_csv(other / "index.csv", dtype={"code": str})
    later = table["date"] > "2021-01-31"
    table.loc[later, "close"] *= np.random.default_rng(2).uniform(0.9, 1.1, int(later.sum()))
    table.to_csv(other / "index.csv", index=False)
    runs = [
        run_search(folder, tmp_path / name, 6, study, walk_forward=2, sampler="tpe")
        for name, folder in (("one", data), ("two", other))
    ]
    folds = [run.search["walk_forward"]["folds"] for run in runs]
    first = folds[0][0]
    assert first["train_to"] <= "2021-01-31"
    known = ("train_to", "number", "parameters", "in_sample")
    assert [first[key] for key in known] == [folds[1][0][key] for key in known]
    assert folds[0][1]["in_sample"] != folds[1][1]["in_sample"]
