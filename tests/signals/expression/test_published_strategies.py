"""Published strategies in one expression each, against plain pandas on made-up markets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.example import evaluate_example, weekdays
from gridproof.signals.expression.operators import OPERATORS

DAYS = 1600
RNG = np.random.default_rng(2026)
DATES = pd.DatetimeIndex(weekdays(DAYS))


def walk(volatility: float = 0.012, start: float = 100.0) -> pd.Series:
    return pd.Series(start * np.exp(np.cumsum(RNG.normal(0.0002, volatility, DAYS))), DATES)


def level(start: float, step: float) -> pd.Series:
    return pd.Series(start + np.cumsum(RNG.normal(0, step, DAYS)), DATES)


STOCKS, WORLD, BILLS, SMALL = walk(), walk(), walk(0.0005), walk(0.02)
HIGH, LOW = (STOCKS * (1 + sign * RNG.random(DAYS) / 60) for sign in (1, -1))
VIX, PE = walk(0.05, 22.0), walk(0.01, 14.0)
TWO_YEARS, TEN_YEARS = level(2.6, 0.02), level(2.8, 0.02)
FLOW = pd.Series(RNG.normal(500, 3000, DAYS), DATES)
INPUTS = {
    "stocks": STOCKS, "world": WORLD, "bills": BILLS, "small": SMALL, "high": HIGH, "low": LOW, "vix": VIX, "pe": PE,
    "cn2y": TWO_YEARS, "cn10y": TEN_YEARS, "flow": FLOW,
}  # fmt: skip


def written(text: str) -> Floats:
    used = {name: values.to_numpy() for name, values in INPUTS.items() if name in text}
    assert used or "(" in text
    return evaluate_example(text, used or {"stocks": STOCKS.to_numpy()}, OPERATORS.operators)


def assert_value(text: str, expected: pd.Series) -> None:
    """Both unknown on the same days, and equal to 1e-9; pandas' own sums are that far off where a score is near 0."""
    assert expected.notna().sum() > 200
    np.testing.assert_allclose(written(text), expected.to_numpy(dtype=np.float64), rtol=1e-9, atol=1e-9)


def assert_condition(text: str, holds: pd.Series, *operands: pd.Series) -> None:
    """True and false on the same days, both of them at times; unknown where an operand is."""
    known = np.logical_and.reduce([np.ones(DAYS, dtype=np.bool_), *(one.notna().to_numpy() for one in operands)])
    assert 0 < holds[known].sum() < known.sum()
    np.testing.assert_array_equal(written(text), np.where(known, holds.to_numpy(dtype=np.float64), np.nan))


def months(x: pd.Series) -> pd.Series:
    """The closes of the months that have ended, each at its last trading day."""
    last = x.groupby(x.index.to_period("M")).tail(1)
    return last.iloc[:-1]


def held(x: pd.Series) -> pd.Series:
    return x.reindex(DATES, method="ffill")


def test_faber_ten_month_average() -> None:
    closes = months(STOCKS)
    average = closes.rolling(10).mean()
    text = "monthly(stocks) > mean(monthly(stocks), 10)"
    assert_condition(text, held(closes) > held(average), held(average))
    assert_value("mean(monthly(stocks), 10)", held(average))


def test_dual_momentum() -> None:
    own, other, bills = (held(months(x).pct_change(12)) for x in (STOCKS, WORLD, BILLS))
    text = "pct_change(monthly(stocks), 12) > pct_change(monthly(world), 12) and "
    text += "pct_change(monthly(stocks), 12) > pct_change(monthly(bills), 12)"
    assert_condition(text, (own > other) & (own > bills), own, other, bills)


def test_vix_threshold() -> None:
    assert_condition("vix > 25", VIX > 25)
    assert_condition("vix > 1.2 * mean(vix, 50)", 1.2 * VIX.rolling(50).mean() < VIX, VIX.rolling(50).mean())


def test_connors_rsi_of_two_days() -> None:
    change = STOCKS.diff().to_numpy()
    averages = []
    for moves in (np.maximum(change, 0), np.maximum(-change, 0)):
        average = [np.nan, np.nan, moves[1:3].mean()]
        for move in moves[3:]:
            average.append((average[-1] + move) / 2)
        averages.append(np.array(average))
    rsi = pd.Series(100 - 100 / (1 + averages[0] / averages[1]), DATES)
    trend = STOCKS.rolling(200).mean()
    assert_value("rsi(stocks, 2)", rsi)
    assert_condition("rsi(stocks, 2) < 10 and stocks > mean(stocks, 200)", (rsi < 10) & (trend < STOCKS), rsi, trend)


