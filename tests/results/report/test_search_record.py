"""The report of a search's folder: what was searched is shown as it is, and the rest of the page is true of it."""

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

from gridproof.results.report.report import write_report
from gridproof.results.report.search_record import SearchRecord, Trial, read_search
from gridproof.results.report.sections.search import power
from gridproof.results.report.sections.search_figures import best_so_far
from gridproof.results.report.sections.search_walk_forward import NOT_RUN
from tests.support.page import (
    HEADINGS,
    figures_of,
    headings_of,
    loads_nothing,
    nulled,
    page_of,
    paths_of,
    table_of,
    values_of,
    words_of,
)
from tests.support.run_folder import rewrite_summary
from tests.support.search_folder import FOUND, OBJECTIVES, SAMPLE, front_of, trials_table, write_search
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return judged(write_search(tmp_path))


@pytest.fixture
def several(tmp_path: pathlib.Path) -> pathlib.Path:
    return judged(write_search(tmp_path, objectives=3))


def judged(folder: pathlib.Path) -> pathlib.Path:
    write_statistics(folder)
    record = json.loads((folder / "statistics.json").read_text())
    record["method"] |= {"sampled": True, "sample": SAMPLE}
    record["not_covered"] = [
        "How the strategy was found: what its authors tried and did not publish is in no count here."
    ]
    (folder / "statistics.json").write_text(json.dumps(record))
    return folder


def record_of(folder: pathlib.Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "search.json").read_text())
    return record


def rendered(folder: pathlib.Path, record: dict[str, Any]) -> str:
    (folder / "search.json").write_text(json.dumps(record))
    return page_of(folder)


def test_headline_says_that_a_search_found_it_and_ranks_it_among_its_surroundings(run: pathlib.Path) -> None:
    text = words_of(page_of(run))
    assert re.search(
        r"Variant found by a search of 41,300 variants: Sharpe ratio −?\d\.\d\d, CAGR −?[\d.]+% in sample, better", text
    )
    assert "better than 97.2% of the 52,920 variants (7,560 distinct) around it." in text
    assert "Out of sample, on days that the search did not use (from 2010-" in text
    assert "Best variant around it in sample: Sharpe ratio" in text


PLAIN_ALONE = [
    "Published variant",
    "The base was published",
    "share of the evaluated variants",
    "all variants, in sample",
    "The base was not chosen as the best",
    "the best of this sweep",
    "this sweep has",
    "of the grid) whose",
    "here they are better than",
    "did not publish",
    "variants with different returns",
]


def test_what_is_true_of_a_plain_run_alone_is_not_said(run: pathlib.Path) -> None:
    page = words_of(page_of(run))
    assert [said for said in PLAIN_ALONE if said in page] == []
    for name in ("search.json", "trials.parquet"):
        (run / name).unlink()
    page = words_of(page_of(run))
    assert [said for said in PLAIN_ALONE if said not in page] == []


def test_page_without_a_search_is_what_it_was(tmp_path: pathlib.Path) -> None:
    judged(write_search(tmp_path))
    (tmp_path / "trials.parquet").unlink()
    kept = (tmp_path / "search.json").read_text()
    (tmp_path / "search.json").unlink()
    plain = write_report(tmp_path).read_bytes()
    (tmp_path / "search.json").write_text(kept)
    assert write_report(tmp_path).read_bytes() != plain
    (tmp_path / "search.json").unlink()
    assert write_report(tmp_path).read_bytes() == plain
    text = words_of(plain.decode())
    assert text.count("search") == 0


def test_tests_name_the_cells_they_are_over_and_what_flatters(run: pathlib.Path) -> None:
    text = words_of(page_of(run))
    assert f"Tested The tests use {SAMPLE}; 7,560 of them have different returns, base and best included." in text
    assert "percentiles, surfaces, plateau and sensitivity from the sweep." in text
    assert f"The tests use {SAMPLE}" in text[text.index("3. Data snooping") : text.index("4. Deflated")]
    assert "The search chose the base from all variants that it evaluated" in text
    assert "the best of this search would still show a median Sharpe ratio" in text
    assert "this search has" in text
    assert "they do not repeat the search" in text
    assert text.count("is favourable to the search") == 3
    assert "see section 1" not in text[text.index("7. Stability") : text.index("8. Stress")]
    assert "repeated on the past of each fold avoids it: that was not done." in text
    assert "earlier trials are in no count here." in text
    assert "passes them too easily; the gate on the days after publication is the exception." in text
    assert "all variants 52,920" in text
    assert "distinct 7,560" not in text[text.index("4. Deflated") : text.index("5. Prob")]


