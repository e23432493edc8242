"""The section of confidence intervals."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.support.page import (
    page_of,
)
from tests.support.run_folder import write_run
from tests.support.statistics_page import render_statistics, statistics_of
from tests.support.statistics_record import write_statistics


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_statistics(write_run(tmp_path, days=700))


def test_record_too_short_is_marked(run: pathlib.Path) -> None:
    record = statistics_of(run)
    record["who"]["base"]["in_sample"] |= {"min_track_record_years": None}
    record["who"]["best"]["in_sample"] |= {"min_track_record_years": 0.5}
    page = render_statistics(run, record)
    assert '<td class="fail">∞</td>' in page
    assert '<td class="">0.5</td>' in page


def test_ensemble_is_one_more_column_with_blanks_where_not_computed(run: pathlib.Path) -> None:
    page = page_of(run)
    assert page.count(">Ensemble</th>") == 2
    weights = re.search(r"<tr><td>Weight in small</td>(.*?)</tr>", page)
    assert weights is not None
    assert re.findall(r">([^<]*)</td>", weights[1])[2] == ""
