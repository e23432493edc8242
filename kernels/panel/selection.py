"""Selections: baskets of the lowest-ranked stocks, for every count, interval and offset of one universe and ranking.

A basket formed at a close is worth what its stocks earn from the next day on. A stock that cannot be bought at that
close does not enter, one that cannot be sold does not leave; otherwise the basket of count K holds the K
lowest-ranked, or those from one rank to another. The weights of the basket are set anew at each formation, also those
of stocks that cannot be traded (the account simulation, ``panel.account``, trades only what can be traded), and drift
until the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.checks import find_bad_weight, find_unlisted
from gridproof.kernels.panel.ranking import Ranking, checked_value, day_by_stock


class SelectionProblem(NamedTuple):
    """T days and S stocks. ``selection_problem`` checks the arrays.

    With lag l, the basket formed at the close of day t follows from the ranking and the weights at the close of day
    t − l + 1, and from what can be bought and sold at the close of t. It earns from day t + 1 on.
    """

    value: Floats  # (T, S) adjusted value: NaN before the listing, then known, through suspensions and after delisting
    ranking: Ranking  # of the stocks of the universe, each day
    buyable: Bools  # (T, S) at the close of the day
    sellable: Bools  # (T, S) at the close of the day; True after a delisting, when the stock is sold at its last value
    weight: Floats | None  # (T, S) ≥ 0 and known where the value is; a basket's weights are proportional. None: equal
    schedules: Ints  # (P, 2): formed every so many days, first so many days after day ``start``
    counts: Ints  # (1, K), or (T, K) by the day of the ranking; ascending: basket k holds so many of the lowest-ranked
    # stocks, all that are eligible where these are fewer
    start: int  # the day before the first return day
    lag: int  # 1: what is known at a close decides the position that earns the next day's return
    parted: bool  # whether basket k leaves out the stocks of basket k − 1, as the tenths of a universe do

    @property
    def return_days(self) -> int:
        """D: the days after ``start``."""
        return len(self.value) - 1 - self.start

    def places(self, day: int, basket: int) -> tuple[int, int]:
        """The places [begin, end) in the ranking of a day whose stocks a basket is to hold."""
        counts, eligible = self.counts[day if len(self.counts) > 1 else 0], int(self.ranking.eligible[day])
        begin = int(counts[basket - 1]) if self.parted and basket > 0 else 0
        return min(begin, eligible), min(int(counts[basket]), eligible)

    def basket(self, close: int, number: int, held: Bools) -> Bools:
        """(S,) the stocks of a basket that is formed at this close, when ``held`` was the basket before."""
        decided = close - self.lag + 1
        target = np.zeros_like(held)
        begin, end = self.places(decided, number)
        target[self.ranking.order[decided, begin:end]] = True
        formed: Bools = (target & (self.buyable[close] | held)) | (held & ~self.sellable[close])
        return formed

    def basket_weights(self, close: int, basket: Bools) -> Floats:
        """(S,) of a basket formed at this close: adding up to 1, or all 0 where no stock of it has a weight."""
        if self.weight is None:
            weights = basket.astype(np.float64)
        else:
            weights = np.where(basket, self.weight[close - self.lag + 1], 0.0)
        total = weights.sum()
        return weights / total if total > 0.0 else np.zeros_like(weights)


class Selections(NamedTuple):
    """P schedules, K baskets, D return days. Before the first formation nothing is held."""

    gross: Floats  # (P, K, D) simple daily returns before costs; 0 where the basket is empty
    bought: Floats  # (P, K, D) purchases over NAV, at the close before the day; 0 for the first formation
    sold: Floats  # (P, K, D) sales over NAV, likewise

    @classmethod
    def zeros(cls, problem: SelectionProblem) -> Selections:
        shape = (len(problem.schedules), problem.counts.shape[1], problem.return_days)
        return cls(np.zeros(shape), np.zeros(shape), np.zeros(shape))


def selection_problem(
    value: Floats,
    ranking: Ranking,
    buyable: Bools,
    sellable: Bools,
    schedules: Ints,
    counts: Ints,
    weight: Floats | None = None,
    start: int = 0,
    lag: int = 1,
    parted: bool = False,
) -> SelectionProblem:
    """The problem of these arrays. counts: (K,) or (T, K).

    Raises InputError where one breaks what ``SelectionProblem`` says. The checks read all arrays; schedules, counts,
    lag and parted of a problem may be replaced without them.
    """
    value = checked_value(value)
    shape = value.shape
    ranking = Ranking(day_by_stock(ranking.order, np.int32, "order", shape), ranking.eligible)
    buyable = day_by_stock(buyable, np.bool_, "buyable", shape)
    sellable = day_by_stock(sellable, np.bool_, "sellable", shape)
    schedules, counts = np.ascontiguousarray(schedules, np.int64), checked_counts(counts, len(value))
    if schedules.ndim != 2 or schedules.shape[1] != 2 or (schedules < (1, 0)).any():
        rule = "a schedule must be an interval of 1 day or more and an offset of 0 or more"
        raise InputError(rule, schedules.tolist(), "schedules", "Pass pairs such as (5, 0)")
    if lag < 1:
        raise InputError("a lag must be 1 or more", lag, "lag", "Write 1 or more")
    if not lag - 1 <= start < len(value) - 1:
        rule = f"the start must lie from day {lag - 1}, whose ranking a lag of {lag} needs, to the day before the last"
        raise InputError(rule, start, "start", "Pass more days or another start")
    day, stock = find_unlisted(value, ranking.order)
    if day >= 0:
        where = f"key, day {day}, stock {stock}"
        raise InputError("a key must be NaN where the value is", "a number", where, "Leave the stock out that day")
    if weight is not None:
        weight = day_by_stock(weight, np.float64, "weight", shape)
        day, stock = find_bad_weight(value, weight)
        if day >= 0:
            where = f"weight, day {day}, stock {stock}"
            rule = "a weight must be known, finite and 0 or more where the value is known"
            raise InputError(rule, weight[day, stock], where, "Carry the last weight forward, or leave the stock out")
    return SelectionProblem(value, ranking, buyable, sellable, weight, schedules, counts, start, lag, parted)


def checked_counts(counts: Ints, days: int) -> Ints:
    """(1, K) or (T, K). Raises InputError where counts are none, below 1, or do not ascend."""
    counts = np.ascontiguousarray(counts, np.int64)
    by_day = counts.ndim == 2
    if not by_day and (counts.ndim != 1 or not len(counts) or counts[0] < 1 or (np.diff(counts) <= 0).any()):
        raise InputError("counts must be ascending and at least 1", counts.tolist(), "counts", "Sort distinct counts")
    if by_day and (len(counts) not in (1, days) or not counts.size):
        rule = f"counts by day must be ({days} days, baskets)"
        raise InputError(rule, counts.shape, "counts", "Pass a row for each day")
    if by_day and (counts[:, 0].min() < 0 or (counts[:, 1:] < counts[:, :-1]).any()):
        raise InputError("the counts of a day must ascend from 0 or more", "others", "counts", "Sort the shares")
    return counts if by_day else counts[None]


def counts_of_shares(eligible: Ints, shares: Floats) -> Ints:
    """(T, K) how many stocks the lowest shares of the universe of each day are, rounded up.

    eligible: (T,). shares: (K,) ascending, above 0 and at most 1. With shares 0.1, 0.2 … 1 and ``parted`` the k-th of n
    stocks (from 0) is in tenth floor(10·k/n). What exceeds a whole number by less than 1e-9 counts as it.

    >>> counts_of_shares(np.array([25, 0]), np.array([0.1, 0.2, 1.0])).tolist()
    [[3, 5, 25], [0, 0, 0]]
    """
    shares = np.asarray(shares, dtype=np.float64)
    if (
        shares.ndim != 1
        or not len(shares)
        or not ((shares > 0.0) & (shares <= 1.0)).all()
        or (np.diff(shares) <= 0.0).any()
    ):
        rule = "shares of a universe must be ascending, above 0 and at most 1"
        raise InputError(rule, shares.tolist(), "shares", "Write shares such as 0.1 and 0.2")
    return np.ceil(eligible[:, None] * shares - 1e-9).astype(np.int64)


def net_returns(gross: Floats, bought: Floats, sold: Floats, cost: float, stamp_tax: Floats | float = 0.0) -> Floats:
    """(…, D) daily returns after ``cost`` of each purchase and sale and ``stamp_tax`` of each sale, a number or (D,).

    Both are shares of the value traded, and are paid at the close before the day: (1 + g)(1 − c·bought −
    (c + tax)·sold) − 1.

    >>> net_returns(np.array([0.01]), np.array([0.2]), np.array([0.1]), 0.001, 0.01).round(7).tolist()
    [0.008687]
    """
    return (1.0 + gross) * (1.0 - cost * bought - (cost + stamp_tax) * sold) - 1.0
