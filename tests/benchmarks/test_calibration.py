"""The calibration of the four questions: its truth, its placebo, its table, and that docs/verdict.md shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import __main__ as command
from benchmarks.calibration import base_questions, search_question
from benchmarks.calibration.choices import choose, placebo, shift_choices
from benchmarks.calibration.markets import PERIODS, draw_positions, draw_shocks, draw_walk, eligible, real_series
from benchmarks.calibration.rates import row
from benchmarks.calibration.table import tables
from benchmarks.calibration.truth import Truth
from gridproof.kernels.cpu.placebo_maxima import active_t

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
DOCS = Path(__file__).parents[2] / "docs" / "verdict.md"


@pytest.mark.parametrize("truth", [Truth(1, 0.5), Truth(1, 0.0), Truth(2, 0.5)])
def test_the_truth_is_that_of_a_long_market(truth: Truth) -> None:
    """A rule of known effect over two million independent days against every static holding."""
    rng = np.random.default_rng(2)
    days, share, effect = 2_000_000, 0.3, 4.0
    weights = (rng.random(days) < share).astype(float)
    shocks = rng.standard_normal((days, truth.legs))
    if truth.legs == 2:
        shocks[:, 1] = 0.6 * shocks[:, 0] + 0.8 * shocks[:, 1]
    returns = truth.returns(shocks, weights, effect)
    mixes = [returns @ mix for mix in ([1.0, 0.0], [share, 1.0 - share], [0.0, 1.0])][: 1 + truth.legs]
    rule = (weights * returns[:, 0] + (1.0 - weights) * returns[:, 1]).copy()
    ratios = [one.mean() / one.std() * np.sqrt(PERIODS) for one in (rule, *mixes)]
    found = truth.difference(np.array([effect]), share)[0]
    assert found == pytest.approx(ratios[0] - max(0.0, *ratios[1:]), abs=0.05)
    assert truth.difference(np.array([truth.effect_for(0.2, share)]), share)[0] == pytest.approx(0.2, abs=1e-4)


def test_shocks_have_variance_one_and_clusters() -> None:
    shocks = draw_shocks(np.random.default_rng(1), 100_000, 2)
    assert shocks.std(axis=0) == pytest.approx([1.0, 1.0], rel=0.1)
    assert np.corrcoef(shocks.T)[0, 1] == pytest.approx(0.6, abs=0.05)
    size = np.abs(shocks[:, 0])
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.05


def test_positions_are_eligible_and_of_their_class() -> None:
    rng = np.random.default_rng(3)
    drawn = [draw_positions(rng, 4000, 40) for _ in range(50)]
    assert all(eligible(held) for held in drawn)
    assert np.mean([np.count_nonzero(np.diff(held)) for held in drawn]) == pytest.approx(40, rel=0.15)


def test_the_sweep_under_shifts_is_the_definition() -> None:
    rng = np.random.default_rng(4)
    weights = choose(draw_walk(rng, 250 + 600))[::9]
    returns = np.column_stack([rng.normal(0.0, 0.01, 600), rng.normal(0.0, 0.01, 600)])
    difference = returns[:, 0] - returns[:, 1]
    found = shift_choices(weights, np.conj(np.fft.rfft(weights)), difference)
    for shift in (0, 1, 57, 599):
        expected = [active_t(np.column_stack([row, 1.0 - row]), np.roll(returns, -shift, axis=0)) for row in weights]
        assert (found.sums / found.roots)[:, shift] == pytest.approx(expected, abs=1e-4)


def test_the_placebo_of_a_sweep_finds_what_was_planted() -> None:
    kind = search_question.search_kinds({})["search, effect 2"]
    yes = 0
    for market in range(6):
        rng = np.random.default_rng(market)
        weights, returns, truth = search_question.draw(kind, rng)
        found = placebo(weights, returns, rng)
        assert truth.max() >= 2.0 - 1e-9
        assert (found.record["p_with_effect"] is None) == (found.record["p_value"] <= 0.05)
        yes += found.record["p_value"] <= 0.05
    assert yes >= 2


def test_real_series_are_daily_changes() -> None:
    series = real_series(Path("nowhere"))
    assert list(series) == ["S&P 500", "Nasdaq", "crude oil"]
    days = series["S&P 500"]()
    assert len(days) == 5030
    assert np.isfinite(days).all()
    assert days.std() == pytest.approx(0.012, rel=0.1)


def test_a_few_markets_of_some_kinds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Resumed, restricted and repeated, the command gives the same rates."""
    out = tmp_path / "calibration.json"
    kinds = ["--kind", "tie, 500 days", "--kind", "search, two legs"]
    arguments = ["--markets", "4", "--out", str(out), "--data", "nowhere", "--kind", "edge, 500 days"]
    command.main([*arguments, *kinds[:2]])
    first = json.loads(out.read_text())
    assert "4 of 4: edge, 500 days, 50 …" in capsys.readouterr().err
    command.main([*arguments, *kinds])
    told = capsys.readouterr()
    assert told.err == "5 of 5: search, two legs, 0 …\n"
    second = json.loads(out.read_text())
    assert second["rows"][:4] == first["rows"]
    assert [(row["kind"], row["class"], row["markets"]) for row in second["rows"]] == [
        ("tie, 500 days", 10, 2), ("tie, 500 days", 50, 2), ("edge, 500 days", 10, 2), ("edge, 500 days", 50, 2),
        ("search, two legs", 0, 4),
    ]  # fmt: skip
    assert {"hardware", "date", "seed", "markets", "cpu_seconds"} <= set(second)
    assert "| tie, 500 days |" in told.out
    again = base_questions.measure_base("tie", base_questions.base_kinds({})["tie, 500 days"], 10, 3, [5])
    assert again == base_questions.measure_base("tie", base_questions.base_kinds({})["tie, 500 days"], 10, 3, [5])
    with pytest.raises(SystemExit, match=r"--kind: must be one of nothing; no timing; .*; got nonsense"):
        command.main(["--kind", "nonsense", "--data", "nowhere"])


def test_a_rate_has_its_binomial_error() -> None:
    found = row("tie", 8, "8 switches", "as good", 500, 396, {"worth yes": 18, "worth no": 0}, ("worth yes",))["rates"]
    assert found["worth yes"] == pytest.approx(
        {"count": 18, "rate": 18 / 396, "error": (0.05 * 0.95 / 400) ** 0.5, "wrong": True}
    )
    assert found["worth no"]["error"] > 0.0


def test_the_documented_tables_are_those_of_the_measurement() -> None:
    file = max(RESULTS.glob("*-calibration.json"))
    report, text = json.loads(file.read_text()), DOCS.read_text()
    for one in tables(report["rows"]):
        assert one in text
    assert f"benchmarks/results/{file.name}" in text
    assert report["hardware"]["processor"] in text
    assert report["date"] in text


def test_wrong_answers_are_as_rare_as_promised() -> None:
    """Of each kind that the documentation shows: at most 5%, and three binomial errors."""
    report = json.loads(max(RESULTS.glob("*-calibration.json")).read_text())
    wrong: dict[tuple[str, str], list[int]] = {}
    for one in report["rows"]:
        for name, rate in one["rates"].items():
            if rate["wrong"]:
                total = wrong.setdefault((one["kind"], name), [0, 0])
                total[0] += rate["count"]
                total[1] += one["markets"]
    assert {name for _, name in wrong} >= {"timing yes", "timing no", "worth yes", "worth no", "search yes"}
    for (kind, name), (count, markets) in wrong.items():
        assert markets >= report["markets"] >= 1000
        assert count / markets <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / markets), (kind, name)
