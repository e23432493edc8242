"""What a factor says about later returns: rank IC and the returns of its quantiles, on every day."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.ranking import checked_value


class Information(NamedTuple):
    """F factors, H horizons, T days, Q quantiles. The forward return of day t is value[t + h]/value[t] − 1.

    A day counts the stocks whose factor and value are known on it. What lies beyond the last day is NaN. The mean of
    ``ic`` over the days, horizon by horizon, is the decay of a factor.
    """

    ic: Floats  # (F, H, T) Spearman's correlation of factor and forward return, ties by average ranks; NaN where either
    # is the same for all stocks
    quantile_returns: Floats  # (F, H, T, Q) mean forward return by quantile of the factor, lowest first: of n stocks,
    # the k-th (from 0, equal factors by column) is in quantile floor(Q·k/n); NaN for a quantile without stocks
    stocks: Ints  # (F, T)

    @classmethod
    def empty(cls, factors: int, horizons: int, days: int, quantiles: int) -> Information:
        return cls(
            np.full((factors, horizons, days), np.nan),
            np.full((factors, horizons, days, quantiles), np.nan),
            np.zeros((factors, days), dtype=np.int64),
        )


def checked_information(
    factors: Floats, value: Floats, horizons: Ints, quantiles: int
) -> tuple[Floats, Floats, Ints, Information]:
    """Contiguous arrays and an empty result. Raises InputError where an input breaks what ``rank_ic`` says."""
    value = checked_value(value)
    if factors.ndim != 3 or factors.shape[1:] != value.shape:
        rule = f"factors must be (factors, {value.shape[0]} days, {value.shape[1]} stocks)"
        raise InputError(rule, factors.shape, "factors", "Stack the factors")
    horizons = np.ascontiguousarray(horizons, dtype=np.int64)
    if horizons.ndim != 1 or (horizons < 1).any():
        raise InputError("a horizon must be 1 day or more", horizons.tolist(), "horizons", "Pass days such as 1, 5, 20")
    if quantiles < 1:
        raise InputError("there must be 1 quantile or more", quantiles, "quantiles", "Write 5 or 10")
    empty = Information.empty(len(factors), len(horizons), len(value), quantiles)
    return np.ascontiguousarray(factors, dtype=np.float64), value, horizons, empty
