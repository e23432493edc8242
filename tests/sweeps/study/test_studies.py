"""The studies that ship, on the embedded data and, where it is there, on the real market."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.study.shipped import shipped_names
from tests.support.real_data import ASHARE, needs_ashare
from tests.support.stand_in import STRATEGIES

NAMES = shipped_names()
EMBEDDED = {"us-demo", "us-search"}
MARKET = {"csi1000-csi300", "microcap-rate-timing", "microcap-rotation", "microcap-timing"}
PANEL = {
    "microcap-index", "microcap-selection", "microcap-selection-rotation", "momentum-stocks", "panel-demo",
    "reversal-stocks", "rotation-demo", "size-deciles",
}  # fmt: skip
MODELS = {"fund-positions"}
WEIGHTS = {
    "faber-sleeves", "growth-liquidity-weight", "inverse-volatility", "inverse-volatility-three",
    "time-series-momentum", "volatility-managed", "volatility-target",
}  # fmt: skip
EXECUTION = {"drawdown-control", "drawdown-stop", "dual-momentum-daily", "large-small-weekly", "stop-loss"}


def test_they_all_ship() -> None:
    assert set(NAMES) == MARKET | EMBEDDED | PANEL | MODELS | WEIGHTS | EXECUTION | set(STRATEGIES)


def test_the_readmes_count_them() -> None:
    large = EMBEDDED | MARKET | {"microcap-selection"}
    sources = {name: gp.load_study(name).sources() for name in NAMES if name not in large}
    installed = sum(bool(own) and all(one.file.startswith("arch:") for one in own) for own in sources.values())
    english, chinese = (
        (Path(__file__).parents[3] / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    assert f"Another {len(sources)} are small" in english
    assert f"Of these, {installed} run on installed data" in english
    assert f"另有{len(sources)}个小型研究" in chinese
    assert f"其中{installed}个用内置数据" in chinese


@pytest.mark.parametrize("name", NAMES)
def test_names_and_yaml_round_trip(name: str, tmp_path: Path) -> None:
    study = gp.load_study(name)
    assert study.name == name
    (tmp_path / "again.yaml").write_text(study.to_yaml())
    again = gp.load_study(tmp_path / "again.yaml")
    assert again.space == study.space
    assert again.base == study.base


def test_grids_have_the_promised_sizes() -> None:
    assert gp.load_study("microcap-rate-timing").space.size >= 10**6
    assert gp.load_study("microcap-rotation").space.size >= 10**9
    assert gp.load_study("csi1000-csi300").space.size >= 10**9


def test_the_search_study_runs_as_a_sample_too(tmp_path: Path) -> None:
    run = gp.run(gp.load_study("us-search"), out=tmp_path, sample=2000, verdict=False)
    assert run.summary["evaluated"] == 2000
    assert set(run.sql("SELECT DISTINCT rule FROM variants")["rule"]) == {"rotate", "guarded", "strict"}


def test_a_search_of_the_study_to_be_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridproof.sweeps.search.surroundings._VARIANTS", 300)
    study = gp.load_study("us-search")
    found = gp.search(study, 6, out=tmp_path, cells=256, verdict=False).search
    assert found["space"]["digits"] > 15
    assert found["trials"]["finished"] == 6
    assert found["best"]["metrics"]["sharpe"] > 0


@needs_ashare
@pytest.mark.slow("test_exact_chain evaluates each of them, and a made-up market runs samples, in make test")
@pytest.mark.parametrize("name", sorted(MARKET))
def test_base_and_a_sample_run_on_the_real_market(name: str, tmp_path: Path) -> None:
    run = gp.run(gp.load_study(name), data=ASHARE, out=tmp_path, sample=2000, verdict=False)
    summary = run.summary
    assert summary["window"]["from"] == ("2006-01-04" if name == "microcap-rate-timing" else "2007-01-04")
    assert summary["window"]["published"] == "2023-10-24"
    assert summary["base"]["after_publication"]["sharpe"] is not None
    assert len(pd.read_parquet(run.folder / "variants.parquet")) == 2000
    assert (run.folder / "report.html").stat().st_size > 10**6


@needs_ashare
def test_rate_timing_is_what_the_report_printed() -> None:
    study = gp.load_study("microcap-rate-timing").set({"window.published": None, "window.to": "2023-09-28"})
    found = gp.point(study, {"cn10y.release": 0}, data=ASHARE).in_sample
    assert round(found["cagr"], 4) == 0.3799
    assert round(found["volatility"], 3) == 0.245
    assert round(found["max_drawdown"], 4) == -0.4817
    assert round(found["sharpe"], 2) == 1.44


@needs_ashare
def test_a_look_ahead_by_turning_points_is_shown_apart() -> None:
    point = gp.point(gp.load_study("microcap-rotation"), data=ASHARE)
    assert point.hindsight is not None
    assert point.hindsight["sharpe"] != point.in_sample["sharpe"]
