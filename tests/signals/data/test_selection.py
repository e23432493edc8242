"""The rows of one series in a file of several: where, code, and files that hold several series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.errors import InputError
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Observations, Source
from tests.support.workbook import write_workbook

STACKED = "ts_code,kind,date,close\n" + "".join(
    f"{code},{kind},2020-03-0{day},{day + index}\n"
    for index, (code, kind) in enumerate([("000300", "a"), ("000905", "a"), ("300", "b"), ("000300", "b")])
    for day in (2, 3, 4)
)


def series(folder: Path, file: str = "f.csv", **keys: object) -> Observations:
    return read(Source("x", file, "close", where="here", **keys), folder)  # type: ignore[arg-type]


@pytest.fixture
def stacked(tmp_path: Path) -> Path:
    (tmp_path / "f.csv").write_text(STACKED)
    return tmp_path


def test_where_chooses_by_several_columns(stacked: Path) -> None:
    found = series(stacked, filters=(("ts_code", "000300"), ("kind", "b")))
    assert found.values.tolist() == [5.0, 6.0, 7.0]
    assert series(stacked, filters=(("ts_code", "000905"),)).values.tolist() == [3.0, 4.0, 5.0]


def test_text_keeps_its_zeros_and_a_number_is_compared_by_value(stacked: Path, tmp_path: Path) -> None:
    assert series(stacked, filters=(("ts_code", "300"),)).values.tolist() == [4.0, 5.0, 6.0]
    assert series(stacked, filters=(("ts_code", 300),)).values.tolist() == [4.0, 5.0, 6.0]
    assert series(stacked, filters=(("ts_code", 905),)).values.tolist() == [3.0, 4.0, 5.0]
    with pytest.raises(InputError, match="must hold the ts_code; got 0300"):
        series(stacked, filters=(("ts_code", "0300"),))


@pytest.mark.parametrize("stored", [np.int64, np.float64, str])
def test_codes_stored_as_numbers_and_as_text(stored: type, tmp_path: Path) -> None:
    codes = pd.Series([300, 300, 905]).astype(stored)
    dates = pd.to_datetime(["2020-03-02", "2020-03-03", "2020-03-02"])
    pd.DataFrame({"id": codes, "date": dates, "close": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "f.parquet")
    for value in (300, 300.0) if stored is not str else (300, "300"):
        assert series(tmp_path, "f.parquet", filters=(("id", value),)).values.tolist() == [1.0, 2.0]
    if stored is not str:
        assert series(tmp_path, "f.parquet", filters=(("id", "000300"),)).values.tolist() == [1.0, 2.0]


def test_a_number_that_is_written_in_two_ways_is_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("id,date,close\n0300,2020-03-02,1\n00300,2020-03-03,2\n")
    with pytest.raises(InputError, match=r"300, which is 0300 and 00300 in column id of f.csv. Write it in quotes"):
        series(tmp_path, filters=(("id", 300),))


def test_code_finds_the_one_column_that_holds_it(stacked: Path) -> None:
    found = series(stacked, code="000905")
    assert found.values.tolist() == [3.0, 4.0, 5.0]
    assert "code 000905 in column ts_code" in found.understood
    text = STACKED.replace("000905,a", "a,a")
    (stacked / "f.csv").write_text(text)
    with pytest.raises(InputError, match=r"got a in ts_code and kind of f.csv. Write where: \{ts_code: …\}"):
        series(stacked, code="a")
    with pytest.raises(InputError, match=r"must hold the code; got nothing. Its columns are ts_code, kind"):
        series(stacked, code="nothing")


def test_guarded_and_padded_codes_are_found(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("date,代码,close\n2020-03-02,'000300,1\n2020-03-03, 000300 ,2\n")
    assert series(tmp_path, code="000300").values.tolist() == [1.0, 2.0]
    frame = pd.DataFrame({"date": pd.to_datetime(["2020-03-02"]), "code": ["000300 "], "close": [1.0]})
    frame.to_parquet(tmp_path / "f.parquet")
    assert series(tmp_path, "f.parquet", code="000300").values.tolist() == [1.0]


def test_a_missing_value_names_the_nearest(stacked: Path) -> None:
    with pytest.raises(InputError, match=r"must hold the ts_code; got 000906. Correct the ts_code; .* 000905"):
        series(stacked, filters=(("ts_code", "000906"),))
    with pytest.raises(InputError, match="must have the column that a series names; got code"):
        series(stacked, filters=(("code", "000906"),))


def test_a_file_of_several_series_names_its_column(tmp_path: Path) -> None:
    text = "ts_code,date,close\n" + "".join(f"{code},2020-03-0{day},1\n" for code in ("A.SH", "B.SZ") for day in (2, 3))
    for order in (text, "\n".join(["ts_code,date,close", *sorted(text.splitlines()[1:], key=lambda row: row[5:])])):
        (tmp_path / "f.csv").write_text(order)
        with pytest.raises(InputError) as error:
            series(tmp_path)
        assert "f.csv holds several series; got 2 in column ts_code: A.SH, B.SZ" in str(error.value)
        assert "Choose one with where: {ts_code: A.SH}" in str(error.value)


def test_series_end_to_end_are_a_warning(tmp_path: Path) -> None:
    text = "ts_code,date,close\nA.SH,2020-03-02,1\nA.SH,2020-03-03,2\nB.SZ,2020-03-04,3\n"
    (tmp_path / "f.csv").write_text(text)
    assert series(tmp_path).warnings == (
        "column ts_code changes from A.SH to B.SZ on 2020-03-04 at f.csv:4; if these are several series, choose one "
        "with where: {ts_code: B.SZ}",
    )
    assert series(tmp_path, code="A.SH").warnings == ()


def test_dates_that_no_column_tells_apart_are_out_of_order(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("date,close\n2020-03-02,1\n2020-03-02,2\n2020-03-03,3\n")
    with pytest.raises(InputError, match=r"in order and given once; got 2020-03-02 then 2020-03-02 at f.csv:3"):
        series(tmp_path)


def test_newest_first_is_turned_round_and_said(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("date,close,known\n2020-03-03,2,2020-03-05\n2020-03-02,1,2020-03-04\n")
    found = series(tmp_path)
    assert found.values.tolist() == [1.0, 2.0]
    assert found.columns["known"].astype(str).tolist() == ["2020-03-04", "2020-03-05"]
    assert "newest first" in found.understood


def test_a_sheet_of_a_workbook(tmp_path: Path) -> None:
    rows = [["date", "close"], ["2020-03-02", 1.0], ["2020-03-03", 2.0]]
    write_workbook(tmp_path / "w.xlsx", {"S": rows, "T": [*rows[:2], ["2020-03-03", 3.0]]})
    assert series(tmp_path, "w.xlsx", sheet="T").values.tolist() == [1.0, 3.0]


def test_the_columns_of_several_header_rows(tmp_path: Path) -> None:
    text = "Price,Close,Open\nTicker,A,A\nDate,,\n2020-03-02,1,9\n2020-03-03,2,9\n"
    (tmp_path / "f.csv").write_text(text)
    assert read(Source("x", "f.csv", "Close", date="Date", where="here"), tmp_path).values.tolist() == [1.0, 2.0]
