"""Days that need no reading cell by cell are those that a reading of each cell gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.signals.data.column import dates
from gridproof.signals.data.column.clear_days import clear_days

DAYS = st.lists(st.dates(), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["%Y-%m-%d", "number", "stored"])
@settings(max_examples=40)
@given(days=DAYS)
def test_clear_days_are_those_of_each_cell(form: str, days: list[Any]) -> None:
    if form == "number":
        cells = pd.Series([day.year * 10_000 + day.month * 100 + day.day for day in days])
    elif form == "stored":
        cells = pd.Series(np.array(days, dtype="datetime64[s]"))
    else:
        cells = pd.Series([day.isoformat() for day in days], dtype="str")
    if (found := clear_days(cells)) is None:
        assert any(not 1600 <= day.year <= 2200 for day in days)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dates, "clear_days", lambda cells: None)
        slow = dates.parse_dates(cells, str, "study")
    assert (found[0] == slow.dates).all()
    assert found[0].dtype == slow.dates.dtype
    assert found[1] == slow.form


@pytest.mark.parametrize(
    "cells",
    [
        [], ["2020-01-02", None], ["2020-1-2"], ["2020-01-02 00:00"], ["2020-02-30"], ["9999-12-31"], [20200230],
        [202001], [20200100], [1577836800], [0.5], [True], pd.to_datetime(["2020-01-02 16:00"]),
        pd.to_datetime(["2020-01-02", None]), pd.to_datetime(["2020-01-02"]).tz_localize("UTC"),
    ],
)  # fmt: skip
def test_all_else_is_read_cell_by_cell(cells: Any) -> None:
    assert clear_days(pd.Series(cells)) is None
