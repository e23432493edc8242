"""What the report reads of a search."""

from __future__ import annotations

import pathlib

from gridproof.results.report.search_record import SearchRecord, read_search
from tests.support.page import (
    words_of,
)
from tests.support.search_folder import FOUND
from tests.support.search_page import render_search, search_of


def test_without_uses_only_switches_tell_what_is_off(search_run: pathlib.Path) -> None:
    record = search_of(search_run)
    del record["space"]["uses"]
    searched = read_search(search_run)
    assert searched is not None
    assert searched.text("crowd.on_above", FOUND | {"rule": "plain"}) == "–"
    assert SearchRecord(record, None).text("crowd.on_above", FOUND | {"rule": "plain"}) == "0.8"
    assert SearchRecord(record, None).text("trend.window", FOUND) == "off"
    assert searched.text("execution.cost", FOUND) == "0.001"
    assert "execution.cost 0.001" not in words_of(render_search(search_run, record)).split("Search space")[1][:400]
