"""Selections: baskets of the lowest-ranked stocks, for every count, interval and offset of one universe and ranking.

A basket formed at a close is worth what its stocks earn from the next day on. A stock that cannot be bought at that
close does not enter, one that cannot be sold does not leave; otherwise the basket of count K holds the K
lowest-ranked. The weights of the basket are set anew at each formation, also those of stocks that cannot be traded
(the account simulation, ``panel.account``, trades only what can be traded), and drift until the next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
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
    counts: Ints  # (K,) ascending: how many stocks, all that are eligible where these are fewer
    start: int  # the day before the first return day
    lag: int  # 1: what is known at a close decides the position that earns the next day's return

    @property
    def return_days(self) -> int:
        """D: the days after ``start``."""
        return len(self.value) - 1 - self.start


class Selections(NamedTuple):
    """P schedules, K counts, D return days. Before the first formation nothing is held."""

    gross: Floats  # (P, K, D) simple daily returns before costs; 0 where the basket is empty
    bought: Floats  # (P, K, D) purchases over NAV, at the close before the day; 0 for the first formation
    sold: Floats  # (P, K, D) sales over NAV, likewise

    @classmethod
    def zeros(cls, problem: SelectionProblem) -> Selections:
        shape = (len(problem.schedules), len(problem.counts), problem.return_days)
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
) -> SelectionProblem:
    """The problem of these arrays. Raises InputError where one breaks what ``SelectionProblem`` says."""
    value = checked_value(value)
    shape = value.shape
    ranking = Ranking(day_by_stock(ranking.order, np.int32, "order", shape), ranking.eligible)
    buyable = day_by_stock(buyable, np.bool_, "buyable", shape)
    sellable = day_by_stock(sellable, np.bool_, "sellable", shape)
    schedules, counts = np.ascontiguousarray(schedules, np.int64), np.ascontiguousarray(counts, np.int64)
    if schedules.ndim != 2 or schedules.shape[1] != 2 or (schedules < (1, 0)).any():
        rule = "a schedule must be an interval of 1 day or more and an offset of 0 or more"
        raise InputError(rule, schedules.tolist(), "schedules", "Pass pairs such as (5, 0)")
    if counts.ndim != 1 or not len(counts) or counts[0] < 1 or (np.diff(counts) <= 0).any():
        raise InputError("counts must be ascending and at least 1", counts.tolist(), "counts", "Sort distinct counts")
    if lag < 1:
        raise InputError("a lag must be 1 or more", lag, "lag", "Write 1 or more")
    if not lag - 1 <= start < len(value) - 1:
        rule = f"the start must lie from day {lag - 1}, whose ranking a lag of {lag} needs, to the day before the last"
        raise InputError(rule, start, "start", "Pass more days or another start")
    for day, (order, eligible) in enumerate(zip(*ranking, strict=True)):
        unlisted = np.isnan(value[day, order[:eligible]])
        if unlisted.any():
            where = f"key, day {day}, stock {order[:eligible][unlisted][0]}"
            raise InputError("a key must be NaN where the value is", "a number", where, "Leave the stock out that day")
    if weight is not None:
        weight = day_by_stock(weight, np.float64, "weight", shape)
        bad = ~np.isnan(value) & ~((weight >= 0.0) & np.isfinite(weight))
        if bad.any():
            day, stock = np.argwhere(bad)[0]
            where = f"weight, day {day}, stock {stock}"
            rule = "a weight must be known, finite and 0 or more where the value is known"
            raise InputError(rule, weight[day, stock], where, "Carry the last weight forward, or leave the stock out")
    return SelectionProblem(value, ranking, buyable, sellable, weight, schedules, counts, start, lag)


def net_returns(gross: Floats, bought: Floats, sold: Floats, cost: float, stamp_tax: Floats | float = 0.0) -> Floats:
    """(…, D) daily returns after ``cost`` of each purchase and sale and ``stamp_tax`` of each sale, a number or (D,).

    Both are shares of the value traded, and are paid at the close before the day: (1 + g)(1 − c·bought −
    (c + tax)·sold) − 1.

    >>> net_returns(np.array([0.01]), np.array([0.2]), np.array([0.1]), 0.001, 0.01).round(7).tolist()
    [0.008687]
    """
    return (1.0 + gross) * (1.0 - cost * bought - (cost + stamp_tax) * sold) - 1.0
