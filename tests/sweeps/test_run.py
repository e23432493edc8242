"""Whole runs: what they write, and that nothing but the study decides a number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.results.run.store import Store
from gridproof.sweeps.plan import point as point_module
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.study import Study, build_study
from tests.support.demo import small_study
from tests.support.executors import contents
from tests.support.observers import Heard
from tests.support.tiny import tiny_grid

METRICS = {
    "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "skewness", "kurtosis",
    "switches", "turnover", "exposure",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> gp.Run:
    return gp.run(small_study(), out=tmp_path_factory.mktemp("finished"), verdict=False)


def test_summary(finished: gp.Run) -> None:
    summary = finished.summary
    assert summary["variants"] == summary["evaluated"] == small_study().space.size
    assert 1 < summary["distinct"] <= summary["variants"]
    assert summary["backend"] == resolve("auto").name
    for who in ("base", "best"):
        assert set(summary[who]["in_sample"]) > METRICS
        assert set(summary[who]["after_publication"]) > METRICS
    assert summary["base"]["parameters"] == small_study().base
    assert summary["best"]["in_sample"]["sharpe"] >= summary["base"]["in_sample"]["sharpe"]
    assert summary["environment"] == {name: summary["base"]["parameters"][name] for name in small_study().environment}
    assert summary["declared"]
    assert 0 <= summary["base"]["percentile"] <= 100
    assert {"seconds", "variant_days_per_second"} < set(finished.timing)


def test_summary_point_and_variants_agree(finished: gp.Run) -> None:
    summary = finished.summary
    variants = pd.read_parquet(finished.folder / "variants.parquet")
    assert variants["index"].tolist() == list(range(summary["variants"]))
    for who in ("base", "best"):
        record = summary[who]
        point = gp.point(small_study(), record["parameters"])
        assert point.in_sample == record["in_sample"]
        assert point.after_publication == record["after_publication"]
        row = variants.iloc[record["index"]]
        assert {name: row[name] for name in record["parameters"]} == record["parameters"]
        for metric in METRICS:
            assert row[metric] == pytest.approx(record["in_sample"][metric], rel=1e-5, abs=1e-6)
            assert row[f"after.{metric}"] == pytest.approx(record["after_publication"][metric], rel=1e-5, abs=1e-6)
    choices = choices_of_table(variants)
    assert len(choices) == summary["choices"] == summary["evaluated_choices"] == len(variants) / 8
    assert choices["sharpe"].max() == pytest.approx(summary["best"]["in_sample"]["sharpe"], rel=1e-6)
    whole = summary["whole_grid"]
    assert variants["sharpe"].max() == pytest.approx(whole["best"]["in_sample"]["sharpe"], rel=1e-6)
    assert whole["best"]["in_sample"]["sharpe"] > summary["best"]["in_sample"]["sharpe"]
    for record, table in ((summary, choices), (whole, variants)):
        histogram, values = record["histogram"], table["sharpe"].dropna()
        assert sum(histogram["counts"]) + histogram["below"] + histogram["above"] == len(values)
        assert histogram["undefined"] == len(table) - len(values)
    base = variants["sharpe"][summary["base"]["index"]]
    for found, table in ((summary["base"]["percentile"], choices), (whole["percentile"], variants)):
        share = 100 * ((table["sharpe"] < base).sum() + 0.5 * (table["sharpe"] == base).sum()) / len(table)
        assert found == pytest.approx(share, abs=50 / len(table))  # ties in float32
    top = finished.top(1000)
    assert set(top["index"]) <= set(choices["index"])
    assert top["equal"].sum() == len(choices)
    assert top["sharpe"].is_monotonic_decreasing
    assert top["index"][0] == summary["best"]["index"]


def choices_of_table(variants: pd.DataFrame) -> pd.DataFrame:
    base = small_study().base
    chosen = np.ones(len(variants), dtype=np.bool_)
    for name in small_study().environment:
        chosen &= (variants[name] == base[name]).to_numpy()
    return variants[chosen]


def test_surfaces(finished: gp.Run) -> None:
    variants = pd.read_parquet(finished.folder / "variants.parquet")
    variants = variants.astype({"trend.window": int, "fork.window": int, "execution.cost": float})
    for how, table in (("mean", choices_of_table(variants)), ("whole_grid_mean", variants)):
        mean = finished.surface("trend.window", "fork.window", how)
        expected = table.pivot_table("sharpe", "trend.window", "fork.window")
        np.testing.assert_allclose(mean.to_numpy(), expected.to_numpy(), rtol=1e-5)
        count = finished.surface("trend.window", "fork.window", how.replace("mean", "count"))
        assert (count.to_numpy() == len(table) / count.size).all()
    mean = finished.surface("trend.window", "fork.window", "mean")
    assert finished.surface("trend.window", "execution.cost", "mean").isna().all(axis=None)
    whole = finished.surface("trend.window", "execution.cost", "whole_grid_mean")
    expected = variants.pivot_table("sharpe", "trend.window", "execution.cost")
    np.testing.assert_allclose(whole.to_numpy(), expected.to_numpy(), rtol=1e-5)
    pd.testing.assert_frame_equal(finished.surface("fork.window", "trend.window", "mean"), mean.T, check_names=False)
    base = finished.surface("trend.window", "fork.window")
    point = gp.point(small_study(), {"trend.window": 60, "fork.window": 40})
    assert base.loc[60, 40] == pytest.approx(point.in_sample["sharpe"], rel=1e-9)
    with pytest.raises(gp.InputError, match=r"a surface needs two axes with several values; got rate\.window, lag"):
        finished.surface("rate.window", "lag")


def test_a_finished_run_is_only_read(finished: gp.Run) -> None:
    before = contents(finished.folder)
    again = gp.run(small_study(), out=finished.folder.parent, verdict=False)
    assert again.reused
    assert again.folder == finished.folder
    assert contents(finished.folder) == before


def test_a_sample_is_part_of_the_grid(finished: gp.Run, tmp_path: Path) -> None:
    run = gp.run(small_study(), out=tmp_path, sample=60, verdict=False)
    assert run.summary["evaluated"] == run.summary["sample"] == 60
    part = pd.read_parquet(run.folder / "variants.parquet").set_index("index")
    whole = pd.read_parquet(finished.folder / "variants.parquet").set_index("index")
    assert len(part) == 60
    pd.testing.assert_frame_equal(part, whole.loc[part.index], check_categorical=False)


def test_backends_agree_on_a_run(tmp_path: Path) -> None:
    study = small_study().set({"fork.window": 20, "baa.release": "45 calendar days", "window.from": "2012-01-03"})
    cpu = gp.run(study, out=tmp_path, backend="cpu", verdict=False)
    reference = gp.run(study, out=tmp_path, backend="reference", verdict=False)
    assert reference.folder != cpu.folder
    left, right = (pd.read_parquet(run.folder / "variants.parquet") for run in (cpu, reference))
    pd.testing.assert_frame_equal(left, right, rtol=1e-5, atol=1e-6)
    assert cpu.summary["base"] == reference.summary["base"]


def test_the_order_of_signals_changes_no_result(finished: gp.Run, tmp_path: Path) -> None:
    raw = small_study().document.raw
    turned = dict(reversed(raw["signals"].items()))
    run = gp.run(build_study(Document("turned.yaml", raw | {"signals": turned}, {})), out=tmp_path, verdict=False)
    axes = list(small_study().space.names)
    left, right = (
        pd.read_parquet(each.folder / "variants.parquet").astype(dict.fromkeys(axes, str)).set_index(axes).sort_index()
        for each in (finished, run)
    )
    pd.testing.assert_frame_equal(left.drop(columns="index"), right.drop(columns="index"))


def test_a_study_without_signals_and_one_that_is_never_invested(tmp_path: Path) -> None:
    raw = small_study().document.raw
    series = {name: raw["series"][name] for name in ("nasdaq", "sp500")}
    still = {"series": series, "signals": {}, "rule": {"nasdaq": "otherwise"}, "base": {"lag": 1, "cost": 0.001}}
    held = gp.run(build_study(Document("held.yaml", raw | still, {})), out=tmp_path, verdict=False)
    assert held.summary["base"]["in_sample"]["exposure"] == 1.0
    assert held.summary["variants"] == 4

    never = raw["signals"] | {"rate": raw["signals"]["rate"] | {"latch": {"on_above": [9.0, 10.0], "off_below": 8.0}}}
    rule = {"nasdaq": "rate and trend and fork.small", "cash": "otherwise"}
    base = {name: value for name, value in raw["base"].items() if not name.startswith("rate.o")} | {
        "rate.on_above": 9.0
    }
    legs = raw["legs"] | {"cash": {"interest": 0.0}}
    study = build_study(Document("never.yaml", raw | {"signals": never, "rule": rule, "base": base, "legs": legs}, {}))
    summary = gp.run(study, out=tmp_path, verdict=False).summary
    assert summary["base"]["percentile"] is None
    assert summary["histogram"]["undefined"] == summary["choices"]
    assert summary["whole_grid"]["histogram"]["undefined"] == summary["variants"]
    assert summary["whole_grid"]["percentile"] is None


def test_a_report_that_is_gone_is_written_again(tmp_path: Path) -> None:
    run = gp.run(tiny_grid(), out=tmp_path, verdict=False)
    before = contents(run.folder)
    (run.folder / "report.html").unlink()
    assert contents(gp.run(tiny_grid(), out=tmp_path, verdict=False).folder) == before


def test_sql(finished: gp.Run) -> None:
    answer = finished.sql('SELECT count(*) AS n, max(sharpe) AS best FROM variants WHERE "execution.lag" = 1')
    assert answer["n"][0] == finished.summary["variants"] // 2
    with pytest.raises(gp.InputError, match="a query must be DuckDB SQL"):
        finished.sql("SELECT nothing FROM nowhere")


def test_base_and_best_are_evaluated_once_and_the_summary_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verdict included: no variant is evaluated in full twice, no file of the folder written twice."""
    evaluated: list[tuple[tuple[str, object], ...]] = []
    written: list[str] = []
    evaluate, write = point_module.evaluate_point, Store.write_text

    def counted(study: Study, market: gp.Market, point: Mapping[str, object] | None = None) -> gp.Point:
        evaluated.append(tuple(sorted({**study.base, **(point or {})}.items(), key=lambda item: item[0])))
        return evaluate(study, market, point)

    def noted(store: Store, name: str, text: str) -> None:
        written.append(name)
        write(store, name, text)

    monkeypatch.setattr(point_module, "evaluate_point", counted)
    monkeypatch.setattr(Store, "write_text", noted)
    found = gp.run(tiny_grid(), out=tmp_path).summary
    assert len(evaluated) == len(set(evaluated)) > 1
    for who in ("base", "best"):
        assert tuple(sorted(found[who]["parameters"].items(), key=lambda item: item[0])) in evaluated
    assert sorted(written) == [
        "cut.json",
        "manifest.json",
        "statistics.json",
        "study.yaml",
        "summary.json",
        "timing.json",
    ]


def test_every_stage_says_how_far_it_is(tmp_path: Path) -> None:
    heard = Heard()
    gp.run(tiny_grid(), out=tmp_path, observer=heard)
    names = list(dict.fromkeys(stage for stage, *_ in heard.stages))
    assert names[:4] == ["planning", "sweep", "writing variants", "summary"]
    assert names[-1] == "report"
    assert any(name.startswith("verdict") for name in names)
    for name in names:
        steps = [(done, total, new) for stage, done, total, new, _ in heard.stages if stage == name]
        assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps), name
        assert steps[-1][0] == steps[-1][1] == steps[-1][2], name
