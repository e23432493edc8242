"""The deepest drawdowns of a curve, with their dates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Drawdown(NamedTuple):
    """One fall below an earlier maximum.

    peak: the last day at the maximum, None where it is the close before the first day. recovery: the first day at or
    above the maximum, None where it is still below. depth: lowest NAV over the maximum, less 1. days_down and days are
    rows of the curve from the peak to the trough, and to the recovery or the last day.
    """

    peak: pd.Timestamp | None
    trough: pd.Timestamp
    recovery: pd.Timestamp | None
    depth: float
    days_down: int
    days: int


def deepest_drawdowns(nav: pd.Series[Any], count: int = 10) -> list[Drawdown]:
    """The ``count`` deepest drawdowns, the deepest first. They do not overlap.

    nav: (T,) by date, 1 at the close before the first day. A fall of less than 1e-12 is rounding and not counted.
    """
    values = np.concatenate([[1.0], nav.to_numpy(dtype=np.float64)])
    dates = pd.DatetimeIndex(nav.index)
    falls = values / np.maximum.accumulate(values) - 1.0
    below = falls < -1e-12
    edges = np.diff(np.concatenate([[False], below, [False]]).astype(np.int8))
    found = []
    for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        peak, trough = int(start) - 1, int(start) + int(falls[start:end].argmin())
        recovered = int(end) < len(values)
        found.append(
            Drawdown(
                peak=None if peak == 0 else dates[peak - 1],
                trough=dates[trough - 1],
                recovery=dates[int(end) - 1] if recovered else None,
                depth=float(falls[trough]),
                days_down=trough - peak,
                days=(int(end) if recovered else len(values) - 1) - peak,
            )
        )
    return sorted(found, key=lambda one: one.depth)[:count]
