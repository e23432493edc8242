"""Exports of data vendors become tidy tables: the same values, whatever the format; appended days; refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels.errors import InputError
from tests.support import vendors
from tests.support.vendors import PRICES, WRITERS, bars

FIELDS = [*PRICES, "volume", "amount"]


def imported(kind: str, files: list[Path], out: Path, **options: bool) -> pd.DataFrame:
    gp.import_data(kind, files, out, **options)
    return pd.read_parquet(out)


@pytest.mark.parametrize("name", WRITERS)
def test_values_come_back(name: str, tmp_path: Path) -> None:
    kind, write = WRITERS[name]

    @settings(max_examples=3)
    @given(days=st.integers(2, 24), seed=st.integers(0, 1_000))
    def check(days: int, seed: int) -> None:
        frame = bars(days, seed=seed)
        found = imported(kind, write(tmp_path, frame), tmp_path / "out.parquet")
        assert found["date"].tolist() == frame["date"].tolist()
        assert set(found["code"]) == {"600000.SH"}
        for field in FIELDS:
            wanted = frame[field]
            if name == "qlib" or (name == "tdx" and field == "amount"):
                wanted = wanted.astype("float32").astype("float64")
            assert found[field].tolist() == wanted.tolist(), field

    check()


@pytest.mark.parametrize("name", ["tushare", "akshare", "baostock", "wind", "choice", "qlib", "tdx"])
def test_securities_and_days_without_one(name: str, tmp_path: Path) -> None:
    """A day without a row, or without a value, of one of two securities has no row of it."""
    kind, write = WRITERS[name]
    one, other = bars(6), bars(6, "000001.SZ", seed=1)
    frame = pd.concat([one, other.drop(index=[2])], ignore_index=True)
    found = imported(kind, write(tmp_path, frame), tmp_path / "out.parquet")
    wanted = frame.sort_values(["date", "code"])
    assert found["code"].tolist() == wanted["code"].tolist()
    np.testing.assert_allclose(found["close"], wanted["close"], rtol=1e-7)
    assert not found[["date", "code"]].duplicated().any()


def test_a_halted_day_stays_a_row_of_baostock(tmp_path: Path) -> None:
    (path,) = vendors.baostock(tmp_path, bars(3))
    text = path.read_text(encoding="utf-8").splitlines()
    cells = text[2].split(",")
    text[2] = ",".join([*cells[:6], "", "", "3", "0", "1"])
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    found = imported("baostock", [path], tmp_path / "out.parquet")
    assert found["suspended"].tolist() == [0, 1, 0]
    assert found["st"].tolist() == [0, 1, 0]
    assert np.isnan(found["volume"][1])


INDICATORS = """指标名称,M1:同比,社会融资规模
频率,月,月
单位,%,亿元
指标ID,M0001383,M5525755
2024-01,5.9,65000
2024-02,1.2,--
数据来源：Wind
"""


def test_a_sheet_of_indicators(tmp_path: Path) -> None:
    path = tmp_path / "edb.csv"
    path.write_text(INDICATORS, encoding="gb18030")
    found = imported("wind", [path], tmp_path / "out.parquet")
    assert found["date"].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-31", "2024-02-29"]
    assert found["M1:同比"].tolist() == [0.059, 0.012]
    assert found["社会融资规模"].tolist()[0] == 6.5e12
    assert np.isnan(found["社会融资规模"][1])
    record = json.loads((tmp_path / "out.import.json").read_text(encoding="utf-8"))
    assert record["imports"][0]["files"][0]["columns"]["M1:同比"] == "M1:同比 (from % to fraction)"


def test_files_of_other_columns_are_joined(tmp_path: Path) -> None:
    daily = vendors.tushare(tmp_path, bars(3))
    factors = tmp_path / "adj_factor.csv"
    factors.write_text(
        "ts_code,trade_date,adj_factor\n600000.SH,20240103,2.5\n600000.SH,20240104,2.5\n", encoding="utf-8"
    )
    found = imported("tushare", [*daily, factors], tmp_path / "out.parquet")
    assert found["factor"].tolist()[1:] == [2.5, 2.5]
    assert np.isnan(found["factor"][0])
    other = tmp_path / "basic.csv"
    other.write_text("ts_code,trade_date,close,pe\n600000.SH,20240103,1.5,5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"600000\.SH on 2024-01-03 has one close"):
        imported("tushare", [*daily, other], tmp_path / "other.parquet")


def test_an_appended_day_is_the_same_file(tmp_path: Path) -> None:
    frame = pd.concat([bars(9), bars(9, "000001.SZ", seed=1)])
    (whole,) = vendors.tushare(tmp_path, frame)
    imported("tushare", [whole], tmp_path / "whole.parquet")
    days = sorted(set(frame["date"]))
    out = tmp_path / "step.parquet"
    imported("tushare", vendors.tushare(tmp_path, frame[frame["date"] <= days[6]]), out)
    record = gp.import_data("tushare", vendors.tushare(tmp_path, frame[frame["date"] >= days[6]]), out, append=True)
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert [record["imports"][1][key] for key in ("new_rows", "same_rows", "revisions")] == [4, 2, []]


def test_a_change_of_the_past_is_refused_or_recorded(tmp_path: Path) -> None:
    frame = bars(6)
    out = tmp_path / "out.parquet"
    imported("tushare", vendors.tushare(tmp_path, frame), out)
    before = out.read_bytes()
    changed = frame.copy()
    changed.loc[2, "volume"] = 123_400.0
    later = pd.concat([changed[2:], bars(1, start="2024-01-10")])
    with pytest.raises(InputError, match=r"600000.SH 2024-01-04: volume was \d+.0, is 123400.0. Add --revise"):
        imported("tushare", vendors.tushare(tmp_path, later), out, append=True)
    assert out.read_bytes() == before
    record = gp.import_data("tushare", vendors.tushare(tmp_path, later), out, append=True, revise=True)
    old = float(frame["volume"][2])
    revision = {"date": "2024-01-04", "code": "600000.SH", "column": "volume", "old": old, "new": 123_400.0}
    assert record["imports"][1]["revisions"] == [revision]
    assert record["imports"][1]["same_rows"] == 3
    assert pd.read_parquet(out)["volume"].tolist() == [*changed["volume"], later["volume"].iloc[-1]]


def test_a_day_that_enters_the_past_is_a_change(tmp_path: Path) -> None:
    frame, out = bars(6), tmp_path / "out.parquet"
    imported("tushare", vendors.tushare(tmp_path, frame.drop(index=2)), out)
    with pytest.raises(InputError, match="2024-01-04: was not there"):
        imported("tushare", vendors.tushare(tmp_path, frame), out, append=True)
    imported("tushare", vendors.tushare(tmp_path, frame), tmp_path / "whole.parquet")
    imported("tushare", vendors.tushare(tmp_path, frame), out, append=True, revise=True)
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_factor_on_all_past_prices_is_named(tmp_path: Path) -> None:
    frame, out = bars(6), tmp_path / "out.parquet"
    imported("tushare", vendors.tushare(tmp_path, frame), out)
    paid = frame.assign(**{name: frame[name] * 0.9 for name in PRICES})
    with pytest.raises(InputError, match=r"All past prices are multiplied by 0\.9, as after a dividend"):
        imported("tushare", vendors.tushare(tmp_path, paid), out, append=True)


def test_only_an_import_is_replaced_or_appended_to(tmp_path: Path) -> None:
    files, out = vendors.tushare(tmp_path, bars(6)), tmp_path / "out.parquet"
    with pytest.raises(InputError, match="--append adds to an import"):
        imported("tushare", files, out, append=True)
    bars(3).to_parquet(out)
    with pytest.raises(InputError, match="an import replaces no other file"):
        imported("tushare", files, out)
    out.unlink()
    imported("tushare", files, out)
    imported("tushare", files, out)
    with pytest.raises(InputError, match="is of the kind of the import"):
        imported("baostock", vendors.baostock(tmp_path, bars(6)), out, append=True)
    bars(3).to_parquet(out)
    with pytest.raises(InputError, match="which was changed since"):
        imported("tushare", files, out, append=True)


def adjusted(frame: pd.DataFrame, factor: float, difference: float) -> pd.DataFrame:
    """The prices before the last tenth, as a vendor adjusts them for dividends; amounts and volumes stay."""
    found, early = frame.copy(), frame.index < 0.9 * len(frame)
    for name in PRICES:
        found.loc[early, name] = np.round(frame.loc[early, name] * factor - difference, 2)
    return found


def test_how_prices_are_adjusted_is_measured(tmp_path: Path) -> None:
    frame = bars(400)
    record = gp.import_data("akshare", vendors.akshare(tmp_path, frame), tmp_path / "raw.parquet")
    assert record["adjustment"]["kind"] == "none"
    by_ratio = vendors.akshare(tmp_path, adjusted(frame, 0.7, 0.0))
    record = gp.import_data("akshare", by_ratio, tmp_path / "ratio.parquet")
    assert record["adjustment"]["kind"] == "forward"
    with pytest.raises(
        InputError, match=r"close is about 0\.9\d × traded price -3\.\d\d|close is about 1\.0\d × traded"
    ):
        gp.import_data("akshare", vendors.akshare(tmp_path, adjusted(frame, 1.0, 3.0)), tmp_path / "less.parquet")
    with pytest.raises(InputError, match="a price is above 0"):
        gp.import_data("akshare", vendors.akshare(tmp_path, adjusted(frame, 1.0, 20.0)), tmp_path / "less.parquet")
    assert not (tmp_path / "less.parquet").exists()


def test_forward_adjusted_days_must_overlap(tmp_path: Path) -> None:
    frame, out = adjusted(bars(400), 0.7, 0.0), tmp_path / "out.parquet"
    imported("akshare", vendors.akshare(tmp_path, frame[:390]), out)
    with pytest.raises(InputError, match="must overlap"):
        imported("akshare", vendors.akshare(tmp_path, frame[390:]), out, append=True)


def test_tdx_subtracts_unless_it_says_by_ratio(tmp_path: Path) -> None:
    frame = bars(30)
    with pytest.raises(InputError, match=r"subtracts dividends .* at SH#600000\.txt:1"):
        gp.import_data("tdx", vendors.tdx_text(tmp_path, frame, "前复权"), tmp_path / "out.parquet")
    record = gp.import_data("tdx", vendors.tdx_text(tmp_path, frame, "等比前复权"), tmp_path / "out.parquet")
    assert record["adjustment"]["stated"] == "forward"


def test_a_volume_in_another_unit_is_named(tmp_path: Path) -> None:
    frame = bars(30)
    lots = frame.assign(volume=frame["volume"] * 100)  # shares where the vendor has lots
    with pytest.raises(InputError, match="amount / volume is the price of a share"):
        gp.import_data("tushare", vendors.tushare(tmp_path, lots), tmp_path / "out.parquet")


def test_rows_that_repeat_or_contradict(tmp_path: Path) -> None:
    (path,) = vendors.akshare(tmp_path, bars(4))
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[2]]) + "\n", encoding="utf-8")
    record = gp.import_data("akshare", path, tmp_path / "out.parquet")
    assert record["imports"][0]["files"][0]["dropped"] == {"repeats another row": 1}
    wrong = lines[2].split(",")
    path.write_text("\n".join([*lines, ",".join([*wrong[:3], "99", *wrong[4:]])]) + "\n", encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"600000.SH on 2024-01-03 has one row; got close .* at akshare.csv:3 and 99.0 at akshare.csv:6",
    ):
        gp.import_data("akshare", path, tmp_path / "out.parquet")


def test_a_damaged_qlib_folder_is_named(tmp_path: Path) -> None:
    (home,) = vendors.qlib(tmp_path, bars(6))
    path = home / "features" / "sh600000" / "close.day.bin"
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b"\0" * 8, np.array([-1.0], "<f4").tobytes() + whole[4:], b""):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"within the 6 days of the calendar, .* in .*close\.day\.bin"):
            gp.import_data("qlib", home, tmp_path / "out.parquet")
    path.write_bytes(whole)
    (home / "instruments" / "all.txt").write_text("SH600001\t2024-01-02\t2024-01-09\n", encoding="utf-8")
    record = gp.import_data("qlib", home, tmp_path / "out.parquet")
    notes = " ".join(record["imports"][0]["files"][0]["notes"])
    assert "in instruments/all.txt without values: sh600001" in notes


def test_minute_bars(tmp_path: Path) -> None:
    records = np.zeros(3, "<u2,<u2,<f4,<f4,<f4,<f4,<f4,<u4,<u4")
    records["f0"], records["f1"] = (2024 - 2004) * 2048 + 102, (571, 572, 573)
    for at, price in enumerate((10.01, 10.04, 9.99, 10.02), 2):
        records[f"f{at}"] = price
    records["f6"], records["f7"] = 1_002_000, 100_000
    records.tofile(tmp_path / "sh600000.lc1")
    found = imported("tdx", [tmp_path / "sh600000.lc1"], tmp_path / "out.parquet")
    assert found["datetime"].astype(str).tolist()[0] == "2024-01-02 09:31:00"
    assert found["close"].tolist() == [10.02] * 3
    (tmp_path / "sh600000.lc1").write_bytes(records.tobytes()[:-1])
    with pytest.raises(InputError, match="32 bytes for each bar"):
        imported("tdx", [tmp_path / "sh600000.lc1"], tmp_path / "out.parquet")


def test_what_is_no_import(tmp_path: Path) -> None:
    files = vendors.tushare(tmp_path, bars(3))
    for kind, paths, rule in (
        ("yahoo", files, "data import knows these kinds"),
        ("tushare", [], "an import has files"),
        ("tushare", [tmp_path / "none.csv"], "must exist"),
        ("qlib", files, "qlib is a folder"),
    ):
        with pytest.raises(InputError, match=rule):
            gp.import_data(kind, paths, tmp_path / "out.parquet")
    (tmp_path / "names.csv").write_text("ts_code,trade_date,name\n600000.SH,20240102,abc\n", encoding="utf-8")
    with pytest.raises(InputError, match="has a column of numbers"):
        gp.import_data("tushare", tmp_path / "names.csv", tmp_path / "out.parquet")
