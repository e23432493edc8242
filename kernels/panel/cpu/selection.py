"""Selections of all nested baskets in one pass, by effective ranks.

Each stock has an effective rank: the number, from 1, of the smallest basket that holds it. At a formation it becomes
the number of the smallest basket that is to hold it; where the stock cannot be bought it can only grow, where it
cannot be sold it can only shrink. Basket k is every stock whose effective rank is at most k. So one pass over the
stocks by effective rank, adding up what each has earned since the formation, gives the return of every basket.

Sums are of whole multiples of a power of two, which depends on the day and on the weights and values of all listed
stocks. They are exact: the order of the stocks, the counts asked for and the number of threads change no bit.
"""

from __future__ import annotations

import math

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.cpu.overlap import measure_trades, new_trade_space
from gridproof.kernels.panel.cpu.parts import run_parts, set_weight
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.panel.selection import SelectionProblem, Selections
from gridproof.kernels.threads import run_ranges


def select(problem: SelectionProblem) -> Selections:
    """As ``reference.selection.select``; returns agree to about 1e-13."""
    found = Selections.zeros(problem)
    weight = np.empty((0, 0)) if problem.weight is None else problem.weight
    kernel, parts = (run_parts, problem.counts.shape[1]) if problem.parted else (_run_schedules, 1)
    run_ranges(
        kernel, len(problem.schedules) * parts, problem.value, problem.ranking.order, problem.ranking.eligible,
        problem.buyable, problem.sellable, weight, problem.schedules, problem.counts, problem.start, problem.lag,
        *found,
    )  # fmt: skip
    return found


@jit(nogil=True)
def _run_schedules(
    low: int, high: int, value: Floats, order: Columns, eligible: Ints, buyable: Bools, sellable: Bools, weight: Floats,
    schedules: Ints, counts: Ints, start: int, lag: int, gross: Floats, bought: Floats, sold: Floats,
) -> None:  # fmt: skip
    """Schedules [low, high), each from its first formation to its last."""
    days, stocks = value.shape
    most = counts.shape[1]
    none = most + 1  # the effective rank of a stock that no basket holds
    rank, reach, before = np.empty(stocks, np.int32), np.empty(stocks, np.int32), np.empty(stocks, np.int32)
    members, first = np.empty(stocks, dtype=np.int32), np.empty(most + 2, dtype=np.int64)
    weights, units, worth = np.empty(stocks), np.empty(stocks), np.empty(stocks)
    levels, totals = np.empty(most), np.empty(most)
    space = new_trade_space(stocks, most)
    for schedule in range(low, high):
        interval, offset = schedules[schedule, 0], schedules[schedule, 1]
        for stock in range(stocks):
            reach[stock], worth[stock] = none, 0.0
        scale = 1.0  # of ``worth``
        for close in range(start + offset, days - 1, interval):
            decided = close - lag + 1
            for stock in range(stocks):
                rank[stock], before[stock] = none, reach[stock]
            row, basket = counts[decided if len(counts) > 1 else 0], 0
            for place in range(min(eligible[decided], row[most - 1])):
                while row[basket] <= place:
                    basket += 1
                rank[order[decided, place]] = basket + 1
            _advance(rank, buyable[close], sellable[close], reach)
            for stock in range(stocks):
                weights[stock] = set_weight(value, weight, decided, stock)
                units[stock] = weights[stock] / value[close, stock] if weights[stock] > 0.0 else 0.0
            _list_members(reach, most, first, members)
            weight_scale = _scale(weights)
            _add_up(members, first, weights, weight_scale, totals)
            if close > start + offset:
                at = close - start
                measure_trades(
                    before, reach, worth, weights, scale, weight_scale, levels, totals,
                    bought[schedule, :, at], sold[schedule, :, at], space,
                )  # fmt: skip
            for place in range(most):
                levels[place] = totals[place]
            for day in range(close + 1, min(close + interval, days - 1) + 1):
                for stock in range(stocks):
                    worth[stock] = units[stock] * value[day, stock] if units[stock] > 0.0 else 0.0
                scale = _scale(worth)
                _add_up(members, first, worth, scale, totals)
                for place in range(most):
                    if levels[place] > 0.0:
                        gross[schedule, place, day - start - 1] = totals[place] / levels[place] - 1.0
                    levels[place] = totals[place]


@jit()
def _advance(rank: Columns, buyable: Bools, sellable: Bools, reach: Columns) -> None:
    """The effective ranks after the formation, in place of those before it."""
    for stock in range(len(rank)):
        held, now = reach[stock], rank[stock]
        if buyable[stock]:
            reach[stock] = now if sellable[stock] else min(held, now)
        elif sellable[stock]:
            reach[stock] = max(held, now)


@jit()
def _list_members(reach: Columns, most: int, first: Ints, members: Columns) -> None:
    """The stocks that basket ``most`` holds, by effective rank.

    first: (most + 2,); those of effective rank k are members[first[k]] to members[first[k + 1] − 1].
    """
    for count in range(most + 2):
        first[count] = 0
    for stock in range(len(reach)):
        if reach[stock] <= most:
            first[reach[stock]] += 1
    place = 0
    for count in range(most + 2):
        here = first[count]
        first[count] = place
        place += here
    for stock in range(len(reach)):
        if reach[stock] <= most:
            members[first[reach[stock]]] = stock
            first[reach[stock]] += 1
    for count in range(most + 1, 0, -1):
        first[count] = first[count - 1]


@jit()
def _scale(amounts: Floats) -> float:
    """The power of two by which amounts are multiplied before they are rounded: no sum of them reaches 2^62."""
    largest = 0.0
    for stock in range(len(amounts)):
        largest = max(largest, amounts[stock])
    _, room = math.frexp(float(len(amounts)))
    _, size = math.frexp(largest)
    return math.ldexp(1.0, 62 - room - size)


@jit()
def _add_up(members: Columns, first: Ints, amounts: Floats, scale: float, totals: Floats) -> None:
    """totals: (K,) the sum of the amounts of the members of each basket."""
    total = 0
    for place in range(len(totals)):
        for each in range(first[place + 1], first[place + 2]):
            total += int(amounts[members[each]] * scale + 0.5)
        totals[place] = total / scale