def test_facts_say_what_was_searched_and_why_it_stopped(several: pathlib.Path) -> None:
    text = words_of(page_of(several))
    done = record_of(several)["trials"]
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
        f"Pruned {done['empty']} of 40 trials: objective undefined; most frequent reason ({done['empty'] - 1} times):"
        in text
    )
    assert "no cell of it has a sharpe; 1 more repeated an earlier trial at no cost" in text
    assert "Switched off trend: never on in the rule" in text


def test_other_ways_of_searching_are_said(run: pathlib.Path) -> None:
    record = record_of(run) | {"cells_a_trial": None, "points_a_batch": 500, "around": True, "sampler": "elves"}
    record["space"] |= {"held": {}, "digits": 3.0}
    text = words_of(rendered(run, record | {"require": []}))
    assert "by elves, seed 3; single variants, 500 in a batch, each with its neighbours one and two steps away" in text
    assert "Required nothing" in text
    assert "Held fixed no axis of the study" in text
    assert "Space about 1,000 variants (a continuous range counts as 10,000 values) Objective" in text


def test_section_stands_first_and_the_others_keep_their_numbers(several: pathlib.Path) -> None:
    page = page_of(several)
    assert headings_of(page) == ["1. Search", *HEADINGS[1:]]
    drawn = figures_of(page)
    assert list(drawn)[:4] == ["figure-progress", "figure-front", "figure-importances", "figure-certainty"]
    for figure in drawn.values():
        go.Figure(figure)  # refuses unknown properties and values


def test_states_that_say_nothing_are_not_drawn(run: pathlib.Path) -> None:
    band = figures_of(page_of(run))["figure-curves"]["data"][-1]
    assert band["y"] == ["base holds", "best holds", "rate", "crowd"]


def test_dimensions_say_what_may_be_chosen_when_and_what_was(run: pathlib.Path) -> None:
    rows = {row[0]: row[1:] for row in table_of(page_of(run), "Search space")}
    assert rows["rule"] == ["plain, guarded", "", "guarded"]
    assert rows["rate.window"] == ["20 to 400, integers, on a log scale", "", "243"]
    assert rows["trend.use"] == ["on, off", "", "off"]
    assert rows["trend.window"] == ["20 to 140, step 20", "trend on", "off"]
    assert rows["crowd.on_above"] == ["threshold levels: a grid in each trial", "", "0.8"]
    assert list(rows) == ["rule", "trend.use", "trend.window", "rate.window", "rate.on_above", "rate.off_below",
                          "crowd.on_above"]  # fmt: skip


def test_progress_shows_every_trial_and_the_best_so_far(run: pathlib.Path) -> None:
    page, table = page_of(run), trials_table(40, 1)
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


