"""Operators over a window that add its values: sum, count, mean, weighted mean."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators import stock_windows
from gridproof.signals.expression.operators.argument import WINDOW, boolean, series
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import COUNT, unit_of_first
from gridproof.signals.expression.operators.windows import (
    backwards,
    full_blocks,
    full_window,
    held,
    over_window,
    over_windows,
)

NAN = np.nan


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.mean",
    example=Example("mean(x, 2)", {"x": (1, 2, 4)}, (NAN, 1.5, 3)),
    warm_up=full_window,
    unit=unit_of_first,
    level=True,
    stocks=stock_windows.means,
)
def mean(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The mean of the last n values. The mean of equal values is exactly that value.

    Unknown where a value in the window is unknown.
    """
    return over_window((x,), n, least, since, _means)


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.sum",
    example=Example("sum(x, 2)", {"x": (1, 2, 4)}, (NAN, 3, 6)),
    warm_up=full_window,
    many="n",
    level=True,
    stocks=stock_windows.sums,
)
def sum_(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The sum of the last n values. Unknown where a value in the window is unknown."""
    return over_windows((x,), n, least, since, _sums)


@operator(
    boolean("condition", "what is counted"),
    *WINDOW,
    source="pandas Series.rolling.sum of a boolean",
    example=Example("count(x > 1, 2)", {"x": (1, 2, 4)}, (NAN, 1, 2)),
    warm_up=full_window,
    unit=COUNT,
    many="n",
    stocks=stock_windows.sums,
)
def count(condition: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """On how many of the last n values the condition is true. Unknown where it is unknown on one of them."""
    return over_windows((condition,), n, least, since, _sums)


@operator(
    series(),
    *WINDOW,
    source="linearly weighted moving average",
    example=Example("wma(x, 2)", {"x": (1, 4, 7)}, (NAN, 3, 6)),
    warm_up=full_window,
    unit=unit_of_first,
    many="n",
    level=True,
)
def wma(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The mean of the last n values with the weights 1, 2, …, n, the largest for today's.

    Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, _weighted_means)


def _sums(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    (x,) = xs
    sums, result = x.copy(), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            sums[i:] += x[:-i]
        result[ready.start : ready.stop] = sums
    return result


def _weighted_means(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    """The weighted sum of n values is the sum over i ≤ n of the sums of i values."""
    (x,) = xs
    sums, weighted, result = np.zeros(len(x)), np.zeros(len(x)), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            sums[i:] += x[:-i] - x[i:]
            weighted[i:] += sums[i:]
        for k in ready:
            n = held(len(x), i + 1)
            result[k] = x + weighted / (n * (n + 1.0) / 2.0)
    return result


def _means(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    """Of full windows by NumPy's pairwise summation, of the shorter ones before by a sum from the first value on."""
    (x,) = xs
    result: Floats = x[0] + np.cumsum(x - x[0]) / held(len(x), len(x))
    n = int(ns[0])
    for days, values in full_blocks(x, n):
        result[days] = values[:, 0] + (values - values[:, :1]).mean(axis=-1)
    return result[None]
