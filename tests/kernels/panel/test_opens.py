"""Selections and accounts at the open as problems of half-days, against a plain loop over days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.account import Fees, Lots
from gridproof.kernels.panel.backend import PanelBackend, resolve_panel
from gridproof.kernels.panel.opens import Opens, halved, joined, joined_account, open_lag
from gridproof.kernels.panel.selection import SelectionProblem
from tests.support.panels import random_problem

SCHEDULES = np.array([[1, 0], [2, 1], [5, 3]])
COUNTS = np.array([1, 3, 8])


def random_opens(seed: int, problem: SelectionProblem) -> Opens:
    """Of a stock that does not trade, what it was worth at the close before; some are known before the first close."""
    rng = np.random.default_rng(seed + 1)
    value, shape = problem.value, problem.value.shape
    opens = value * np.exp(rng.normal(0.0, 0.03, shape))
    still = rng.random(shape) < 0.2
    opens[1:] = np.where(still[1:] | np.isnan(value[1:]), value[:-1], opens[1:])
    return Opens(opens, (rng.random(shape) < 0.8) & ~still, rng.random(shape) < 0.8)


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(1, 3), st.booleans(), st.booleans())
def test_a_basket_earns_from_open_to_open(
    compiled: PanelBackend, seed: int, lag: int, weighted: bool, parted: bool
) -> None:
    closes = random_problem(seed, SCHEDULES, COUNTS, lag=lag, weighted=weighted, parted=parted)
    opens = random_opens(seed, closes)
    problem = halved(closes, opens)
    found, nights = joined(compiled.select(problem))
    expected, others = joined(resolve_panel("reference").select(problem))
    for one, other in zip((*found, nights), (*expected, others), strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12)
    for place in np.ndindex(len(SCHEDULES), len(COUNTS)):
        plain = by_day(closes, opens, *place)
        for one, other in zip((*(each[place] for each in found), nights[place]), plain, strict=True):
            np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-12)


def by_day(problem: SelectionProblem, opens: Opens, schedule: int, basket: int) -> list[Floats]:
    """Gross returns, purchases, sales and nights of each day. The problem is that of the closes."""
    interval, offset = problem.schedules[schedule]
    held, members, begun = dict[int, float](), set[int](), False
    gross, bought, sold, nights = (np.zeros(problem.return_days) for _ in range(4))
    at_open = problem._replace(buyable=opens.buyable, sellable=opens.sellable)
    for at in range(problem.return_days):
        day = problem.start + 1 + at
        before, now, after = problem.value[day - 1], opens.value[day], problem.value[day]
        night = sum(held[stock] * now[stock] / before[stock] for stock in held) if held else 1.0
        held = {stock: held[stock] * now[stock] / before[stock] / night for stock in held}
        if at >= offset and (at - offset) % interval == 0:
            decided = day - problem.lag
            begin, end = problem.places(decided, basket)
            target = set(problem.ranking.order[decided, begin:end].tolist())
            chosen = {stock for stock in target if at_open.buyable[day, stock] or stock in members}
            chosen |= {stock for stock in members if not at_open.sellable[day, stock]}
            weight = {stock: 1.0 if problem.weight is None else problem.weight[decided, stock] for stock in chosen}
            total = sum(weight.values())
            new = {stock: one / total for stock, one in weight.items() if one > 0.0}
            if begun:
                changes = [new.get(stock, 0.0) - held.get(stock, 0.0) for stock in {*new, *held}]
                bought[at], sold[at] = sum(max(one, 0.0) for one in changes), sum(max(-one, 0.0) for one in changes)
            held, members, begun = new, chosen, True
        rest = sum(held[stock] * after[stock] / now[stock] for stock in held) if held else 1.0
        held = {stock: held[stock] * after[stock] / now[stock] / rest for stock in held}
        nights[at], gross[at] = night - 1.0, night * rest - 1.0
    return [gross, bought, sold, nights]


def test_the_lag_counts_closes() -> None:
    """With a longer lag, the same opens trade what an earlier close decides."""
    closes = random_problem(3, SCHEDULES, COUNTS, lag=3)
    opens = random_opens(3, closes)
    longest = halved(closes, opens)
    for lag in (1, 2, 3):
        alone = halved(closes._replace(lag=lag), opens)
        one, other = (resolve_panel("cpu").select(each) for each in (alone, longest._replace(lag=open_lag(lag))))
        for own, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(own, same)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_an_account_trades_at_opens_alone(seed: int, whole: bool) -> None:
    closes = random_problem(seed, SCHEDULES, COUNTS, weighted=bool(seed % 2))
    opens = random_opens(seed, closes)
    rng = np.random.default_rng(seed)
    problem, rates = halved(closes, opens), rng.uniform(1.0, 3.0, closes.value.shape[1])
    taxes = rng.choice([0.001, 0.004], closes.return_days)
    fees = Fees(0.002, 0.003, 0.0, np.repeat(taxes, 2), 5.0 * whole)
    lots = Lots(problem.value / rates, 20_000.0) if whole else None
    found = joined_account(resolve_panel("cpu").simulate_account(problem, seed % 3, 1, fees, lots))
    navs = [lots.capital if lots else 1.0]
    cash, units, orders, leaving = navs[0], dict[int, float](), dict[int, float](), set[int]()
    interval, offset = closes.schedules[seed % 3]
    for at in range(closes.return_days):
        day = closes.start + 1 + at
        price, charged = opens.value[day], at > offset
        nav = cash + sum(units[stock] * price[stock] for stock in units)
        lot = {stock: price[stock] / rates[stock] * 100 for stock in range(len(price))} if whole else None
        if at >= offset and (at - offset) % interval == 0:
            begin, end = closes.places(day - 1, 1)
            chosen = closes.ranking.order[day - 1, begin:end].tolist()
            weight = {stock: 1.0 if closes.weight is None else closes.weight[day - 1, stock] for stock in chosen}
            total = sum(weight.values())
            aim = {stock: one / total for stock, one in weight.items()} if total else {}
            orders = {stock: aim.get(stock, 0.0) - units.get(stock, 0.0) * price[stock] / nav
                      for stock in {*aim, *units}}  # fmt: skip
            leaving = {stock for stock in units if not aim.get(stock)}
        traded = [0.0, 0.0]
        for stock in sorted(one for one in orders if orders[one] < 0.0 and opens.sellable[day, one]):
            mine = units[stock] * price[stock]
            amount = mine if stock in leaving else rounded(min(mine, -orders[stock] * nav), lot, stock)
            fee = max(0.003 * amount, 5.0 * whole) if charged and amount > 0.0 else 0.0
            cash += amount * (1.0 - taxes[at] * charged) - min(fee, amount)
            units[stock] = 0.0 if stock in leaving else (mine - amount) / price[stock]
            traded[1] += amount
            del orders[stock]
        buys = sorted(one for one in orders if orders[one] > 0.0 and opens.buyable[day, one])
        wanted = sum(orders[stock] for stock in buys) * nav * (1.0 + 0.002 * charged)
        share = min(1.0, max(cash - 5.0 * whole * charged * len(buys), 0.0) / wanted) if buys else 1.0
        waiting = any(one < 0.0 for one in orders.values())
        for stock in buys:
            amount = rounded(share * orders[stock] * nav, lot, stock)
            cash -= amount + (max(0.002 * amount, 5.0 * whole) if charged and amount > 0.0 else 0.0)
            units[stock] = units.get(stock, 0.0) + amount / price[stock]
            traded[0] += amount
            orders[stock] *= (1.0 - share) if waiting else 0.0
        units = {stock: one for stock, one in units.items() if one}
        orders = {stock: one for stock, one in orders.items() if one}
        np.testing.assert_allclose((found.bought[at], found.sold[at]), np.array(traded) / nav * charged, atol=1e-9)
        assert (found.stocks[at], found.open_orders[at]) == (len(units), len(orders))
        navs.append(cash + sum(units[stock] * closes.value[day][stock] for stock in units))
    np.testing.assert_allclose(found.returns, np.array(navs[1:]) / np.array(navs[:-1]) - 1.0, rtol=0.0, atol=1e-9)
    assert (found.open_orders > 0).any()


def rounded(amount: float, lot: dict[int, float] | None, stock: int) -> float:
    return amount if lot is None else np.floor(amount / lot[stock] + 1e-9) * lot[stock]
