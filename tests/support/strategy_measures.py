"""Measures of the shipped strategies in plain pandas, and how states decide among legs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from gridproof.kernels.arrays import Floats
from tests.support.strategy_series import (
    table,
)


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
