"""Regressions by ``numpy.linalg.lstsq`` on exposures and dummies of the groups."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.panel.ranking import Columns
from gridproof.kernels.panel.regression import COLLINEAR, Regression, checked_regression


def regress(response: Floats, exposures: Floats, group: Columns, groups: int, weight: Floats) -> Regression:
    """response: (T, S), NaN where unknown. exposures: (F, T, S), as known when the response begins; NaN where unknown.

    group: (T, S) int32 from 0 to ``groups`` − 1, −1 where unknown; all 0 and one group: a regression with a constant.
    weight: (T, S) ≥ 0 of the squared residuals; NaN or 0 leaves a stock out.
    """
    response, exposures, group, weight, found = checked_regression(response, exposures, group, groups, weight)
    kinds = len(exposures)
    for day in range(len(response)):
        known = ~np.isnan(response[day]) & ~np.isnan(exposures[:, day]).any(axis=0) & (group[day] >= 0)
        known &= weight[day] > 0.0
        found.stocks[day] = known.sum()
        dummies = group[day, known, None] == np.arange(groups)
        present = np.concatenate([np.ones(kinds, dtype=np.bool_), dummies.any(axis=0)])
        columns = np.concatenate([exposures[:, day, known].T, dummies], axis=1)[:, present]
        y, w = response[day, known], weight[day, known]
        if not len(y):
            continue
        root = np.sqrt(w)[:, None]
        size = np.linalg.norm(root * columns, axis=0)
        size[size == 0.0] = 1.0
        answer, _, rank, _ = np.linalg.lstsq(root * columns / size, root[:, 0] * y, rcond=COLLINEAR)
        if rank < columns.shape[1]:
            continue
        found.coefficients[day, present] = answer / size
        residuals = y - columns @ (answer / size)
        found.residuals[day, known] = residuals
        total = w @ (y - np.average(y, weights=w)) ** 2
        if np.ptp(y) > 0.0:
            found.r_squared[day] = 1.0 - w @ residuals**2 / total
    return found
