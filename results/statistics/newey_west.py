"""The mean of a series whose days overlap, with the standard error of Newey and West (1987)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import is_flat
from gridproof.results.statistics.inputs import require


@dataclass(frozen=True)
class MeanTest:
    """``error`` and ``t`` are NaN where the series has fewer than two numbers, or does not vary."""

    observations: int
    mean: float
    error: float  # standard error of the mean
    t: float  # mean / error
    lags: int


def newey_west_mean(series: Floats, lags: int) -> MeanTest:
    """The mean of a series and its t-statistic, with Bartlett weights 1 − l/(lags + 1) for the lags l up to ``lags``.

    Newey, West (1987). Autocovariances are divided by n. A correlation with a return over h days is measured anew every
    day, so that neighbouring values share h − 1 days: take h lags. Equal to ``statsmodels`` with ``cov_type="HAC"``.

    series: (T,) in the order of time; NaN days are left out, and their neighbours then count as adjacent. Raises
    InputError where lags is below 0.

    >>> import numpy as np
    >>> test = newey_west_mean(np.array([0.03, 0.01, np.nan, 0.02, 0.05, -0.01]), 1)
    >>> test.observations, round(test.mean, 3), round(test.t, 3)
    (5, 0.02, 3.162)
    """
    require(lags >= 0, "lags must be 0 or more", lags, "newey_west_mean: lags", "Give the days that returns overlap")
    known = np.asarray(series, dtype=np.float64)
    known = known[~np.isnan(known)]
    count = len(known)
    if count == 0:
        return MeanTest(0, np.nan, np.nan, np.nan, lags)
    mean = float(known.mean())
    away = known - mean
    square = float(away @ away)
    if count < 2 or is_flat(np.array(square), np.array(square + count * mean**2)):
        return MeanTest(count, mean, np.nan, np.nan, lags)
    total = square
    for lag in range(1, min(lags, count - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(away[lag:] @ away[:-lag])
    error = float(np.sqrt(total)) / count
    return MeanTest(count, mean, error, mean / error, lags)


def automatic_lags(observations: int) -> int:
    """⌊4·(n/100)^(2/9)⌋, for a series whose days do not overlap by construction.

    >>> automatic_lags(3000)
    8
    """
    return int(4.0 * (max(observations, 1) / 100.0) ** (2.0 / 9.0))
