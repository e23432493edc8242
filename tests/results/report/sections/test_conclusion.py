"""The conclusion on the page."""

from __future__ import annotations

import pathlib

import markupsafe
import pytest

from gridproof.results.report.sections.conclusion import conclusion_section, number_text
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
        ["p 0.006", "≤ 0.05"],
        ["p 0.660", "≤ 0.05"],
        ["Sharpe −0.10", "< 0.05"],
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


def test_numbers_say_what_they_are() -> None:
    effect = "upper bound of the timing effect, by inverting the test by random signs"
    assert number_text(-0.048, effect) == "−4.8% a year"
    assert number_text(0.108, "upper bound of the difference of Sharpe ratios") == "Sharpe 0.11"
    assert number_text(0.0004, "difference of Sharpe ratios, studentised circular block bootstrap") == "p 0.0004"
    assert number_text(None, effect) == "–"
