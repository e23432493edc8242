"""What a market did after each level of a signal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


class Level(NamedTuple):
    """Days on which a signal's value was from ``low`` to ``high``, both inclusive.

    forward: for each horizon the mean compound return of the days after the close, NaN where no day has so many days
    after it. positive: the share of these returns above zero at the last horizon.
    """

    low: float
    high: float
    days: int
    forward: tuple[float, ...]
    positive: float


def forward_returns(returns: pd.Series[Any], horizon: int) -> Floats:
    """Compound return of the days t + 1 to t + horizon at each t, (T,). NaN: fewer days follow."""
    nav = np.concatenate([[1.0], np.cumprod(1.0 + returns.to_numpy(dtype=np.float64))])
    result = np.full(len(returns), np.nan)
    if horizon < len(returns):
        result[: len(returns) - horizon] = nav[1 + horizon :] / nav[1 : len(returns) - horizon + 1] - 1.0
    return result


def returns_by_level(
    signal: pd.Series[Any], returns: pd.Series[Any], horizons: Sequence[int] = (1, 5, 20), groups: int = 5
) -> list[Level]:
    """What followed each level, the lowest first: at most ``groups`` groups of about as many days.

    signal: (T,) its value at each close, NaN where unknown. Equal values are in one group, so a signal of few values
    has fewer groups. The groups are bounded by quantiles of all days of the signal: they describe, and were not known
    at the time.
    """
    values = signal.to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, np.arange(1, groups) / groups, method="lower"))
    after = [forward_returns(returns, horizon) for horizon in horizons]
    group = np.searchsorted(edges, values)
    found = []
    for number in range(len(edges) + 1):
        inside = np.isfinite(values) & (group == number)
        if inside.any():
            found.append(_level(values, inside, after))
    return found


def _level(values: Floats, inside: npt.NDArray[np.bool_], after: Sequence[Floats]) -> Level:
    means = []
    for forward in after:
        have = forward[inside & np.isfinite(forward)]
        means.append(float(have.mean()) if len(have) else np.nan)
    last = after[-1][inside & np.isfinite(after[-1])]
    positive = float((last > 0).mean()) if len(last) else np.nan
    return Level(float(values[inside].min()), float(values[inside].max()), int(inside.sum()), tuple(means), positive)
