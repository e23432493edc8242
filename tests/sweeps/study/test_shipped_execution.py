"""The shipped studies with decision days, trades at the open, minimum holding and stops, beside a plain daily loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.plan.point import Point
from tests.support.plain_execution import CASH, Prices, Terms, follow, money, money_books
from tests.support.real_data import ASHARE
from tests.support.strategy_series import index, installed

pytestmark = pytest.mark.filterwarnings("ignore::gridproof.DataWarning")


def check(
    point: Point,
    chosen: pd.Series,
    legs: dict[str, list[pd.Series]],
    execution: dict[str, Any],
    interest: float,
    periods: float,
) -> None:
    """``chosen``: the leg at the close of each decision day. ``legs``: the closes, opens and lows of each."""
    terms = Terms(**{key: value for key, value in execution.items() if key not in ("cost", "decide")})
    calendar = legs[next(iter(legs))][0].index
    days = point.curve.index
    first = calendar.get_loc(days[0])
    target = chosen.reindex(calendar).ffill().shift(terms.lag)[days].tolist()
    prices = {
        name: Prices(*(one.reindex(calendar)[first - 1 : first + len(days)].tolist() for one in fields))
        for name, fields in legs.items()
    }
    rates = {name: [execution.get("cost", 0.0)] * len(days) for name in legs} | {CASH: [0.0] * len(days)}
    account = prices, terms, rates, rates, dict.fromkeys(legs, 0.0) | {CASH: interest}, periods
    held = follow(target, prices, terms, money_books(*account))
    navs = money(held, *account)
    assert point.held == held
    np.testing.assert_allclose(point.curve["nav"], navs, rtol=1e-9)


def last_days(calendar: pd.DatetimeIndex, period: str) -> pd.DatetimeIndex:
    numbers = calendar.to_period(period)
    return calendar[:-1][numbers[1:] != numbers[:-1]]


@pytest.mark.parametrize(
    "execution",
    [
        {"stop": 0.10, "cooling": 60, "lag": 1},
        {"stop": 0.04, "trailing_stop": 0.10, "stop_on": "low", "cooling": 20, "lag": 2, "cost": 0.001},
    ],
)
def test_a_stop_on_an_index(execution: dict[str, Any]) -> None:
    point = gp.point(gp.load_study("stop-loss"), {"trailing_stop": 0, "stop_on": "close", "cost": 0} | execution)
    close, low = installed("sp500"), installed("sp500", "Low")
    always = pd.Series("sp500", close.index)
    check(point, always, {"sp500": [close, close, low]}, execution, 0.02, 252)
    assert CASH in point.held


@pytest.mark.parametrize(
    "execution",
    [
        {"drawdown_stop": 0.15, "cooling": 60, "lag": 1, "cost": 0.001},
        {"drawdown_stop": 0.10, "nav_stop": 0.05, "cooling": 120, "lag": 2, "cost": 0.001},
    ],
)
def test_a_stop_on_the_drawdown_of_a_rotation(execution: dict[str, Any]) -> None:
    point = gp.point(gp.load_study("drawdown-stop"), {"nav_stop": 0} | execution)
    sp500, nasdaq = installed("sp500"), installed("nasdaq")
    leads = nasdaq / nasdaq.shift(250) > sp500 / sp500.shift(250)
    chosen = pd.Series(np.where(leads, "nasdaq", "sp500"), sp500.index)[last_days(sp500.index, "M")]
    check(point, chosen, {"sp500": [sp500] * 3, "nasdaq": [nasdaq] * 3}, execution, 0.02, 252)
    assert {"sp500", "nasdaq", CASH} == set(point.held)


@pytest.mark.parametrize(
    ("limit", "steps", "lag", "stop", "cooling"), [(0.2, 4, 1, 0.0, 60), (0.3, 10, 2, 0.0, 60), (0.2, 2, 1, 0.15, 60)]
)
def test_less_of_a_rotation_the_deeper_its_drawdown(
    limit: float, steps: int, lag: int, stop: float, cooling: int
) -> None:
    """A plain account: money in two indices and in cash, set to its weights at every close, for 0.1 % of each trade."""
    keys = {"drawdown_control": limit, "control_steps": steps, "drawdown_stop": stop, "cooling": cooling, "lag": lag}
    point = gp.point(gp.load_study("drawdown-control"), keys | {"cost": 0.001})
    closes = pd.DataFrame({name: installed(name) for name in ("sp500", "nasdaq")})
    gain = closes / closes.shift(250)
    leads = (gain["nasdaq"] > gain["sp500"])[last_days(closes.index, "M")].reindex(closes.index).ffill()
    wanted = leads.shift(lag)[point.curve.index].astype(bool)
    returns = closes.pct_change().loc[point.curve.index]
    nav = high = 1.0
    part = asked = steps
    change = leave = again = -1  # the days of the next change of the part, of leaving, and of entering again
    out, left, money = False, None, None
    navs = []
    for day, (date, nasdaq) in enumerate(wanted.items()):
        part, change = (asked, -1) if day == change else (part, change)
        if day == leave and not out:
            turned = left is not None and nasdaq != left  # to the other index on the very day
            leave, out, again = -1, not turned, day + cooling
            if turned:
                high, part, change = nav, steps, -1
        elif out and (day == again or nasdaq != left):
            out, high, part, change = False, nav, steps, -1
        if not out:
            left = nasdaq
        share = 0.0 if out else part / steps
        target = np.array([share * (not nasdaq), share * nasdaq, 1.0 - share]) * nav
        if money is not None:
            target *= 1.0 - 0.001 * np.abs((target - money)[:2]).sum() / nav
        money = target * [*(1.0 + returns.loc[date]), 1.02 ** (1 / 252)]
        nav = float(money.sum())
        navs.append(nav)
        if out:
            continue
        high = max(high, nav)
        if stop and leave < 0 and nav <= (1.0 - stop) * high * (1 + 1e-12):
            leave = day + lag
        if change < 0:
            x = steps * (1.0 - (1.0 - nav / high) / limit)
            asked = int(max(0, min(max(part, np.floor(x + 1e-9)), np.ceil(x - 1e-9))))
            change = day + lag if asked != part else -1
    np.testing.assert_allclose(point.curve["nav"], navs, rtol=1e-9)
    assert len(set(point.held)) >= 4


@pytest.mark.parametrize(("decide", "min_hold"), [("monthly", 1), ("weekly", 21), ("daily", 1)])
def test_dual_momentum_decided_on_some_days(decide: str, min_hold: int) -> None:
    point = gp.point(gp.load_study("dual-momentum-daily"), {"decide": decide, "min_hold": min_hold})
    sp500, nasdaq = installed("sp500"), installed("nasdaq")
    gain, other = sp500 / sp500.shift(252) - 1, nasdaq / nasdaq.shift(252) - 1
    chosen = pd.Series(np.where(gain <= 0.02, CASH, np.where(other > gain, "nasdaq", "sp500")), sp500.index)
    if decide != "daily":
        chosen = chosen[last_days(sp500.index, decide[0].upper())]
    legs = {"sp500": [sp500] * 3, "nasdaq": [nasdaq] * 3}
    check(point, chosen, legs, {"lag": 1, "min_hold": min_hold}, 0.02, 252)


def test_large_or_small_decided_weekly_and_traded_at_the_open() -> None:
    if not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    point = gp.point(gp.load_study("large-small-weekly"), data=ASHARE)
    calendar = index("000001.SH").index
    legs = {
        name: [index(code, field).reindex(calendar) for field in ("close", "open", "low")]
        for name, code in (("large", "000300.SH"), ("small", "000905.SH"))
    }
    large, small = (legs[name][0] / legs[name][0].shift(20) - 1 for name in legs)
    leads = np.where((large > 0) & (large >= small), "large", np.where((small > 0) & (small > large), "small", CASH))
    chosen = pd.Series(leads, calendar)[last_days(calendar, "W")]
    check(point, chosen, legs, {"lag": 1, "at": "open", "min_hold": 5, "cost": 0.001}, 0.03, 243)
