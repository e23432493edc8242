"""The page of a run with a verdict: its sections in order, every missing part named with its reason."""

from __future__ import annotations

import json
import pathlib

import pandas as pd
import plotly.graph_objects as go
import pytest

from gridproof.results.report.number_format import (
    format_interval,
    format_probability,
)
from gridproof.results.report.report import write_report
from gridproof.results.report.sections.lookup import NO_REASON
from tests.support.page import (
    HEADINGS,
    figures_of,
    headings_of,
    loads_nothing,
    nulled,
    page_of,
    paths_of,
    section_of,
    words_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import EVIDENCE, statistics_record, write_statistics

# Every part that a section cannot do without; a missing one must be named with its reason.
PARTS = [
    "who",
    "ensemble",
    "shift",
    "subperiods",
    "stress",
    "data_snooping",
    "deflated",
    "haircut",
    "overfitting",
    "sensitivity",
    "plateau",
    "walk_forward",
    "combinatorial",
    "evidence",
    "not_covered",
]


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_sections_stand_in_the_order_of_the_verdict(run: pathlib.Path) -> None:
    page = page_of(run)
    assert headings_of(page) == HEADINGS
    without = words_of(page).replace("Walk-forward not computable", "").replace("Not computable: fewer", "")
    assert "not computable" not in without
    for heading in [*HEADINGS[1:3], *HEADINGS[5:-1]]:
        assert "How to read it:" in section_of(page, heading) or heading.startswith("6.")


def test_figures_are_valid_plotly_and_each_section_has_its_own(run: pathlib.Path) -> None:
    drawn = figures_of(page_of(run))
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values
    assert [name for name in drawn if "map" not in name] == [
        "figure-first",
        "figure-rank",
        "figure-certainty",
        "figure-curves",
        "figure-after",
        "figure-relative",
        "figure-rolling",
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


def test_numbers_appear_as_given(run: pathlib.Path) -> None:
    record, page = statistics_of(run), page_of(run)
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
        page, HEADINGS[5]
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
    assert "cash 1.23% 0.00% over 60 1.23% 0.00% over 60" in text


def test_without_statistics_the_page_says_so_and_is_as_before(run: pathlib.Path) -> None:
    (run / "statistics.json").unlink()
    page = page_of(run)
    assert "No verdict was computed for this run: missing file statistics.json." in page
    assert headings_of(page)[-1] == "6. What this page does not cover"
    assert "Ensemble" not in page
    assert "How to read it" not in page


@pytest.mark.parametrize("part", PARTS)
def test_missing_part_is_named_with_its_reason(run: pathlib.Path, part: str) -> None:
    text = words_of(
        render_statistics(run, statistics_of(run) | {part: None, f"{part}_why": "not computable: <too> short"})
    )
    assert "not computable: &lt;too&gt; short." in text


@pytest.mark.parametrize("part", ["shift", "plateau", "subperiods", "stress"])
def test_one_of_two_missing_is_named(run: pathlib.Path, part: str) -> None:
    record = statistics_of(run)
    record[part] |= {"base": None, "base_why": "its days are too few"}
    assert "Base: not computable: its days are too few." in words_of(render_statistics(run, record))


def test_empty_statistics_name_every_part_as_not_computable(run: pathlib.Path) -> None:
    page = render_statistics(run, {})
    assert headings_of(page) == [*HEADINGS[:2], *HEADINGS[3:]]
    assert page.count(f"not computable: {NO_REASON}") >= len(PARTS)
    assert f"Evidence: not computable: {NO_REASON}." in page
    assert "undefined" not in words_of(page).lower().replace("undefined.", "").replace("it is undefined for", "")


# What names a thing: without it there is nothing to show, and the record is no record.
NEEDED = {"name", "question", "kind", "environment", "against", "signal", "values", "blocks", "year", "x", "y"}


NEEDED |= {"train_from", "train_to", "test_from", "test_to"}


def test_any_number_may_be_null(run: pathlib.Path) -> None:
    record = statistics_of(run)
    leaves = [path for path in paths_of(record) if path[-1] not in NEEDED and path[0] != "method"]
    assert len(leaves) > 150
    for chosen in [leaves[start : start + 80] for start in range(0, len(leaves), 80)] + [
        leaves[k::9] for k in range(9)
    ]:
        text = words_of(render_statistics(run, nulled(record, chosen)))
        assert "None" not in text, text[text.index("None") - 80 :][:160]


def test_text_is_escaped_in_tables_and_figures(run: pathlib.Path) -> None:
    record = statistics_of(run)
    nasty = "</script><b>x</b>"
    record["evidence"] = [EVIDENCE[0] | {"name": nasty, "why": nasty, "against": nasty}]
    record["not_covered"] = [nasty]
    record["sensitivity"]["axes"][0] = nasty
    record["deflated"]["marks"][0]["name"] = nasty
    page = render_statistics(run, record)
    assert nasty not in page
    assert "&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;" in page


def test_record_of_the_tests_is_the_same_on_every_call(run: pathlib.Path) -> None:
    summary, curves = json.loads((run / "summary.json").read_text()), pd.read_parquet(run / "curves.parquet")
    assert statistics_record(summary, curves) == statistics_record(summary, curves)
