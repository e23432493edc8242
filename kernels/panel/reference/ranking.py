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
