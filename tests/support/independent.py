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


def monthly_asof(result: pd.Series, usable: pd.Series | pd.DatetimeIndex, calendar: pd.DatetimeIndex) -> pd.Series:
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


def measured(daily: pd.DataFrame, P: float, rf: float) -> Metrics:
    """Metrics of one slice of the daily frame, P days a year; NAV and its peak start at 1."""
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
    stamp: dict[str, dict[str, tuple[float, float]]] | None = None,
    carry: dict[str, float] | None = None,
    interest: float = 0.0,
    rf: float = 0.0,
    P: float = 243,
) -> Outcome:
    """Metrics (all, in_sample, after_publication) and the daily frame of one sequence of chosen legs.

    `legs_close`: closes by leg on the calendar, None for cash. `chosen`: the leg decided at the close of each
    calendar day. `stamp`: {leg: {since: (rate on purchases, rate on sales)}}. `carry`, `interest`, `rf`: a year
    of P days.
    """
    if lag < 1:
        raise ValueError(f"lag {lag}: a position cannot earn the return of the day that decides it")
    calendar = chosen.index
    leg_cost, carry = leg_cost or {}, carry or {}

    def cost_of(leg: str, traded_on: pd.Timestamp, side: int) -> float:
        if legs_close[leg] is None:
            return 0.0
        tax = [rates[side] for since, rates in (stamp or {}).get(leg, {}).items() if pd.Timestamp(since) <= traded_on]
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
            paid = cost_of(held, calendar[t - 1], 1) + cost_of(leg, calendar[t - 1], 0)
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
    return {name: measured(part, P, rf) for name, part in slices.items() if len(part)}, daily


# ---------------------------------------------------------------- the systems

TIMING = {"T1": ("rate",), "T2": ("crowd",), "T3": ("value",), "T4": ("rate", "crowd")}
SYSTEMS = (*TIMING, "R2", "R4", "R5", "R5-hold", "R6", "R7")


def chosen_leg(system: str, bit: dict[str, bool], held: str) -> str:
    """The leg chosen at one close."""
    if system in TIMING:
        return "cash" if all(bit[name] for name in TIMING[system]) else "small"
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


def evaluate_system(
    system: str,
    data: dict[str, pd.Series],
    calendar: pd.DatetimeIndex,
    window: tuple[str, str],
    published: str | None = None,
    *,
    rate: tuple[int, str, float, float] = (243, "relative", 0.30, -0.20),  # window, kind, on, off
    rate_release: int = 0,
    crowd: tuple[int, int, float, float] = (20, 243, 0.55, 0.30),  # window, change, on, off
    value: tuple[int, float, float] = (243, 0.55, 0.30),  # change, on, off
    value_release: int = 0,
    trend: int = 243,
    fork: int = 20,
    growth: tuple[int, int, str] = (6, 1, "trough"),  # smooth, confirm, direction
    growth_release: int | str | None = None,  # 'N calendar days'; None: on the dates in data["usable"]
    first: str = "cash",  # what R5-hold holds before any fork
    lag: int = 1,
    **money: Any,
) -> Outcome:
    """One system: `data` has small, large, yield, m1, usable, pe_small, pe_large, each on its own days."""
    calendar = calendar[calendar <= pd.Timestamp(window[1])]
    small, large = (data[name].reindex(calendar) for name in ("small", "large"))
    for close in (small, large):
        if close.loc[close.first_valid_index() :].isna().any():
            raise ValueError("a leg misses closes on the calendar")
    states: dict[str, pd.Series] = {}
    if system in ("T1", "T4", "R7"):
        states["rate"] = latch(change(align(data["yield"], calendar, rate_release), *rate[:2]), *rate[2:])
    if system in ("T2", "T4", "R7"):
        states["crowd"] = latch(volatility_crowding(small, large, *crowd[:2]), *crowd[2:])
    if system == "T3":
        valuations = (align(data[name], calendar, value_release) for name in ("pe_small", "pe_large"))
        states["value"] = latch(valuation_crowding(*valuations, value[0]), *value[1:])
    if system in ("R4", "R5", "R6", "R7"):
        states["trend"] = latch(relative_to_average(small, large, trend), 0, 0)
    if system in ("R5", "R5-hold", "R6", "R7"):
        states["fork.small"], states["fork.large"] = slope_fork(small, large, fork)
    if system in ("R2", "R6", "R7"):
        months = turning_point(data["m1"], *growth)
        if growth_release is None:
            states["growth"] = monthly_asof(months, data["usable"], calendar) == 1
        elif isinstance(growth_release, str):
            usable = months.index + pd.Timedelta(days=int(growth_release.split()[0]))
            states["growth"] = monthly_asof(months, usable, calendar) == 1
        else:
            states["growth"] = align(months, calendar, growth_release) == 1
    legs, held = [], first
    for t in range(len(calendar)):
        held = chosen_leg(system, {name: bool(state.iloc[t]) for name, state in states.items()}, held)
        legs.append(held)
    chosen = pd.Series(legs, index=calendar)
    return evaluate({"small": small, "large": large, "cash": None}, chosen, lag, window, published, **money)


def real_data(folder: Path, small_code: str, large_code: str) -> dict[str, pd.Series]:
    """The real series, as ``evaluate_system`` takes them, and the exchange's days as `calendar`."""
    indices = pd.read_parquet(folder / "index_daily.parquet", columns=["date", "code", "close"])
    yields = pd.read_csv(folder / "china_treasury_daily.csv", parse_dates=["date"], index_col="date")
    money = pd.read_csv(folder / "china_money_supply_monthly.csv", parse_dates=[0, 1], index_col=0)
    valuations = pd.read_csv(folder / "index_pe_daily.csv", parse_dates=["date"], index_col="date")

    def close(code: str) -> pd.Series:
        return indices[indices["code"] == code].set_index("date")["close"].sort_index()

    return {
        "calendar": close("000001.SH"),
        "small": close(small_code),
        "large": close(large_code),
        "yield": yields["cn_y10"],
        "m1": money["m1_yoy"],
        "usable": money["usable_from_conservative"],
        "pe_small": valuations["csi500_pe"],
        "pe_large": valuations["hs300_pe"],
    }
