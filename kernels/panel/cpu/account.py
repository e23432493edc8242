"""The account of one selection: a day takes a pass over the stocks that are held or ordered, and no other.

All operations are those of the reference, stock by stock in the order of the columns, so the bits are the same.
"""

from __future__ import annotations

from math import floor

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints, Words
from gridproof.kernels.cpu.bit_ops import trailing_zeros
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.account import (
    LOT_SLACK,
    NO_FEES,
    Account,
    Dividends,
    Fees,
    Lots,
    checked_account,
    checked_dividends,
)
from gridproof.kernels.panel.cpu.parcels import buy_parcel, new_parcels, pay_parcels, sell_parcels
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.panel.selection import SelectionProblem


def simulate_account(
    problem: SelectionProblem,
    schedule: int,
    basket: int,
    fees: Fees = NO_FEES,
    lots: Lots | None = None,
    dividends: Dividends | None = None,
) -> Account:
    """As ``reference.account.simulate_account``."""
    purchase_tax, sale_tax, capital = checked_account(problem, fees, lots)
    found = Account.zeros(problem.return_days)
    interval, offset = (int(each) for each in problem.schedules[schedule])
    nothing = np.empty((0, 0))
    counts, first = problem.counts, np.zeros((len(problem.counts), 2), dtype=np.int64)
    first[:, 1] = counts[:, basket]
    if problem.parted and basket > 0:
        first[:, 0] = counts[:, basket - 1]
    _run_account(
        problem.value, problem.ranking.order, problem.ranking.eligible, problem.buyable, problem.sellable,
        nothing if problem.weight is None else problem.weight, nothing if lots is None else lots.price,
        1.0 if lots is None else float(lots.shares), first, problem.start, problem.lag, interval, offset,
        float(fees.buying), float(fees.selling), purchase_tax, sale_tax, float(fees.minimum), capital,
        *checked_dividends(problem, dividends), *found,
    )  # fmt: skip
    return found


