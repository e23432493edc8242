"""The verdict as a whole: the same bytes again, no look ahead, reasons where it is silent, the planted truth."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from typer.testing import CliRunner

import gridproof as gp
from benchmarks.evidence import GRID, KINDS, PROMISED, judge, outcome, rates, rows, without_drift
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import limit_threads, thread_count
from gridproof.results.run.record_schema import record_schema
from gridproof.signals.synthetic.market import INDICES, PERIODS, draw_market
from gridproof.signals.synthetic.market import write_market as write_synthetic
from gridproof.sweeps.cli.app import app
from gridproof.sweeps.run import judge_run
from gridproof.sweeps.verdict import deflation as deflation_module
from gridproof.sweeps.verdict import population as population_module
from gridproof.sweeps.verdict.ensemble import average
from gridproof.sweeps.verdict.population import Population
from tests.support.market import study_text, write_market
from tests.support.schemas import validate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_market(folder)
    (folder / "small.yaml").write_text(study_text())
    return folder


@pytest.fixture(scope="module")
def study(folder: Path) -> gp.Study:
    return gp.load_study(folder / "small.yaml")


@pytest.fixture(scope="module")
def run(study: gp.Study, folder: Path) -> gp.Run:
    return gp.run(study, data=folder, out=folder / "runs")


def in_sample(statistics: dict[str, Any]) -> dict[str, Any]:
    """Without what is said of the days after publication, and the gate on them."""
    kept = json.loads(json.dumps(statistics))
    for part in (kept["questions"], kept["conclusion"]):
        del part["since"]
    del kept["conclusion"]["sentence"]
    for one in kept["who"].values():
        del one["after_publication"]
    kept["evidence"] = [one for one in kept["evidence"] if one["question"] != "since"]
    for one in kept["environments"]:
        del one["conclusion"]["since"], one["conclusion"]["sentence"]
    for one in kept["subperiods"].values():
        del one["after"]
    return dict(kept)


def differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{place}[{number}]")
    elif isinstance(one, float) and isinstance(other, float) and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12):
        return  # the kernel's prefix sums run over the whole window
    elif one != other:
        yield f"{place}: {one!r} and {other!r}"


def test_the_schema_describes_every_key(run: gp.Run, other_future: dict[str, Any]) -> None:
    schema = record_schema("statistics")
    for statistics in (run.statistics, other_future):
        validate(statistics, schema)
    with pytest.raises(jsonschema.ValidationError, match="'extra' was unexpected"):
        validate(run.statistics | {"extra": 1}, schema)
    broken = json.loads(json.dumps(run.statistics))
    del broken["who"]["base"]["in_sample"]["psr"]
    with pytest.raises(jsonschema.ValidationError):
        validate(broken, schema)


def test_without_a_verdict_there_is_no_file_and_later_it_is_the_same_to_the_byte(
    run: gp.Run, folder: Path, tmp_path: Path
) -> None:
    command = ["run", str(folder / "small.yaml"), "--data", str(folder), "--out", str(tmp_path), "--no-verdict"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    (found,) = tmp_path.glob("small-*")
    assert not (found / "statistics.json").exists()
    assert gp.open_run(found).statistics == {}
    (found / "report.html").unlink()
    threads = thread_count()
    limit_threads(1)
    try:
        done = CliRunner().invoke(app, ["verdict", str(found), "--data", str(folder)])
    finally:
        limit_threads(threads)
    assert done.exit_code == 0, done.output
    judged = (found / "statistics.json").read_bytes()
    assert judged == (run.folder / "statistics.json").read_bytes()
    assert (found / "report.html").is_file()
    json.loads(judged, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    evidence = gp.open_run(found).statistics["evidence"]
    assert {one["question"] for one in evidence} == {"timing", "worth", "search", "since"}


def test_other_data_are_refused(run: gp.Run, folder: Path, tmp_path: Path) -> None:
    for name in ("index.csv", "yield.csv", "money.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (tmp_path / "yield.csv").read_text().splitlines()
    day, value = text[-1].split(",")
    text[-1] = f"{day},{float(value) + 0.01:.4f}"
    (tmp_path / "yield.csv").write_text("\n".join(text) + "\n")
    with pytest.raises(gp.InputError, match=r"a verdict must be computed from the data of its run; got other data"):
        judge_run(run.folder, tmp_path)


def test_an_unfinished_run_has_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError):
        judge_run(tmp_path)


@pytest.fixture(scope="module")
def other_future(study: gp.Study, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The statistics where prices, yields and growth are others from the day of publication on."""
    rng, changed = np.random.default_rng(1), tmp_path_factory.mktemp("other")
    for name, column in (("index.csv", "close"), ("yield.csv", "y10"), ("money.csv", "m1")):
        table = pd.read_csv(folder / name, dtype={"code": str})
        known = table["usable_from" if "usable_from" in table else "date"] >= "2021-07-01"
        table.loc[known, column] *= np.exp(rng.normal(0, 0.05, known.sum()))
        table.to_csv(changed / name, index=False)
    return gp.run(study, data=changed, out=changed / "runs").statistics


