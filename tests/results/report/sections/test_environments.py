"""The table of the answers under other environments."""

from __future__ import annotations

import pathlib

import pytest

from tests.support.page import page_of, section_of, words_of
from tests.support.run_folder import write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import write_statistics

HEADING = "Other environments: lag, cost, release, carry, interest"


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_the_base_comes_first_and_then_each_other_one(run: pathlib.Path) -> None:
    text = words_of(section_of(page_of(run), HEADING))
    sentence = (
        "Of 2 other environments: timing stays “yes” in 1, worth stays “cannot tell” in 2, search stays “no” in 2"
    )
    rows = [
        "45 calendar days (base) 0.001",
        "90 calendar days 0.001 0.21 5.0% 0.61 – ✓ yes (p 0.006) – cannot tell (p 0.660) ✗ no (Sharpe −0.10)",
        "45 calendar days 0.003 0.21 5.0% 0.61 – – cannot tell (p 0.087)",
    ]
    places = [text.index(part) for part in (sentence, *rows)]
    assert places == sorted(places)


def test_what_was_drawn_is_said_below_the_table(run: pathlib.Path) -> None:
    statistics = statistics_of(run)
    assert "drawn at random" not in words_of(section_of(page_of(run), HEADING))
    statistics["environments"][1]["sampled"] = "50,000 of 61,516 choices drawn at random"
    text = words_of(section_of(render_statistics(run, statistics), HEADING))
    assert "best and Search are those of 50,000 of 61,516 choices drawn at random." in text


def test_the_first_screen_says_how_many_answers_stay(run: pathlib.Path) -> None:
    page = words_of(page_of(run))
    assert "Of 2 other environments: timing stays “yes” in 1" in page[: page.index("Evidence by question")]


def test_a_grid_with_one_environment_has_no_table(run: pathlib.Path) -> None:
    page = render_statistics(run, statistics_of(run) | {"environments": []})
    assert "other environment" not in words_of(page).lower()
