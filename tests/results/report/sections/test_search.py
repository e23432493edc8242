"""The section of the search: facts, search space, table of trials."""

from __future__ import annotations

import pathlib
import re

import hypothesis.strategies as st
import plotly.graph_objects as go
import pytest
from hypothesis import given

from gridproof.results.report.sections.search import power
from tests.support.page import (
    HEADINGS,
    figures_of,
    headings_of,
    page_of,
    table_of,
    words_of,
)
from tests.support.search_folder import trials_table
from tests.support.search_page import render_search, search_of


def test_facts_say_what_was_searched_and_why_it_stopped(several: pathlib.Path) -> None:
    text = words_of(page_of(several))
    done = search_of(several)["trials"]
    assert "Searched 41,300 variants in 40 trials, proposed by TPE, a tree-structured Parzen estimator, seed 3;" in text
    assert "each trial is a grid of threshold levels, at most 4,096 variants" in text
    assert "Space about 3.5 × 10⁹ variants" in text
    assert "one in 86,000 was evaluated" in text
    assert "Plateau (Sharpe ratio), higher is better (lower quartile of the chosen cell and those around it);" in text
    assert "Max drawdown, closer to 0 is better (max_drawdown of the chosen cell);" in text
    assert "Turnover a year, lower is better (turnover of the chosen cell)" in text
    assert "Required switches &gt;= 10" in text
    assert "Held fixed execution.cost 0.001, yield.release 45 calendar days, as at the base: cost, lag, carry" in text
    assert "Stopped no better trial among the last 20 (40 of 50 trials)" in text
    assert (
        f"Pruned {done['pruned']} of 40 trials: objective undefined; most frequent reason ({done['pruned'] - 1} times):"
        in text
    )
    assert "no cell of it has a sharpe; 1 more repeated an earlier trial at no cost" in text
    assert "Switched off trend: never on in the rule" in text


def test_other_ways_of_searching_are_said(search_run: pathlib.Path) -> None:
    record = search_of(search_run) | {
        "cells_a_trial": None,
        "points_a_batch": 500,
        "neighbours": True,
        "sampler": "elves",
    }
    record["space"] |= {"fixed": {}, "digits": 3.0}
    text = words_of(render_search(search_run, record | {"require": []}))
    assert "by elves, seed 3; single variants, 500 in a batch, each with its neighbours one and two steps away" in text
    assert "Required nothing" in text
    assert "Held fixed no axis of the study" in text
    assert "Space about 1,000 variants (a continuous range counts as 10,000 values) Objective" in text


def test_section_stands_first_and_the_others_keep_their_numbers(several: pathlib.Path) -> None:
    page = page_of(several)
    assert headings_of(page) == [*HEADINGS[:3], "1. Search", *HEADINGS[4:]]
    drawn = figures_of(page)
    assert list(drawn)[:6] == [
        "figure-first",
        "figure-rank",
        "figure-progress",
        "figure-front",
        "figure-importances",
        "figure-certainty",
    ]
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values


def test_dimensions_say_what_may_be_chosen_when_and_what_was(search_run: pathlib.Path) -> None:
    rows = {row[0]: row[1:] for row in table_of(page_of(search_run), "Search space")}
    assert rows["rule"] == ["plain, guarded", "", "guarded"]
    assert rows["rate.window"] == ["20 to 400, integers, on a log scale", "", "243"]
    assert rows["trend.use"] == ["on, off", "", "off"]
    assert rows["trend.window"] == ["20 to 140, step 20", "trend on", "off"]
    assert rows["crowd.on_above"] == ["threshold levels: a grid in each trial", "", "0.8"]
    assert list(rows) == ["rule", "trend.use", "trend.window", "rate.window", "rate.on_above", "rate.off_below",
                          "crowd.on_above"]  # fmt: skip


def test_table_holds_the_front_then_the_best_with_what_is_off(several: pathlib.Path) -> None:
    page, record = page_of(several), search_of(several)
    rows = table_of(page, "Pareto front and the best other trials")
    numbers = [re.match(r"\d+", row[0])[0] for row in rows]  # type: ignore[index]
    front = [str(one["number"]) for one in record["front"]]
    assert numbers[: len(front)] == front
    assert all("*" in row[0] for row in rows[: len(front)])
    assert rows[0][0] == "26* (base)"
    assert "4" not in numbers  # repeats another
    assert len(numbers) == len(set(numbers)) == max(10, len(front))
    table = trials_table(40, 3).set_index("number")
    for row in rows:
        trial = table.loc[int(re.match(r"\d+", row[0])[0])]  # type: ignore[index]
        rule, window, crowd = row[4], row[5], row[7]
        assert rule == trial["chosen.rule"]
        assert window == ("off" if trial["chosen.trend.use"] == "off" else f"{trial['chosen.trend.window']:g}")
        assert crowd == ("–" if rule == "plain" else "0.8")
        assert row[1:3] == [
            f"{trial['value.plateau']:.2f}",
            f"{100 * trial['value.max_drawdown']:.1f}%".replace("-", "−"),
        ]
    assert "All of these have rate.on_above 0.3, rate.off_below −0.2." in words_of(page)
    assert "A dash: the trial's rule does not use the parameter." in words_of(page)


def test_trials_short_of_the_requirements_come_last_and_are_marked(search_run: pathlib.Path) -> None:
    table = trials_table(13, 1)
    table.to_parquet(search_run / "trials.parquet")
    rows = table_of(page_of(search_run), "The best trials")
    assert [row[0] for row in rows if "†" in row[0]] == ["5†"]
    assert rows[-1][0] == "5†"
    assert len(rows) == 10


def test_without_trials_the_front_alone_is_listed(several: pathlib.Path) -> None:
    (several / "trials.parquet").unlink()
    page = page_of(several)
    assert "Progress: not computable: the folder holds no trial with a defined objective." in words_of(page)
    rows = table_of(page, "Pareto front and the best other trials")
    assert len(rows) == len(search_of(several)["front"])


def test_absent_parts_read_not_computable(several: pathlib.Path) -> None:
    (several / "trials.parquet").unlink()
    text = words_of(render_search(several, {"objective": "sharpe"}))
    assert "Parameters: not computable: search.json names none." in text
    assert "Progress: not computable: the folder holds no trial with a defined objective." in text
    assert "Importances: not computable: too few trials, or all have the same objective." in text
    assert "Trials: not computable: the folder holds no trial with a defined objective." in text
    assert "Walk-forward of the search: not computable" in text
    assert "found by a search of – variants" in text
    assert "None" not in text


@given(st.floats(0.0, 40.0))
def test_powers_of_ten_read_as_what_they_are(digits: float) -> None:
    text = power(digits).replace(",", "")
    mantissa, _, exponent = text.partition(" × 10")
    plain = exponent.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    assert float(mantissa) * 10.0 ** int(plain or 0) == pytest.approx(10.0**digits, rel=0.051, abs=0.5)


def test_powers_of_ten() -> None:
    assert power(16.909694) == "8.1 × 10¹⁶"
    assert power(15.9999) == "1.0 × 10¹⁶"
    assert power(3.0) == "1,000"
    assert power(16.909694, 997_057) == "8.1 × 10¹⁰"
