"""Files in the styles of many vendors, with invented numbers: what is read as it is, and what is one clear error."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.signals.data.series import read
from gridproof.signals.data.source import Source
from tests.support.workbook import write_workbook

DAYS = pd.bdate_range("2020-03-02", periods=14)
CLOSES = np.array(
    [3120, 3077.29, 3094.31, 3134.35, 3118.18, 3071.57, 3072.23, 3092.92, 3136.78, 3094.15, 3049.24, 3078.12, 3098.71,
     3158.84]
)  # fmt: skip
RATES = CLOSES / 1000
ENDS = pd.date_range("2015-01-31", periods=14, freq="ME")
STARTS = ENDS.to_period("M").to_timestamp()
QUARTERS = pd.date_range("2015-03-31", periods=14, freq="QE")
NEW_YORK, SHANGHAI = zoneinfo.ZoneInfo("America/New_York"), zoneinfo.ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Vendor:
    """A file, the columns that a study names in it, and the dates and values that come out, or what the error says."""

    file: str
    content: str | bytes | Callable[[Path], None]
    date: str
    field: str
    keys: dict[str, Any] | None = None
    dates: pd.DatetimeIndex | None = None
    values: Any = None
    error: str = ""


def rows(line: Callable[[pd.Timestamp, float], str], dates: pd.DatetimeIndex = DAYS, values: Any = CLOSES) -> str:
    return "\n".join(line(date, float(value)) for date, value in zip(dates, values, strict=True)) + "\n"


def backward(text: str) -> str:
    return "\n".join(reversed(text.strip("\n").split("\n"))) + "\n"


def sheet(header: list[list[object]], notes: list[list[object]]) -> Callable[[Path], None]:
    body: list[list[object]] = [[day.date(), float(close)] for day, close in zip(DAYS, CLOSES, strict=True)]
    return lambda path: write_workbook(path, {"S": [*header, *body, *notes]})


def stored(frame: pd.DataFrame, **options: Any) -> Callable[[Path], None]:
    return lambda path: frame.to_parquet(path, **options)


D = "{:%Y-%m-%d}".format
FRAME = pd.DataFrame({"date": DAYS, "close": CLOSES})

VENDORS = {
    "Wind, quotes": Vendor(
        "wind.csv",
        (
            "代码,日期,收盘价(元)\r\n" + rows(lambda day, x: f"990001.SH,{D(day)},{x}\r") + ",,\r\n数据来源：Wind,,\r\n"
        ).encode("gb18030"),
        "日期",
        "收盘价(元)",
    ),
    "Wind, economic data": Vendor(
        "edb.csv",
        "指标名称,虚构指标:当月同比\n频率,月\n单位,%\n"
        + rows(lambda day, x: f"{D(day)},{x}", ENDS)
        + "数据来源：Wind,\n",
        "指标名称",
        "虚构指标:当月同比",
        dates=ENDS,
    ),
    "Wind, millions": Vendor(
        "amount.csv", "日期,成交额\n" + rows(lambda day, x: f"{D(day)},{x}亿"), "日期", "成交额", values=CLOSES * 1e8
    ),
    "Choice": Vendor(
        "choice.csv",
        "\ufeff交易时间,收盘价,涨跌\r\n"
        + rows(lambda day, x: f'{D(day)},"{x:,.4f}",--\r')
        + ",,\r\n数据来源：东方财富Choice数据,,\r\n",
        "交易时间",
        "收盘价",
    ),
    "iFinD": Vendor(
        "ifind.csv", ("时间\t收盘价\n" + rows(lambda day, x: f"{day:%Y/%m/%d}\t{x}")).encode("utf-16"), "时间", "收盘价"
    ),
    "Tushare": Vendor(
        "tushare.csv",
        "ts_code,trade_date,close\n" + backward(rows(lambda day, x: f"990001.SH,{day:%Y%m%d},{x}")),
        "trade_date",
        "close",
    ),
    "Tushare, several": Vendor(
        "many.csv",
        "ts_code,trade_date,close\n"
        + rows(lambda day, x: f"990001.SH,{day:%Y%m%d},{x}")
        + rows(lambda day, x: f"990002.SZ,{day:%Y%m%d},{2 * x}"),
        "trade_date",
        "close",
        {"filters": (("ts_code", "990001.SH"),)},
    ),
    "Tushare, several, none chosen": Vendor(
        "many.csv",
        "ts_code,trade_date,close\n"
        + rows(lambda day, x: f"990001.SH,{day:%Y%m%d},{x}")
        + rows(lambda day, x: f"990002.SZ,{day:%Y%m%d},{2 * x}"),
        "trade_date",
        "close",
        error="where",
    ),
    "AkShare": Vendor("akshare.csv", ",日期,收盘\n" + rows(lambda day, x: f"{day.day},{D(day)},{x}"), "日期", "收盘"),
    "AkShare, months": Vendor(
        "cpi.csv",
        "月份,全国-同比增长\n" + backward(rows(lambda day, x: f"{day:%Y年%m月份},{x}", ENDS)),
        "月份",
        "全国-同比增长",
        dates=ENDS,
    ),
    "JoinQuant": Vendor("jq.csv", ",close\n" + rows(lambda day, x: f"{D(day)},{x}"), "Unnamed: 0", "close"),
    "JoinQuant, stamps": Vendor(
        "jq.csv", ",close\n" + rows(lambda day, x: f"{D(day)} 00:00:00,{x}"), "Unnamed: 0", "close"
    ),
    "RiceQuant": Vendor("rq.parquet", stored(FRAME.set_index("date")), "date", "close"),
    "RiceQuant, two levels": Vendor(
        "rq.parquet",
        stored(FRAME.assign(order_book_id="990001.XSHG").set_index(["order_book_id", "date"])),
        "date",
        "close",
    ),
    "NBS": Vendor(
        "nbs.csv",
        (
            "数据库：月度数据,\n时间,虚构指数\n"
            + backward(rows(lambda day, x: f"{day.year}年{day.month}月,{x}", ENDS))
            + "数据来源：国家统计局,\n"
        ).encode("gbk"),
        "时间",
        "虚构指数",
        dates=ENDS,
    ),
    "NBS, quarters": Vendor(
        "gdp.csv",
        "时间,国内生产总值\n" + rows(lambda day, x: f"{day.year}年第{'一二三四'[day.quarter - 1]}季度,{x}", QUARTERS),
        "时间",
        "国内生产总值",
        dates=QUARTERS,
    ),
    "PBoC, dotted months": Vendor(
        "m2.csv",
        "项目 Item,货币和准货币 M2\n" + rows(lambda day, x: f'{day:%Y.%m},"{x * 1000:,.2f}"', ENDS),
        "项目 Item",
        "货币和准货币 M2",
        dates=ENDS,
        values=CLOSES * 1000,
    ),
    "PBoC, months as numbers that lost a zero": Vendor(
        "m2.csv", "月份,M2\n" + rows(lambda day, x: f"{float(f'{day:%Y.%m}')},{x}", ENDS), "月份", "M2", dates=ENDS
    ),
    "dotted months that lost a zero, unpadded": Vendor(
        "m2.csv",
        "月份,M2\n" + rows(lambda day, x: f"{day.year}.{day.month}".replace(".10", ".1") + f",{x}", ENDS),
        "月份",
        "M2",
        error="lost a zero",
    ),
    "Shibor": Vendor(
        "shibor.csv",
        "\ufeff,O/N,1W,,\n" + rows(lambda day, x: f"{day.year}/{day.month}/{day.day},{x},{x},,", values=RATES),
        "Unnamed: 0",
        "O/N",
        values=RATES,
    ),
    "ChinaBond": Vendor(
        "yield.csv",
        "日期,标准期限说明,收益率(%)\n"
        + rows(lambda day, x: f"{D(day)},10y,{x}", values=RATES)
        + rows(lambda day, x: f"{D(day)},1y,{x / 2}", values=RATES),
        "日期",
        "收益率(%)",
        {"filters": (("标准期限说明", "10y"),)},
        values=RATES,
    ),
    "CFFEX": Vendor(
        "if.csv",
        ("合约代码,日期,收盘价\n" + rows(lambda day, x: f"IF9999  ,{day:%Y%m%d},{x}")).encode("gbk"),
        "日期",
        "收盘价",
    ),
    "FRED": Vendor(
        "fred.csv",
        "DATE,DGS\n" + rows(lambda day, x: f"{D(day)},{'.' if day.day == 6 else x}", values=RATES),
        "DATE",
        "DGS",
        {"drop_missing": True},
        dates=DAYS.delete(4),
        values=np.delete(RATES, 4),
    ),
    "FRED, months": Vendor(
        "fred.csv",
        "observation_date,X\n" + rows(lambda day, x: f"{D(day)},{x}", STARTS),
        "observation_date",
        "X",
        dates=STARTS,
    ),
    "Fed H.15": Vendor(
        "h15.csv",
        '"Series Description","Market yield"\n"Unit:","Percent:_Per_Year"\n"Time Period","RIFLGFCY10_N.B"\n'
        + rows(lambda day, x: f"{D(day)},{'ND' if day.day == 6 else x}", values=RATES),
        "Time Period",
        "RIFLGFCY10_N.B",
        {"drop_missing": True},
        dates=DAYS.delete(4),
        values=np.delete(RATES, 4),
    ),
    "Treasury": Vendor(
        "tsy.csv",
        'Date,"1 Mo","10 Yr"\n' + backward(rows(lambda day, x: f"{day:%m/%d/%Y},1.5,{x}", values=RATES)),
        "Date",
        "10 Yr",
        values=RATES,
    ),
    "Yahoo": Vendor(
        "yahoo.csv",
        "Date,Open,Close,Adj Close\n" + rows(lambda day, x: f"{D(day)},{x - 1},{x},{x}"),
        "Date",
        "Adj Close",
    ),
    "yfinance, stamps": Vendor(
        "yf.csv", "Date,Close\n" + rows(lambda day, x: f"{day.tz_localize(NEW_YORK)},{x}"), "Date", "Close"
    ),
    "Yahoo, three headers": Vendor(
        "yf.csv",
        "Price,Close,Open\nTicker,ZZZ,ZZZ\nDate,,\n" + rows(lambda day, x: f"{D(day)},{x},{x}"),
        "Date",
        "Close",
    ),
    "Stooq": Vendor(
        "stooq.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<CLOSE>\n" + rows(lambda day, x: f"ZZZ.US,D,{day:%Y%m%d},000000,{x}"),
        "<DATE>",
        "<CLOSE>",
    ),
    "Investing, English": Vendor(
        "inv.csv",
        '\ufeff"Date","Price","Vol.","Change %"\n'
        + backward(rows(lambda day, x: f'"{day:%m/%d/%Y}","{x:,.2f}","41.15K","3.33%"')),
        "Date",
        "Price",
    ),
    "Investing, old English": Vendor(
        "inv.csv", '"Date","Price"\n' + backward(rows(lambda day, x: f'"{day:%b %d, %Y}","{x:,.2f}"')), "Date", "Price"
    ),
    "Investing, Chinese": Vendor(
        "inv.csv",
        '"日期","收盘","涨跌幅"\n'
        + backward(rows(lambda day, x: f'"{day.year}年{day.month}月{day.day}日","{x:,.2f}","-0.25%"')),
        "日期",
        "收盘",
    ),
    "Investing, German": Vendor(
        "inv.csv",
        '"Datum","Zuletzt"\n'
        + backward(rows(lambda day, x: f'"{day:%d.%m.%Y}","' + f"{x:,.2f}".translate(str.maketrans(",.", ".,")) + '"')),
        "Datum",
        "Zuletzt",
    ),
    "CBOE": Vendor("vix.csv", "DATE,OPEN,CLOSE\n" + rows(lambda day, x: f"{day:%m/%d/%Y},{x},{x}"), "DATE", "CLOSE"),
    "CBOE, old": Vendor(
        "vix.csv", "Date, Close\n" + backward(rows(lambda day, x: f"{day:%m/%d/%y}, {x}")), "Date", "Close"
    ),
    "Kenneth French": Vendor(
        "f.CSV",
        "This file was created by nobody.\n\n,Mkt-RF,RF\n"
        + rows(lambda day, x: f"{day:%Y%m%d},   {x:.2f},   0.009")
        + "\nCopyright nobody\n",
        "Unnamed: 0",
        "Mkt-RF",
    ),
    "Kenneth French, months": Vendor(
        "f.csv",
        "Created by nobody.\n\n,Mkt-RF\n" + rows(lambda day, x: f"{day:%Y%m},   {x:.2f}", ENDS),
        "Unnamed: 0",
        "Mkt-RF",
        dates=ENDS,
    ),
    "Shiller": Vendor(
        "ie.csv", "Date,P\n" + rows(lambda day, x: f"{float(f'{day:%Y.%m}')},{x}", ENDS), "Date", "P", dates=ENDS
    ),
    "ECB": Vendor(
        "ecb.csv",
        '"DATE","TIME PERIOD","EUR/USD (EXR.D.USD)"\n' + rows(lambda day, x: f'"{D(day)}","{day:%d %b %Y}","{x}"'),
        "DATE",
        "EUR/USD (EXR.D.USD)",
    ),
    "Bundesbank": Vendor(
        "bbk.csv",
        ";BBEX3.D\n;Euro\n" + rows(lambda day, x: f"{D(day)};{x:.4f}".replace(".", ",")),
        "Unnamed: 0",
        "BBEX3.D",
    ),
    "BoE": Vendor("boe.csv", '"DATE","IUDSOIA"\n' + rows(lambda day, x: f'"{day:%d %b %Y}","{x}"'), "DATE", "IUDSOIA"),
    "BoE, two-digit years": Vendor(
        "boe.csv", "DATE,X\n" + backward(rows(lambda day, x: f"{day:%d %b %y},{x}")), "DATE", "X"
    ),
    "BoJ": Vendor(
        "boj.csv", '"Series code","FM08"\n' + rows(lambda day, x: f'"{day:%Y/%m/%d}",{x}'), "Series code", "FM08"
    ),
    "OECD": Vendor(
        "oecd.csv",
        "LOCATION,TIME,Value\n"
        + rows(lambda day, x: f"AAA,{day:%Y-%m},{x}", ENDS)
        + rows(lambda day, x: f"BBB,{day:%Y-%m},{x / 2}", ENDS),
        "TIME",
        "Value",
        {"filters": (("LOCATION", "AAA"),)},
        dates=ENDS,
    ),
    "Eurostat": Vendor(
        "es.csv",
        "geo,TIME_PERIOD,OBS_VALUE\n" + rows(lambda day, x: f"EA,{day.year}-Q{day.quarter},{x}", QUARTERS),
        "TIME_PERIOD",
        "OBS_VALUE",
        dates=QUARTERS,
    ),
    "IMF": Vendor(
        "imf.csv",
        "Period,Value\n" + rows(lambda day, x: f"{day.year}M{day.month},{x}", ENDS),
        "Period",
        "Value",
        dates=ENDS,
    ),
    "Quandl": Vendor("q.csv", "Date,Settle\n" + backward(rows(lambda day, x: f"{D(day)},{x}")), "Date", "Settle"),
    "Binance": Vendor(
        "b.csv", "open_time,close\n" + rows(lambda day, x: f"{int(day.timestamp()) * 1000},{x}"), "open_time", "close"
    ),
    "Binance, no header": Vendor("b.csv", rows(lambda day, x: f"{int(day.timestamp()) * 1000},{x - 1},{x}"), "1", "3"),
    "CoinGecko": Vendor(
        "c.csv", "snapped_at,price\n" + rows(lambda day, x: f"{D(day)} 00:00:00 UTC,{x}"), "snapped_at", "price"
    ),
    "MT4": Vendor("m.csv", rows(lambda day, x: f"{day:%Y.%m.%d},00:00,{x},{x},615"), "1", "4"),
    "MT5": Vendor("m.csv", "<DATE>\t<CLOSE>\n" + rows(lambda day, x: f"{day:%Y.%m.%d}\t{x}"), "<DATE>", "<CLOSE>"),
    "TradingView": Vendor(
        "tv.csv", "time,close\n" + rows(lambda day, x: f"{int(day.timestamp())},{x}"), "time", "close"
    ),
    "TradingView, New York opens": Vendor(
        "tv.csv",
        "time,close\n" + rows(lambda day, x: f"{int(day.tz_localize(NEW_YORK).timestamp()) + 34200},{x}"),
        "time",
        "close",
        {"time_zone": "America/New_York"},
    ),
    "TradingView, Shanghai midnights": Vendor(
        "tv.csv",
        "time,close\n" + rows(lambda day, x: f"{int(day.tz_localize(SHANGHAI).timestamp())},{x}"),
        "time",
        "close",
        error="time_zone",
    ),
    "Bloomberg": Vendor("bbg.xlsx", sheet([["Security", "ZZZ Index"], ["Date", "PX_LAST"]], []), "Date", "PX_LAST"),
    "Bloomberg, text": Vendor(
        "bbg.csv",
        "Date,PX_LAST\n" + rows(lambda day, x: f"{day.month}/{day.day}/{day.year},{'#N/A N/A' if day.day == 6 else x}"),
        "Date",
        "PX_LAST",
        {"drop_missing": True},
        dates=DAYS.delete(4),
        values=np.delete(CLOSES, 4),
    ),
    "Refinitiv": Vendor(
        "ref.csv",
        '"Timestamp";"Trade Close"\n' + rows(lambda day, x: f'"{day:%d-%b-%Y}";"{x}"'),
        "Timestamp",
        "Trade Close",
    ),
    "Wind, workbook": Vendor(
        "w.xlsx", sheet([["代码", "990001.SH"], ["Date", "close"]], [["数据来源：Wind", None]]), "Date", "close"
    ),
    "Parquet, UTC of Shanghai midnights": Vendor(
        "p.parquet",
        stored(FRAME.assign(date=DAYS.tz_localize(SHANGHAI).tz_convert("UTC"))),
        "date",
        "close",
        error="time_zone",
    ),
    "Parquet, Shanghai midnights": Vendor(
        "p.parquet", stored(FRAME.assign(date=DAYS.tz_localize(SHANGHAI))), "date", "close"
    ),
    "Parquet, UTC, zone declared": Vendor(
        "p.parquet",
        stored(FRAME.assign(date=DAYS.tz_localize(SHANGHAI).tz_convert("UTC"))),
        "date",
        "close",
        {"time_zone": "Asia/Shanghai"},
    ),
    "Parquet, date32 and decimals": Vendor(
        "p.parquet", stored(FRAME.assign(date=DAYS.date, close=[f"{x:,.2f}" for x in CLOSES])), "date", "close"
    ),
    "Excel export, days and months": Vendor(
        "x.csv",
        "Date;Close\n" + rows(lambda day, x: f"{day:%d/%m/%Y} 00:00;{x:.2f}".replace(".", ",")),
        "Date",
        "Close",
    ),
    "months that may be days": Vendor(
        "x.csv",
        "Date,v\n" + rows(lambda day, x: f"{day.month}/{day.day}/{day.year},{x}", STARTS),
        "Date",
        "v",
        error="date_format",
    ),
    "closing stamps": Vendor(
        "x.csv", "Date,v\n" + rows(lambda day, x: f"{D(day)} 15:00:00,{x}"), "Date", "v", error="date_format"
    ),
    "closing stamps, declared": Vendor(
        "x.csv",
        "Date,v\n" + rows(lambda day, x: f"{D(day)} 15:00:00,{x}"),
        "Date",
        "v",
        {"date_format": "%Y-%m-%d %H:%M:%S"},
    ),
    "serial numbers": Vendor(
        "x.csv",
        "Date,v\n" + rows(lambda day, x: f"{(day - pd.Timestamp('1899-12-30')).days},{x}"),
        "Date",
        "v",
        {"date_format": "excel"},
    ),
}


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_file(name: str, tmp_path: Path) -> None:
    vendor = VENDORS[name]
    path = tmp_path / vendor.file
    if callable(vendor.content):
        vendor.content(path)
    else:
        path.write_bytes(vendor.content.encode() if isinstance(vendor.content, str) else vendor.content)
    source = Source("x", vendor.file, vendor.field, date=vendor.date, where="study", **(vendor.keys or {}))
    if vendor.error:
        with pytest.raises(InputError, match=re.escape(vendor.error)):
            read(source, tmp_path)
        return
    observations = read(source, tmp_path)
    dates = DAYS if vendor.dates is None else vendor.dates
    assert observations.dates.tolist() == dates.to_numpy().astype("datetime64[D]").tolist()
    np.testing.assert_allclose(observations.values, CLOSES if vendor.values is None else vendor.values, rtol=1e-12)


def test_four_in_five_need_no_declaration() -> None:
    asked = [
        name
        for name, vendor in VENDORS.items()
        if vendor.error or {"date_format", "time_zone"} & set(vendor.keys or {})
    ]
    vendors = set(VENDORS) - set(asked)
    assert len(vendors) >= 0.8 * len(VENDORS) >= 48


TEXTS = sorted(name for name, vendor in VENDORS.items() if not callable(vendor.content) and not vendor.error)
SIGNS = "0123456789,.;-+ \t\n\r\"'%eE万年月:ZTK()|#\x00A"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TEXTS), st.integers(0, 100_000), st.sampled_from([*SIGNS, "delete", "cut"]))
def test_a_damaged_file_is_an_error_or_differs_in_one_observation(
    tmp_path: Path, name: str, at: int, sign: str
) -> None:
    vendor = VENDORS[name]
    assert not callable(vendor.content)
    data = vendor.content if isinstance(vendor.content, bytes) else vendor.content.encode()
    at %= len(data)
    rest = b"" if sign == "cut" else data[at + 1 :]
    (tmp_path / vendor.file).write_bytes(data[:at] + (sign.encode() if len(sign) == 1 else b"") + rest)
    try:
        observations = read(Source("x", vendor.file, vendor.field, date=vendor.date, **(vendor.keys or {})), tmp_path)
    except InputError:
        return
    dates = (DAYS if vendor.dates is None else vendor.dates).to_numpy().astype("datetime64[D]")
    values = CLOSES if vendor.values is None else vendor.values
    position = np.minimum(np.searchsorted(dates, observations.dates), len(dates) - 1)
    same = (dates[position] == observations.dates) & np.isclose(values[position], observations.values, rtol=1e-12)
    assert (~same).sum() <= 1
