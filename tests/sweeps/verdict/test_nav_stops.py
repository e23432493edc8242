"""The verdict of rules that watch their own NAV: what is held differs from environment to environment, by its costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.results.texts.translation import chinese
from gridproof.sweeps.data.data_check import DataCheck
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.workload import daily_kernel_notice
from gridproof.sweeps.study.study import Study
from tests.support.observers import Heard
from tests.support.traded_legs import legs_study, write_legs

COSTS = [0.0, 0.004, 0.01]


def study_of() -> Study:
    execution = {"cost": COSTS, "nav_stop": [0.0, 0.04], "drawdown_stop": [0.0, 0.08, 0.15], "cooling": 10}
    execution |= {"drawdown_control": [0.0, 0.12], "control_steps": [2, 3]}
    base = {"cost": 0.004, "nav_stop": 0.04, "drawdown_stop": 0.08, "drawdown_control": 0.12, "control_steps": 2}
    base = {f"execution.{key}": value for key, value in base.items()}
    return legs_study(execution, base=base)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("judged"))


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> gp.Run:
    return gp.run(study_of(), data=folder, out=tmp_path_factory.mktemp("runs"))


def test_base_and_best_of_every_cost_are_those_of_single_variants(run: gp.Run, folder: Path) -> None:
    study = study_of()
    market = gp.load_market(study, folder)
    every = [study.space.parameters(index) for index in range(study.space.size)]
    sharpe = np.array([evaluate_point(study, market, one).in_sample["sharpe"] for one in every], dtype=float)
    held = {one["execution.cost"]: evaluate_point(study, market, one).held for one in every if one == study.base | {
        "execution.cost": one["execution.cost"]}}  # fmt: skip
    assert len({tuple(each) for each in held.values()}) == len(COSTS)
    found = run.statistics["environments"]
    assert [one["environment"]["execution.cost"] for one in found] == [0.0, 0.01]
    for one in found:
        own = one["environment"]["execution.cost"]
        of_cost = [index for index, each in enumerate(every) if each["execution.cost"] == own]
        assert one["best"]["index"] == max(of_cost, key=lambda index: sharpe[index])
        assert one["base"]["sharpe"] == pytest.approx(sharpe[one["base"]["index"]], rel=1e-9)
        assert one["best"]["sharpe"] == pytest.approx(sharpe[one["best"]["index"]], rel=1e-9)
    assert run.summary["best"]["index"] == max(
        (index for index, each in enumerate(every) if each["execution.cost"] == 0.004), key=lambda index: sharpe[index]
    )


def test_it_reads_the_price_of_what_it_holds(run: gp.Run) -> None:
    read: list[dict[str, Any]] = run.statistics["method"]["own_price"]
    assert [one for one in read if one["series"] == "nav"] == [
        {"leg": leg, "series": "nav", "correlation": None} for leg in ("a", "b")
    ]
    assert run.statistics["questions"]["timing"]["null"] == "signs"
    assert run.statistics["questions"]["search"]["null"] == "signs"
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "positions depend on the NAV, which is made of the price of a and b" in page


def test_the_daily_kernel_is_named(run: gp.Run, folder: Path) -> None:
    assert run.summary["kernel"] == "daily"
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "daily: positions depend on the NAV, so variants are evaluated day by day" in page
    check = DataCheck(folder)
    check.check_study(study_of())
    (warning,) = [text for text in check.warnings if "daily kernel" in text]
    assert warning.startswith("legs: positions depend on the strategy's own NAV: 72 variants are evaluated day by day")
    assert chinese().find(warning) is not None
    assert daily_kernel_notice(legs_study({"nav_stop": 0.0, "stop": 0.1})) is None


def test_a_search_chooses_among_stops_on_the_nav(folder: Path, tmp_path: Path) -> None:
    heard = Heard()
    study = study_of()
    best = gp.search(study, 6, data=folder, out=tmp_path, cells=8, verdict=False, observer=heard).search["best"]
    chosen = {name: best["chosen"][name] for name in best["chosen"] if name.startswith("execution.")}
    point = evaluate_point(study, gp.load_market(study, folder), chosen)
    assert best["metrics"]["sharpe"] == pytest.approx(point.in_sample["sharpe"], rel=1e-9)
    assert any("by the daily kernel" in notice for notice in heard.notices)


def test_neighbours_and_threads_change_no_bit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of()
    plan = build_plan(study, gp.load_market(study, folder), resolve("cpu"))
    whole = whole_grid(plan)
    piece = whole.piece(0)
    metrics = resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of]
    monkeypatch.setattr("gridproof.kernels.cpu.backend._TUPLES", 1)
    np.testing.assert_array_equal(resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of], metrics)
    for variant in range(study.space.size):
        alone = whole.alone(variant)
        np.testing.assert_array_equal(resolve("cpu").bind(plan.problem)(alone.work)[alone.job_of][0], metrics[variant])
