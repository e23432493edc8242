"""Writes daily bars as data vendors export them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.workbook import write_workbook

PRICES = ["open", "high", "low", "close"]


def bars(days: int, code: str = "600000.SH", start: str = "2024-01-02", seed: int = 0) -> pd.DataFrame:
    """Bars of one share: prices in cents, volumes in lots of 100 shares, amounts at the mean of low and high."""
    rng = np.random.default_rng(seed)
    closes = np.round(10 * np.exp(np.cumsum(rng.normal(0, 0.02, days))), 2)
    frame = pd.DataFrame({"date": pd.bdate_range(start, periods=days), "code": code})
    frame["open"], frame["high"], frame["low"] = closes, np.round(closes + 0.1, 2), np.round(closes - 0.1, 2)
    frame["close"] = closes
    frame["volume"] = 100.0 * rng.integers(1_000, 9_000, days)
    frame["amount"] = np.round(frame["volume"] * closes)
    return frame


def _scaled(value: float, power: int) -> str:
    return format(Decimal(repr(value)).scaleb(power).normalize(), "f")


def _csv(path: Path, header: str, rows: list[str], encoding: str = "utf-8", footer: str = "") -> list[Path]:
    path.write_bytes(("\n".join([header, *rows]) + "\n" + footer).encode(encoding))
    return [path]


def tushare(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """As DataFrame.to_csv writes a part of a frame: rows numbered, newest first, lots and thousands of yuan."""
    rows = [
        f"{at},{one.code},{one.date:%Y%m%d},{one.open},{one.high},{one.low},{one.close},"
        f"{_scaled(one.volume, -2)},{_scaled(one.amount, -3)}"
        for at, one in zip(frame.index[::-1] + 5, frame[::-1].itertuples(), strict=True)
    ]
    return _csv(folder / "tushare.csv", ",ts_code,trade_date,open,high,low,close,vol,amount", rows)


def akshare(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """stock_zh_a_hist: Chinese names, codes without market, lots."""
    rows = [
        f"{one.date:%Y-%m-%d},{one.code[:6]},{one.open},{one.close},{one.high},{one.low},{_scaled(one.volume, -2)},"
        f"{one.amount}"
        for one in frame.itertuples()
    ]
    return _csv(folder / "akshare.csv", "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额", rows)


def baostock(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """query_history_k_data_plus: all texts."""
    rows = [
        f"{one.date:%Y-%m-%d},{one.code[7:].lower()}.{one.code[:6]},{one.open:.10f},{one.high:.10f},{one.low:.10f},"
        f"{one.close:.10f},{one.volume:.0f},{one.amount:.4f},3,1,0"
        for one in frame.itertuples()
    ]
    header = "date,code,open,high,low,close,volume,amount,adjustflag,tradestatus,isST"
    return _csv(folder / "baostock.csv", header, rows)


def wind(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """One security a row, in GB18030, thousands separated, units in the header, a note below."""
    rows = [
        f"{one.code},某某股份,{one.date:%Y/%m/%d},{one.open},{one.high},{one.low},{one.close},"
        f'"{_scaled(one.volume, -4)}","{_scaled(one.amount, -4)}"'
        for one in frame.itertuples()
    ]
    header = "代码,名称,日期,开盘价(元),最高价(元),最低价(元),收盘价(元),成交量(万股),成交金额(万元)"
    return _csv(folder / "wind.csv", header, rows, "gb18030", "\n数据来源：Wind\n")


def choice(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """A workbook of which each security has its columns side by side, codes above, dates as such, — for no value."""
    names = {
        "open": "开盘价",
        "high": "最高价",
        "low": "最低价",
        "close": "收盘价",
        "volume": "成交量",
        "amount": "成交额",
    }
    codes, days = list(dict.fromkeys(frame["code"])), sorted(set(frame["date"]))
    by_key = {(one.date, one.code): one for one in frame.itertuples()}
    rows: list[list[object]] = [
        ["", *(code for code in codes for _ in names)],
        ["日期", *(name for _ in codes for name in names.values())],
    ]
    for day in days:
        found = [by_key.get((day, code)) for code in codes]
        cells = [getattr(one, name) if one is not None else "——" for one in found for name in names]
        rows.append([day.date(), *cells])
    rows += [[], ["数据来源：东方财富Choice数据"]]
    path = folder / "choice.xlsx"
    write_workbook(path, {"Sheet1": rows})
    return [path]


def qlib(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """A folder as dump_bin writes it."""
    home = folder / "qlib_data"
    days = sorted(set(frame["date"]))
    for name in ("calendars", "instruments"):
        (home / name).mkdir(parents=True, exist_ok=True)
    (home / "calendars" / "day.txt").write_text("".join(f"{day:%Y-%m-%d}\n" for day in days), encoding="utf-8")
    lines = []
    for code, part in frame.groupby("code", sort=False):
        own = f"{str(code)[7:]}{str(code)[:6]}"
        lines.append(f"{own}\t{part.date.min():%Y-%m-%d}\t{part.date.max():%Y-%m-%d}\n")
        place = home / "features" / own.lower()
        place.mkdir(parents=True, exist_ok=True)
        first = days.index(part["date"].iloc[0])
        values = part.set_index("date").reindex(days[first : days.index(part["date"].iloc[-1]) + 1])
        for field in [*PRICES, "volume", "amount"]:
            np.hstack([first, values[field].to_numpy()]).astype("<f").tofile(place / f"{field}.day.bin")
    (home / "instruments" / "all.txt").write_text("".join(lines), encoding="utf-8")
    return [home]


def tdx(folder: Path, frame: pd.DataFrame) -> list[Path]:
    """A .day file for each security."""
    paths = []
    for code, part in frame.groupby("code", sort=False):
        records = np.zeros(len(part), "<u4,<u4,<u4,<u4,<u4,<f4,<u4,<u4")
        records["f0"] = part["date"].dt.strftime("%Y%m%d").astype(int)
        for at, name in enumerate(PRICES, 1):
            records[f"f{at}"] = np.round(part[name] * 100)
        records["f5"], records["f6"] = part["amount"], part["volume"]
        path = folder / f"{str(code)[7:].lower()}{str(code)[:6]}.day"
        records.tofile(path)
        paths.append(path)
    return paths


def tdx_text(folder: Path, frame: pd.DataFrame, adjusted: str = "不复权") -> list[Path]:
    """The text that TDX exports, in GBK."""
    code = str(frame["code"].iloc[0])
    rows = [
        f"{one.date:%Y/%m/%d}\t{one.open}\t{one.high}\t{one.low}\t{one.close}\t{one.volume:.0f}\t{one.amount}"
        for one in frame.itertuples()
    ]
    names = "\t    ".join(["      日期", "开盘", "最高", "最低", "收盘", "成交量", "成交额"])
    header = f"{code[:6]} 某某股份 日线 {adjusted}\n{names}"
    return _csv(folder / f"{code[7:]}#{code[:6]}.txt", header, rows, "gbk", "数据来源:通达信\n")


WRITERS: dict[str, tuple[str, Callable[[Path, pd.DataFrame], list[Path]]]] = {
    "tushare": ("tushare", tushare),
    "akshare": ("akshare", akshare),
    "baostock": ("baostock", baostock),
    "wind": ("wind", wind),
    "choice": ("choice", choice),
    "qlib": ("qlib", qlib),
    "tdx": ("tdx", tdx),
    "tdx text": ("tdx", tdx_text),
}
