"""One selection as an account would trade it: what cannot be traded stays, and the order is tried again every day.

The fast form (``panel.selection``) sets the weights of all stocks of a basket at each formation. The account holds
units of stocks and cash, and trades only what can be traded at the close. An order that is not filled stays open until
the next formation. Purchases share the cash that there is, after sales and costs. There is at most one trade of a stock
a day, so what is bought on a day is sold on a later one (T+1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.ranking import day_by_stock
from gridproof.kernels.panel.selection import SelectionProblem


class Lots(NamedTuple):
    """Whole lots only: purchases and partial sales are rounded down; a whole holding can always be sold."""

    price: Floats  # (T, S) raw price of a share, known where the value is, in the currency of ``capital``
    capital: float  # at the beginning
    shares: int = 100  # in a lot


class Account(NamedTuple):
    """D return days; trades are those at the close before the day."""

    returns: Floats  # (D,) after costs
    bought: Floats  # (D,) purchases over NAV; 0 for the first formation, which is not charged
    sold: Floats  # (D,) sales over NAV
    cash: Floats  # (D,) over NAV, after the trades
    stocks: Ints  # (D,) held after the trades
    open_orders: Ints  # (D,) orders that were not filled at the close


def simulate_account(
    problem: SelectionProblem,
    schedule: int,
    count: int,
    cost: float = 0.0,
    stamp_tax: Floats | float = 0.0,
    lots: Lots | None = None,
) -> Account:
    """The account of one schedule of the problem and one count.

    cost: share of each purchase and sale. stamp_tax: share of each sale, a number or (D,), as in ``net_returns``. With
    everything tradable, no cost and no lots, the returns are those of the fast form.
    """
    interval, offset = problem.schedules[schedule]
    days, stocks = problem.return_days, problem.value.shape[1]
    tax = np.broadcast_to(np.asarray(stamp_tax, dtype=np.float64), days)
    found = Account(
        np.zeros(days), np.zeros(days), np.zeros(days), np.zeros(days),
        np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64),
    )  # fmt: skip
    units, orders, leaving = np.zeros(stocks), np.zeros(stocks), np.zeros(stocks, dtype=np.bool_)
    cash, lot = 1.0, np.zeros(stocks)
    if lots is not None:
        cash = _checked_capital(problem, lots)
    for at in range(days):
        close = problem.start + at
        value, after = np.nan_to_num(problem.value[close : close + 2])
        worth = units * value
        nav = cash + worth.sum()
        if at >= offset and (at - offset) % interval == 0:
            target = _target(problem, close, count)
            orders, leaving = target - worth / nav, target == 0.0
        rate, charge = (cost, cost + tax[at]) if at > offset else (0.0, 0.0)
        if lots is not None:
            lot = lots.price[close] * lots.shares
        selling = (orders < 0.0) & problem.sellable[close]
        sold = np.where(selling, np.minimum(worth, -orders * nav), 0.0)
        sold = np.where(selling & leaving, worth, _whole(sold, lot))
        cash += sold.sum() * (1.0 - charge)
        orders[selling] = 0.0
        buying = (orders > 0.0) & problem.buyable[close]
        wish = np.where(buying, orders * nav, 0.0)
        share = min(1.0, cash / (wish.sum() * (1.0 + rate))) if buying.any() else 1.0
        bought = _whole(share * wish, lot)
        cash = max(cash - bought.sum() * (1.0 + rate), 0.0)
        # What the cash did not suffice for stays open while a sale is, whose proceeds are to pay for it.
        orders[buying] *= 1.0 - share if (orders < 0.0).any() else 0.0
        units[selling] = np.where(leaving[selling], 0.0, (worth - sold)[selling] / value[selling])
        units[buying] += bought[buying] / value[buying]
        found.returns[at] = (cash + units @ after) / nav - 1.0
        if at > offset:
            found.bought[at], found.sold[at] = bought.sum() / nav, sold.sum() / nav
        found.cash[at] = cash / (cash + units @ value)
        found.stocks[at], found.open_orders[at] = np.count_nonzero(units), np.count_nonzero(orders)
    return found


def _target(problem: SelectionProblem, close: int, count: int) -> Floats:
    """(S,) the weights of the ``count`` lowest-ranked stocks, all 0 where none is eligible or has a weight."""
    decided = close - problem.lag + 1
    target = np.zeros(problem.value.shape[1])
    chosen = problem.ranking.order[decided, : min(count, problem.ranking.eligible[decided])]
    target[chosen] = 1.0 if problem.weight is None else problem.weight[decided, chosen]
    total = target.sum()
    return target / total if total > 0.0 else target


def _whole(amount: Floats, lot: Floats) -> Floats:
    """Amounts rounded down to whole lots; a lot of 0 does not round. What lacks 1e-9 of a lot counts as whole."""
    return np.where(lot > 0.0, np.floor(amount / np.where(lot > 0.0, lot, 1.0) + 1e-9) * lot, amount)


def _checked_capital(problem: SelectionProblem, lots: Lots) -> float:
    """The capital. Raises InputError where a price is unknown or the capital or a lot is not positive."""
    price = day_by_stock(lots.price, np.float64, "price", problem.value.shape)
    unknown = ~np.isnan(problem.value) & ~(price > 0.0)
    if unknown.any():
        day, stock = np.argwhere(unknown)[0]
        where = f"price, day {day}, stock {stock}"
        rule = "a price must be known and positive where the value is"
        raise InputError(rule, price[day, stock], where, "Carry the last price forward")
    if not (lots.capital > 0.0 and lots.shares >= 1):
        rule = "the capital must be positive and a lot at least 1 share"
        raise InputError(rule, f"{lots.capital} and {lots.shares}", "lots", "Correct them")
    return float(lots.capital)
