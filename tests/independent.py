"""A second implementation of the published timing and rotation systems, for comparison with the engine.

Written from the conventions alone, without sight of the engine: pandas and plain loops, slow, obviously
right. Rates and costs are decimals; every daily series is aligned to one calendar before it is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

P = 243  # trading days in a year
MICRO, CSI300 = "8841431.WI", "000300.SH"
Metrics = dict[str, Any]
Outcome = tuple[dict[str, Metrics], pd.DataFrame]


# ---------------------------------------------------------------- point in time


def align(series: pd.Series, calendar: pd.DatetimeIndex, release_days: int) -> pd.Series:
    """The latest observation usable at each calendar day (NaN before the first)."""
    if series.isna().any() or not series.index.is_monotonic_increasing or not series.index.is_unique:
        raise ValueError("observations must be sorted, unique and without NaN")
    fresh: dict[int, float] = {}
    for date, value in zip(pd.DatetimeIndex(series.index), series, strict=True):
        if release_days == 0:
            first = calendar.searchsorted(date, side="left")
        else:
            first = calendar.searchsorted(date, side="right") + release_days - 1
        fresh[int(first)] = value  # a later observation usable on the same day replaces this one
    latest, out = math.nan, []
    for t in range(len(calendar)):
        latest = fresh.get(t, latest)
        out.append(latest)
    return pd.Series(out, index=calendar)


def monthly_asof(result: pd.Series, usable: pd.Series, calendar: pd.DatetimeIndex) -> pd.Series:
    """A result by month, from the first calendar day on or after its usable date (NaN before the first)."""
    return align(pd.Series(result.to_numpy(), index=pd.DatetimeIndex(usable)), calendar, 0)


# ---------------------------------------------------------------- measures


def rolling(x: pd.Series, window: int, function: Callable[[np.ndarray], float]) -> pd.Series:
    """`function` of the last `window` values; NaN while any of them is missing."""
    values = x.to_numpy(float)
    out = np.full(len(values), np.nan)
    for t in range(window - 1, len(values)):
        last = values[t - window + 1 : t + 1]
        if not np.isnan(last).any():
            out[t] = function(last)
    return pd.Series(out, index=x.index)


def change(x: pd.Series, w: int, kind: str = "relative") -> pd.Series:
    """Change over `w` observations."""
    return {"relative": x / x.shift(w) - 1, "difference": x - x.shift(w)}[kind]


def volatility_crowding(small: pd.Series, large: pd.Series, window: int, change_days: int) -> pd.Series:
    """Change of the ratio of the two volatilities of daily simple returns."""
    spread_small = rolling(small / small.shift(1) - 1, window, lambda r: float(np.std(r, ddof=1)))
    spread_large = rolling(large / large.shift(1) - 1, window, lambda r: float(np.std(r, ddof=1)))
    return change(spread_small / spread_large, change_days)


def valuation_crowding(pe_small: pd.Series, pe_large: pd.Series, change_days: int) -> pd.Series:
    """Change of the relative valuation."""
    return change(pe_small / pe_large, change_days)


def relative_to_average(small: pd.Series, large: pd.Series, window: int) -> pd.Series:
    """Relative NAV over its own moving average (today included), less 1."""
    ratio = small / large
    return ratio / rolling(ratio, window, lambda q: float(np.mean(q))) - 1


def slope(close: pd.Series, window: int) -> pd.Series:
    """Least-squares slope a day of the last `window` closes, the first of them set to 1."""
    x = np.arange(window) - (window - 1) / 2

    def fit(closes: np.ndarray) -> float:
        y = closes / closes[0]
        return float((x * (y - y.mean())).sum() / (x * x).sum())

    return rolling(close, window, fit)


def slope_fork(small: pd.Series, large: pd.Series, window: int) -> tuple[pd.Series, pd.Series]:
    """The bits fork.small and fork.large: the slopes have opposite signs and that leg is the rising one."""
    s, b = slope(small, window), slope(large, window)
    return (s > 0) & (b < 0), (s < 0) & (b > 0)


def turning_point(monthly: pd.Series, smooth: int, confirm: int, direction: str) -> pd.Series:
    """State by month: 1 since a confirmed extreme of the kind `direction`, 0 since one of the other kind.

    Smoothed values are summed as the decimals that were printed: equal means exist (M1 has some) and are
    no turn, while binary means of the same months differ in the last bit and would make one up.
    """
    printed = [Decimal(str(v)) for v in monthly]
    s = [sum(printed[max(j - smooth + 1, 0) : j + 1]) for j in range(len(printed))]  # `smooth` times the mean
    state, out = 0, []
    for now in range(len(s)):
        j = now - confirm  # the month that this month would confirm as an extreme
        if j >= smooth:  # s[j - 1] is a full sum
            after = s[j + 1 : now + 1]
            peak = s[j] > s[j - 1] and all(s[j] > v for v in after)
            trough = s[j] < s[j - 1] and all(s[j] < v for v in after)
            if peak or trough:
                state = int(peak) if direction == "peak" else int(trough)
        out.append(state)
    return pd.Series(out, index=monthly.index)


def latch(value: pd.Series, on_above: float, off_below: float) -> pd.Series:
    """0 at the start; 1 above `on_above`, 0 below `off_below`, else unchanged (also while NaN)."""
    state, out = False, []
    for v in value:
        if v > on_above:
            state = True
        elif v < off_below:
            state = False
        out.append(state)
    return pd.Series(out, index=value.index)


# ---------------------------------------------------------------- money


def measured(daily: pd.DataFrame, rf: float = 0.0) -> Metrics:
    """Metrics of one slice of the daily frame; NAV and its peak start at 1."""
    r, n = daily["return"].to_numpy(float), len(daily)
    nav, peak, worst = 1.0, 1.0, 0.0
    for one in r.tolist():
        nav *= 1 + one
        peak = max(peak, nav)
        worst = min(worst, nav / peak - 1)
    mean, centred = float(r.mean()), r - r.mean()
    volatility = float(r.std(ddof=1)) * math.sqrt(P) if n > 1 else math.nan
    downside = math.sqrt(float((np.minimum(r - rf / P, 0) ** 2).mean())) * math.sqrt(P)
    variance = float((centred**2).mean())
    cagr = nav ** (P / n) - 1

    def ratio(a: float, b: float) -> float:
        return a / b if b else math.nan

    return {
        "days": n,
        "total_return": nav - 1,
        "cagr": cagr,
        "volatility": volatility,
        "sharpe": ratio(mean * P - rf, volatility),
        "sortino": ratio(mean * P - rf, downside),
        "max_drawdown": worst,
        "calmar": ratio(cagr, abs(worst)),
        "skewness": ratio(float((centred**3).mean()), variance**1.5),
        "kurtosis": ratio(float((centred**4).mean()), variance**2),
        "switches": int(daily["switch"].sum()),
        "turnover": float(daily["traded"].sum()) * P / n,
        "exposure": float(daily["invested"].mean()),
        "exposure_by_leg": {str(k): float(v) for k, v in (daily["leg"].value_counts() / n).items()},
    }


def evaluate(
    legs_close: dict[str, pd.Series | None],
    chosen: pd.Series,
    lag: int,
    window: tuple[str, str],
    published: str | None = None,
    *,
    cost: float = 0.0,
    leg_cost: dict[str, float] | None = None,
    stamp: dict[str, float] | None = None,
    carry: dict[str, float] | None = None,
    interest: float = 0.0,
    rf: float = 0.0,
) -> Outcome:
    """Metrics (all, in_sample, after_publication) and the daily frame of one sequence of chosen legs.

    `legs_close`: closes by leg on the calendar, None for cash. `chosen`: the leg decided at the close of each
    calendar day. `stamp`: {date: rate}, on sales of every leg but cash. `carry`, `interest`, `rf`: a year.
    """
    if lag < 1:
        raise ValueError(f"lag {lag}: a position cannot earn the return of the day that decides it")
    calendar = chosen.index
    leg_cost, carry = leg_cost or {}, carry or {}
    taxes = sorted((pd.Timestamp(d), rate) for d, rate in (stamp or {}).items())

    def cost_of(leg: str, sold_on: pd.Timestamp | None) -> float:
        if legs_close[leg] is None:
            return 0.0
        tax = [rate for since, rate in taxes if sold_on is not None and since <= sold_on]
        return cost + leg_cost.get(leg, 0.0) + (tax[-1] if tax else 0.0)

    def earned(leg: str, t: int) -> float:
        close = legs_close[leg]
        if close is None:
            return float((1 + interest) ** (1 / P) - 1)
        r = close.loc[calendar[t]] / close.loc[calendar[t - 1]] - 1
        return float((1 + r) * (1 + carry.get(leg, 0.0)) ** (1 / P) - 1)

    rows, days, held = [], [], None
    for t, day in enumerate(calendar):
        if not pd.Timestamp(window[0]) <= day <= pd.Timestamp(window[1]):
            continue
        if t < lag:
            raise ValueError(f"{day.date()}: the calendar holds no close {lag} days before")
        leg = str(chosen.iloc[t - lag])
        r, traded, paid = earned(leg, t), 0, 0.0
        if held is not None and leg != held:
            paid = cost_of(held, calendar[t - 1]) + cost_of(leg, None)
            traded = sum(legs_close[one] is not None for one in (held, leg))
            r = (1 + r) * (1 - paid) - 1
        switch = held is not None and leg != held
        rows.append((leg, r, switch, traded, paid, legs_close[leg] is not None))
        days.append(day)
        held = leg
    daily = pd.DataFrame(rows, columns=["leg", "return", "switch", "traded", "cost", "invested"])
    daily.index = pd.DatetimeIndex(days)
    if daily["return"].isna().any():
        raise ValueError("a leg has no close inside the window")
    daily["nav"] = (1 + daily["return"]).cumprod()
    before = daily.index < (pd.Timestamp(published) if published else pd.Timestamp.max)
    slices = {"all": daily, "in_sample": daily[before], "after_publication": daily[~before]}
    return {name: measured(part, rf) for name, part in slices.items() if len(part)}, daily


# ---------------------------------------------------------------- the systems on the real data


def index_closes(data_dir: Path | str, code: str) -> pd.Series:
    """Closes of one index on its own days."""
    table = pd.read_parquet(Path(data_dir) / "index_daily.parquet", columns=["date", "code", "close"])
    return table[table["code"] == code].set_index("date")["close"].sort_index()


def trading_days(data_dir: Path | str, code: str, since: str, to: str) -> pd.DatetimeIndex:
    """The days of the index `code` from `since` to `to`."""
    days = pd.DatetimeIndex(index_closes(data_dir, code).index)
    return days[(days >= pd.Timestamp(since)) & (days <= pd.Timestamp(to))]


def closes(data_dir: Path | str, code: str, calendar: pd.DatetimeIndex) -> pd.Series:
    """Closes of one index on the calendar: NaN before its first, an error where one is missing later."""
    close = index_closes(data_dir, code).reindex(calendar)
    if close.loc[close.first_valid_index() :].isna().any():
        raise ValueError(f"{code} misses closes on the calendar")
    return close


def rate_state(
    data_dir: Path | str, calendar: pd.DatetimeIndex, window: int, on: float, off: float, release: int,
    kind: str = "relative", file: str = "china_treasury_daily.csv", column: str = "cn_y10",
) -> pd.Series:  # fmt: skip
    """T1: the latch on the change of a yield."""
    table = pd.read_csv(Path(data_dir) / file, parse_dates=["date"], index_col="date")
    return latch(change(align(table[column], calendar, release), window, kind), on, off)


def growth_state(
    data_dir: Path | str, calendar: pd.DatetimeIndex, smooth: int, confirm: int, direction: str
) -> pd.Series:
    """R2: the turning points of M1 growth, as known on each day."""
    m = pd.read_csv(Path(data_dir) / "china_money_supply_monthly.csv", parse_dates=[0, 1], index_col=0)
    state = turning_point(m["m1_yoy"], smooth, confirm, direction)
    return monthly_asof(state, m["usable_from_conservative"], calendar) == 1


def rate_timing(
    data_dir: Path | str, window: int = 243, on: float = 0.30, off: float = -0.20, release: int = 0,
    lag: int = 1, cost: float = 0.0, frm: str = "2006-01-04", to: str = "2023-09-28",
    published: str | None = None, calendar: str = "000001.SH", *, since: str = "1990-01-01",
    small_code: str = MICRO, kind: str = "relative", file: str = "china_treasury_daily.csv",
    column: str = "cn_y10", **money: Any,
) -> Outcome:  # fmt: skip
    """T1: out of the small leg while the rate latch is on."""
    days = trading_days(data_dir, calendar, since, to)
    out = rate_state(data_dir, days, window, on, off, release, kind, file, column)
    chosen = out.map({True: "cash", False: "small"})
    legs = {"small": closes(data_dir, small_code, days), "cash": None}
    return evaluate(legs, chosen, lag, (frm, to), published, cost=cost, **money)


def timing_t4(
    data_dir: Path | str, *, system: str = "T4", window: int = 243, on: float = 0.30, off: float = -0.20,
    release: int = 0, crowd_window: int = 20, crowd_change: int = 243, crowd_on: float = 0.55,
    crowd_off: float = 0.30, lag: int = 1, cost: float = 0.0, frm: str = "2007-01-04", to: str = "2023-10-23",
    published: str | None = None, calendar: str = "000001.SH", since: str = "1990-01-01",
    small_code: str = MICRO, market_code: str = CSI300, **money: Any,
) -> Outcome:  # fmt: skip
    """T4: out of the small leg while the rate and crowding latches are both on (T1, T2: one alone)."""
    days = trading_days(data_dir, calendar, since, to)
    small, market = closes(data_dir, small_code, days), closes(data_dir, market_code, days)
    rate = rate_state(data_dir, days, window, on, off, release)
    crowd = latch(volatility_crowding(small, market, crowd_window, crowd_change), crowd_on, crowd_off)
    out = {"T1": rate, "T2": crowd, "T4": rate & crowd}[system]
    chosen = out.map({True: "cash", False: "small"})
    return evaluate({"small": small, "cash": None}, chosen, lag, (frm, to), published, cost=cost, **money)


def rotation_leg(system: str, bit: dict[str, bool], held: str) -> str:
    """The leg chosen at one close by system R2, R4, R5, R5-hold, R6 or R7."""
    if system == "R2":
        return "small" if bit["growth"] else "large"
    if system == "R4":
        return "small" if bit["trend"] else "large"
    if system in ("R5", "R5-hold"):
        if bit["fork.small"]:
            return "small"
        if bit["fork.large"]:
            return "large"
        if system == "R5-hold":
            return held
        return "small" if bit["trend"] else "large"
    small = bit["growth"] or bit["fork.small"] or (bit["trend"] and not bit["fork.large"])
    if system == "R7" and small and bit["rate"] and bit["crowd"]:
        return "cash"
    return "small" if small else "large"


def rotation_r7(
    data_dir: Path | str, small_code: str = MICRO, large_code: str = CSI300, *, system: str = "R7",
    smooth: int = 6, confirm: int = 1, direction: str = "trough", trend_window: int = 243,
    fork_window: int = 20, window: int = 243, on: float = 0.30, off: float = -0.20, release: int = 0,
    crowd_window: int = 20, crowd_change: int = 243, crowd_on: float = 0.55, crowd_off: float = 0.30,
    market_code: str | None = None, first: str = "cash",
    lag: int = 1, cost: float = 0.0, frm: str = "2007-01-04", to: str = "2023-10-23",
    published: str | None = None, calendar: str = "000001.SH", since: str = "1990-01-01", **money: Any,
) -> Outcome:  # fmt: skip
    """R7 and its parts R2, R4, R5, R5-hold, R6. `first`: the leg that R5-hold holds before any fork."""
    days = trading_days(data_dir, calendar, since, to)
    small, large = closes(data_dir, small_code, days), closes(data_dir, large_code, days)
    market = closes(data_dir, market_code or large_code, days)
    fork_small, fork_large = slope_fork(small, large, fork_window)
    crowding = volatility_crowding(small, market, crowd_window, crowd_change)
    states = {
        "growth": growth_state(data_dir, days, smooth, confirm, direction),
        "fork.small": fork_small,
        "fork.large": fork_large,
        "trend": latch(relative_to_average(small, large, trend_window), 0, 0),
        "rate": rate_state(data_dir, days, window, on, off, release),
        "crowd": latch(crowding, crowd_on, crowd_off),
    }
    legs, held = [], first
    for t in range(len(days)):
        held = rotation_leg(system, {name: bool(state.iloc[t]) for name, state in states.items()}, held)
        legs.append(held)
    chosen = pd.Series(legs, index=days)
    return evaluate(
        {"small": small, "large": large, "cash": None}, chosen, lag, (frm, to), published, cost=cost, **money
    )
