"""The Pareto front of a search, and requirements."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from optuna.trial import TrialState

from tests.support.searches import (
    run_search,
    trials_of,
)


def dominated(one: list[float], other: list[float]) -> bool:
    """The first is to be large, the second small."""
    return other != one and other[0] >= one[0] and other[1] <= one[1]


@pytest.mark.parametrize(("sampler", "points"), [("nsga2", None), ("tpe", 10)])
def test_a_front_is_what_no_trial_dominates(data: Path, tmp_path: Path, sampler: str, points: int | None) -> None:
    run = run_search(data, tmp_path, 30, sampler=sampler, points=points, objectives=["median", "turnover"])
    everyone = [trial.values for trial in trials_of(run) if trial.state == TrialState.COMPLETE]
    expected = {tuple(one) for one in everyone if not any(dominated(one, other) for other in everyone)}
    front = [tuple(trial["values"]) for trial in run.search["front"]]
    assert set(front) == expected
    assert len(front) == len(expected), "equal ones once"
    assert run.search["best"] == run.search["front"][0]
    assert front == sorted(front, reverse=True), "the best by the first objective in front"
    assert [row["objective"] for row in run.search["importances"]] == ["median", "turnover"]


def test_what_meets_the_requirements_goes_first(data: Path, tmp_path: Path) -> None:
    run = run_search(
        data, tmp_path, 40, objectives=["sharpe"], require=["switches<=10", "max_drawdown>=-0.2"], points=10
    )
    table = pd.read_parquet(run.folder / "trials.parquet")
    complete = table[table["state"] == "complete"]
    met = (complete["metric.switches"] <= 10) & (complete["metric.max_drawdown"] >= -0.2)
    assert 0 < met.sum() < len(complete)
    assert ((complete["violation"] == 0.0) == met).all()
    assert run.search["best"]["values"][0] == complete[met]["value.sharpe"].max()
    nobody = run_search(data, tmp_path, 20, require=["switches>=1000"])
    assert (
        nobody.search["best"]["violation"] == pd.read_parquet(nobody.folder / "trials.parquet")["violation"].min() > 0.9
    )
