"""Rank IC and quantile returns, day by day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.panel.information import Information, checked_information


def rank_ic(factors: Floats, value: Floats, horizons: Ints, quantiles: int) -> Information:
    """factors: (F, T, S) known at the close of the day, NaN where unknown. value: (T, S) as in ``SelectionProblem``.

    horizons: (H,) days. quantiles: Q.
    """
    factors, value, horizons, found = checked_information(factors, value, horizons, quantiles)
    for which, factor in enumerate(factors):
        for day in range(len(value)):
            known = ~np.isnan(factor[day]) & ~np.isnan(value[day])
            x = factor[day, known]
            found.stocks[which, day] = len(x)
            quantile = np.empty(len(x), dtype=np.int64)
            quantile[np.argsort(x, kind="stable")] = quantiles * np.arange(len(x)) // max(len(x), 1)
            for at, horizon in enumerate(horizons):
                if day + horizon >= len(value):
                    continue
                growth = value[day + horizon, known] / value[day, known]
                found.ic[which, at, day] = _spearman(x, growth)
                for each in range(quantiles):
                    if (quantile == each).any():
                        found.quantile_returns[which, at, day, each] = growth[quantile == each].mean() - 1.0
    return found


def _spearman(x: Floats, y: Floats) -> float:
    a, b = _deviations(x), _deviations(y)
    spread = (a @ a) * (b @ b)
    return float(a @ b / np.sqrt(spread)) if spread > 0.0 else np.nan


def _deviations(x: Floats) -> Floats:
    """The average ranks of numbers, less their mean."""
    below = (x < x[:, None]).sum(axis=1)
    equal = (x == x[:, None]).sum(axis=1)
    deviations: Floats = below + (equal + 1) / 2.0 - (len(x) + 1) / 2.0
    return deviations
