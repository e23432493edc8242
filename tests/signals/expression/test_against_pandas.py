"""Composed expressions on dates with holidays and gaps, against plain pandas written day by day, to 1e-9."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Observations, Source
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators import OPERATORS
from gridproof.signals.expression.parser import Parser
from gridproof.signals.expression.scope import Scope
from gridproof.signals.synthetic.trading_days import trading_days

# Chinese trading days: weeks of two days, weeks and months that end before a holiday, a last month that has not ended.
DATES = pd.DatetimeIndex(trading_days(2015, 2021))[:-7]
RNG = np.random.default_rng(77)
A = pd.Series(50 * np.exp(RNG.normal(0, 0.02, len(DATES)).cumsum()), DATES)
B = pd.Series(np.round(30 + RNG.normal(0, 0.3, len(DATES)).cumsum(), 1), DATES)  # with many ties
Z = pd.Series(RNG.integers(0, 3, len(DATES)).astype(float), DATES)  # a third of it 0: x / z has gaps


def written(text: str) -> Floats:
    days = DATES.to_numpy().astype("datetime64[D]")
    series = {
        name: Observations(Source(name, "", ""), days, values.to_numpy(), {})
        for name, values in {"a": A, "b": B, "z": Z}.items()
    }
    parser = Parser(Graph(dict(OPERATORS.operators)))
    at = parser.parse(text, Scope(frozenset(series), {}, {}, "expression"))
    return ExpressionEvaluator(parser.graph, Market(days, series), 243.0, len(days) - 1).daily(at, {}, {}, "expression")


def last_of(x: pd.Series, period: str) -> pd.Series:
    """The closes of the weeks or months that have ended."""
    return x.groupby(x.index.to_period(period)).tail(1).iloc[:-1]


def held(x: pd.Series) -> pd.Series:
    return x.reindex(DATES, method="ffill")


def by_day(x: pd.Series, compute: Callable[[pd.Series], float]) -> pd.Series:
    """``compute`` of everything up to each day."""
    return pd.Series([compute(x.iloc[: day + 1]) for day in range(len(x))], x.index)


def share(known: pd.Series) -> float:
    return float((known <= known.iloc[-1]).mean())


def percentile_since() -> pd.Series:
    gaps = (A / Z).replace(np.inf, np.nan)
    counted = gaps[gaps.index >= "2016-02-06"].dropna()  # a Saturday in a holiday
    return by_day(counted, share).where(np.arange(len(counted)) >= 37 - 1).reindex(DATES)


def percentile_min() -> pd.Series:
    return by_day(B, lambda x: share(x.iloc[-301:])).where(np.arange(len(B)) >= 57 - 1)


def gap_in_window() -> pd.Series:
    gaps = (A / Z).replace(np.inf, np.nan)
    return gaps.rolling(3, min_periods=3).mean()


def weekly_scores() -> pd.Series:
    week = last_of(A, "W-SUN")
    return (
        held((week - week.rolling(13).mean()) / week.rolling(13).std())
        - (A - A.rolling(61).mean()) / A.rolling(61).std()
    )


def monthly_gain() -> pd.Series:
    month = last_of(A / B, "M")
    return (
        held(month.pct_change(7))
        .where(held(month) > held(month.rolling(5).median()), -1.0)
        .where(held(month.rolling(5).median()).notna())
    )


def rebased_low() -> pd.Series:
    base = A[:"2018-10-04"].iloc[-1]  # in a holiday: the last trading day before
    nav = (A / base).where(A.index >= A[:"2018-10-04"].index[-1])
    return nav - nav.rolling(29).min()


def weeks_since_high() -> pd.Series:
    week = last_of(B, "W-SUN")
    return held(week.rolling(11).apply(lambda x: float(np.argmax(x[::-1])), raw=True))  # ties: the latest


def beta_gap() -> pd.Series:
    x, y = B.diff(2), A.diff(2)
    return (
        y.rolling(47).cov(x) / x.rolling(47).var()
        - y.rolling(47).corr(x) * y.rolling(47).std() / x.rolling(47).std()
        + (A.ewm(span=9, adjust=False).mean())
    )


def deepest() -> pd.Series:
    def fall(x: Floats) -> float:
        return float((x / np.maximum.accumulate(x) - 1).min())

    return A.rolling(83, min_periods=10).apply(fall, raw=True)


def turn_days() -> pd.Series:
    month = pd.Series(DATES.to_period("M"), DATES)
    first = month.groupby(month).cumcount() + 1
    left = (month.groupby(month).transform("size") - first).where(month != month.iloc[-1])
    return left * 100 + first


VALUES = {
    "percentile(a / z, all, since=2016-02-06, min=37)": percentile_since,
    "percentile(b, 301, min=57)": percentile_min,
    "mean(a / z, 3)": gap_in_window,
    "zscore(weekly(a), 13) - zscore(a, 3m)": weekly_scores,
    "where(monthly(a / b) > median(monthly(a / b), 5), pct_change(monthly(a / b), 7), -1)": monthly_gain,
    "nav(a, base=2018-10-04) - min(nav(a, base=2018-10-04), 29)": rebased_low,
    "argmax(weekly(b), 11)": weeks_since_high,
    "beta(diff(a, 2), diff(b, 2), 47) - corr(diff(a, 2), diff(b, 2), 47) * std(diff(a, 2), 47) / std(diff(b, 2), 47)"
    " + ema(a, 9)": beta_gap,
    "max_drawdown(a, 83, min=10)": deepest,
    "trading_days_left() * 100 + trading_day_of_month()": turn_days,
}


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_that_of_pandas(text: str) -> None:
    expected = VALUES[text]()
    assert expected.notna().sum() > 200
    np.testing.assert_allclose(written(text), expected.to_numpy(dtype=np.float64), rtol=1e-9, atol=1e-9)


def test_conditions_with_ties_and_gaps() -> None:
    """A crossing of rounded values, with equal ones, inside a streak; unknown where a part of it is."""
    average = (B * 10).rolling(2).sum() / 20  # exact in tenths
    above = (average < B) & (B.shift(1) <= average.shift(1))
    known = average.notna() & average.shift(1).notna()
    expected = above.astype(float).where(known)
    np.testing.assert_array_equal(written("crosses_above(b, sum(b * 10, 2) / 20)"), expected)
    gaps = (A / Z).replace(np.inf, np.nan)
    streak, found = np.nan, []
    begun = False
    for today in (gaps > 40).astype(float).where(gaps.notna()):
        if np.isnan(today):
            streak = np.nan
        else:
            streak = 0.0 if today == 0 else 1.0 if not begun else streak + 1
            begun = True
        found.append(streak)
    np.testing.assert_array_equal(written("streak(a / z > 40)"), found)
    both = gaps.notna() & A.rolling(5).mean().notna()
    condition = ((gaps > 40) | ~(A.rolling(5).mean() < A)).astype(float).where(both)
    np.testing.assert_array_equal(written("a / z > 40 or not mean(a, 5) < a"), condition)
