"""Rank IC and quantile returns: one sort a day for each factor and each horizon, and one pass for each pair.

Average ranks are added up as whole numbers, so a correlation does not depend on the order of the stocks.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.cpu.radix import BUCKETS, PASSES, gather_keys, sort_keys
from gridproof.kernels.panel.information import Information, checked_information
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.threads import run_ranges


def rank_ic(factors: Floats, value: Floats, horizons: Ints, quantiles: int) -> Information:
    """As ``reference.information.rank_ic``."""
    factors, value, horizons, found = checked_information(factors, value, horizons, quantiles)
    run_ranges(_measure_days, len(value), factors, value, horizons, *found)
    return found


@jit(nogil=True)
def _measure_days(
    low: int, high: int, factors: Floats, value: Floats, horizons: Ints, ic: Floats, returns: Floats, counts: Ints
) -> None:
    days, stocks = value.shape
    kinds, reaches = len(factors), len(horizons)
    numbers, spare_numbers, row = np.empty(stocks), np.empty(stocks), np.empty(stocks)
    columns, spare_columns = np.empty(stocks, dtype=np.int32), np.empty(stocks, dtype=np.int32)
    seen = np.empty((PASSES, BUCKETS), dtype=np.int64)
    # Of each factor: its stocks in ascending order, and of each stock its average rank, as 2·rank − (n + 1).
    order = np.empty((kinds, stocks), dtype=np.int32)
    rank = np.empty((kinds, stocks), dtype=np.int64)
    member = np.empty((kinds, stocks), dtype=np.bool_)
    squares, size = np.empty(kinds, dtype=np.int64), np.empty(kinds, dtype=np.int64)
    for day in range(low, high):
        for kind in range(kinds):
            for stock in range(stocks):
                known = not np.isnan(value[day, stock])
                row[stock] = factors[kind, day, stock] if known else np.nan
                member[kind, stock] = not np.isnan(row[stock])
            count = gather_keys(row, numbers, columns)
            sort_keys(count, numbers, columns, spare_numbers, spare_columns, seen)
            for place in range(count):
                order[kind, place] = columns[place]
            squares[kind] = _average_ranks(numbers, columns, count, rank[kind])
            size[kind] = counts[kind, day] = count
        for reach in range(reaches):
            ahead = day + horizons[reach]
            if ahead >= days:
                continue
            for stock in range(stocks):
                row[stock] = value[ahead, stock] / value[day, stock]
            count = gather_keys(row, numbers, columns)
            sort_keys(count, numbers, columns, spare_numbers, spare_columns, seen)
            for kind in range(kinds):
                ic[kind, reach, day] = _correlate(
                    numbers, columns, count, member[kind], rank[kind], squares[kind], size[kind]
                )
                _average_quantiles(row, order[kind], size[kind], returns[kind, reach, day])


@jit()
def _average_ranks(numbers: Floats, columns: Columns, count: int, rank: Ints) -> int:
    """rank: of each stock 2·average rank − (n + 1). Returns their sum of squares. numbers: ascending."""
    squares, begin = 0, 0
    while begin < count:
        end = begin + 1
        while end < count and numbers[end] == numbers[begin]:
            end += 1
        twice = begin + end - count
        for place in range(begin, end):
            rank[columns[place]] = twice
        squares += twice * twice * (end - begin)
        begin = end
    return squares


@jit()
def _correlate(
    numbers: Floats, columns: Columns, count: int, member: Columns, rank: Ints, squares: int, size: int
) -> float:
    """Spearman's correlation over the members: of their ranks and of those of the ascending numbers."""
    products, others, done, place = 0, 0, 0, 0
    while place < count:
        if not member[columns[place]]:
            place += 1
            continue
        number, equal, total = numbers[place], 0, 0
        while place < count and numbers[place] == number:
            if member[columns[place]]:
                equal += 1
                total += rank[columns[place]]
            place += 1
        twice = 2 * done + equal - size
        products += twice * total
        others += twice * twice * equal
        done += equal
    return products / np.sqrt(float(squares) * float(others)) if squares > 0 and others > 0 else np.nan


@jit()
def _average_quantiles(growth: Floats, order: Columns, size: int, returns: Floats) -> None:
    """returns: (Q,) the mean growth less 1 of the stocks of each quantile. Those are added by the factor's order."""
    quantiles, begin = len(returns), 0
    for quantile in range(quantiles):
        end = ((quantile + 1) * size + quantiles - 1) // quantiles  # the first k with floor(Q·k/n) > quantile
        total = 0.0
        for place in range(begin, end):
            total += growth[order[place]]
        if end > begin:
            returns[quantile] = total / (end - begin) - 1.0
        begin = end