@jit(nogil=True)
def _run_account(
    value: Floats, order: Columns, eligible: Ints, buyable: Bools, sellable: Bools, weight: Floats, price: Floats,
    shares: float, places: Ints, start: int, lag: int, interval: int, offset: int, buying_fee: float,
    selling_fee: float, purchase_tax: Floats, sale_tax: Floats, minimum: float, cash: float, paid: Floats,
    withheld: Floats, month: Floats, year: Floats, month_end: Ints, year_end: Ints, returns: Floats,
    bought: Floats, sold: Floats, cash_share: Floats, held: Ints, open_orders: Ints, taxed: Floats,
) -> None:  # fmt: skip
    """places: (1, 2) or (T, 2), [begin, end) in the ranking of a day. weight, price, paid: empty where not used."""
    taxing = len(paid) > 0
    parcels = new_parcels(value.shape[1] if taxing else 0, value.shape[1] if taxing else 0)
    stocks = value.shape[1]
    units, orders, target = np.zeros(stocks), np.zeros(stocks), np.zeros(stocks)
    leaving, active = np.zeros(stocks, dtype=np.bool_), np.empty(stocks, dtype=np.int32)
    words = np.zeros((stocks + 63) // 64, dtype=np.uint64)
    waiting = np.empty(stocks, dtype=np.int32)  # the stocks whose orders are open, ascending
    count, opened, worth = 0, 0, 0.0  # worth: of the stocks held, at the close
    for at in range(len(returns)):
        close = start + at
        now, after = value[close], value[close + 1]
        nav = cash + worth
        if at >= offset and (at - offset) % interval == 0:
            decided = close - lag + 1
            begin, end = places[decided if len(places) > 1 else 0]
            end = min(end, eligible[decided])
            count = _gather_active(order[decided], begin, end, units, orders, words, active, count)
            for place in range(begin, end):
                stock = np.uint32(order[decided, place])
                target[stock] = weight[decided, stock] if len(weight) else 1.0
            opened = _place_orders(active, count, target, units, now, nav, orders, leaving, waiting)
        if opened:
            bill, charge, least = 0.0, 0.0, 0.0
            buying_tax, selling_tax = 0.0, 0.0
            if at > offset:
                bill, charge, least = buying_fee, selling_fee, minimum
                buying_tax, selling_tax = purchase_tax[at], sale_tax[at]
            prices, can_sell, can_buy = price[close if len(price) else 0 :], sellable[close], buyable[close]
            amount, fee, due, wishes, pending, purchases = 0.0, 0.0, 0.0, 0.0, False, 0
            for place in range(opened):
                stock = np.uint32(waiting[place])
                if orders[stock] > 0.0:
                    if can_buy[stock]:
                        wishes += orders[stock] * nav
                        purchases += 1
                elif not can_sell[stock]:
                    pending = True
                else:
                    mine = units[stock] * now[stock]
                    sale = mine
                    if not leaving[stock]:
                        sale = _whole(min(mine, -orders[stock] * nav), prices, stock, shares)
                    amount += sale
                    fee += min(max(charge * sale, least), sale)
                    if taxing:
                        due += sell_parcels(
                            parcels, stock, sale / now[stock], leaving[stock], close, month_end, year_end
                        )
                    units[stock] = 0.0 if leaving[stock] else (mine - sale) / now[stock]
                    orders[stock] = 0.0
            cash += amount * (1.0 - selling_tax) - fee
            if taxing:
                cash -= due
                taxed[at] = due / nav
            if at > offset:
                sold[at] = amount / nav
            affordable = cash - least * purchases
            share = min(1.0, max(affordable, 0.0) / (wishes * (1.0 + bill + buying_tax))) if purchases else 1.0
            left = 1.0 - share if pending else 0.0
            amount, fee, still = 0.0, 0.0, 0
            for place in range(opened):
                stock = np.uint32(waiting[place])
                if orders[stock] > 0.0 and can_buy[stock]:
                    purchase = _whole(share * (orders[stock] * nav), prices, stock, shares)
                    amount += purchase
                    fee += max(bill * purchase, least) if purchase > 0.0 else 0.0
                    units[stock] += purchase / now[stock]
                    if taxing and purchase > 0.0:
                        parcels = buy_parcel(parcels, stock, purchase / now[stock], close)
                    orders[stock] *= left
                waiting[still] = stock
                still += orders[stock] != 0.0
            cash = max(cash - (amount * (1.0 + buying_tax) + fee), 0.0)
            if at > offset:
                bought[at] = amount / nav
            opened = still
        worth, later, lost, holding = 0.0, 0.0, 0.0, 0
        for place in range(count):
            stock = np.uint32(active[place])
            worth += units[stock] * now[stock]
            if taxing and paid[close + 1, stock] > 0.0 and units[stock] > 0.0:
                share, rate = paid[close + 1, stock], withheld[close + 1]
                pay_parcels(parcels, stock, now[stock], share, rate, month[close + 1], year[close + 1])
                lost += rate * (units[stock] * now[stock] * share)
                units[stock] *= 1.0 - rate * share
            later += units[stock] * after[stock]
            holding += units[stock] != 0.0
        cash_share[at], held[at], open_orders[at] = cash / (cash + worth), holding, opened
        worth = later
        if taxing:
            taxed[at] += lost / nav
        returns[at] = (cash + worth) / nav - 1.0


@jit()
def _gather_active(
    order: Columns, begin: int, end: int, units: Floats, orders: Floats, words: Words, active: Columns, count: int
) -> int:
    """List in ``active``, ascending, what is held and what is at these places of the order. Returns how many.

    Orders of all other stocks are dropped. words: a bit for each stock, all 0 before and after.
    """
    one, low, by_word = np.uint64(1), np.uint64(63), np.uint64(6)
    for place in range(count):
        stock = np.uint64(active[place])
        if units[stock] != 0.0:
            words[stock >> by_word] |= one << (stock & low)
        orders[stock] = 0.0
    for place in range(begin, end):
        stock = np.uint64(order[place])
        words[stock >> by_word] |= one << (stock & low)
    count = 0
    for word in range(len(words)):
        left = words[word]
        while left:
            active[count] = 64 * word + np.int64(trailing_zeros(left))
            count += 1
            left &= left - one
        words[word] = np.uint64(0)
    return count


@jit()
def _place_orders(
    active: Columns, count: int, target: Floats, units: Floats, value: Floats, nav: float, orders: Floats,
    leaving: Bools, waiting: Columns,
) -> int:  # fmt: skip
    """Orders as shares of NAV, and which stocks are to be sold altogether. Returns how many orders there are.

    target: the weights of the new basket, which need not add up to 1; all 0 afterwards. waiting: whose orders are open.
    """
    total, opened = 0.0, 0
    for place in range(count):
        total += target[np.uint32(active[place])]
    for place in range(count):
        stock = np.uint32(active[place])
        aim = target[stock] / total if total > 0.0 else target[stock]
        orders[stock] = aim - units[stock] * value[stock] / nav
        leaving[stock], target[stock] = aim == 0.0, 0.0
        waiting[opened] = stock
        opened += orders[stock] != 0.0
    return opened


@jit()
def _whole(amount: float, prices: Floats, stock: int, shares: float) -> float:
    """The amount rounded down to whole lots, where prices are given; prices: from the day on, (…, S)."""
    if not len(prices):
        return amount
    lot = prices[0, stock] * shares
    return float(floor(amount / lot + LOT_SLACK) * lot)
