"""Ranks by a radix sort of each day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.cpu.radix import new_sorted_row, sort_row
from gridproof.kernels.panel.ranking import Columns, Ranking, day_by_stock
from gridproof.kernels.threads import run_ranges


def rank_days(key: Floats) -> Ranking:
    """As ``reference.ranking.rank_days``."""
    key = day_by_stock(key, np.float64, "key")
    found = Ranking(np.empty(key.shape, dtype=np.int32), np.empty(len(key), dtype=np.int64))
    run_ranges(_rank, len(key), key, found.order, found.eligible)
    return found


def average_ranks(key: Floats) -> Floats:
    """As ``reference.ranking.average_ranks``."""
    key = day_by_stock(key, np.float64, "key")
    found = np.full(key.shape, np.nan)
    run_ranges(_average, len(key), key, found)
    return found


@jit(nogil=True)
def _rank(low: int, high: int, key: Floats, order: Columns, eligible: Ints) -> None:
    stocks = key.shape[1]
    row = new_sorted_row(stocks)
    for day in range(low, high):
        count = eligible[day] = sort_row(key[day], row)
        for place in range(stocks):
            order[day, place] = row.columns[place] if place < count else -1


@jit(nogil=True)
def _average(low: int, high: int, key: Floats, found: Floats) -> None:
    row = new_sorted_row(key.shape[1])
    for day in range(low, high):
        count, begin = sort_row(key[day], row), 0
        while begin < count:
            end = begin + 1
            while end < count and row.keys[end] == row.keys[begin]:
                end += 1
            for place in range(begin, end):
                found[day, row.columns[place]] = 0.5 * (begin + end + 1)
            begin = end
