"""Parquet files: the index as columns, and types as they are stored."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.data.file.reader import read_table
from gridproof.signals.data.file.table import Table

DAYS = pd.date_range("2020-03-02", periods=4, name="date")


def read(frame: pd.DataFrame | pa.Table, folder: Path) -> Table:
    if isinstance(frame, pd.DataFrame):
        frame.to_parquet(folder / "f.parquet")
    else:
        pq.write_table(frame, folder / "f.parquet")
    return read_table("f.parquet", folder, "here")


def test_an_index_of_dates_is_a_column(tmp_path: Path) -> None:
    table = read(pd.DataFrame({"v": range(4)}, index=DAYS), tmp_path)
    assert list(table.cells[table.column("date", "here")]) == list(DAYS)
    assert "index 'date' is a column" in table.layout
    assert table.place(3) == "f.parquet row 4"


def test_all_levels_of_an_index_are_columns(tmp_path: Path) -> None:
    index = pd.MultiIndex.from_product([DAYS, ["x", "y"]], names=["date", "code"])
    table = read(pd.DataFrame({"v": range(8)}, index=index), tmp_path)
    assert table.cells["code"].tolist() == ["x", "y"] * 4
    assert table.cells["v"].tolist() == list(range(8))


def test_an_index_without_a_name_is_index_and_row_numbers_are_none(tmp_path: Path) -> None:
    assert "index" in read(pd.DataFrame({"v": range(4)}, index=DAYS.rename(None)), tmp_path).cells
    assert list(read(pd.DataFrame({"v": range(4)}), tmp_path).cells) == ["v"]


def test_an_index_with_the_name_of_a_column_is_named_twice(tmp_path: Path) -> None:
    schema = pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    table = read(schema.rename_columns(["a", "a"]), tmp_path)
    with pytest.raises(InputError, match=r"'a' 2 times. Write 'a \(column 1\)' or 'a \(column 2\)'"):
        table.column("a", "here")


def test_columns_of_several_levels_are_header_rows(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_tuples([("Close", "AAA"), ("Close", "BBB")])
    table = read(pd.DataFrame([[1.0, 2.0]] * 4, index=DAYS, columns=columns), tmp_path)
    assert table.cells[table.column("Close / BBB", "here")].tolist() == [2.0] * 4
    assert table.column("AAA", "here") == "Close / AAA"
    assert list(table.cells[table.column("date", "here")]) == list(DAYS)


def test_decimals_dictionaries_and_dates_without_time(tmp_path: Path) -> None:
    days = [datetime.date(2020, 3, day) for day in (2, 3)]
    stored = pa.table(
        {
            "date": pa.array(days, pa.date32()),
            "price": pa.array([decimal.Decimal("3.25"), None], pa.decimal128(10, 2)),
            "code": pa.array(["000300", "000905"]).dictionary_encode(),
        }
    )
    cells = read(stored, tmp_path).cells
    assert cells["date"].to_numpy().astype("datetime64[D]").tolist() == days
    np.testing.assert_array_equal(cells["price"], [3.25, np.nan])
    assert cells["price"].dtype == np.float64
    assert (cells["code"] == "000905").tolist() == [False, True]


def test_a_damaged_file_is_one_error(tmp_path: Path) -> None:
    read(pd.DataFrame({"v": range(4)}, index=DAYS), tmp_path)
    data = (tmp_path / "f.parquet").read_bytes()
    for size in (4, 60, len(data) - 5):
        (tmp_path / "cut.parquet").write_bytes(data[:size])
        with pytest.raises(InputError, match=r"a market file must be readable; got .*cut.parquet"):
            read_table("cut.parquet", tmp_path, "here")
