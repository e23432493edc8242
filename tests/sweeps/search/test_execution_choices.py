"""Lag, costs, carry and interest as choices of a search: the values of a grid, to the bit."""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.search import search_context, search_population
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.search.walk_forward import search_folds
from gridproof.sweeps.study.study import Study
from tests.support.market import study_of
from tests.support.searched import raw_searched, searched, small_market

LAGS, COSTS, INTEREST = [1, 2, 4], [0.0, 0.001, 0.005], [0.0, 0.03]


@cache
def study() -> Study:
    raw = raw_searched()
    raw["legs"]["cash"]["interest"] = INTEREST
    raw["base"]["cash.interest"] = INTEREST[0]
    raw["choices"] = ["lag", "cost", "cash.interest"]
    return study_of(raw).set({"execution.lag": LAGS, "execution.cost": COSTS})


@cache
def between() -> Study:
    """Every number of the execution is chosen between its values."""

    def free(last: float) -> dict[str, object]:
        return {"from": 0.0, "to": last, "count": 3, "search": "continuous"}

    raw = raw_searched()
    raw["legs"]["cash"]["interest"] = free(0.03)
    raw["execution"] = {
        "lag": {"from": 1, "to": 5, "step": 2, "search": "integer"}, "cost": free(0.01), "stop": free(0.1),
        "trailing_stop": free(0.1), "nav_stop": free(0.1), "drawdown_stop": free(0.2), "cooling": 5,
        "min_hold": {"from": 1, "to": 9, "step": 4, "search": "integer"},
    }  # fmt: skip
    raw["choices"] = ["lag", "cost", "cash.interest"]
    stops = {"stop": 0.05, "trailing_stop": 0.0, "nav_stop": 0.0, "drawdown_stop": 0.1, "min_hold": 1}
    raw["base"] |= stops | {"execution.cost": 0.0, "cash.interest": 0.0}
    return study_of(raw)


def points_between(count: int) -> list[Choice]:
    rng = np.random.default_rng(5)
    axes = [axis for axis in between().space.axes if axis.name in Dimensions(between(), True, 36).executing]
    assert len(axes) == 8
    points = []
    for _ in range(count):
        chosen = {}
        for axis in axes:
            assert axis.searched is not None
            chosen[axis.name] = axis.searched.rounded(rng.uniform(axis.searched.first, axis.searched.last))
        points.append({**between().base, "rate.window": 33, **chosen})
    return points


