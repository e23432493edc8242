"""Months, rolling figures, drawdowns, benchmark, positions and signal levels against plain pandas and statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api

from gridproof.kernels.problem import Restrictions
from gridproof.kernels.reference import follow
from gridproof.results.performance.benchmark import compare, relative_nav
from gridproof.results.performance.drawdowns import deepest_drawdowns
from gridproof.results.performance.months import daily_returns, monthly_returns, yearly_returns
from gridproof.results.performance.positions import DRAWDOWN, OPEN, RULE, STOP, WAITED, list_positions
from gridproof.results.performance.rolling import rolling_sharpe, rolling_volatility
from gridproof.results.performance.signal_levels import forward_returns, returns_by_level
from tests.support.plain_execution import Prices, Terms, money_books
from tests.support.plain_execution import follow as follow_plainly

PERIODS, RISK_FREE = 252.0, 0.015


def draw(seed: int, days: int = 900) -> pd.Series[Any]:
    drawn = np.random.default_rng(seed).normal(0.0004, 0.012, days)
    return pd.Series(drawn, index=pd.bdate_range("2015-03-04", periods=days))


@pytest.fixture(scope="module")
def base() -> pd.Series[Any]:
    return draw(1) * 0.6 + draw(2) * 0.5


@pytest.fixture(scope="module")
def benchmark() -> pd.Series[Any]:
    return draw(2)


def test_returns_of_a_curve_count_its_first_day(base: pd.Series[Any]) -> None:
    np.testing.assert_allclose(daily_returns((1 + base).cumprod()), base, atol=1e-14)


def test_months_and_years_compound_their_days(base: pd.Series[Any]) -> None:
    nav = pd.concat([pd.Series([1.0], index=[base.index[0] - pd.Timedelta(days=1)]), (1 + base).cumprod()])
    months = nav.resample("ME").last().pct_change()
    months.iloc[0] = nav.resample("ME").last().iloc[0] - 1
    table = monthly_returns(base)
    for end, value in months.items():
        day = pd.Timestamp(str(end))
        assert table.loc[day.year, day.month] == pytest.approx(value, abs=1e-12)
    assert table.isna().sum().sum() == 12 * len(table) - len(months)
    years = yearly_returns(base)
    np.testing.assert_allclose((1 + table.fillna(0)).prod(axis=1) - 1, years, atol=1e-12)


def test_rolling_figures_are_those_of_each_window(base: pd.Series[Any]) -> None:
    ratio, spread = (
        rolling_sharpe(base, 252, PERIODS, RISK_FREE),
        rolling_volatility(base, 252, PERIODS),
    )
    assert ratio.iloc[:251].isna().all()
    for end in (251, 400, 899):
        part = base.iloc[end - 251 : end + 1]
        volatility = part.std() * np.sqrt(PERIODS)
        assert spread.iloc[end] == pytest.approx(volatility, abs=1e-12)
        assert ratio.iloc[end] == pytest.approx((part.mean() * PERIODS - RISK_FREE) / volatility, abs=1e-10)
    flat = pd.Series(0.0001, index=base.index)
    assert rolling_sharpe(flat, 252, PERIODS, 0.0).isna().all()


def test_drawdowns_have_the_dates_of_a_curve_made_by_hand() -> None:
    days = pd.bdate_range("2020-01-01", periods=9)
    nav = pd.Series([0.9, 1.0, 1.2, 1.1, 0.6, 0.9, 1.3, 1.2, 1.25], index=days)
    deep, first, last = deepest_drawdowns(nav)
    assert (deep.peak, deep.trough, deep.recovery) == (days[2], days[4], days[6])
    assert (deep.depth, deep.days_down, deep.days) == (pytest.approx(-0.5), 2, 4)
    assert (first.peak, first.trough, first.recovery, first.days_down, first.days) == (None, days[0], days[1], 1, 2)
    assert (last.peak, last.trough, last.recovery, last.days) == (days[6], days[7], None, 2)
    assert deepest_drawdowns(nav, 1) == [deep]
    assert deepest_drawdowns(nav.cummax()) == [first._replace(depth=pytest.approx(-0.1))]


def test_the_deepest_drawdown_is_that_of_the_curve(base: pd.Series[Any]) -> None:
    nav = (1 + base).cumprod()
    falls = nav / nav.cummax().clip(lower=1) - 1
    deepest = deepest_drawdowns(nav)[0]
    assert deepest.depth == pytest.approx(falls.min(), abs=1e-14)
    assert deepest.trough == falls.idxmin()


def test_alpha_and_beta_are_those_of_least_squares(base: pd.Series[Any], benchmark: pd.Series[Any]) -> None:
    found = compare(base, benchmark, PERIODS, RISK_FREE)
    daily = RISK_FREE / PERIODS
    fit = statsmodels.api.OLS(
        (base - daily).to_numpy(), statsmodels.api.add_constant((benchmark - daily).to_numpy())
    ).fit()
    assert found.alpha == pytest.approx(fit.params[0] * PERIODS, abs=1e-12)
    assert found.alpha_t == pytest.approx(fit.tvalues[0], abs=1e-9)
    assert found.beta == pytest.approx(fit.params[1], abs=1e-12)
    active = base - benchmark
    assert found.tracking_error == pytest.approx(active.std() * np.sqrt(PERIODS), abs=1e-12)
    assert found.information_ratio == pytest.approx(active.mean() / active.std() * np.sqrt(PERIODS), abs=1e-10)
    assert found.correlation == pytest.approx(base.corr(benchmark), abs=1e-12)
    up = benchmark > 0
    assert found.up == pytest.approx(base[up].mean() / benchmark[up].mean(), abs=1e-12)
    years = len(base) / PERIODS
    cagr = [(1 + one).prod() ** (1 / years) - 1 for one in (base, benchmark)]
    assert found.excess == pytest.approx(cagr[0] - cagr[1], abs=1e-12)
    ratio = (1 + base).cumprod() / (1 + benchmark).cumprod()
    np.testing.assert_allclose(relative_nav(base, benchmark), ratio, atol=1e-12)


def test_a_benchmark_that_is_flat_or_the_same_has_no_figures(base: pd.Series[Any]) -> None:
    flat = compare(base, base * 0 + 0.0001, PERIODS, RISK_FREE)
    assert np.isnan([flat.alpha, flat.beta, flat.alpha_t, flat.correlation]).all()
    same = compare(base, base, PERIODS, RISK_FREE)
    assert (same.beta, same.tracking_error) == (pytest.approx(1.0), pytest.approx(0.0))
    assert np.isnan(same.information_ratio)


def test_positions_are_the_days_in_a_row_with_one_allocation() -> None:
    days = pd.bdate_range("2020-01-01", periods=6)
    held = pd.Series(["a", "a", "cash", "a", "a", "a"], index=days)
    own = pd.Series([0.1, 0.1, 0.0, -0.5, 0.2, 0.0], index=days)
    other = pd.Series([0.0, 0.2, 0.1, 0.0, 0.0, 0.1], index=days)
    table = list_positions(held, own, other)
    assert table["held"].tolist() == ["a", "cash", "a"]
    assert table["from"].tolist() == [days[0], days[2], days[3]]
    assert table["to"].tolist() == [days[1], days[2], days[5]]
    assert table["days"].tolist() == [2, 1, 3]
    np.testing.assert_allclose(table["return"], [0.21, 0.0, -0.4], atol=1e-12)
    np.testing.assert_allclose(table["benchmark"], [0.2, 0.1, 0.1], atol=1e-12)


def test_positions_say_why_they_ended() -> None:
    """The rule wants a for eight days: a stop on day 2 waits three days; one on day 6 lasts until the rule wants b."""
    days = pd.bdate_range("2020-01-01", periods=11)
    held = pd.Series([*"aa", *["cash"] * 3, "a", *["cash"] * 2, *"bbb"], index=days)
    wanted = pd.Series([*"aaaaaaaa", *"bbb"], index=days)
    zero = pd.Series(0.0, index=days)
    table = list_positions(held, zero, zero, wanted)
    assert table["held"].tolist() == ["a", "cash", "a", "cash", "b"]
    assert table["end"].tolist() == [STOP, WAITED, STOP, RULE, OPEN]
    assert "end" not in list_positions(held, zero, zero)


def test_another_part_of_a_position_ends_it_by_the_drawdown() -> None:
    """Half of a, then none of it, a half again; a stop of that half; b, and half of it."""
    days = pd.bdate_range("2020-01-01", periods=10)
    names = ("a", "a × 0.5", "cash", "cash", "a × 0.5", "cash", "cash", "b", "b × 0.5", "c × 0.5")
    held, position = pd.Series(names, index=days), pd.Series([*"aaaaa", "cash", "cash", *"bbc"], index=days)
    wanted, zero = pd.Series([*"aaaaaaa", *"bbc"], index=days), pd.Series(0.0, index=days)
    table = list_positions(held, zero, zero, wanted, position)
    assert table["held"].tolist() == ["a", "a × 0.5", "cash", "a × 0.5", "cash", "b", "b × 0.5", "c × 0.5"]
    assert table["end"].tolist() == [DRAWDOWN, DRAWDOWN, DRAWDOWN, STOP, RULE, DRAWDOWN, RULE, OPEN]


def test_the_wait_after_a_stop_of_a_position_of_which_nothing_was_held() -> None:
    days = pd.bdate_range("2020-01-01", periods=6)
    held = pd.Series(["a", "cash", "cash", "cash", "a", "a"], index=days)
    position, wanted = pd.Series(["a", "a", "cash", "cash", "a", "a"], index=days), pd.Series([*"aaaaaa"], index=days)
    zero = pd.Series(0.0, index=days)
    assert list_positions(held, zero, zero, wanted, position)["end"].tolist() == [DRAWDOWN, WAITED, OPEN]


def test_ends_of_positions_are_those_of_the_following() -> None:
    """Against the reference, on random targets with stops, minimum holding and cooling-off."""
    random = np.random.default_rng(3)
    for cooling in (0, 4):
        target = random.integers(0, 3, 40).repeat(5)
        exits = np.where(random.random((1, 3, 200)) < 0.3, np.arange(200) + random.integers(1, 9, (1, 3, 200)), 10**6)
        exits[:, 0] = 10**6
        one = np.array([1], dtype=np.int64)
        restrictions = Restrictions(one * 3, one * cooling, one * 0, exits.astype(np.int32), 0)
        held = follow(target, restrictions, 0)
        days = pd.bdate_range("2020-01-01", periods=len(held))
        zero = pd.Series(0.0, index=days)
        table = list_positions(pd.Series(held, index=days), zero, zero, pd.Series(target, index=days))
        for start, end, held_then, why in zip(table["from"], table["to"], table["held"], table["end"], strict=True):
            first, last = days.get_loc(start), days.get_loc(end)
            stopped = last + 1 < len(days) and exits[0, held_then, first] == last + 1 and target[last + 1] == held_then
            assert (why == STOP) == stopped
    assert {STOP, WAITED, RULE} <= set(table["end"])


@pytest.mark.parametrize("stop", ["stop", "trailing_stop", "nav_stop", "drawdown_stop"])
@pytest.mark.parametrize(("min_hold", "cooling"), [(1, 0), (1, 6), (4, 6)])
def test_ends_of_positions_are_those_of_a_plain_loop(stop: str, min_hold: int, cooling: int) -> None:
    """Every kind of stop, on random prices, with the loop that the kernels are tested against."""
    random, count, found = np.random.default_rng(7), 400, set()
    days = pd.bdate_range("2020-01-01", periods=count)
    for lag, at in ((1, "close"), (2, "open")):
        prices = {}
        for leg in "ab":
            close = np.exp(random.normal(0.0, 0.02, count + 1).cumsum())
            prices[leg] = Prices(close.tolist(), (close * 1.001).tolist(), (close * 0.99).tolist())
        target = [str(leg) for leg in random.choice(["a", "b", "cash"], count // 8, p=[0.4, 0.4, 0.2]).repeat(8)]
        terms = Terms(lag, at, min_hold=min_hold, cooling=cooling, **{stop: 0.05})  # type: ignore[arg-type]
        cost = {leg: [0.001] * count for leg in ("a", "b")} | {"cash": [0.0] * count}
        ends: list[str] = []
        held = follow_plainly(
            target, prices, terms, money_books(prices, terms, cost, cost, dict.fromkeys(cost, 0.0), 252.0), ends
        )
        zero = pd.Series(0.0, index=days)
        table = list_positions(pd.Series(held, index=days), zero, zero, pd.Series(target, index=days))
        assert table["end"].tolist() == [*ends, OPEN]
        found |= set(ends)
    assert found == ({RULE, STOP, WAITED} if cooling else {RULE, STOP})


def test_forward_returns_begin_on_the_next_day(benchmark: pd.Series[Any]) -> None:
    nav = (1 + benchmark).cumprod()
    for horizon in (1, 5):
        expected = nav.shift(-horizon) / nav - 1
        np.testing.assert_allclose(forward_returns(benchmark, horizon), expected, atol=1e-12)
    assert np.isnan(forward_returns(benchmark.head(4), 5)).all()


def test_levels_are_fifths_of_the_known_days(benchmark: pd.Series[Any]) -> None:
    signal = pd.Series(np.random.default_rng(5).permutation(900).astype(float), index=benchmark.index)
    signal.iloc[:100] = np.nan
    found = returns_by_level(signal, benchmark)
    nav = (1 + benchmark).cumprod()
    bins = pd.qcut(signal, 5, labels=False)
    for number, one in enumerate(found):
        inside = bins == number
        assert abs(one.days - 160) <= 1
        after = (nav.shift(-5) / nav - 1)[(signal >= one.low) & (signal <= one.high)]
        assert one.forward[1] == pytest.approx(after.mean(), abs=1e-12)
        assert abs(int(inside.sum()) - one.days) <= 1
    assert sum(one.days for one in found) == 800


def test_equal_values_share_a_level(benchmark: pd.Series[Any]) -> None:
    signal = pd.Series(np.where(np.arange(900) < 300, 1.0, 2.0), index=benchmark.index)
    assert [(one.low, one.high, one.days) for one in returns_by_level(signal, benchmark)] == [(1, 1, 300), (2, 2, 600)]
    assert returns_by_level(signal * np.nan, benchmark) == []
