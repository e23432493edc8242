"""Excel workbooks: the sheet, its header rows, real dates, and cells of mixed types."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.file.table import Table
from tests.support.workbook import write_workbook

ROWS = [[date(2020, 3, day), day + 0.5] for day in range(2, 6)]
TABLE = [["date", "close"], *ROWS]


def read(folder: Path, sheets: dict[str, list[list[object]]], sheet: str | None = None, **options: list[str]) -> Table:
    write_workbook(folder / "w.xlsx", sheets, **options)
    return read_table("w.xlsx", folder, "here", sheet)


def test_dates_and_numbers_are_native(tmp_path: Path) -> None:
    table = read(tmp_path, {"S": TABLE})
    assert table.cells["date"].to_numpy().astype("datetime64[D]").tolist() == [row[0] for row in ROWS]
    assert table.cells["close"].tolist() == [2.5, 3.5, 4.5, 5.5]
    assert table.place(0) == "w.xlsx row 2"
    assert table.layout == ("sheet 'S'",)


def test_the_layout_of_wind(tmp_path: Path) -> None:
    above = [[None, "虚构指数"], [None, "990002.CSI"], ["日期", "收盘价"], ["Date", "close"]]
    table = read(tmp_path, {"S": [*above, *ROWS, [], ["数据来源:Wind资讯"]]})
    assert table.rows.tolist() == [5, 6, 7, 8]
    assert table.column("Date", "here") == table.column("日期", "here") == "日期"
    assert table.column("close", "here") == table.column("990002.CSI", "here") == "收盘价"
    assert table.layout == ("sheet 'S'", "4 header rows", "1 line below the data left out: 数据来源:Wind资讯")


def test_a_table_that_begins_lower_and_to_the_right(tmp_path: Path) -> None:
    table = read(tmp_path, {"S": [[], [None, "a title"], [], *([None, *row] for row in TABLE)]})
    assert list(table.cells.columns) == ["date", "close"]
    assert table.rows.tolist() == [5, 6, 7, 8]


def test_merged_names_are_joined(tmp_path: Path) -> None:
    above = [["", "A", None, "B", None], ["date", "close", "volume", "close", "volume"]]
    table = read(tmp_path, {"S": [*above, *([row[0], 1, 2, 3, 4] for row in ROWS)]})
    assert table.cells[table.column("B / close", "here")].tolist() == [3.0] * 4


def test_a_column_with_text_is_text_throughout(tmp_path: Path) -> None:
    rows = [["date", "close", "code"], [date(2020, 3, 2), "--", 300], [date(2020, 3, 3), 3.5, "000300"]]
    table = read(tmp_path, {"S": rows})
    assert table.cells["close"].tolist() == ["--", "3.5"]
    assert table.cells["code"].tolist() == ["300", "000300"]


def test_an_empty_cell_among_numbers_is_not_a_number(tmp_path: Path) -> None:
    table = read(tmp_path, {"S": [*TABLE, [date(2020, 3, 6), None]]})
    np.testing.assert_array_equal(table.cells["close"], [2.5, 3.5, 4.5, 5.5, np.nan])


def test_several_sheets_need_a_choice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 with cells in w.xlsx. Write sheet: with one of S, T"):
        read(tmp_path, {"S": TABLE, "T": TABLE})
    table = read(tmp_path, {"S": TABLE, "T": TABLE}, "T")
    assert table.place(0) == "w.xlsx sheet T row 2"
    with pytest.raises(InputError, match=r"must have the sheet; got U. Its sheets are S, T"):
        read_table("w.xlsx", tmp_path, "here", "U")
    assert read(tmp_path, {"S": TABLE, "empty": []}).layout == ("sheet 'S'",)
    assert read(tmp_path, {"S": TABLE, "T": TABLE}, hidden=["T"]).layout == ("sheet 'S'",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "a visible sheet with cells"),
        ([["date", "close"]], "rows of data; got only a header at w.xlsx row 1"),
        ([["date", "close"], [None, 3.0], *ROWS], "a row below the header must have a date; got none at w.xlsx row 2"),
        (
            [["item", *(date(2020, 3, day) for day in (2, 3, 4))], ["M1", 1, 2, 3], ["M2", 1, 2, 3]],
            "dates side by side",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error(rows: list[list[object]], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, {"S": rows})
    assert message in str(error.value)


def test_a_row_below_the_data_that_is_no_note_stays(tmp_path: Path) -> None:
    table = read(tmp_path, {"S": [*TABLE, ["Total", 16.0]]})
    assert table.cells["date"].iloc[-1] == "Total"  # an error of the column of dates


def test_a_damaged_workbook_is_one_error(tmp_path: Path) -> None:
    write_workbook(tmp_path / "whole.xlsx", {"S": TABLE})
    data = (tmp_path / "whole.xlsx").read_bytes()
    for size in (40, len(data) // 2, len(data) - 10):
        (tmp_path / "cut.xlsx").write_bytes(data[:size])
        with pytest.raises(InputError, match=r"cut.xlsx, which is a damaged zip archive"):
            read_table("cut.xlsx", tmp_path, "here")


def test_a_damaged_old_workbook_is_one_error_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + b"\x3e\x00\x03\x00\xfe\xff\x09\x00" + bytes(80)
    for size in (100, 600, 5000):
        (tmp_path / "d.xls").write_bytes((data + bytes(range(256)) * 20)[:size])
        with pytest.raises(InputError, match=r"a workbook must be readable; got d.xls"):
            read_table("d.xls", tmp_path, "here")
    assert capfd.readouterr() == ("", "")


def test_text_named_as_a_workbook_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_bytes("日期\t收盘\n2020-03-02\t3\n2020-03-03\t4\n".encode("gb18030"))
    table = read_table("t.xls", tmp_path, "here")
    assert table.layout == ("GB18030", "tab-separated")
    assert isinstance(table.cells, pd.DataFrame)
