"""What the report reads of a search."""

from __future__ import annotations

import pathlib

import pytest

from gridproof.results.report.search_record import SearchRecord, read_search
from tests.support.page import (
    words_of,
)
from tests.support.search_folder import FOUND, write_search
from tests.support.search_page import add_verdict, render_search, search_of


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return add_verdict(write_search(tmp_path))


def test_without_uses_only_switches_tell_what_is_off(run: pathlib.Path) -> None:
    record = search_of(run)
    del record["space"]["uses"]
    searched = read_search(run)
    assert searched is not None
    assert searched.text("crowd.on_above", FOUND | {"rule": "plain"}) == "–"
    assert SearchRecord(record, None).text("crowd.on_above", FOUND | {"rule": "plain"}) == "0.8"
    assert SearchRecord(record, None).text("trend.window", FOUND) == "off"
    assert searched.text("execution.cost", FOUND) == "0.001"
    assert "execution.cost 0.001" not in words_of(render_search(run, record)).split("Search space")[1][:400]
