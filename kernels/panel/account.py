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
from gridproof.kernels.panel.checks import find_unknown_price
from gridproof.kernels.panel.ranking import day_by_stock
from gridproof.kernels.panel.selection import SelectionProblem

# An amount that lacks this share of a lot counts as a whole lot.
LOT_SLACK = 1e-9


class Lots(NamedTuple):
    """Whole lots only: purchases and partial sales are rounded down; a whole holding can always be sold."""

    price: Floats  # (T, S) raw price of a share, known where the value is, in the currency of ``capital``
    capital: float  # at the beginning
    shares: int = 100  # in a lot


class Fees(NamedTuple):
    """Shares of the value traded; taxes are numbers, or (D,) by the day of the trade.

    A commission is at least ``minimum`` for each trade, in the currency of the capital, and for a sale at most its
    proceeds; taxes have no minimum.
    """

    buying: float = 0.0
    selling: float = 0.0
    purchase_tax: Floats | float = 0.0
    sale_tax: Floats | float = 0.0
    minimum: float = 0.0


NO_FEES = Fees()


class Dividends(NamedTuple):
    """Cash dividends and their tax, for T days and S stocks.

    A dividend is paid to who holds the stock at the close before a day. What is withheld is lost there, the rest is due
    when the stock is sold. What was bought first is sold first.
    """

    paid: Floats  # (T, S) over the value at the close before
    withheld: Floats  # (T,) the share of the dividends of a day that is withheld
    month: Floats  # (T,) the share that is due besides at a sale within a month of the purchase
    year: Floats  # (T,) and at one within a year
    month_end: Ints  # (T,) of a purchase on each day, the last day of a sale within a month
    year_end: Ints  # (T,)


class Account(NamedTuple):
    """D return days; trades are those at the close before the day."""

    returns: Floats  # (D,) after costs
    bought: Floats  # (D,) purchases over NAV; 0 for the first formation, which is not charged
    sold: Floats  # (D,) sales over NAV
    cash: Floats  # (D,) over NAV, after the trades
    stocks: Ints  # (D,) held after the trades
    open_orders: Ints  # (D,) orders that were not filled at the close
    taxed: Floats  # (D,) taxes on dividends over NAV: at the sales before the day, and withheld in the day

    @classmethod
    def zeros(cls, days: int) -> Account:
        return cls(
            np.zeros(days), np.zeros(days), np.zeros(days), np.zeros(days),
            np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64), np.zeros(days),
        )  # fmt: skip


def checked_dividends(problem: SelectionProblem, dividends: Dividends | None) -> Dividends:
    """The dividends; without any, empty arrays. Raises InputError where one is not from 0 to below 1 of the value."""
    if dividends is None:
        nothing, never = np.empty(0), np.empty(0, dtype=np.int64)
        return Dividends(np.empty((0, 0)), nothing, nothing, nothing, never, never)
    paid = day_by_stock(dividends.paid, np.float64, "paid", problem.value.shape)
    if not ((paid >= 0.0) & (paid < 1.0)).all():
        day, stock = np.argwhere(~((paid >= 0.0) & (paid < 1.0)))[0]
        rule, remedy = "a dividend must be 0 or more, and less than the price before", "Pass cash for each share"
        raise InputError(rule, paid[day, stock], f"paid, day {day}, stock {stock}", remedy)
    withheld, month, year = (np.ascontiguousarray(each, dtype=np.float64) for each in dividends[1:4])
    month_end, year_end = (np.ascontiguousarray(each, dtype=np.int64) for each in dividends[4:])
    return Dividends(paid, withheld, month, year, month_end, year_end)


def checked_account(problem: SelectionProblem, fees: Fees, lots: Lots | None) -> tuple[Floats, Floats, float]:
    """The taxes on purchases and on sales of each day, (D,) each, and what the account begins with: its capital, or 1
    without lots.

    Raises InputError where a price is unknown, the capital or a lot is not positive, or a minimum has no capital.
    """
    buying, selling = (
        np.ascontiguousarray(np.broadcast_to(np.asarray(tax, dtype=np.float64), problem.return_days))
        for tax in (fees.purchase_tax, fees.sale_tax)
    )
    if not fees.minimum >= 0.0 or (fees.minimum > 0.0 and lots is None):
        rule = "the minimum of a commission is 0 or more, and an amount of money that needs a capital"
        raise InputError(rule, fees.minimum, "fees", "Pass lots, or no minimum")
    if lots is None:
        return buying, selling, 1.0
    price = day_by_stock(lots.price, np.float64, "price", problem.value.shape)
    day, stock = find_unknown_price(problem.value, price)
    if day >= 0:
        where = f"price, day {day}, stock {stock}"
        rule = "a price must be known and positive where the value is"
        raise InputError(rule, price[day, stock], where, "Carry the last price forward")
    if not (lots.capital > 0.0 and lots.shares >= 1):
        rule = "the capital must be positive and a lot at least 1 share"
        raise InputError(rule, f"{lots.capital} and {lots.shares}", "lots", "Correct them")
    return buying, selling, float(lots.capital)
