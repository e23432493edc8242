"""What vendors call their columns, and the units in which they state them.

Sources: the documentation of Tushare Pro (daily, index_daily, adj_factor, daily_basic, index_dailybasic), of AKShare
(stock_zh_a_hist of Eastmoney in Chinese, stock_zh_a_daily of Sina in English) and of BaoStock
(query_history_k_data_plus), and the headers of Wind, Choice and TDX exports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

Kind: TypeAlias = Literal["wind", "choice", "akshare", "tushare", "baostock", "qlib", "tdx"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class VendorUnit(NamedTuple):
    """``power``: of ten, by which a number is multiplied; ``base``: the unit it is then in."""

    power: int
    base: str


_POWERS = {
    "shares": {"股": 0, "手": 2, "万股": 4, "万手": 6, "亿股": 8},
    "yuan": {"元": 0, "千元": 3, "万元": 4, "百万元": 6, "百万": 6, "亿元": 8, "亿": 8},
    "fraction": {"%": -2, "％": -2},
}
UNITS = {word: VendorUnit(power, base) for base, powers in _POWERS.items() for word, power in powers.items()}
_NAMES = {
    "date": "日期 交易日期 交易日 时间 交易时间 月份 date trade_date datetime",
    "code": "代码 证券代码 股票代码 指数代码 基金代码 Wind代码 万得代码 ts_code code symbol wind_code",
    "name": "名称 证券名称 股票名称 简称 证券简称 name",
    "open": "开盘 开盘价 今开 open", "high": "最高 最高价 high", "low": "最低 最低价 low",
    "close": "收盘 收盘价 close", "previous_close": "昨收 昨收盘 昨收价 前收盘 前收盘价 pre_close preclose",
    "change": "涨跌 涨跌额 change", "pct_change": "涨跌幅 pct_chg pctchg pct_change", "amplitude": "振幅",
    "turnover": "换手率 换手 turn turnover turnover_rate", "turnover_free": "turnover_rate_f",
    "volume": "成交量 总成交量 vol volume", "amount": "成交额 成交金额 总成交额 amount",
    "total_value": "总市值 total_mv", "float_value": "流通市值 circ_mv float_mv",
    "total_shares": "总股本 total_share", "float_shares": "流通股本 float_share outstanding_share",
    "free_shares": "free_share", "factor": "复权因子 adj_factor factor",
    "pe_ttm": "市盈率ttm 市盈率(ttm) 市盈率pe(ttm) pe_ttm pettm pe(ttm)", "pb": "市净率 pb pbmrq", "pe": "市盈率 pe",
}  # fmt: skip
_CANONICAL = {word: name for name, words in _NAMES.items() for word in words.split()}
PRICES = ("open", "high", "low", "close")
_SHARE_COLUMNS = ("股票代码", "证券代码")
# The unit of a column that states none, by kind and the vendor's name in lower case.
_STATED = {"成交量": "股", "成交额": "元", "成交金额": "元", "涨跌幅": "%", "振幅": "%", "换手率": "%"}
_DEFAULTS: dict[str, dict[str, str]] = {
    "wind": _STATED,
    "choice": _STATED,
    "tdx": {"成交量": "股", "成交额": "元"},
    "akshare": {
        **_STATED, "成交量": "手", "volume": "股", "outstanding_share": "股", "总市值": "元", "流通市值": "元",
    },
    "tushare": {
        "vol": "手", "amount": "千元", "pct_chg": "%", "turnover_rate": "%", "turnover_rate_f": "%", "dv_ratio": "%",
        "dv_ttm": "%", "total_mv": "万元", "circ_mv": "万元", "total_share": "万股", "float_share": "万股",
        "free_share": "万股",
    },
    "baostock": {"volume": "股", "amount": "元", "turn": "%", "pctchg": "%"},
}  # fmt: skip
# Tushare's index_dailybasic, unlike daily_basic, is in yuan and shares.
_INDEX_BASIC = {"total_mv": "元", "float_mv": "元", "total_share": "股", "float_share": "股", "free_share": "股"}
# 成交额(万元), 成交额[单位:万元] and Choice's 成交额 [单位] 万元.
_BRACKETED = re.compile(r"(.+?)\s*[(（\[【]\s*(?:单位\s*[:：]?)?\s*([^)）\]】]*?)\s*[)）\]】]\s*(\S*)")


class Heading(NamedTuple):
    """``name``: of the tidy column; the vendor's own where there is no other. ``unit``: as stated, '' where none is."""

    name: str
    unit: str
    shares: bool = False  # of a column of codes: whether they are codes of shares


def heading_of(text: str, kind: Kind, columns: Sequence[str], unit: str = "") -> Heading:
    """Returns what a vendor's column is. ``columns``: all of the file. ``unit``: as a row of the header states it.

    >>> heading_of("vol", "tushare", ["ts_code", "vol"])
    Heading(name='volume', unit='手', shares=False)
    >>> heading_of("成交金额(万元)", "wind", [])
    Heading(name='amount', unit='万元', shares=False)
    >>> heading_of("成交量 [单位] 万股", "choice", [])
    Heading(name='volume', unit='万股', shares=False)
    """
    text = " ".join(text.split())
    plain = text
    if (match := _BRACKETED.fullmatch(text)) and match[2] + match[3] in UNITS:
        plain, unit = match[1], match[2] + match[3]
    key = plain.casefold()
    if not unit:
        own = _INDEX_BASIC if kind == "tushare" and "float_mv" in columns else {}
        unit = own.get(key, _DEFAULTS.get(kind, {}).get(key, ""))
    return Heading(_CANONICAL.get(key, plain), unit, plain in _SHARE_COLUMNS)
