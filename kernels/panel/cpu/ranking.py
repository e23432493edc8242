"""Ranks by a radix sort of each day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.panel.cpu.radix import BUCKETS, PASSES, gather_keys, sort_keys
from gridproof.kernels.panel.ranking import Columns, Ranking, day_by_stock
from gridproof.kernels.threads import run_ranges


def rank_days(key: Floats) -> Ranking:
    """As ``reference.ranking.rank_days``."""
    key = day_by_stock(key, np.float64, "key")
    found = Ranking(np.empty(key.shape, dtype=np.int32), np.empty(len(key), dtype=np.int64))
    run_ranges(_rank, len(key), key, found.order, found.eligible)
    return found


@jit(nogil=True)
def _rank(low: int, high: int, key: Floats, order: Columns, eligible: Ints) -> None:
    stocks = key.shape[1]
    numbers, spare_numbers = np.empty(stocks), np.empty(stocks)
    columns, spare_columns = np.empty(stocks, dtype=np.int32), np.empty(stocks, dtype=np.int32)
    seen = np.empty((PASSES, BUCKETS), dtype=np.int64)
    for day in range(low, high):
        count = gather_keys(key[day], numbers, columns)
        sort_keys(count, numbers, columns, spare_numbers, spare_columns, seen)
        eligible[day] = count
        for place in range(stocks):
            order[day, place] = columns[place] if place < count else -1