# Of variants that are equally good on some days the first is chosen.
CHOOSING = ("overfitting", "walk_forward", "combinatorial")


def test_the_future_changes_nothing_in_sample(run: gp.Run, other_future: dict[str, Any]) -> None:
    one, other = in_sample(run.statistics), in_sample(other_future)
    assert run.statistics["who"]["hold small"] != other_future["who"]["hold small"]
    for statistics in (one, other):
        chosen = ("Walk-forward", "cross-validation", "overfitting")
        statistics["evidence"] = [
            one for one in statistics["evidence"] if not any(part in one["name"] for part in chosen)
        ]
        for name in CHOOSING:
            del statistics[name]
    assert list(differences(one, other)) == []


def test_the_future_breaks_no_ties(run: gp.Run, other_future: dict[str, Any]) -> None:
    for name in CHOOSING:
        assert list(differences(run.statistics[name], other_future[name])) == []


def test_what_cannot_be_computed_says_why(folder: Path, tmp_path: Path) -> None:
    study = gp.load_study(folder / "small.yaml").set({"objective": "sortino", "lag": 1, "cost": 0.0})
    raw = study.document.raw
    del raw["window"]["published"]
    path = tmp_path / "sortino.yaml"
    path.write_text(study.to_yaml())
    statistics = gp.run(gp.load_study(path), data=folder, out=tmp_path).statistics
    assert statistics["overfitting"] == []
    assert statistics["walk_forward"] is statistics["combinatorial"] is statistics["plateau"] is None
    validate(statistics, record_schema("statistics"))
    silent = {one["name"]: one for one in statistics["evidence"] if one["value"] is None}
    reasons = {
        "Probability of backtest overfitting (PBO)": "sortino is not given by sums of blocks",
        "Walk-forward": "sortino is not given by sums of blocks",
        "Paths of the combinatorial cross-validation": "sortino is not given by sums of blocks",
        "Plateau score of the base": "a standard error is known for the Sharpe ratio only",
        "Sharpe ratio after publication": "the study names no publication date",
    }
    assert set(reasons) <= set(silent)
    for name, one in silent.items():
        assert "Not computable: " in one["why"]
        assert reasons.get(name, "") in one["why"]
        assert (one["met"], one["number"]) == (None, "–")
    assert statistics["data_snooping"]["placebo"]["sweeps"] == 100


def test_a_stress_that_the_window_has_no_room_for_says_so(folder: Path, tmp_path: Path) -> None:
    """The window begins as early as the grid allows: five days later there is no signal yet."""
    text = study_text().replace("from: 2020-07-01", "from: 2020-03-31")
    path = tmp_path / "early.yaml"
    path.write_text(text)
    study = gp.load_study(path)
    for day in pd.bdate_range("2020-03-02", "2020-06-30"):
        early = study.set({"window.from": str(day.date())})
        try:
            gp.point(early, data=folder)
        except gp.InputError:
            continue
        break
    narrow = {"rate.window": 20, "trend.window": 40, "lag": 1, "rate10.release": 1, "cost": 0.001}
    statistics = gp.run(early.set(narrow), data=folder, out=tmp_path).statistics
    last = statistics["stress"]["base"]["lag"][-1]
    assert (last["value"], last["sharpe"], last["cagr"]) == (5, None, None)
    assert "defined" in last["why"] or "window" in last["why"]


