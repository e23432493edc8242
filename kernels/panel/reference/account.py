"""The account of one selection, day by day, on arrays of all stocks.

Sums are taken stock by stock, in the order of the columns, so that other backends can give the same bits.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.account import LOT_SLACK, NO_FEES, Account, Fees, Lots, checked_account
from gridproof.kernels.panel.selection import SelectionProblem


def simulate_account(
    problem: SelectionProblem,
    schedule: int,
    basket: int,
    fees: Fees = NO_FEES,
    lots: Lots | None = None,
) -> Account:
    """The account of one schedule and one basket of the problem, both by their number.

    With everything tradable, no fees and no lots, the returns are those of the fast form. The first formation is free.
    """
    interval, offset = problem.schedules[schedule]
    stocks = problem.value.shape[1]
    purchase_tax, sale_tax, cash = checked_account(problem, fees, lots)
    found = Account.zeros(problem.return_days)
    units, orders, leaving = np.zeros(stocks), np.zeros(stocks), np.zeros(stocks, dtype=np.bool_)
    lot = np.zeros(stocks)
    for at in range(problem.return_days):
        close = problem.start + at
        value, after = np.nan_to_num(problem.value[close : close + 2])
        worth = units * value
        nav = cash + _total(worth)
        if at >= offset and (at - offset) % interval == 0:
            target = _target(problem, close, basket)
            orders, leaving = target - worth / nav, target == 0.0
        buying_fee, selling_fee, least = (fees.buying, fees.selling, fees.minimum) if at > offset else (0.0, 0.0, 0.0)
        buying_tax, selling_tax = (purchase_tax[at], sale_tax[at]) if at > offset else (0.0, 0.0)
        if lots is not None:
            lot = lots.price[close] * lots.shares
        selling = (orders < 0.0) & problem.sellable[close]
        sold = np.where(selling, np.minimum(worth, -orders * nav), 0.0)
        sold = np.where(selling & leaving, worth, _whole(sold, lot))
        cash += _total(sold) * (1.0 - selling_tax) - _total(np.minimum(_commissions(sold, selling_fee, least), sold))
        orders[selling] = 0.0
        buying = (orders > 0.0) & problem.buyable[close]
        wish = np.where(buying, orders * nav, 0.0)
        # A commission is at most its share of the trade and the minimum together.
        affordable = cash - least * np.count_nonzero(buying)
        wanted = _total(wish) * (1.0 + buying_fee + buying_tax)
        share = min(1.0, max(affordable, 0.0) / wanted) if buying.any() else 1.0
        bought = _whole(share * wish, lot)
        paid = _total(bought) * (1.0 + buying_tax) + _total(_commissions(bought, buying_fee, least))
        cash = max(cash - paid, 0.0)
        # What the cash did not suffice for stays open while a sale is, whose proceeds are to pay for it.
        orders[buying] *= 1.0 - share if (orders < 0.0).any() else 0.0
        units[selling] = np.where(leaving[selling], 0.0, (worth - sold)[selling] / value[selling])
        units[buying] += bought[buying] / value[buying]
        found.returns[at] = (cash + _total(units * after)) / nav - 1.0
        if at > offset:
            found.bought[at], found.sold[at] = _total(bought) / nav, _total(sold) / nav
        found.cash[at] = cash / (cash + _total(units * value))
        found.stocks[at], found.open_orders[at] = np.count_nonzero(units), np.count_nonzero(orders)
    return found


def _target(problem: SelectionProblem, close: int, basket: int) -> Floats:
    """(S,) the weights of the stocks that the basket is to hold, all 0 where none is eligible or has a weight."""
    decided = close - problem.lag + 1
    target = np.zeros(problem.value.shape[1])
    begin, end = problem.places(decided, basket)
    chosen = problem.ranking.order[decided, begin:end]
    target[chosen] = 1.0 if problem.weight is None else problem.weight[decided, chosen]
    total = _total(target)
    return target / total if total > 0.0 else target


def _commissions(amounts: Floats, share: float, least: float) -> Floats:
    """Of each trade."""
    return np.where(amounts > 0.0, np.maximum(share * amounts, least), 0.0)


def _total(amounts: Floats) -> float:
    return float(np.add.accumulate(amounts)[-1])


def _whole(amount: Floats, lot: Floats) -> Floats:
    """Amounts rounded down to whole lots; a lot of 0 does not round."""
    return np.where(lot > 0.0, np.floor(amount / np.where(lot > 0.0, lot, 1.0) + LOT_SLACK) * lot, amount)
