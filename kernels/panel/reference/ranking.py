"""Ranks by a stable sort of each day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.ranking import Ranking, day_by_stock


def rank_days(key: Floats) -> Ranking:
    """key: (T, S) float64, NaN where a stock is not eligible. Zeros are equal whatever their sign."""
    key = day_by_stock(key, np.float64, "key")
    eligible = (~np.isnan(key)).sum(axis=1).astype(np.int64)
    order = np.argsort(key, axis=1, kind="stable").astype(np.int32)
    order[np.arange(key.shape[1]) >= eligible[:, None]] = -1
    return Ranking(order, eligible)


def average_ranks(key: Floats) -> Floats:
    """(T, S) the ranks of a day from 1, of equal keys their average; NaN where the key is."""
    key = day_by_stock(key, np.float64, "key")
    found = np.full(key.shape, np.nan)
    for day, row in enumerate(key):
        known = ~np.isnan(row)
        _, group, equal = np.unique(row[known], return_inverse=True, return_counts=True)
        found[day, known] = (np.cumsum(equal) - (equal - 1) / 2.0)[group]
    return found
