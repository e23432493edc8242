"""The section of the gates, and their summary under the headline."""

from __future__ import annotations

import pathlib

import pytest

from tests.support.page import (
    page_of,
    section_of,
    words_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import GATES, write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_verdict_is_summed_up_below_the_headline(run: pathlib.Path) -> None:
    page = page_of(run)
    top = words_of(page[: page.index("1. Variants evaluated")])
    assert "7 gates: 3 passed, 3 failed, 1 not computable." in top
    failed = [gate for gate in GATES if gate["result"] == "fail"]
    found = "; ".join(f"{gate['name']} ({gate['number']}, needs {gate['threshold']})" for gate in failed)
    assert len(failed) == 3
    assert f"Failed : {found}." in top.replace("&gt;", ">")
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
    text = words_of(render_statistics(run, statistics_of(run) | {"gates": [gate, *GATES]}))
    assert text.index("Trading Break-even cost") < text.index("capacity Extra ✓ pass – – – So.")
