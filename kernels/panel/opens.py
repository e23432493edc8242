"""Selections that are formed at the open: days are cut into the night, from close to open, and the day after it.

The half-days are the days of another problem, in which a basket is formed at the end of a night alone. So every backend
and the account compute selections at the open without code of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.kernels.panel.account import Account, Dividends
from gridproof.kernels.panel.ranking import Ranking
from gridproof.kernels.panel.selection import SelectionProblem, Selections, selection_problem


class Opens(NamedTuple):
    """T days and S stocks, at the open of each day."""

    value: Floats  # (T, S) adjusted; of a stock that does not trade that of the close before
    buyable: Bools  # (T, S)
    sellable: Bools  # (T, S) True after a delisting


def halved(problem: SelectionProblem, opens: Opens) -> SelectionProblem:
    """The problem of 2T − 1 closes and opens, and 2D half-days, whose baskets are formed at the opens.

    ``problem``: of T closes; what can be traded there does not count. The basket of a return day is formed at its open,
    from the ranking and the weights at the close ``lag`` days before. Nothing is traded at a close. Raises InputError
    as ``selection_problem``.
    """

    def known(closes: Array) -> Array:
        """What was known last at each close and open."""
        return np.repeat(closes, 2, axis=0)[:-1]

    def either(at_close: Array | bool, at_open: Array) -> Array:
        both = np.empty((2 * len(at_open) - 1, *at_open.shape[1:]), dtype=at_open.dtype)
        both[::2], both[1::2] = at_close, at_open[1:]
        return both

    order, eligible = problem.ranking
    return selection_problem(
        either(problem.value, opens.value),
        Ranking(known(order), known(eligible)),
        either(False, opens.buyable),
        either(False, opens.sellable),
        problem.schedules * 2 + np.array([0, 1]),
        known(problem.counts) if len(problem.counts) > 1 else problem.counts[0],
        None if problem.weight is None else np.nan_to_num(known(problem.weight)),
        start=2 * problem.start,
        lag=open_lag(problem.lag),
        parted=problem.parted,
    )


def open_lag(lag: int) -> int:
    """The lag in half-days: with 1 the ranking at the close before the open decides, which is what is known there."""
    return 2 * lag - 1


def joined(found: Selections) -> tuple[Selections, Floats]:
    """Selections of half-days by day, with their trades at the open, and the return of the night, (P, K, D)."""
    night, day = found.gross[..., ::2], found.gross[..., 1::2]
    gross = (1.0 + night) * (1.0 + day) - 1.0
    return Selections(gross, found.bought[..., 1::2], found.sold[..., 1::2]), night


def joined_account(found: Account) -> Account:
    """An account of half-days by day; what is held, ordered and traded is that at the open."""
    at_open = {name: values[1::2] for name, values in found._asdict().items()}
    returns = (1.0 + found.returns[::2]) * (1.0 + found.returns[1::2]) - 1.0
    return Account(**{**at_open, "returns": returns, "taxed": found.taxed[::2] + found.taxed[1::2]})


def halved_dividends(dividends: Dividends) -> Dividends:
    """The dividends of the closes and opens of ``halved``: they are paid in the night, and all trades are at opens."""
    paid, withheld, month, year, month_end, year_end = dividends

    def at_open(of_days: Array) -> Array:
        both = np.zeros((2 * len(of_days) - 1, *of_days.shape[1:]), dtype=of_days.dtype)
        both[1::2] = of_days[1:]
        return both

    rates = at_open(withheld), at_open(month), at_open(year)
    return Dividends(at_open(paid), *rates, at_open(2 * month_end - 1), at_open(2 * year_end - 1))
