"""Selections whose baskets are parts of a ranking, such as its tenths: each basket is simulated by itself."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.ranking import Columns


@jit(nogil=True)
def run_parts(
    low: int, high: int, value: Floats, order: Columns, eligible: Ints, buyable: Bools, sellable: Bools, weight: Floats,
    schedules: Ints, counts: Ints, start: int, lag: int, gross: Floats, bought: Floats, sold: Floats,
) -> None:  # fmt: skip
    """Schedules and baskets [low, high), of which schedule·K + basket is the number."""
    days, stocks = value.shape
    baskets = counts.shape[1]
    members, joining = np.empty(stocks, dtype=np.int32), np.empty(stocks, dtype=np.int32)
    inside, joined = np.zeros(stocks, dtype=np.bool_), np.zeros(stocks, dtype=np.bool_)
    # What a member is worth, its weight in the next basket (0 for all others), and its units.
    worth, weights, units = np.zeros(stocks), np.zeros(stocks), np.empty(stocks)
    for number in range(low, high):
        schedule, basket = number // baskets, number % baskets
        interval, offset = schedules[schedule, 0], schedules[schedule, 1]
        held = 0
        for close in range(start + offset, days - 1, interval):
            decided = close - lag + 1
            level = total = 0.0
            for place in range(held):
                stock = members[place]
                worth[stock] = units[stock] * value[close, stock]
                level += worth[stock]
            row, count = counts[decided if len(counts) > 1 else 0], 0
            begin = row[basket - 1] if basket > 0 else 0
            for place in range(begin, min(row[basket], eligible[decided])):
                stock = order[decided, place]
                if buyable[close, stock] or inside[stock]:
                    joining[count], joined[stock] = stock, True
                    count += 1
            for place in range(held):
                stock = members[place]
                if not sellable[close, stock] and not joined[stock]:
                    joining[count], joined[stock] = stock, True
                    count += 1
            for place in range(count):
                weights[joining[place]] = set_weight(value, weight, decided, joining[place])
                total += weights[joining[place]]
            if close > start + offset:
                at = close - start
                per_weight, per_worth = 1.0 / total if total > 0.0 else 0.0, 1.0 / level if level > 0.0 else 0.0
                for place in range(count):
                    change = weights[joining[place]] * per_weight - worth[joining[place]] * per_worth
                    bought[schedule, basket, at] += max(change, 0.0)
                    sold[schedule, basket, at] += max(-change, 0.0)
                for place in range(held):
                    if not joined[members[place]]:
                        sold[schedule, basket, at] += worth[members[place]] * per_worth
            for place in range(held):
                inside[members[place]], worth[members[place]] = False, 0.0
            for place in range(count):
                stock = joining[place]
                members[place], inside[stock], joined[stock] = stock, True, False
                units[stock] = weights[stock] / value[close, stock]
            held, level = count, total
            for day in range(close + 1, min(close + interval, days - 1) + 1):
                now = 0.0
                for place in range(held):
                    now += units[members[place]] * value[day, members[place]]
                if level > 0.0:
                    gross[schedule, basket, day - start - 1] = now / level - 1.0
                level = now
        for place in range(held):
            inside[members[place]] = False


@jit()
def set_weight(value: Floats, weight: Floats, day: int, stock: int) -> float:
    """The weight of a stock in a basket that follows from this day; 0 before it is listed. weight: empty if equal."""
    if np.isnan(value[day, stock]):
        return 0.0
    return weight[day, stock] if len(weight) else 1.0