def test_donchian_channel() -> None:
    high, low = STOCKS.rolling(20).max(), STOCKS.rolling(10).min()
    assert_condition("stocks >= max(stocks, 20)", high <= STOCKS, high)
    assert_condition("stocks <= min(stocks, 10)", low >= STOCKS, low)
    assert_condition("stocks > lag(max(stocks, 20), 1)", high.shift(1) < STOCKS, high.shift(1))


def test_yield_curve_inversion() -> None:
    spread = TEN_YEARS - TWO_YEARS
    average = spread.rolling(61).mean()
    assert_condition("mean(cn10y - cn2y, 3m) < 0", average < 0, average)
    inverted = spread < 0
    days = inverted.groupby((~inverted).cumsum()).cumsum()
    assert_condition("streak(cn10y < cn2y) >= 10", days >= 10, spread)


def test_bollinger_bands_of_northbound_flow() -> None:
    average, deviation = FLOW.rolling(60).mean(), FLOW.rolling(60).std()
    assert_value("mean(flow, 60) + 1.5 * std(flow, 60)", average + 1.5 * deviation)
    assert_condition("flow > mean(flow, 60) + 1.5 * std(flow, 60)", average + 1.5 * deviation < FLOW, average)


def test_equity_risk_premium_beyond_one_deviation() -> None:
    premium = 1 / PE - TEN_YEARS / 100
    average, deviation = premium.rolling(486).mean(), premium.rolling(486).std()
    text = "1 / pe - cn10y / 100 > mean(1 / pe - cn10y / 100, 2y) + std(1 / pe - cn10y / 100, 2y)"
    assert_condition(text, premium > average + deviation, average)
    text = "1 / pe - cn10y / 100 < mean(1 / pe - cn10y / 100, 2y) - std(1 / pe - cn10y / 100, 2y)"
    assert_condition(text, premium < average - deviation, average)


def test_five_and_twenty_day_averages_cross() -> None:
    fast, slow = STOCKS.rolling(5).mean(), STOCKS.rolling(20).mean()
    crossed = (fast > slow) & (fast.shift(1) <= slow.shift(1))
    assert_condition("crosses_above(mean(stocks, 5), mean(stocks, 20))", crossed, slow, slow.shift(1))


def test_resistance_support_relative_strength() -> None:
    beta = HIGH.rolling(18).cov(LOW) / LOW.rolling(18).var()
    score = (beta - beta.rolling(600).mean()) / beta.rolling(600).std()
    explained = HIGH.rolling(18).corr(LOW) ** 2
    assert_value("zscore(beta(high, low, 18), 600)", score)
    text = "zscore(beta(high, low, 18), 600) * corr(high, low, 18) ** 2"
    assert_value(text, score * explained)
    assert_value(f"{text} * beta(high, low, 18)", score * explained * beta)


def test_turn_of_the_month() -> None:
    month = pd.Series(DATES.to_period("M"), DATES)
    day, left = month.groupby(month).cumcount() + 1, month.groupby(month).cumcount(ascending=False)
    left = left.where(month != month.iloc[-1])
    assert_condition("trading_days_left() == 0 or trading_day_of_month() <= 3", (left == 0) | (day <= 3), left)


def test_rotation_of_large_and_small() -> None:
    large, small = STOCKS.pct_change(20), SMALL.pct_change(20)
    text = "pct_change(stocks, 20) > pct_change(small, 20) and pct_change(stocks, 20) > 0"
    assert_condition(text, (large > small) & (large > 0), large, small)
    text = "pct_change(small, 20) > pct_change(stocks, 20) and pct_change(small, 20) > 0"
    assert_condition(text, (small > large) & (small > 0), large, small)


def test_relative_crowding_of_two_styles() -> None:
    def score(x: pd.Series) -> pd.Series:
        average = x.rolling(100).mean()["2024-03-01":]
        return ((average - average.expanding(50).mean()) / average.expanding(50).std()).reindex(DATES)

    difference = score(STOCKS) - score(SMALL)
    expected = difference.rolling(486, min_periods=243).rank(method="max", pct=True)
    zscores = (f"zscore(mean({name}, 100), all, since=2024-03-01, min=50)" for name in ("stocks", "small"))
    text = " - ".join(zscores)
    assert_value(text, difference)
    assert_value(f"percentile({text}, 2y, min=243)", expected)


def test_percentile_of_a_rolling_sharpe_ratio() -> None:
    returns = STOCKS.pct_change()
    sharpe = returns.rolling(61).mean() * 243 / (returns.rolling(61).std() * np.sqrt(243))
    assert_value("sharpe(stocks, 3m)", sharpe)
    assert_value("percentile(sharpe(stocks, 3m), all)", sharpe.expanding().rank(method="max", pct=True))


def test_where_the_latest_value_lies_in_its_half_year_range() -> None:
    low, high = VIX.rolling(122).min(), VIX.rolling(122).max()
    assert_value("stochastic(vix, 6m)", (VIX - low) / (high - low))
