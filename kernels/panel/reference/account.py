"""The account of one selection, day by day, on arrays of all stocks.

Sums are taken stock by stock, in the order of the columns, so that other backends can give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
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
from gridproof.kernels.panel.selection import SelectionProblem


def simulate_account(
    problem: SelectionProblem,
    schedule: int,
    basket: int,
    fees: Fees = NO_FEES,
    lots: Lots | None = None,
    dividends: Dividends | None = None,
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
    taxes = checked_dividends(problem, dividends)
    bought_first: list[list[_Parcel]] = [[] for _ in range(stocks)]
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
        if dividends is not None:
            due = 0.0
            for stock in np.flatnonzero(selling).tolist():
                units_sold = sold[stock] / value[stock]
                due += _sell(bought_first[stock], units_sold, bool(leaving[stock]), close, taxes)
            cash -= due
            found.taxed[at] = due / nav
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
        worth_before = _total(units * value)
        if dividends is not None:
            for stock in np.flatnonzero(bought > 0.0).tolist():
                bought_first[stock].append(_Parcel(bought[stock] / value[stock], close))
            withheld = 0.0
            for stock in np.flatnonzero((taxes.paid[close + 1] > 0.0) & (units > 0.0)).tolist():
                withheld += _pay(bought_first[stock], units, stock, value[stock], close + 1, taxes)
            found.taxed[at] += withheld / nav
        found.returns[at] = (cash + _total(units * after)) / nav - 1.0
        if at > offset:
            found.bought[at], found.sold[at] = _total(bought) / nav, _total(sold) / nav
        found.cash[at] = cash / (cash + worth_before)
        found.stocks[at], found.open_orders[at] = np.count_nonzero(units), np.count_nonzero(orders)
    return found


@dataclass
class _Parcel:
    """Units of a stock that were bought at one close, and the tax on their dividends that is due at a sale within a
    month and within a year."""

    units: float
    close: int
    month: float = 0.0
    year: float = 0.0


def _sell(parcels: list[_Parcel], units: float, everything: bool, close: int, taxes: Dividends) -> float:
    """Takes units from the parcels, the oldest first, and returns the tax that is due."""
    due = 0.0
    while parcels and (everything or units > 0.0):
        first = parcels[0]
        taken = first.units if everything else min(first.units, units)
        part = taken / first.units
        if close <= taxes.month_end[first.close]:
            due += part * first.month
        elif close <= taxes.year_end[first.close]:
            due += part * first.year
        units -= taken
        if taken == first.units:
            del parcels[0]
        else:
            first.units -= taken
            first.month -= part * first.month
            first.year -= part * first.year
    return due


def _pay(parcels: list[_Parcel], units: Floats, stock: int, value: float, day: int, taxes: Dividends) -> float:
    """Pays the dividend of a day on all units of a stock; what is withheld lessens them. Returns it."""
    paid = float(taxes.paid[day, stock])
    for one in parcels:
        amount = one.units * value * paid
        one.month += taxes.month[day] * amount
        one.year += taxes.year[day] * amount
        one.units *= 1.0 - taxes.withheld[day] * paid
    withheld = float(taxes.withheld[day] * (units[stock] * value * paid))
    units[stock] *= 1.0 - taxes.withheld[day] * paid
    return withheld


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
