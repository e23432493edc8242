"""The figures of a search: progress, Pareto front, importances."""

from __future__ import annotations

import pathlib

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gridproof.results.report.search_record import SearchRecord, Trial
from gridproof.results.report.sections.search_figures import best_so_far
from tests.support.page import (
    figures_of,
    page_of,
    values_of,
    words_of,
)
from tests.support.search_folder import OBJECTIVES, front_of, trials_table, write_search
from tests.support.search_page import render_search, search_of


def test_progress_shows_every_trial_and_the_best_so_far(search_run: pathlib.Path) -> None:
    page, table = page_of(search_run), trials_table(40, 1)
    lines = {line["name"]: line for line in figures_of(page)["figure-progress"]["data"]}
    met = table[table["violation"] == 0.0]
    assert values_of(lines["trial"]["x"]) == met["number"].tolist()
    assert values_of(lines["trial"]["y"]) == met["value.plateau"].tolist()
    short = table[table["violation"] > 0]
    assert values_of(lines["fails the requirements"]["x"]) == short["number"].tolist()
    silent = table[table["state"] == "pruned"]["number"].tolist()
    assert values_of(lines["pruned: objective undefined"]["x"]) == silent
    assert lines["best so far"]["y"][-1] == 1.2
    assert lines["trial 26, the base"]["x"] is not None
    text = words_of(page)
    median = f"{np.median(met['value.plateau']):.2f}"
    assert "The best of 40 trials is number 26, counted from 0: Plateau (Sharpe ratio) 1.20." in text
    assert f"The median of {len(met)} trials that meet the requirements is {median}. The 13 trials after it" in text


def test_search_that_was_still_improving_is_said_to_be(search_run: pathlib.Path) -> None:
    table = trials_table(40, 1)
    table.loc[39, "value.plateau"] = 1.5
    table.to_parquet(search_run / "trials.parquet")
    assert "is number 39, counted from 0: Plateau (Sharpe ratio) 1.50" in words_of(page_of(search_run))
    assert "The search was still improving when it stopped: more trials would probably find better ones." in words_of(
        page_of(search_run)
    )


_TRIALS = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(-3, 3)), max_size=20)


@given(_TRIALS, st.booleans())
def test_best_so_far_is_better_than_all_before_it(drawn: list[tuple[float, int]], maximise: bool) -> None:
    trials = tuple(Trial(k, (float(value),), violation, False, {}, {}) for k, (violation, value) in enumerate(drawn))
    searched = SearchRecord({"objectives": [{"name": "plateau", "maximise": maximise}]}, trials)
    sign = -1 if maximise else 1
    expected = [
        (place, float(value))
        for place, (violation, value) in enumerate(drawn)
        if all((violation, sign * value) < (before, sign * other) for before, other in drawn[:place])
    ]
    assert best_so_far(searched) == expected


def test_front_is_ringed_the_found_one_marked_and_the_third_objective_coloured(several: pathlib.Path) -> None:
    page = page_of(several)
    lines = {line["name"]: line for line in figures_of(page)["figure-front"]["data"] if "name" in line}
    front = front_of(trials_table(40, 3), OBJECTIVES)
    assert len(front) > 2
    assert sorted(values_of(lines["Pareto front"]["x"])) == sorted(row["value.plateau"] for row in front)
    assert values_of(lines["trial 26, the base"]["x"]) == [1.2]
    trials = lines["trial"]
    table = trials_table(40, 3)
    met = table[(table["violation"] == 0) & table["repeats"].isna()].set_index("number")
    for number, x, y, colour in zip(
        trials["text"], *(values_of(one) for one in (trials["x"], trials["y"], trials["marker"]["color"])), strict=True
    ):
        row = met.loc[int(number)]
        assert (x, y, colour) == (row["value.plateau"], row["value.max_drawdown"], row["value.turnover"])
    assert len(trials["text"]) == len(met)
    assert (
        f"{len(front)} trials are on the Pareto front: no other trial is at least as good in all objectives."
        in words_of(page)
    )


@pytest.mark.parametrize("maximise", [True, False])
def test_two_objectives_have_their_front_as_a_staircase(tmp_path: pathlib.Path, maximise: bool) -> None:
    write_search(tmp_path, objectives=2)
    record = search_of(tmp_path)
    record["objectives"][0]["maximise"] = maximise
    line = figures_of(render_search(tmp_path, record))["figure-front"]["data"][-2]
    assert line["x"] == sorted(line["x"])
    assert line["line"]["shape"] == ("vh" if maximise else "hv")


def test_front_of_one_trial_says_so(several: pathlib.Path) -> None:
    record = search_of(several)
    text = words_of(render_search(several, record | {"front": record["front"][:1]}))
    assert "at least as good as every other trial that meets the requirements in all objectives" in text


def test_one_objective_has_no_front(search_run: pathlib.Path) -> None:
    page = page_of(search_run)
    assert "figure-front" not in page
    assert "Pareto front of the objectives" not in page


def test_importances_are_bars_an_objective_with_their_caveat(several: pathlib.Path) -> None:
    page = page_of(several)
    bars = figures_of(page)["figure-importances"]["data"]
    assert [bar["y"] for bar in bars] == [["rate.window", "rule", "trend.use"]] * 3
    assert bars[0]["x"] == [0.5, 0.1, 0]
    text = words_of(page)
    assert "parameters are rate.window 50.0% and rule 10.0% for Plateau (Sharpe ratio); rate.window" in text
    assert "It is no evidence of cause" in text
