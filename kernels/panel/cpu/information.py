"""Rank IC and quantile returns: one sort a day for each factor and each horizon, and one pass for each pair.

The forward returns of a horizon are sorted once for all factors. Average ranks are added up as whole numbers, so a
correlation does not depend on the order of the stocks.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.cpu.radix import SortedRow, new_sorted_row, sort_row
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
    row, numbers = new_sorted_row(stocks), np.empty(stocks)
    # Of each factor: its stocks in ascending order, and of each stock its average rank, as 2·rank − (n + 1).
    order = np.empty((kinds, stocks), dtype=np.int32)
    rank = np.empty((kinds, stocks), dtype=np.int32)
    member, anywhere = np.empty((kinds, stocks), dtype=np.bool_), np.empty(stocks, dtype=np.bool_)
    squares, size = np.empty(kinds, dtype=np.int64), np.empty(kinds, dtype=np.int64)
    for day in range(low, high):
        for stock in range(stocks):
            anywhere[stock] = False
        for kind in range(kinds):
            for stock in range(stocks):
                unknown = np.isnan(value[day, stock])
                numbers[stock] = np.nan if unknown else factors[kind, day, stock]
                known = not np.isnan(numbers[stock])
                member[kind, stock] = known
                anywhere[stock] |= known
            count = sort_row(numbers, row)
            for place in range(count):
                order[kind, place] = row.columns[place]
            squares[kind] = _average_ranks(row, count, rank[kind])
            size[kind] = counts[kind, day] = count
        for reach in range(reaches):
            later = day + horizons[reach]
            if later >= days:
                continue
            for stock in range(stocks):
                growth = value[later, stock] / value[day, stock]
                numbers[stock] = growth if anywhere[stock] else np.nan
            count = sort_row(numbers, row)
            for kind in range(kinds):
                if size[kind] == count:
                    products, others = _correlate_all(row, count, rank[kind])
                else:
                    products, others = _correlate(row, count, member[kind], rank[kind], size[kind])
                if squares[kind] > 0 and others > 0:
                    ic[kind, reach, day] = products / np.sqrt(float(squares[kind]) * float(others))
                _average_quantiles(numbers, order[kind], size[kind], returns[kind, reach, day])


@jit()
def _average_ranks(sorted_row: SortedRow, count: int, rank: Columns) -> int:
    """rank: of each stock 2·average rank − (n + 1). Returns their sum of squares."""
    for place in range(count):
        rank[np.uint32(sorted_row.columns[place])] = 2 * place + 1 - count
    at, squares = 0, count * (count * count - 1) // 3
    while at < sorted_row.equals[0]:
        begin, end, at = _equal_run(sorted_row, at)
        for place in range(begin, end):
            rank[sorted_row.columns[place]] = begin + end - count
        squares -= (end - begin) * ((end - begin) * (end - begin) - 1) // 3
    return squares


@jit()
def _equal_run(sorted_row: SortedRow, at: int) -> tuple[int, int, int]:
    """The places [begin, end) of equal keys that begin at number ``at`` of ``equal``, and the number after them."""
    begin = sorted_row.equal[at] - 1
    end = begin + 1
    while at < sorted_row.equals[0] and sorted_row.equal[at] == end:
        at += 1
        end += 1
    return begin, end, at


@jit()
def _correlate_all(sorted_row: SortedRow, count: int, rank: Columns) -> tuple[int, int]:
    """Sums over the stocks of their rank times that of their key, and of the squares of the latter."""
    products = 0
    for place in range(count):
        products += (2 * place + 1 - count) * int(rank[np.uint32(sorted_row.columns[place])])
    at, others = 0, count * (count * count - 1) // 3
    while at < sorted_row.equals[0]:
        begin, end, at = _equal_run(sorted_row, at)
        for place in range(begin, end):
            products += (begin + end - 2 * place - 1) * int(rank[sorted_row.columns[place]])
        others -= (end - begin) * ((end - begin) * (end - begin) - 1) // 3
    return products, others


@jit()
def _correlate(sorted_row: SortedRow, count: int, member: Bools, rank: Columns, size: int) -> tuple[int, int]:
    """As ``_correlate_all``, over the members only, of which there are ``size``."""
    keys, columns = sorted_row.keys, sorted_row.columns
    products, others, done, place = 0, 0, 0, 0
    while place < count:
        key, equal, total = keys[place], 0, 0
        while place < count and keys[place] == key:
            if member[columns[place]]:
                equal += 1
                total += rank[columns[place]]
            place += 1
        twice = 2 * done + equal - size
        products += twice * total
        others += twice * twice * equal
        done += equal
    return products, others


@jit()
def _average_quantiles(growth: Floats, order: Columns, size: int, returns: Floats) -> None:
    """returns: (Q,) the mean growth less 1 of the stocks of each quantile. Those are added by the factor's order."""
    quantiles, begin = len(returns), 0
    for quantile in range(quantiles):
        end = ((quantile + 1) * size + quantiles - 1) // quantiles  # the first k with floor(Q·k/n) > quantile
        a = b = c = d = 0.0  # which a processor adds side by side
        whole = begin + (end - begin) // 4 * 4
        for place in range(begin, whole, 4):
            a += growth[np.uint32(order[place])]
            b += growth[np.uint32(order[place + 1])]
            c += growth[np.uint32(order[place + 2])]
            d += growth[np.uint32(order[place + 3])]
        for place in range(whole, end):
            a += growth[np.uint32(order[place])]
        if end > begin:
            returns[quantile] = ((a + b) + (c + d)) / (end - begin) - 1.0
        begin = end
