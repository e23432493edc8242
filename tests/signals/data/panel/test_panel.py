"""Long tables as panels: days and stocks in order, values where there are rows, nothing from later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.signals.data.panel.panel import carried
from gridproof.signals.data.panel.panel_file import read_panel

ROWS = pd.DataFrame(
    {
        "date": [20200103, 20200102, 20200106, 20200102, 20200106],
        "code": ["b", "b", "a", "a", "c"],
        "close": [11.0, 10.0, 5.5, 5.0, 7.0],
        "st": [True, False, False, False, True],
        "shares": [3, 3, 2, 2, 9],
    }
)


def panel_of(rows: pd.DataFrame, folder: Path, **keys: Any) -> Any:
    rows.to_parquet(folder / "stocks.parquet")
    return read_panel("stocks.parquet", folder, "panel.file", **keys)


def test_rows_in_any_order_become_days_and_stocks(tmp_path: Path) -> None:
    panel = panel_of(ROWS, tmp_path)
    assert panel.codes == ("a", "b", "c")
    assert [str(day) for day in panel.dates] == ["2020-01-02", "2020-01-03", "2020-01-06"]
    nan = np.nan
    np.testing.assert_array_equal(panel.column("close"), [[5.0, 10.0, nan], [nan, 11.0, nan], [5.5, nan, 7.0]])
    np.testing.assert_array_equal(panel.column("st"), [[0.0, 0.0, nan], [nan, 1.0, nan], [0.0, nan, 1.0]])


@pytest.mark.parametrize(
    "dates",
    [
        ["2020-01-03", "2020-01-02", "2020-01-06", "2020-01-02", "2020-01-06"],
        pd.to_datetime(["2020-01-03", "2020-01-02", "2020-01-06", "2020-01-02", "2020-01-06"]),
    ],
    ids=["text", "stamps"],
)
@pytest.mark.parametrize("stored", ["text", "categories in another order, one of them unused"])
def test_the_types_that_files_store(dates: Any, stored: str, tmp_path: Path) -> None:
    rows = ROWS.assign(date=dates)
    if stored != "text":
        rows["code"] = pd.Categorical(rows["code"], categories=["c", "never", "b", "a"])
    panel = panel_of(rows, tmp_path)
    np.testing.assert_array_equal(panel.column("close"), panel_of(ROWS, tmp_path).column("close"))
    assert panel.codes == ("a", "b", "c")


def test_missing_numbers_are_unknown(tmp_path: Path) -> None:
    rows = ROWS.assign(
        shares=pd.array([3, None, 2, 2, 9], dtype="Int64"), st=pd.array([True, None, False, False, None])
    )
    panel = panel_of(rows, tmp_path)
    np.testing.assert_array_equal(panel.column("shares")[0], [2.0, np.nan, np.nan])
    np.testing.assert_array_equal(panel.column("st")[2], [0.0, np.nan, np.nan])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"code": ["b", "a", "a", "a", "c"]},
            r"one row for each day and stock; got a on 2020-01-02 at .* row 2 and row 4",
        ),
        ({"code": ["b", None, "a", "a", "c"]}, r"every row of a panel must have a code; got nothing at .* row 2"),
        ({"date": [20200103, None, 20200106, 20200102, 20200106]}, r"must have a date; got nothing at .* row 2"),
        ({"date": [20200103, 20200102, 20201306, 20200102, 20200106]}, r"a date must be a day of the calendar"),
    ],
)
def test_a_row_that_cannot_be_placed_is_named(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match=message):
        panel_of(ROWS.assign(**change), tmp_path)


def test_columns_are_named_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match=r"panel\.file: the file stocks\.parquet must have the columns .*; got day"):
        panel_of(ROWS, tmp_path, date="day")
    with pytest.raises(gp.InputError, match=r"got closed\. Its columns are .*the nearest is 'close'"):
        panel_of(ROWS.assign(other=1), tmp_path).column("closed")
    with pytest.raises(gp.InputError, match=r"a field of a panel has numbers, or true and false; got name"):
        panel_of(ROWS.assign(name="x"), tmp_path).column("name")


def test_a_file_that_is_not_there_or_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match=r"the file of a panel must exist"):
        read_panel("none.parquet", tmp_path, "panel.file")
    (tmp_path / "text.parquet").write_text("date,code\n")
    with pytest.raises(gp.InputError, match=r"the file of a panel is a Parquet file; got text\.parquet"):
        read_panel("text.parquet", tmp_path, "panel.file")


def test_a_suspended_stock_keeps_its_last_traded_close_and_one_that_left_too() -> None:
    nan = np.nan
    values = np.array([[nan, 4.0], [2.0, 5.0], [9.0, nan], [3.0, nan]])
    known = np.array([[False, True], [True, True], [False, False], [True, False]])
    np.testing.assert_array_equal(carried(values, known), [[nan, 4.0], [2.0, 5.0], [2.0, 5.0], [3.0, 5.0]])


@settings(max_examples=30)
@given(st.data())
def test_later_rows_change_nothing_before_them(data: st.DataObject) -> None:
    days, stocks = data.draw(st.integers(2, 7)), data.draw(st.integers(1, 4))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    values: Floats = random.random((days, stocks))
    known = random.random((days, stocks)) < 0.6
    until = data.draw(st.integers(1, days - 1))
    np.testing.assert_array_equal(carried(values, known)[:until], carried(values[:until], known[:until]))
