"""The shipped strategies against plain pandas: the leg decided at each close, and the money, to 1e-9."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.independent import evaluate, latch
from tests.support.real_data import ASHARE
from tests.support.stand_in import STRATEGIES, write_stand_in
from tests.support.strategy_series import (
    csv,
    ended_months,
    growth_and_liquidity,
    held,
    index,
    installed,
    on,
    table,
)

INSTALLED = {
    "bollinger", "credit-spread", "donchian", "dual-momentum", "faber-average", "golden-cross", "halloween", "macd",
    "rsi-2", "turn-of-month", "turtle-exit", "vix-threshold", "year-high",
}  # fmt: skip

Chosen = tuple[dict[str, pd.Series | None], pd.Series]  # closes by leg, None for cash; the leg decided at each close


# ---------------------------------------------------------------- files


def turnover(group: str) -> pd.Series:
    frame = table("group_turnover_daily_2005_2020.parquet")
    frame = frame[frame["group"] == group]
    return pd.Series(frame["turnover_fw_pct"].to_numpy(), pd.to_datetime(frame["date"].astype(str)))


def minutes(contract: str) -> pd.DataFrame:
    frame = table("index_futures_1min_2020_2023.parquet")
    frame = frame[(frame["contract"] == contract) & (frame["datetime"] < "2023-08-14")]
    return frame.set_index("datetime")


def decided(calendar: pd.Series, *choices: tuple[str, pd.Series], otherwise: str) -> pd.Series:
    """The first leg whose condition is true."""
    chosen = pd.Series(otherwise, calendar.index)
    for leg, condition in reversed(choices):
        chosen[condition.fillna(value=False).astype(bool)] = leg
    return chosen


def switched(on: pd.Series, off: pd.Series) -> pd.Series:
    state, states = False, []
    for up, down in zip(on, off, strict=True):
        state = (state or bool(up)) and not down
        states.append(state)
    return pd.Series(states, on.index)


def ranked(x: pd.Series, window: int | None = None, least: int | None = None) -> pd.Series:
    if window is None:
        return x.expanding(least or 1).rank(method="max", pct=True)
    return x.rolling(window, min_periods=least or window).rank(method="max", pct=True)


def rsi(x: pd.Series, n: int) -> pd.Series:
    change = x.diff().to_numpy()
    values = np.full(len(x), np.nan)
    gain = loss = math.nan
    for t in range(n, len(x)):
        if t == n:
            gain, loss = np.maximum(change[1 : n + 1], 0).mean(), np.maximum(-change[1 : n + 1], 0).mean()
        else:
            gain = ((n - 1) * gain + max(change[t], 0)) / n
            loss = ((n - 1) * loss + max(-change[t], 0)) / n
        values[t] = 100 * gain / (gain + loss) if gain + loss else math.nan
    return pd.Series(values, x.index)


def top_divergence(price: pd.Series, momentum: pd.Series, n: int) -> pd.Series:
    """1 or 0, NaN where a value in the window is unknown."""
    before = price.shift(1).rolling(n - 1).max()
    strength = momentum.shift(1).rolling(n - 1).max()
    known = before.notna() & strength.notna() & momentum.notna()
    return ((price > before) & ~(momentum > strength)).astype(float).where(known)


def segment(x: pd.Series, multiple: float, n: int) -> pd.Series:
    volatility = (x / x.shift(1) - 1).rolling(n).std()
    leg, legs, high, low = math.nan, [], -math.inf, math.inf
    for price, deviation in zip(x, volatility, strict=True):
        high, low = max(high, price), min(low, price)
        limit = multiple * deviation
        if math.isnan(leg):
            up, down = price / low - 1 >= limit, price / high - 1 <= -limit
            leg = 1.0 if up and not down else -1.0 if down and not up else math.nan
            if not math.isnan(leg):
                high = low = price
        elif leg > 0 and price / high - 1 <= -limit:
            leg, low = -1.0, price
        elif leg < 0 and price / low - 1 >= limit:
            leg, high = 1.0, price
        legs.append(leg)
    return pd.Series(legs, x.index)


def vpin(bars: pd.DataFrame, bucket: float, buckets: int, n: int) -> Floats:
    change = bars["close"].diff()
    deviation = change.rolling(n).std().to_numpy()
    shares = np.where(change == 0, 0.5, stats.norm.cdf(change / deviation))
    values = np.full(len(bars), np.nan)
    full: list[float] = []
    bought = sold = 0.0
    started = False
    for t, (share, volume) in enumerate(zip(shares.tolist(), bars["volume"].tolist(), strict=True)):
        if not started and not math.isfinite(deviation[t]):
            continue
        started = True
        while volume > 0:
            part = min(volume, bucket - bought - sold)
            bought, sold, volume = bought + part * share, sold + part * (1 - share), volume - part
            if bought + sold >= bucket - 1e-7:
                full.append(abs(bought - sold) / bucket)
                bought = sold = 0.0
        if len(full) >= buckets:
            values[t] = np.mean(full[-buckets:])
    return values


# ---------------------------------------------------------------- the strategies


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


@cache
def real_market(name: str) -> Market:
    """Read once for both tests of a strategy; nothing changes it."""
    return market_of(load_study(name), ASHARE if ASHARE.is_dir() else None)


def of_the_leg(closes: pd.Series | None, chosen: pd.Series) -> pd.Series | None:
    return None if closes is None else closes.reindex(chosen.index)


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_base_equals_plain_pandas(name: str) -> None:
    if name not in INSTALLED and not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    study = load_study(name)
    closes, chosen = LOOPS[name]()
    window = study.spec.window
    interest = next((float(value) for key, value in study.base.items() if key.endswith("interest")), 0.0)
    expected, _ = evaluate(
        {leg: of_the_leg(close, chosen) for leg, close in closes.items()},
        chosen,
        int(study.base["execution.lag"]),
        (str(window.from_), str(window.to)),
        None if window.published is None else str(window.published),
        interest=interest,
        P=study.spec.market.periods,
    )
    point = evaluate_point(study, real_market(name))
    for segment_ in ("in_sample", "after_publication"):
        ours = getattr(point, segment_)
        assert (ours is None) == (segment_ not in expected)
        for metric in ("total_return", "cagr", "volatility", "sharpe", "max_drawdown", "switches", "exposure"):
            if ours is None:
                continue
            value = math.nan if ours[metric] is None else ours[metric]
            assert value == pytest.approx(expected[segment_][metric], rel=1e-9, abs=1e-12, nan_ok=True), metric
    assert point.in_sample["switches"] > 0


REAL = pytest.mark.slow("every choice on made-up series, and the base on the real ones, are tested in make test")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("real", [False, pytest.param(True, marks=REAL)], ids=["made-up", "real"])
def test_every_choice_is_defined_in_the_window(name: str, real: bool, tmp_path: Path) -> None:
    study = load_study(name)
    if real and (name == "research-visits" or (name not in INSTALLED and not ASHARE.is_dir())):
        pytest.skip("no such data" if name == "research-visits" else f"the series are not at {ASHARE}")
    assert study.space.size < 2_500
    assert study.spec.notes
    market = real_market(name) if real else market_of(study, write_stand_in(study, tmp_path))
    made = build_plan(study, market, resolve("reference"))
    assert made.distinct() > 1


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_research_activity_on_made_up_visits(tmp_path: Path) -> None:
    study = load_study("research-visits")
    folder = write_stand_in(study, tmp_path)
    visits = pd.read_csv(folder / "research_visits_daily.csv", parse_dates=["date"]).set_index("date")
    frame = pd.read_parquet(folder / "index_daily.parquet")
    closes = {code: rows.set_index("date")["close"] for code, rows in frame.groupby("code")}
    calendar = closes["000001.SH"]

    def score(name: str) -> pd.Series:
        mean = on(visits[name], calendar, 1).rolling(126).mean()
        return (mean - mean.rolling(1458).mean()) / mean.rolling(1458).std()

    level = ranked(score("sector") - score("market"), 1458)
    watched = latch(level, 0.8, 0.5)
    expected, daily = evaluate(
        {"index": closes["000300.SH"], "cash": None},
        decided(calendar, ("index", watched), otherwise="cash"),
        1,
        ("2022-01-04", "2025-10-24"),
    )
    point = gp.point(study, data=folder)
    np.testing.assert_allclose(point.curve["watched.value"], level[point.curve.index], rtol=1e-9)
    np.testing.assert_allclose(point.curve["nav"], daily["nav"], rtol=1e-9)
    assert point.in_sample["total_return"] == pytest.approx(expected["in_sample"]["total_return"], rel=1e-9)


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_a_run_says_on_its_page_which_days_lack_bars(tmp_path: Path) -> None:
    study = load_study("informed-trading").set({"informed.bucket": 1500, "informed.buckets": 50, "cost": 0})
    file = write_stand_in(study, tmp_path) / "index_futures_1min_2020_2023.parquet"
    bars = pd.read_parquet(file)
    gone = bars["datetime"].between("2021-05-07 10:00", "2021-05-07 11:00")
    bars[~gone & (bars["datetime"] < "2023-12-06 14:00")].to_parquet(file)
    run = gp.run(study, data=tmp_path, out=tmp_path / "runs", verdict=False)
    found = " ".join(run.summary["data"]["series"][0]["warnings"])
    page = re.sub(r"<[^>]+>", "", (run.folder / "report.html").read_text())
    for text in (
        "1 of 223 trading days have fewer bars than the usual 240",
        "the last day, 2023-12-06, has bars until",
    ):
        assert text in found
        assert text in page


def test_the_yearly_excess_of_micro_caps_is_the_printed_one() -> None:
    """Negative in 2017 and 2020 only, on average 36.2 % from 2010 to 2023."""
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    years = [index(code).resample("YE").last().pct_change()["2010":"2023"] for code in ("8841431.WI", "000300.SH")]
    excess = years[0] - years[1]
    assert excess.index.year[excess < 0.0].tolist() == [2017, 2020]
    assert excess.mean() == pytest.approx(0.362, abs=0.0005)
