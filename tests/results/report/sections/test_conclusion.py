"""The conclusion on the page."""

from __future__ import annotations

import pathlib

import markupsafe
import pytest

from gridproof.results.report.sections.conclusion import conclusion_section
from tests.support.page import page_of
from tests.support.run_folder import write_run
from tests.support.statistics_page import statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_the_four_answers_in_order(run: pathlib.Path) -> None:
    section = conclusion_section(statistics_of(run))
    assert section is not None
    assert [row[0].split(":")[0] for row in section["rows"]] == ["Timing", "Worth", "Search", "Since"]
    assert [row[1:4] for row in section["rows"]] == [
        ["✓", "pass", "yes"],
        ["–", "unknown", "cannot tell"],
        ["✗", "fail", "no"],
        ["–", "unknown", "cannot tell"],
    ]
    assert [row[4:6] for row in section["rows"]] == [
        ["0.006", "0.050"],
        ["0.660", "0.050"],
        ["−0.100", "0.050"],
        ["–", "–"],
    ]


def test_it_stands_first_on_the_page(run: pathlib.Path) -> None:
    record = statistics_of(run)
    page = page_of(run)
    sentence = str(markupsafe.escape(record["conclusion"]["sentence"]))
    assert 0 < page.index(sentence) < page.index('<section class="headline">')


@pytest.mark.parametrize(("null", "stricter"), [("signs", True), ("shifts", False)])
def test_the_lower_threshold_of_random_signs_is_explained(run: pathlib.Path, null: str, stricter: bool) -> None:
    section = conclusion_section({**statistics_of(run), "questions": {"search": {"null": null}}})
    assert section is not None
    assert ("random signs needs p ≤ 0.025" in section["stricter"]) is stricter


def test_a_record_without_a_conclusion_has_no_section() -> None:
    assert conclusion_section(None) is None
    assert conclusion_section({"evidence": []}) is None
