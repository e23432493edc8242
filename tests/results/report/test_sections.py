"""The statistical sections of the report: every part shown as given, every missing part named with its reason."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given

from gridproof.results.report.number_format import format_interval, format_probability, format_trials, format_with_error
from gridproof.results.report.report import write_report
from gridproof.results.report.sections.data_snooping import quantile, share_at_least
from gridproof.results.report.sections.deflation import most_trials
from gridproof.results.report.sections.lookup import NO_REASON, lookup, not_computable
from tests.support.page import (
    HEADINGS,
    figures_of,
    headings_of,
    loads_nothing,
    nulled,
    page_of,
    paths_of,
    section_of,
    values_of,
    words_of,
)
from tests.support.run_folder import BASE, rewrite_summary, write_run
from tests.support.statistics_record import GATES, statistics_record, write_statistics

# Every part that a section cannot do without; a missing one must be named with its reason.
PARTS = [
    "who",
    "ensemble",
    "shift",
    "subperiods",
    "stress",
    "luck",
    "deflated",
    "haircut",
    "overfitting",
    "sensitivity",
    "plateau",
    "walk_forward",
    "combinatorial",
    "gates",
    "not_covered",
]


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def record_of(folder: pathlib.Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "statistics.json").read_text())
    return record


def rendered(folder: pathlib.Path, record: dict[str, Any]) -> str:
    (folder / "statistics.json").write_text(json.dumps(record))
    return page_of(folder)


def test_sections_stand_in_the_order_of_the_verdict(run: pathlib.Path) -> None:
    page = page_of(run)
    assert headings_of(page) == HEADINGS
    assert "not computable" not in words_of(page).replace("– not computable", "").replace(", 1 not computable.", "")
    for heading in HEADINGS[2:]:
        assert "How to read it:" in section_of(page, heading) or heading.startswith("6.")


def test_figures_are_valid_plotly_and_each_section_has_its_own(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values
    assert [name for name in drawn if "map" not in name] == [
        "figure-certainty",
        "figure-curves",
        "figure-after",
        "figure-histogram",
        "figure-trials",
        "figure-logits",
        "figure-sensitivity",
        "figure-years",
        "figure-walk",
        "figure-paths",
        "figure-stress",
    ]


def test_same_folder_gives_same_bytes(run: pathlib.Path) -> None:
    assert write_report(run).read_bytes() == write_report(run).read_bytes()
    assert loads_nothing(page_of(run))


def test_verdict_is_summed_up_below_the_headline(run: pathlib.Path) -> None:
    page = page_of(run)
    top = words_of(page[: page.index("1. Variants evaluated")])
    assert "7 gates: 3 passed, 3 failed, 1 not computable." in top
    failing = "Probabilistic Sharpe ratio of the base; Superior to every leg; Probability of backtest overfitting."
    assert f"Failed : {failing}" in top
    assert "Not computable : Walk-forward." in top
    assert "The base: 94 separate positions, Sharpe ratio above 0 in" in top
    assert (
        "Data snooping: if no variant had an edge over cash, the best of this sweep would still show a median Sharpe"
        in top
    )
    assert "No verdict was computed" not in page


def test_gates_are_shown_as_given_and_by_group(run: pathlib.Path) -> None:
    text = words_of(section_of(page_of(run), "9. Verdict"))
    for gate in GATES:
        shown = [gate["name"], gate["number"], gate["threshold"], gate["uncertainty"], gate["why"]]
        for cell in filter(None, shown):
            assert cell.replace("'", "&#39;").replace(">", "&gt;") in text
    titles = ("Base Prob", "Sweep Superior", "Stability over time", "Trading")
    assert [text.index(title) for title in titles] == sorted(text.index(title) for title in titles)
    assert text.index("What no test here covers") < text.index("tried and dropped before this study")


def test_unknown_groups_are_kept_at_the_end(run: pathlib.Path) -> None:
    gate = {"name": "Extra", "group": "capacity", "result": "pass", "number": None, "threshold": None, "why": "So."}
    text = words_of(rendered(run, record_of(run) | {"gates": [gate, *GATES]}))
    assert text.index("Trading Break-even cost") < text.index("capacity Extra ✓ pass – – – So.")


def test_numbers_appear_as_given(run: pathlib.Path) -> None:
    record, page = record_of(run), page_of(run)
    text = words_of(page)
    assert "Ledger 52,921 different parameter sets evaluated on this market so far, all runs together" in text
    assert "21.3 by the entropy of the correlation spectrum, 3.2 by its participation ratio and 55 implied by" in text
    best = record["who"]["best"]["in_sample"]
    shown = [f"{best['sharpe']:.2f}", format_interval(best["interval"]), format_interval(best["interval_studentised"])]
    shown += [
        format_probability(best["psr"]),
        f"{best['min_track_record_years']:,.1f}",
        f"{best['observations'] / 243:.1f}",
    ]
    assert f"Best {' '.join(shown)}".replace("\u00a0", " ") in text
    assert "Stationary bootstrap: 1,000 resamples, mean block length 12.3 days, seed 0." in section_of(
        page, HEADINGS[2]
    )
    assert "hold small 0.213 ± 0.013 0.192 0.298 0.320 ± 0.016 0 at 0.05 no" in text
    assert "hold cash 0.0004 ± 0.0006 0.0004 0.001 0.001 ± 0.0008 12,345 at 0.05 yes" in text
    assert "In 3 of 100 placebo sweeps over signals shifted in time" in text
    assert "p = 0.040 ± 0.020." in text
    assert "180 of 616" in text
    mark = record["deflated"]["marks"][2]
    row = [
        "entropy rank 21.3",
        f"{mark['threshold']:.2f}",
        format_probability(mark["best"]),
        format_probability(mark["base"]),
    ]
    assert " ".join(row) in text
    assert "16 12,870 0.420 0.419 61.3% 10.4% 0.000" in text
    assert "Base 0.93 14 3.20 1.2% 0.41 at rate.window +1 step none" in text
    assert "Best 0.41 9 5.40 1.2% 0.72 at rate.on_above −2 steps execution.cost" in text
    assert "Largest interactions: rate.window × rate.on_above 5.0%;" in text
    assert "Walk-forward Sharpe ratio 0.47 (t-statistic 1.62) over 525 out-of-sample days" in text
    assert (
        "Sharpe ratio 0.31 to 0.82, median 0.55 (6 groups, 2 of them tested at a time, 15 splits, purge 1 days," in text
    )
    assert "zero return 1.23% 1.23%" in text


def test_record_too_short_is_marked(run: pathlib.Path) -> None:
    record = record_of(run)
    record["who"]["base"]["in_sample"] |= {"min_track_record_years": None}
    record["who"]["best"]["in_sample"] |= {"min_track_record_years": 0.5}
    page = rendered(run, record)
    assert '<td class="fail">∞</td>' in page
    assert '<td class="">0.5</td>' in page


def test_ensemble_is_one_more_column_with_blanks_where_not_computed(run: pathlib.Path) -> None:
    page = page_of(run)
    assert page.count(">Ensemble</th>") == 2
    weights = re.search(r"<tr><td>Weight in small</td>(.*?)</tr>", page)
    assert weights is not None
    assert re.findall(r">([^<]*)</td>", weights[1])[2] == ""


def test_without_statistics_the_page_says_so_and_is_as_before(run: pathlib.Path) -> None:
    (run / "statistics.json").unlink()
    page = page_of(run)
    assert "No verdict was computed for this run: missing file statistics.json." in page
    assert headings_of(page)[-1] == "6. What this page does not cover"
    assert "Ensemble" not in page
    assert "How to read it" not in page


@pytest.mark.parametrize("part", PARTS)
def test_missing_part_is_named_with_its_reason(run: pathlib.Path, part: str) -> None:
    text = words_of(rendered(run, record_of(run) | {part: None, f"{part}_why": "not computable: <too> short"}))
    assert "not computable: &lt;too&gt; short." in text


@pytest.mark.parametrize("part", ["shift", "plateau", "subperiods", "stress"])
def test_one_of_two_missing_is_named(run: pathlib.Path, part: str) -> None:
    record = record_of(run)
    record[part] |= {"base": None, "base_why": "its days are too few"}
    assert "Base: not computable: its days are too few." in words_of(rendered(run, record))


def test_empty_statistics_name_every_part_as_not_computable(run: pathlib.Path) -> None:
    page = rendered(run, {})
    assert headings_of(page) == HEADINGS
    assert page.count(f"not computable: {NO_REASON}") >= len(PARTS)
    assert f"Verdict: not computable: {NO_REASON}." in page
    assert "undefined" not in words_of(page).lower().replace("undefined.", "").replace("it is undefined for", "")


def test_reasons_are_found_at_every_level() -> None:
    record = {"a": None, "a_why": "no a", "b": {"c": {"why": "not computable: no c"}, "d": None, "d_why": "no d"}}
    assert not_computable(record, "a") == not_computable(record, "a", "x") == "not computable: no a"
    assert not_computable(record, "b", "c") == "not computable: no c"
    assert not_computable(record, "b", "d") == "not computable: no d"
    assert not_computable(record, "e") == f"not computable: {NO_REASON}"
    assert lookup(record, "b", "c") is None
    assert lookup({"a": {"b": 0}}, "a", "b") == 0


# What names a thing: without it there is nothing to show, and the record is no record.
NEEDED = {"name", "group", "result", "against", "signal", "values", "blocks", "year", "x", "y"}
NEEDED |= {"train_from", "train_to", "test_from", "test_to"}


def test_any_number_may_be_null(run: pathlib.Path) -> None:
    record = record_of(run)
    leaves = [path for path in paths_of(record) if path[-1] not in NEEDED and path[0] != "method"]
    assert len(leaves) > 150
    for chosen in [leaves[start : start + 40] for start in range(0, len(leaves), 40)] + [
        leaves[k::9] for k in range(9)
    ]:
        text = words_of(rendered(run, nulled(record, chosen)))
        assert "None" not in text, text[text.index("None") - 80 :][:160]


def test_text_is_escaped_in_tables_and_figures(run: pathlib.Path) -> None:
    record = record_of(run)
    nasty = "</script><b>x</b>"
    record["gates"] = [GATES[0] | {"name": nasty, "why": nasty, "group": nasty}]
    record["not_covered"] = [nasty]
    record["sensitivity"]["axes"][0] = nasty
    record["deflated"]["marks"][0]["name"] = nasty
    page = rendered(run, record)
    assert nasty not in page
    assert "&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;" in page


def test_null_maximum_has_a_figure_of_its_own_under_another_objective(run: pathlib.Path) -> None:
    rewrite_summary(run, lambda summary: summary.update(objective="cagr"))
    drawn = figures_of(page_of(run))
    assert "figure-null" in drawn
    assert "yaxis2" not in drawn["figure-histogram"]["layout"]
    go.Figure(drawn["figure-null"])


def test_base_that_is_best_is_compared_with_chance_once(tmp_path: pathlib.Path) -> None:
    text = words_of(page_of(write_statistics(write_run(tmp_path, best=BASE))))
    assert "is reached in" in text
    assert "The base was not chosen as the best" not in text


def test_null_distribution_and_placebo_are_within_the_axis(run: pathlib.Path) -> None:
    record = record_of(run)
    figure = figures_of(page_of(run))["figure-histogram"]
    low, high = figure["layout"]["xaxis"]["range"]
    null, placebo = record["luck"]["null_best_sharpe"], record["luck"]["placebo"]
    assert low < min(null["edges"][0], *placebo["best"])
    assert high > max(null["edges"][-1], *placebo["best"])
    assert figure["data"][1]["yaxis"] == "y2"
    assert figure["layout"]["yaxis3"]["ticktext"][0] == "best of each<br>placebo sweep"


def test_without_a_null_distribution_only_the_histogram_is_drawn(run: pathlib.Path) -> None:
    figure = figures_of(rendered(run, record_of(run) | {"luck": None, "shift": None}))["figure-histogram"]
    assert len(figure["data"]) == 1


def test_walk_forward_stands_beside_base_and_legs_over_its_own_days(run: pathlib.Path) -> None:
    figure = figures_of(page_of(run))["figure-walk"]
    assert [line["name"] for line in figure["data"]] == [
        "hold small",
        "hold value",
        "hold cash",
        "base",
        "walk-forward",
    ]
    record = record_of(run)["walk_forward"]
    curves = pd.read_parquet(run / "curves.parquet")
    first = (curves["date"].dt.strftime("%Y-%m-%d") == record["curve"]["date"][0]).idxmax()
    expected = curves["base.nav"].to_numpy()[first:] / curves["base.nav"][first - 1]
    drawn = values_of(figure["data"][3]["y"], "<f4")
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    starts = [shape["x0"] for shape in figure["layout"]["shapes"] if shape["line"]["width"] == 1]
    assert {fold["test_from"] for fold in record["folds"]} <= set(starts)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any), st.floats(0.001, 0.999))
def test_quantile_and_share_of_a_histogram_are_inverse(counts: list[int], level: float) -> None:
    histogram = {"edges": [0.5 * place - 1 for place in range(len(counts) + 1)], "counts": counts}
    value = quantile(histogram, level)
    assert value is not None
    share = share_at_least(histogram, value)
    assert share == pytest.approx(1 - level, abs=1e-9)


def test_quantile_of_a_histogram_agrees_with_its_data() -> None:
    data = np.random.default_rng(5).normal(1.0, 0.2, 20_000)
    counts, edges = np.histogram(data, bins=200)
    histogram = {"edges": edges.tolist(), "counts": counts.tolist()}
    for level in (0.05, 0.5, 0.95):
        assert quantile(histogram, level) == pytest.approx(np.quantile(data, level), abs=0.01)
    assert share_at_least(histogram, 1.2) == pytest.approx((data >= 1.2).mean(), abs=0.005)
    assert share_at_least(histogram, 9.0) == 0.0
    assert share_at_least(histogram, -9.0) == 1.0
    assert quantile({"edges": [0, 1], "counts": [0]}, 0.5) is None


def test_most_trials_is_where_the_curve_falls_below() -> None:
    curve = {"trials": [1.0, 10.0, 100.0, 1000.0], "best": [1.0, 0.99, 0.91, 0.1], "base": [0.4, 0.3, 0.2, 0.1]}
    assert most_trials(curve, "best") == pytest.approx(10**1.5)
    assert most_trials(curve, "base") == 0.0
    assert most_trials(curve | {"best": [1.0, 1.0, 1.0, 0.96]}, "best") is None


def test_probabilities_never_read_0_or_1_when_they_are_neither() -> None:
    assert format_probability(0.0396) == "0.040"
    assert format_probability(0.00025) == "0.0003"
    assert format_probability(0.99996) == "0.99996"
    assert format_probability(1e-30) == "<0.000001"
    assert format_probability(1 - 1e-12) == ">0.999999"
    assert format_probability(1.0) == "1.000"
    assert format_probability(None) == format_probability(float("nan")) == "–"
    assert format_with_error(0.02, 0.0044) == "0.020\u00a0±\u00a00.004"
    assert format_with_error(0.0, None) == "0.000"
    assert format_trials(3.24) == "3.2"
    assert format_trials(1_107_288.4) == "1,107,288"
    assert format_interval([0.9, None]) == format_interval(None) == "–"


def test_record_of_the_tests_is_the_same_on_every_call(run: pathlib.Path) -> None:
    summary, curves = json.loads((run / "summary.json").read_text()), pd.read_parquet(run / "curves.parquet")
    assert statistics_record(summary, curves) == statistics_record(summary, curves)
