"""The walk-forward of a whole search."""

from __future__ import annotations

import pathlib
import re

import numpy as np

from gridproof.results.report.sections.search_walk_forward import NOT_RUN
from tests.support.page import (
    figures_of,
    page_of,
    table_of,
    values_of,
    words_of,
)
from tests.support.search_folder import write_search
from tests.support.search_page import add_verdict, render_search, search_of


def test_walk_forward_of_the_search_stands_beside_base_and_legs(tmp_path: pathlib.Path) -> None:
    page = page_of(add_verdict(write_search(tmp_path, walk=True)))
    figure = figures_of(page)["figure-searched-walk"]
    assert [line["name"] for line in figure["data"]][-2:] == ["base", "search repeated in each fold"]
    walk = search_of(tmp_path)["walk_forward"]
    np.testing.assert_allclose(values_of(figure["data"][-1]["y"], "<f4"), walk["curve"]["nav"], rtol=4e-5)
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


def test_walk_forward_that_was_not_made_says_so(search_run: pathlib.Path) -> None:
    assert f"Walk-forward of the search: {NOT_RUN}." in words_of(page_of(search_run))
    record = search_of(search_run) | {"walk_forward_why": "the days are <too> few"}
    assert "Walk-forward of the search: not computable: the days are &lt;too&gt; few." in words_of(
        render_search(search_run, record)
    )