def test_a_large_grid_is_sampled_and_says_so(
    study: gp.Study, run: gp.Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of trials stays that of the choices."""
    monkeypatch.setattr(population_module, "LARGEST_GRID", 20)
    monkeypatch.setattr(deflation_module, "LARGEST_GRID", 20)
    monkeypatch.setattr(population_module, "DRAWN", 15)
    sampled = gp.run(study, data=folder, out=tmp_path)
    method, counts = sampled.statistics["method"], sampled.statistics["counts"]
    assert method["sampled"]
    choices = sampled.summary["choices"]
    assert 20 < choices < 288
    assert method["sample"] == f"15 of {choices} choices drawn at random"
    assert method["used"] <= 15
    counted = (counts["variants"], counts["choices"], counts["distinct_choices"])
    assert counted == (288, choices, sampled.summary["distinct_choices"])
    assert counts["distinct_choices"] >= run.statistics["counts"]["distinct_choices"] > method["used"]
    for row in sampled.statistics["data_snooping"]["benchmarks"]:
        assert row["stepwise"]["base_rejected"] in (None, True, False)


def by_hand() -> tuple[Problem, Population]:
    """One index or cash over six days, three ways to time it; a switch costs 1 %."""
    states = np.array([[1, 1, 0, 0, 1, 1], [1, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]], dtype=np.bool_)
    costs = np.zeros((1, 2, 2, 6))
    costs[0, 0, 1], costs[0, 1, 0] = 0.01, 0.01
    problem = Problem(
        path_bits=pack(states), decision_days=6, lead=1, rule=np.array([[1, 0], [1, 0]]), start=1, lags=np.array([1]),
        payoff_of=np.array([0]), cost_of=np.array([0]),
        returns=np.array([[[0.10, 0.20, -0.10, 0.10, 0.30, -0.20], [0.0] * 6]]), costs=costs,
        traded=np.array([[[[0.0], [1.0]], [[1.0], [0.0]]]]), traded_of=np.array([0]),
        invested=np.array([1.0, 0.0]), bounds=np.array([0, 4, 6]), periods=6.0, risk_free=0.0,
    )  # fmt: skip
    metrics = np.full((3, 2, 14), np.nan)
    metrics[:, 0, 3] = 2.0, 1.9, 0.5
    space = SimpleNamespace(base_index=0, execution=lambda index: index)
    plan: Any = SimpleNamespace(problem=problem, study=SimpleNamespace(space=space), days_in_sample=4)
    rows = np.array([[0], [1], [2]], dtype=np.int32)
    zeros = np.zeros(3, dtype=np.int64)
    # The first stands for three cells of the grid.
    return problem, Population(
        plan=plan, rows=rows, execution=zeros, index=np.arange(3), cells=np.array([3, 1, 5]), metrics=metrics,
        distinct=3,
    )  # fmt: skip


def test_the_ensemble_of_two_legs_by_hand() -> None:
    """Three cells hold 1 1 0 0 1 1, one 1 0 0 1 1 1: the mean is 1 ¾ 0 ¼ 1 1, and only what it moves is traded."""
    _, population = by_hand()
    found = average(population, 0.2)
    assert found is not None
    assert (found.cells, found.threshold) == (4, 1.8)
    assert found.share == pytest.approx(4 / 9)
    np.testing.assert_allclose(found.weights[:, 0], [1.0, 0.75, 0.0, 0.25, 1.0, 1.0])
    returns = [
        0.10,
        1.15 * (1 - 0.0025) - 1,
        1.0 * (1 - 0.0075) - 1,
        1.025 * (1 - 0.0025) - 1,
        1.30 * (1 - 0.0075) - 1,
        -0.20,
    ]
    np.testing.assert_allclose(found.returns, returns, atol=1e-15)
    assert found.turnover == pytest.approx(0.25 + 0.75 + 0.25 + 0.75)
    assert found.agreement == pytest.approx((1 + 0.75 + 1 + 0.75) / 4)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> gp.Run:
    folder = tmp_path_factory.mktemp("planted")
    write_synthetic(folder / "market", draw_market(1, 4.0))
    return gp.run(gp.load_study("microcap-rate-timing").set(GRID), data=folder / "market", out=folder)


def test_a_strong_effect_passes_and_none_does_not(planted: gp.Run) -> None:
    found, without = outcome(planted.statistics), outcome(judge(KINDS["nothing"], 1))
    names = (
        "Superior predictive ability (SPA) of the best",
        "Stepwise test (StepM) of the base",
        "Mean return under shifted positions",
        "Placebo sweeps on shifted signals",
        "Multiple-testing haircut of the best",
    )
    for name in names:
        assert found[name] is True
        assert without[name] is False
    assert [begin for begin in PROMISED if not any(name.startswith(begin) for name in found)] == []


def test_the_haircut_of_the_planted_is_statsmodels(planted: gp.Run) -> None:
    haircut, days = planted.statistics["haircut"], planted.statistics["method"]["days"]
    table = planted.sql("SELECT sharpe FROM variants")["sharpe"].to_numpy()
    assert haircut["tests"] == planted.statistics["counts"]["distinct_choices"] == len(table)
    single = 2 * stats.t.sf(np.abs(table / np.sqrt(PERIODS)) * np.sqrt(days), days - 1)
    for who in ("base", "best"):
        mine = planted.summary[who]["index"]
        assert single[mine] * len(table) < 0.5
        for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("bhy", "fdr_by")):
            adjusted = multipletests(single, method=theirs)[1][mine]
            # The grid is kept in float32.
            assert haircut[who][f"p_{ours}"] == pytest.approx(adjusted, rel=1e-3)


def test_a_market_without_drift() -> None:
    market = draw_market(3, years=3)
    without = without_drift(market)
    taken = (market.returns - without.returns)[1:]
    np.testing.assert_allclose(taken, np.tile([index.mean / PERIODS for index in INDICES], (len(taken), 1)), atol=1e-15)


def test_rates_and_their_errors() -> None:
    found = rates([{"a": True, "b": None}, {"a": False, "b": None}, {"a": True, "b": None}])
    assert found["a"] == {"met": 2, "of": 3, "rate": 2 / 3, "error": pytest.approx((0.6 * 0.4 / 5) ** 0.5)}
    assert (found["b"]["of"], found["b"]["rate"]) == (0, None)
    report = {"evidence": ["a", "b"], "kinds": {"nothing": {"rates": found, "markets": 3}}}
    assert rows(report) == [["a", "–", "67 ± 22"], ["b", "–", "–"]]


def test_the_snippet_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs/verdict.md").read_text(encoding="utf-8")
    snippet = page.split("```python\n")[1].split("```")[0]
    exec(snippet, {})
    assert capsys.readouterr().out.startswith("17 ")
