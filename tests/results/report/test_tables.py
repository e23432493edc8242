"""The tables of axes and of the best variants."""

from __future__ import annotations

import pathlib

import pandas as pd
import pytest

from tests.support.page import (
    page_of,
)
from tests.support.run_folder import write_run


@pytest.fixture
def run(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_run(tmp_path)


def test_top_table_marks_the_base_and_stops_at_twenty(run: pathlib.Path) -> None:
    page = page_of(run)
    assert page.count('<tr class="isbase"><td>4 (base)</td>') == page.count('isbase"><td>4') == 1
    assert "The first 20 of 30 rows" in page


def test_top_table_names_once_what_all_rows_share(run: pathlib.Path) -> None:
    top = pd.read_parquet(run / "top.parquet")
    top.assign(**{"execution.cost": 0.0, "crowd.on_above": 0.8}).to_parquet(run / "top.parquet")
    page = page_of(run)
    assert "All of these have crowd.on_above 0.8 (as the base), execution.cost 0 (base 0.001)." in page
    assert "crowd.<wbr>on_" not in page


def test_shared_units_are_written_once(run: pathlib.Path) -> None:
    assert "30, 45, 60 calendar days" in page_of(run)
    assert 'release <span class="unit">calendar days</span>' in page_of(run)