def test_search_that_was_still_improving_is_said_to_be(run: pathlib.Path) -> None:
    table = trials_table(40, 1)
    table.loc[39, "value.plateau"] = 1.5
    table.to_parquet(run / "trials.parquet")
    assert "is number 39, counted from 0: Plateau (Sharpe ratio) 1.50" in words_of(page_of(run))
    assert "The search was still improving when it stopped: more trials would probably find better ones." in words_of(
        page_of(run)
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
    record = record_of(tmp_path)
    record["objectives"][0]["maximise"] = maximise
    line = figures_of(rendered(tmp_path, record))["figure-front"]["data"][-2]
    assert line["x"] == sorted(line["x"])
    assert line["line"]["shape"] == ("vh" if maximise else "hv")


def test_front_of_one_trial_says_so(several: pathlib.Path) -> None:
    record = record_of(several)
    text = words_of(rendered(several, record | {"front": record["front"][:1]}))
    assert "at least as good as every other trial that meets the requirements in all objectives" in text


def test_one_objective_has_no_front(run: pathlib.Path) -> None:
    page = page_of(run)
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


def test_table_holds_the_front_then_the_best_with_what_is_off(several: pathlib.Path) -> None:
    page, record = page_of(several), record_of(several)
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


def test_trials_short_of_the_requirements_come_last_and_are_marked(run: pathlib.Path) -> None:
    table = trials_table(13, 1)
    table.to_parquet(run / "trials.parquet")
    rows = table_of(page_of(run), "The best trials")
    assert [row[0] for row in rows if "†" in row[0]] == ["5†"]
    assert rows[-1][0] == "5†"
    assert len(rows) == 10


def test_without_uses_only_switches_tell_what_is_off(run: pathlib.Path) -> None:
    record = record_of(run)
    del record["space"]["uses"]
    searched = read_search(run)
    assert searched is not None
    assert searched.text("crowd.on_above", FOUND | {"rule": "plain"}) == "–"
    assert SearchRecord(record, None).text("crowd.on_above", FOUND | {"rule": "plain"}) == "0.8"
    assert SearchRecord(record, None).text("trend.window", FOUND) == "off"
    assert searched.text("execution.cost", FOUND) == "0.001"
    assert "execution.cost 0.001" not in words_of(rendered(run, record)).split("Search space")[1][:400]


def test_walk_forward_of_the_search_stands_beside_base_and_legs(tmp_path: pathlib.Path) -> None:
    page = page_of(judged(write_search(tmp_path, walk=True)))
    figure = figures_of(page)["figure-searched-walk"]
    assert [line["name"] for line in figure["data"]][-2:] == ["base", "search repeated in each fold"]
    walk = record_of(tmp_path)["walk_forward"]
    np.testing.assert_allclose(values_of(figure["data"][-1]["y"], "<f4"), walk["curve"]["nav"], rtol=1e-6)
    rows = table_of(page, "Walk-forward of the whole search")
    assert [row[2:] for row in rows] == [
        ["10", "plain", "77", "–", "1.40", "0.20"],
        ["11", "guarded", "243", "0.8", "1.30", "0.30"],
        ["12", "guarded", "243", "0.8", "1.20", "0.40"],
    ]
    part = page[page.index("<h3>Walk-forward of the whole") : page.index("Sweep around the base")]
    assert len(re.findall(r'class="(?:start )?moved"', part)) == 3
    text = words_of(page)
    line = (
        "Walk-forward of the whole search: Sharpe ratio 0.31 (t-statistic 0.55), CAGR 2.1% over 150 out-of-sample days;"
    )
    assert text.count(line) == 2  # in the headline and above the figure
    assert "the search was repeated 3 times on past days only, with 40 trials each." in text
    assert "On average 1.5 of 6 parameters changed from one fold to the next; the rule or the set of" in text
    assert "signals changed 1 of 2 times. A real effect would be found again in each fold." in text
    assert "In every fold: trend off, rate.on_above 0.3, rate.off_below −0.2." in text
    assert "repeated on the past of each fold avoids it: see section 1." in text


def test_walk_forward_that_was_not_made_says_so(run: pathlib.Path) -> None:
    assert f"Walk-forward of the search: {NOT_RUN}." in words_of(page_of(run))
    record = record_of(run) | {"walk_forward_why": "the days are <too> few"}
    assert "Walk-forward of the search: not computable: the days are &lt;too&gt; few." in words_of(
        rendered(run, record)
    )


def test_folds_over_cells_of_the_search_show_all_that_it_chose(run: pathlib.Path) -> None:
    record = json.loads((run / "statistics.json").read_text())
    for place, fold in enumerate(record["walk_forward"]["folds"]):
        fold["parameters"] = FOUND | {"rule": "plain" if place else "guarded"}
    (run / "statistics.json").write_text(json.dumps(record))
    rows = table_of(page_of(run), "Walk-forward")
    assert [row[2:4] for row in rows[:2]] == [["guarded", "0.8"], ["plain", "–"]]
    text = words_of(page_of(run))
    assert "In every fold: trend off, rate.window 243, rate.on_above 0.3, rate.off_below −0.2." in text


def test_text_is_escaped_in_tables_and_figures(several: pathlib.Path) -> None:
    nasty = "</script><b>x</b>"
    record = record_of(several) | {"stopped": nasty, "require": [nasty], "sampler": nasty, "complaints": {nasty: 9}}
    record["objectives"][0] |= {"name": nasty, "meaning": nasty}
    record["space"]["dimensions"][0] |= {"name": nasty, "values": [nasty, "x"], "only_if_on": [nasty]}
    record["space"]["held"] = {nasty: nasty}
    record["importances"][0]["shares"] = {nasty: 1.0}
    for one in (record["best"], *record["front"]):
        one["chosen"][nasty] = nasty
    table = trials_table(40, 3).rename(columns={"value.plateau": f"value.{nasty}"})
    table.assign(**{f"chosen.{nasty}": [nasty, "other"] * 20}).to_parquet(several / "trials.parquet")
    page = rendered(several, record)
    assert nasty not in page
    assert page.count("&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;") > 8


def test_same_folder_gives_same_bytes_and_loads_nothing(several: pathlib.Path) -> None:
    first = write_report(several).read_bytes()
    table = pd.read_parquet(several / "trials.parquet")
    table.sample(frac=1.0, random_state=1).to_parquet(several / "trials.parquet")  # order of the rows does not matter
    assert write_report(several).read_bytes() == first
    assert loads_nothing(page_of(several))


def test_without_trials_the_front_alone_is_listed(several: pathlib.Path) -> None:
    (several / "trials.parquet").unlink()
    page = page_of(several)
    assert "Progress: not computable: the folder holds no trial with a defined objective." in words_of(page)
    rows = table_of(page, "Pareto front and the best other trials")
    assert len(rows) == len(record_of(several)["front"])


def test_absent_parts_read_not_computable(several: pathlib.Path) -> None:
    (several / "trials.parquet").unlink()
    text = words_of(rendered(several, {"objective": "sharpe"}))
    assert "Parameters: not computable: search.json names none." in text
    assert "Progress: not computable: the folder holds no trial with a defined objective." in text
    assert "Importances: not computable: too few trials, or all have the same objective." in text
    assert "Trials: not computable: the folder holds no trial with a defined objective." in text
    assert "Walk-forward of the search: not computable" in text
    assert "found by a search of – variants" in text
    assert "None" not in text


def test_any_number_may_be_null(tmp_path: pathlib.Path) -> None:
    record = record_of(judged(write_search(tmp_path, objectives=3, walk=True)))
    needed = {"name", "objective", "train_from", "train_to", "test_from", "test_to", "number", "date", "nav", "values"}
    leaves = [path for path in paths_of(record) if path[-1] not in needed]
    assert len(leaves) > 60
    for chosen in [leaves[k::4] for k in range(4)]:
        text = words_of(rendered(tmp_path, nulled(record, chosen)))
        assert "None" not in text, text[text.index("None") - 80 :][:160]


def test_study_without_publication_says_that_the_search_saw_all(run: pathlib.Path) -> None:
    def unpublished(summary: dict[str, Any]) -> None:
        summary["window"]["published"] = None
        summary["base"]["after_publication"] = summary["best"]["after_publication"] = None

    rewrite_summary(run, unpublished)
    text = words_of(page_of(run))
    assert "The study names no publication date: the search used every day, so all results are in sample." in text
    assert "the search used the days in sample only, which are all" in text


def test_without_a_verdict_the_page_is_of_a_search_too(tmp_path: pathlib.Path) -> None:
    text = words_of(page_of(write_search(tmp_path)))
    assert "No verdict was computed" in text
    assert "3. Rank of the base among the variants around it" in text
    assert "the best variant of a search looks good even where none has any edge" in text
    assert "around the base and says nothing about the search; another grid" in text


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
