"""The evidence by question, and what no test covers."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.support.page import (
    page_of,
    section_of,
    words_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_no_count_of_evidence_stands_anywhere(run: pathlib.Path) -> None:
    page = words_of(page_of(run))
    top = page[: page.index("Evidence by question")]
    assert "The base: 94 separate positions, Sharpe ratio above 0 in" in top
    assert re.search(r"\b(gates?|passed|\d+ failed)\b", page.lower()) is None
    assert "No verdict was computed" not in page


def test_evidence_stands_under_its_question_with_what_it_is_compared_with(run: pathlib.Path) -> None:
    text = words_of(section_of(page_of(run), "Evidence by question"))
    rows = [
        "Mean return under shifted positions – not shown p 0.213 ≤ 0.05 the same positions at another time exact: all",
        "Break-even cost of the base ✓ supports it 1.20% a side ≥ 0.30% hold &lt;index&gt; – It bears",
        "Probabilistic Sharpe ratio (PSR) of the base information PSR 0.971 – cash standard error 0.25 Holding a leg",
        "Walk-forward not computable – ≤ 0.05 every static holding of the same days – Not computable: fewer than",
    ]
    titles = ["Timing: does", "Worth: is", "Search: is"]
    places = [text.index(part) for part in (titles[0], rows[0], titles[1], rows[1], rows[2], titles[2], rows[3])]
    assert places == sorted(places)
    assert "Since" not in text


def test_what_no_test_covers_is_the_last_section(run: pathlib.Path) -> None:
    text = words_of(section_of(page_of(run), "9. What no test here covers"))
    assert "tried and dropped before this study" in text
