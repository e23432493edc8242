"""The page of a search: what is said of a search, and what only of a plain run."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pandas as pd

from gridproof.results.report.report import write_report
from tests.support.page import (
    figures_of,
    loads_nothing,
    nulled,
    page_of,
    paths_of,
    table_of,
    words_of,
)
from tests.support.run_folder import rewrite_summary
from tests.support.search_folder import FOUND, SAMPLE, trials_table, write_search
from tests.support.search_page import add_verdict, render_search, search_of


def test_headline_says_that_a_search_found_it_and_ranks_it_among_its_surroundings(search_run: pathlib.Path) -> None:
    text = words_of(page_of(search_run))
    assert re.search(
        r"Variant found by a search of 41,300 variants: Sharpe ratio −?\d\.\d\d, CAGR −?[\d.]+% in sample, better", text
    )
    assert "better than 97.2% of the 52,920 variants (7,560 distinct) around it." in text
    assert "Out of sample, on days that the search did not use (from 2010-" in text
    assert "Best variant around it in sample: Sharpe ratio" in text


PLAIN_ALONE = [
    "Base variant",
    "The best was chosen by its",
    "share of the evaluated variants",
    "all variants, in sample",
    "The base was not chosen as the best",
    "the best of this sweep",
    "this sweep has",
    "of the choices) whose",
    "here they are better than",
    "did not publish",
    "choices with different returns",
]


def test_what_is_true_of_a_plain_run_alone_is_not_said(search_run: pathlib.Path) -> None:
    page = words_of(page_of(search_run))
    assert [said for said in PLAIN_ALONE if said in page] == []
    for name in ("search.json", "trials.parquet"):
        (search_run / name).unlink()
    page = words_of(page_of(search_run))
    assert [said for said in PLAIN_ALONE if said not in page] == []


def test_page_without_a_search_is_what_it_was(tmp_path: pathlib.Path) -> None:
    add_verdict(write_search(tmp_path))
    (tmp_path / "trials.parquet").unlink()
    kept = (tmp_path / "search.json").read_text()
    (tmp_path / "search.json").unlink()
    plain = write_report(tmp_path).read_bytes()
    (tmp_path / "search.json").write_text(kept)
    assert write_report(tmp_path).read_bytes() != plain
    (tmp_path / "search.json").unlink()
    assert write_report(tmp_path).read_bytes() == plain
    text = words_of(plain.decode())
    assert text.count("search") == text.count("search stays “no”")


def test_tests_name_the_cells_they_are_over_and_what_flatters(search_run: pathlib.Path) -> None:
    text = words_of(page_of(search_run))
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
    assert "what concerns the base is too favourable, except on the days after publication." in text
    assert "choices 52,920" in text
    assert "distinct 7,560" not in text[text.index("4. Deflated") : text.index("5. Prob")]


def test_states_that_say_nothing_are_not_drawn(search_run: pathlib.Path) -> None:
    band = figures_of(page_of(search_run))["figure-curves"]["data"][-1]
    assert band["y"] == ["base holds", "best holds", "rate", "crowd"]


def test_folds_over_cells_of_the_search_show_all_that_it_chose(search_run: pathlib.Path) -> None:
    record = json.loads((search_run / "statistics.json").read_text())
    for place, fold in enumerate(record["walk_forward"]["folds"]):
        fold["parameters"] = FOUND | {"rule": "plain" if place else "guarded"}
    (search_run / "statistics.json").write_text(json.dumps(record))
    rows = table_of(page_of(search_run), "Walk-forward")
    assert [row[2:4] for row in rows[:2]] == [["guarded", "0.8"], ["plain", "–"]]
    text = words_of(page_of(search_run))
    assert "In every fold: trend off, rate.window 243, rate.on_above 0.3, rate.off_below −0.2." in text


def test_text_is_escaped_in_tables_and_figures(several: pathlib.Path) -> None:
    nasty = "</script><b>x</b>"
    record = search_of(several) | {"stopped": nasty, "require": [nasty], "sampler": nasty, "pruned_reasons": {nasty: 9}}
    record["objectives"][0] |= {"name": nasty, "meaning": nasty}
    record["space"]["dimensions"][0] |= {"name": nasty, "values": [nasty, "x"], "only_if_on": [nasty]}
    record["space"]["fixed"] = {nasty: nasty}
    record["importances"][0]["shares"] = {nasty: 1.0}
    for one in (record["best"], *record["front"]):
        one["chosen"][nasty] = nasty
    table = trials_table(40, 3).rename(columns={"value.plateau": f"value.{nasty}"})
    table.assign(**{f"chosen.{nasty}": [nasty, "other"] * 20}).to_parquet(several / "trials.parquet")
    page = render_search(several, record)
    assert nasty not in page
    assert page.count("&lt;/script&gt;&lt;b&gt;x&lt;/b&gt;") > 8


def test_same_folder_gives_same_bytes_and_loads_nothing(several: pathlib.Path) -> None:
    first = write_report(several).read_bytes()
    table = pd.read_parquet(several / "trials.parquet")
    table.sample(frac=1.0, random_state=1).to_parquet(several / "trials.parquet")  # order of the rows does not matter
    assert write_report(several).read_bytes() == first
    assert loads_nothing(page_of(several))


def test_any_number_may_be_null(tmp_path: pathlib.Path) -> None:
    record = search_of(add_verdict(write_search(tmp_path, objectives=3, walk=True)))
    needed = {"name", "objective", "train_from", "train_to", "test_from", "test_to", "number", "date", "nav", "values"}
    leaves = [path for path in paths_of(record) if path[-1] not in needed]
    assert len(leaves) > 60
    for chosen in [leaves[k::4] for k in range(4)]:
        text = words_of(render_search(tmp_path, nulled(record, chosen)))
        assert "None" not in text, text[text.index("None") - 80 :][:160]


def test_study_without_publication_says_that_the_search_saw_all(search_run: pathlib.Path) -> None:
    def unpublished(summary: dict[str, Any]) -> None:
        summary["window"]["published"] = None
        summary["base"]["after_publication"] = summary["best"]["after_publication"] = None

    rewrite_summary(search_run, unpublished)
    text = words_of(page_of(search_run))
    assert "The study names no publication date: the search used every day, so all results are in sample." in text
    assert "the search used the days in sample only, which are all" in text


def test_without_a_verdict_the_page_is_of_a_search_too(tmp_path: pathlib.Path) -> None:
    text = words_of(page_of(write_search(tmp_path)))
    assert "No verdict was computed" in text
    assert "3. Rank of the base among the variants around it" in text
    assert "the best variant of a search looks good even where none has any edge" in text
    assert "around the base and says nothing about the search; another grid" in text
