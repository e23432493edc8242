"""Operators over a window of the last n values, today included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.declaration import (
    Example,
    operator,
    series,
    unit_of_first,
    window,
)


def _days_back(scalars: Mapping[str, Any]) -> int:
    return int(scalars["n"])


def _full_window(scalars: Mapping[str, Any]) -> int:
    return int(scalars["n"]) - 1


@operator(
    series(),
    window(meaning="values back"),
    source="pandas Series.shift",
    example=Example("lag(x, 2)", {"x": (1, 2, 3, 4)}, (np.nan, np.nan, 1, 2)),
    warm_up=_days_back,
    unit=unit_of_first,
)
def lag(x: Floats, n: int) -> Floats:
    """x[t − n]. NaN where that value is NaN or lies before the first."""
    result = np.full(len(x), np.nan)
    result[n:] = x[: max(0, len(x) - n)]
    return result


@operator(
    series(),
    window(),
    source="pandas Series.rolling",
    example=Example("mean(x, 2)", {"x": (1, 2, 4)}, (np.nan, 1.5, 3)),
    warm_up=_full_window,
    unit=unit_of_first,
)
def mean(x: Floats, n: int) -> Floats:
    """The mean of the last n values; the mean of equal values is exactly that value. NaN if one of them is NaN."""
    result = np.full(len(x), np.nan)
    if n <= len(x):
        views = sliding_window_view(x, n)
        result[n - 1 :] = views[:, 0] + (views - views[:, :1]).mean(axis=-1)
    return result
