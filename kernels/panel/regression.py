"""Weighted least squares over the stocks of each day: factor returns, and residuals that a factor is neutral to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.ranking import Columns, day_by_stock

# Exposures are collinear if what the others leave of one, in its group, is below this share of it.
COLLINEAR = 1e-10


class Regression(NamedTuple):
    """T days, F exposures, G groups, S stocks: response = Σ coefficient·exposure + coefficient of the group.

    A day counts the stocks whose response, exposures, group and weight are known, the weight positive. Where exposures
    are collinear within the groups, or too few stocks are known, all of the day but ``stocks`` is NaN.
    """

    coefficients: Floats  # (T, F + G): exposures first; NaN for a group without stocks
    r_squared: Floats  # (T,) weighted, about the weighted mean; NaN where the response is constant
    residuals: Floats  # (T, S) NaN for stocks that are not counted
    stocks: Ints  # (T,)

    @classmethod
    def empty(cls, exposures: Floats, groups: int) -> Regression:
        kinds, days, stocks = exposures.shape
        return cls(
            np.full((days, kinds + groups), np.nan),
            np.full(days, np.nan),
            np.full((days, stocks), np.nan),
            np.zeros(days, dtype=np.int64),
        )


def checked_regression(
    response: Floats, exposures: Floats, group: Columns, groups: int, weight: Floats
) -> tuple[Floats, Floats, Columns, Floats, Regression]:
    """Contiguous arrays and an empty result. Raises InputError where an input breaks what ``regress`` says."""
    response = day_by_stock(response, np.float64, "response")
    if exposures.ndim != 3 or exposures.shape[1:] != response.shape:
        rule = f"exposures must be (exposures, {response.shape[0]} days, {response.shape[1]} stocks)"
        raise InputError(rule, exposures.shape, "exposures", "Stack the exposures")
    exposures = np.ascontiguousarray(exposures, dtype=np.float64)
    group = day_by_stock(group, np.int32, "group", response.shape)
    weight = day_by_stock(weight, np.float64, "weight", response.shape)
    if groups < 1 or group.max(initial=-1) >= groups:
        rule, got = "groups must be numbered from 0 below their number", f"{group.max(initial=-1)} of {groups}"
        raise InputError(rule, got, "group", "Pass the number of groups, at least 1")
    if (weight < 0.0).any() or np.isinf(weight).any() or np.isinf(response).any() or np.isinf(exposures).any():
        raise InputError(
            "numbers must be finite and weights 0 or more", "others", "regression", "Use NaN for the unknown"
        )
    return response, exposures, group, weight, Regression.empty(exposures, groups)
