"""A search over selections of stocks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.execution.evaluation import evaluate_grid
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.ray_trials import without_files
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.study.study import load_study
from tests.support.selections import long_table, raw, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("selections") / "data", long_table())


def test_a_search_sees_the_values_of_the_grid(folder: Path) -> None:
    """Every variant at the base's environment, in another order and with points between the values of the axes."""
    study = load_study(raw()).set({"lag": 2, "execution.cost": 0.001, "small.cost": 0.003})
    market = market_of(study, folder)
    plan = build_plan(study, market, resolve("cpu"))
    expected = evaluate_grid(ListedGrid(plan, range(study.space.size)), resolve("cpu").bind(plan.problem))
    context = SearchContext(study, market, resolve("cpu"))
    order = np.random.default_rng(0).permutation(study.space.size)
    chosen = [study.space.parameters(int(index)) for index in order]
    columns = {name: np.array([one[name] for one in chosen], dtype=object) for name in study.space.names}
    np.testing.assert_array_equal(context.evaluate_points(context.layout, columns), expected[order])
    for index in (0, 7, 23):
        part = context.narrowed({name: (value,) for name, value in study.space.parameters(index).items()})
        plan, evaluate = context.plan(part, context.path_tables(part), context.layout)
        np.testing.assert_array_equal(evaluate(ListedGrid(plan, [0]).piece(0).work)[0], expected[index])
    between = {name: values[:1] for name, values in columns.items()} | {"small.count": np.array([5], dtype=object)}
    found = context.evaluate_points(context.layout, between)[0, 0, METRICS.index("sharpe")]
    assert found == pytest.approx(evaluate_point(study, market, {**chosen[0], "small.count": 5}).in_sample["sharpe"])


@pytest.mark.parametrize("points", [None, 4])
def test_a_search_chooses_among_selections(points: int | None, folder: Path, tmp_path: Path) -> None:
    study = load_study(raw()).set({"lag": 1, "execution.cost": 0.001, "small.cost": 0.003})
    market = market_of(study, folder)
    run = gp.search(study, 8, data=folder, out=tmp_path, cells=16, points=points, verdict=False)
    trials = run.sql("SELECT * FROM trials WHERE state = 'complete'").to_dict("records")
    assert len({(trial["chosen.small.count"], trial["chosen.small.every"]) for trial in trials}) > 2
    best = run.search["best"]
    exact = evaluate_point(study, market, best["chosen"]).in_sample
    assert best["metrics"]["sharpe"] == pytest.approx(exact["sharpe"])


def test_workers_of_a_search_need_no_files(folder: Path, tmp_path: Path) -> None:
    """A node has the specification alone; its selections have the same bits."""
    study = load_study(raw()).set({"lag": 1, "execution.cost": 0.001, "small.cost": 0.003})
    write(tmp_path / "data", long_table())
    spec = TrialSpec(study, market_of(study, tmp_path / "data"), "cpu", SearchOptions(trials=1))
    received = without_files(spec)
    shutil.rmtree(tmp_path / "data")
    columns = {name: np.array([value], dtype=object) for name, value in {**study.base, "small.count": 7}.items()}
    own = TrialSpec(study, market_of(study, folder), "cpu", spec.options).context(KernelClock())
    there = received.context(KernelClock())
    np.testing.assert_array_equal(
        there.evaluate_points(there.layout, columns), own.evaluate_points(own.layout, columns)
    )


def test_a_search_refuses_offsets_beyond_an_interval(folder: Path) -> None:
    study = load_study(raw(offset=[0, 3]))
    with pytest.raises(gp.InputError, match="every offset of small must be below every interval"):
        SearchContext(study, market_of(study, folder), resolve("cpu"))