@pytest.mark.parametrize("at_once", [search_context._TABLE_BYTES, 1])
def test_points_between_the_values_are_the_study_with_these_values(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit, whether all are evaluated at once or two by two."""
    monkeypatch.setattr(search_context, "_TABLE_BYTES", at_once)
    context = SearchContext(between(), small_market(), resolve("cpu"))
    points = points_between(6)
    columns = {name: np.array([point[name] for point in points], dtype=object) for name in points[0]}
    found = context.evaluate_points(context.layout, columns)
    for point, metrics in zip(points, found, strict=True):
        plan = build_plan(between().at(point), small_market(), resolve("cpu"))
        expected = resolve("cpu").bind(plan.problem)(ListedGrid(plan, [0]).piece(0).work)
        assert metrics.tobytes() == expected[0].tobytes()
    assert len(np.unique(found[:, 0, METRICS.index("sharpe")])) == len(points)


def test_a_search_between_the_values_ends_with_a_verdict(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each trial has its own execution, and the population has as many as fit in memory."""
    context = SearchContext(between(), small_market(), resolve("cpu"))
    assert context.sizes.charging == ["execution.cost", "cash.interest"]
    monkeypatch.setattr(search_population, "_TABLE_BYTES", context.sizes.size(9, 9))
    run = gp.search(between(), 12, data, seed=1, cells=36, sampler="random", out=tmp_path)
    trials = pd.read_parquet(run.folder / "trials.parquet")
    assert trials["execution.stop"].nunique() > 6
    cells = int(trials["cells"].sum())
    chosen = int((trials["state"] == "complete").sum())
    drawn, of_cells, kept, of_chosen = (int(one) for one in re.findall(r"\d+", run.statistics["method"]["sample"]))
    assert (of_cells, of_chosen) == (cells, chosen)
    assert (0 < drawn < cells, 0 < kept < chosen) == (True, True)
    best = run.search["front"][0]
    again = gp.point(between(), best["chosen"], data=data)
    assert again.in_sample["sharpe"] == pytest.approx(best["metrics"]["sharpe"], rel=1e-9)
    assert run.summary["base"]["in_sample"]["sharpe"] == pytest.approx(best["metrics"]["sharpe"], rel=1e-9)
    around = {axis["name"]: axis["values"] for axis in run.summary["axes"]}
    assert best["chosen"]["execution.stop"] in around["execution.stop"]


def executing() -> list[str]:
    space = study().space
    return [one.name for one in space.axes[len(space.axes) - space.executing :] if len(one.values) > 1]


def test_they_are_dimensions_of_a_search() -> None:
    dimensions = Dimensions(study(), dense=True, cells=36)
    assert dimensions.executing == executing()
    assert len(executing()) == 3
    assert dimensions.held == ["rate10.release"]
    assert all(dimensions.is_active(name, dimensions.base) for name in executing())
    around = dimensions.around(dimensions.base)
    assert {point["execution.lag"] for point in around} == set(LAGS)


@pytest.mark.parametrize("rule", ["guarded", "patient", "rotate"])
def test_points_have_the_metrics_of_the_grid(rule: str) -> None:
    """Also a rule that holds, whose decisions begin with the data."""
    base = {**study().base, "rule": rule, "rate.window": 33, "trend.window": 27}
    names = executing()
    values = [[axis.values[i] for i in range(len(axis.values))] for axis in study().space.axes if axis.name in names]
    points: list[Choice] = [{**base, **dict(zip(names, one, strict=True))} for one in itertools.product(*values)]
    context = SearchContext(study(), small_market(), resolve("cpu"))
    columns = {name: np.array([point[name] for point in points], dtype=object) for name in base}
    found = context.evaluate_points(context.layout, columns)
    several = {axis.name: base[axis.name] for axis in study().space.axes if len(axis.values) > 1}
    grid = study().set({name: value for name, value in several.items() if name not in names})
    plan = build_plan(grid, small_market(), resolve("cpu"))
    assert plan.study.space.size == len(points)
    listed = ListedGrid(plan, range(len(points)))
    evaluation = GridEvaluation(listed, resolve("cpu").bind(plan.problem), Points(grid, small_market()))
    expected = np.concatenate([evaluation.metrics(number) for number in range(len(points))])
    assert found.reshape(expected.shape).tobytes() == expected.tobytes()
    assert len(np.unique(found[:, 0, METRICS.index("sharpe")])) >= 9  # `rotate` never holds cash


def test_a_trial_is_evaluated_under_its_own_execution() -> None:
    options = SearchOptions(1, objectives=("best",), cells=36)
    evaluator = TrialSpec(study(), small_market(), "cpu", options).evaluator(KernelClock())
    choices = [
        {**study().base, "execution.lag": lag, "execution.cost": cost} for lag in (1, 4) for cost in (0.0, 0.005)
    ]
    results = evaluator.evaluate(choices)
    context = SearchContext(study(), small_market(), resolve("cpu"))
    for choice, result in zip(choices, results, strict=True):
        assert (result.chosen["execution.lag"], result.chosen["execution.cost"]) == (
            choice["execution.lag"], choice["execution.cost"],
        )  # fmt: skip
        columns = {name: np.array([value], dtype=object) for name, value in result.chosen.items()}
        metrics = context.evaluate_points(context.in_sample, columns)[0, 0]
        assert result.metrics["sharpe"] == pytest.approx(metrics[METRICS.index("sharpe")], rel=1e-12)
        assert result.metrics["turnover"] == pytest.approx(metrics[METRICS.index("turnover")], rel=1e-12)
    free, dear = results[0].values[0], results[1].values[0]
    assert free > dear


def test_a_walk_forward_waits_for_the_longest_lag() -> None:
    chosen = search_folds(SearchContext(study(), small_market(), resolve("cpu")), 1)
    fixed = search_folds(SearchContext(searched(), small_market(), resolve("cpu")), 1)
    assert [one.trained for one in chosen] == [one.trained for one in fixed]
    assert [one.begin - one.trained for one in chosen] == [3]
    assert [one.begin - one.trained for one in fixed] == [0]


def test_a_whole_search_chooses_them(data: Path, tmp_path: Path) -> None:
    run = gp.search(study(), 12, data, points=4, seed=1, walk_forward=1, sampler="random", out=tmp_path)
    trials = pd.read_parquet(run.folder / "trials.parquet")
    assert trials["execution.lag"].nunique() > 1
    assert trials["execution.cost"].nunique() > 1
    folds = run.search["walk_forward"]["folds"]
    assert [fold["parameters"]["execution.lag"] in LAGS for fold in folds] == [True]
    assert run.statistics["method"]["choices"] == trials["cells"].sum()
    # The best trial is the base of its surroundings, under its own lag and costs.
    best = run.search["front"][0]["chosen"]
    base = run.summary["base"]
    assert {name: base["parameters"][name] for name in executing()} == {name: best[name] for name in executing()}
    assert base["in_sample"]["sharpe"] == pytest.approx(run.search["front"][0]["metrics"]["sharpe"], rel=1e-9)
