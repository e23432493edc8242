"""The shipped strategies in plain pandas: the closes of their legs, and the leg decided at each close."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.support.independent import latch
from tests.support.stand_in import STRATEGIES
from tests.support.strategy_measures import (
    decided,
    minutes,
    ranked,
    rsi,
    segment,
    switched,
    top_divergence,
    turnover,
    vpin,
)
from tests.support.strategy_series import (
    csv,
    ended_months,
    growth_and_liquidity,
    held,
    index,
    installed,
    on,
)

Chosen = tuple[dict[str, pd.Series | None], pd.Series]  # closes by leg, None for cash; the leg decided at each close


def rate_average() -> Chosen:
    calendar = index("000001.SH")
    rate = on(csv("china_treasury_daily.csv", "cn_y10"), calendar, 1)
    out = latch(rate / rate.rolling(243).mean() - 1, 0, 0)
    return {"small": index("8841431.WI"), "cash": None}, decided(calendar, ("cash", out), otherwise="small")


def divergence() -> Chosen:
    calendar = index("000001.SH")
    small = on(index("8841431.WI"), calendar)
    tired = top_divergence(small, rsi(small.dropna(), 14).reindex(small.index), 20).rolling(5).sum() > 0
    return {"small": small, "cash": None}, decided(calendar, ("cash", tired), otherwise="small")


def divergence_hourly() -> Chosen:
    future = minutes("IF")["close"]
    tired = top_divergence(future, rsi(future, 840), 1200).rolling(240).sum() > 0
    last = pd.DatetimeIndex(future.index).normalize()
    closes, tired = (x.groupby(last).last() for x in (future, tired))
    return {"future": closes, "cash": None}, decided(closes, ("cash", tired), otherwise="future")


def growth_liquidity() -> Chosen:
    calendar = index("000001.SH")
    growth, liquidity = growth_and_liquidity()
    equity = (growth + liquidity) / 2 >= 0.5
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("index", equity), otherwise="cash")


def price_segments() -> Chosen:
    sse = index("000001.SH")
    up = segment(sse, 4, 20) > 0
    return {"sse": sse, "cash": None}, decided(sse, ("sse", up), otherwise="cash")


def informed_trading() -> Chosen:
    bars = minutes("IC")
    last = pd.DatetimeIndex(bars.index).normalize()
    level = pd.Series(vpin(bars, 1500, 50, 240), bars.index).groupby(last).last()
    low, high = level.rolling(30).min(), level.rolling(30).max()
    held_ = latch((level - low) / (high - low), 0.5, 0.5)
    closes = bars["close"].groupby(last).last()
    return {"future": closes, "cash": None}, decided(closes, ("future", held_), otherwise="cash")


def sharpe_extreme() -> Chosen:
    sse = index("000001.SH")
    returns = sse / sse.shift(1) - 1
    ratio = (returns.rolling(61).mean() * 243 / (returns.rolling(61).std() * math.sqrt(243)))["2005-01-01":]
    out = latch(ranked(ratio).reindex(sse.index), 0.95, 0.5)
    return {"sse": sse, "cash": None}, decided(sse, ("cash", out), otherwise="sse")


def relative_crowding() -> Chosen:
    calendar = index("000001.SH")

    def score(group: str) -> pd.Series:
        mean = on(turnover(group), calendar).rolling(252).mean()["2005-01-01":]
        return (mean - mean.expanding(243).mean()) / mean.expanding(243).std()

    gap = (score("microcap400") - score("csi800")).reindex(calendar.index)
    out = latch(ranked(gap, 1458, 243), 0.8, 0.5)
    return {"micro": index("8841431.WI"), "cash": None}, decided(calendar, ("cash", out), otherwise="micro")


def excess_nav() -> Chosen:
    calendar, styles = index("000001.SH"), "style_sector_index_daily_2010_2026.parquet"
    growth, benchmark = on(index("399370.SZ", file=styles), calendar), on(index("000300.SH"), calendar)
    excess = (growth / growth["2020-01-03"]) / (benchmark / benchmark["2020-01-03"])
    excess = excess.where(excess.index >= "2020-01-03")
    leads = latch(excess / excess.rolling(120).mean() - 1, 0, 0)
    legs = {"growth": growth, "dividend": index("000922.SH", file=styles)}
    return legs, decided(calendar, ("growth", leads), otherwise="dividend")


def premium_of(calendar: pd.Series) -> pd.Series:
    pe = on(csv("index_pe_daily_2005_2026.csv", "csi300_pe_ttm_lg"), calendar, 1)
    return 1 / pe - on(csv("china_treasury_daily.csv", "cn_y10"), calendar, 1) / 100


def risk_premium() -> Chosen:
    calendar = index("000001.SH")
    cheap = latch(ranked(premium_of(calendar), least=243), 0.5, 0.3)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("index", cheap), otherwise="cash")


def risk_premium_bands() -> Chosen:
    calendar = index("000001.SH")
    premium = premium_of(calendar)
    cheap = latch((premium - premium.rolling(729).mean()) / premium.rolling(729).std(), 1, -1)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("index", cheap), otherwise="cash")


def trading_heat() -> Chosen:
    calendar = index("000001.SH")
    mean = on(turnover("csi300"), calendar).rolling(5).mean()
    weeks = mean.groupby(pd.DatetimeIndex(mean.index).to_period("W")).tail(1).iloc[:-1]
    out = latch(held(ranked(weeks, least=52), calendar), 0.9, 0.6)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("cash", out), otherwise="index")


def pe_percentile() -> Chosen:
    calendar = index("000001.SH")
    pe = on(csv("index_pe_daily_2005_2026.csv", "csi300_pe_ttm_lg"), calendar, 1)
    out = latch(ranked(pe, 2430), 0.8, 0.4)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("cash", out), otherwise="index")


def faber_average() -> Chosen:
    sp500 = installed("sp500")
    months = ended_months(sp500)
    trend = held(months, sp500) > held(months.rolling(10).mean(), sp500)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", trend), otherwise="cash")


def dual_momentum() -> Chosen:
    sp500, nasdaq = installed("sp500"), installed("nasdaq")
    own, other = (held(ended_months(x) / ended_months(x).shift(12) - 1, sp500) for x in (sp500, nasdaq))
    legs = {"sp500": sp500, "nasdaq": nasdaq, "cash": None}
    return legs, decided(sp500, ("cash", own <= 0.02), ("nasdaq", other > own), otherwise="sp500")


def vix_threshold() -> Chosen:
    sp500 = installed("sp500")
    fear = latch(on(installed("vix", "vix"), sp500), 20, 20)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("cash", fear), otherwise="sp500")


def rsi_2() -> Chosen:
    sp500 = installed("sp500")
    weak = (rsi(sp500, 2) < 10) & (sp500 > sp500.rolling(200).mean())
    state = switched(weak, sp500 > sp500.rolling(5).mean())
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", state), otherwise="cash")


def donchian() -> Chosen:
    sp500 = installed("sp500")
    state = switched(sp500 >= sp500.rolling(20).max(), sp500 <= sp500.rolling(10).min())
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", state), otherwise="cash")


def halloween() -> Chosen:
    sp500 = installed("sp500")
    following = pd.Series(pd.DatetimeIndex(sp500.index).month, sp500.index).shift(-1)
    winter = (following >= 11) | (following < 5)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", winter), otherwise="cash")


def year_high() -> Chosen:
    sp500 = installed("sp500")
    near = latch(sp500 / sp500.rolling(252).max(), 0.96, 0.94)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", near), otherwise="cash")


def bollinger() -> Chosen:
    sp500 = installed("sp500")
    mean, deviation = sp500.rolling(20).mean(), sp500.rolling(20).std()
    cheap = switched(sp500 < mean - 2.0 * deviation, sp500 >= mean)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", cheap), otherwise="cash")


def macd() -> Chosen:
    sp500 = installed("sp500")
    line = sp500.ewm(span=12, adjust=False).mean() - sp500.ewm(span=26, adjust=False).mean()
    above = line > line.ewm(span=9, adjust=False).mean()
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", above), otherwise="cash")


def golden_cross() -> Chosen:
    sp500 = installed("sp500")
    short, long = sp500.rolling(50).mean(), sp500.rolling(200).mean()
    cross = switched(short > long, short < long)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", cross), otherwise="cash")


def credit_spread() -> Chosen:
    sp500 = installed("sp500")
    spread = installed("default", "BAA") - installed("default", "AAA")
    wide = spread / spread.rolling(12).mean() - 1
    wide.index = pd.DatetimeIndex(wide.index) + pd.Timedelta(days=45)
    widens = latch(on(wide.dropna(), sp500), 0, 0)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("cash", widens), otherwise="sp500")


def turtle_exit() -> Chosen:
    close, high, low = (installed("sp500", name) for name in ("Close", "High", "Low"))
    true = np.maximum(high, close.shift()) - np.minimum(low, close.shift())
    values = [math.nan] * 22 + [float(true[1:23].mean())]
    for one in true[23:]:
        values.append((21 * values[-1] + one) / 22)
    hang = high.rolling(22).max() - 3 * pd.Series(values, close.index)
    breakout = switched(close >= close.rolling(55).max(), close < hang)
    return {"sp500": close, "cash": None}, decided(close, ("sp500", breakout), otherwise="cash")


def yield_curve() -> Chosen:
    sp500 = installed("sp500")
    ten, two = (on(csv("us_treasury_daily.csv", field), sp500, 1) for field in ("us_y10", "us_y2"))
    out = latch((two - ten).rolling(21).mean(), 0, -1)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("cash", out), otherwise="sp500")


def northbound_bands() -> Chosen:
    calendar = index("000001.SH")
    flow = on(csv("stock_connect_flow_daily.csv", "north_money"), calendar)
    mean, deviation = flow.rolling(120).mean(), flow.rolling(120).std()
    state = switched(flow > mean + deviation, flow < mean - deviation)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("index", state), otherwise="cash")


def average_crossing() -> Chosen:
    calendar = index("000001.SH")
    close = on(index("000300.SH"), calendar)
    above = close.rolling(5).mean() > close.rolling(20).mean()
    return {"index": close, "cash": None}, decided(calendar, ("index", above), otherwise="cash")


def rsrs() -> Chosen:
    calendar = index("000001.SH")
    high, low = (on(index("000300.SH", field), calendar) for field in ("high", "low"))
    beta = high.rolling(18).cov(low) / low.rolling(18).var()
    score = (beta - beta.rolling(600).mean()) / beta.rolling(600).std()
    strong = latch(score, 0.7, -0.7)
    return {"index": index("000300.SH"), "cash": None}, decided(calendar, ("index", strong), otherwise="cash")


def turn_of_month() -> Chosen:
    sp500 = installed("sp500")
    month = pd.Series(pd.DatetimeIndex(sp500.index).to_period("M"), sp500.index)
    day, left = month.groupby(month).cumcount() + 1, month.groupby(month).cumcount(ascending=False)
    return {"sp500": sp500, "cash": None}, decided(sp500, ("sp500", (left <= 1) | (day < 3)), otherwise="cash")


def large_small_momentum() -> Chosen:
    calendar = index("000001.SH")
    large, small = (on(index(code), calendar) for code in ("000300.SH", "000905.SH"))
    first, second = (x / x.shift(20) - 1 for x in (large, small))
    leads = decided(
        calendar,
        ("large", (first > 0) & (first >= second)),
        ("small", (second > 0) & (second > first)),
        otherwise="cash",
    )
    return {"large": large, "small": small, "cash": None}, leads


def yearly_excess() -> Chosen:
    calendar = index("000001.SH")
    small, large = (on(index(code), calendar) for code in ("8841431.WI", "000300.SH"))
    ahead = latch(small / small.shift(243) - large / large.shift(243), 0, 0)
    return {"small": small, "large": large}, decided(calendar, ("small", ahead), otherwise="large")


LOOPS: dict[str, Callable[[], Chosen]] = {
    name: globals()[name.replace("-", "_")] for name in STRATEGIES if name != "research-visits"
}
