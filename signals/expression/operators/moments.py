"""Operators over a window that add: sum, mean, deviation, higher moments, weighted mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators.declaration import (
    ALL,
    COUNT,
    MIN_VALUES,
    SINCE,
    WINDOW,
    Example,
    Quantity,
    boolean,
    operator,
    series,
    unit_of_first,
    window,
)
from gridproof.signals.expression.operators.windows import (
    backwards,
    blocks,
    full_blocks,
    held,
    over_window,
    over_windows,
)

NAN = np.nan


def full_window(scalars: Mapping[str, Any]) -> int:
    """The warm-up of an operator over a window: n − 1 values, or min − 1 where ``min`` is given or n is ``all``."""
    n, least = int(scalars["n"]), scalars.get("min")
    return (1 if n == ALL else n) - 1 if least is None else min(n, int(least)) - 1


def pair_window(scalars: Mapping[str, Any]) -> int:
    """The same for an operator that needs two values at least."""
    return max(1, full_window(scalars))


def from_two(every: bool = True) -> tuple[Any, ...]:
    """The arguments of a window of at least two values."""
    return (window(least=2, every=every), MIN_VALUES, SINCE)


def square_unit(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of a square or a product of values."""
    return Quantity(f"the square of {units[0].name}", 0.0)


def deviation_unit(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of a standard deviation: that of the values, at least 0."""
    return Quantity(units[0].name, 0.0)


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.mean",
    example=Example("mean(x, 2)", {"x": (1, 2, 4)}, (NAN, 1.5, 3)),
    warm_up=full_window,
    unit=unit_of_first,
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
)
def count(condition: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """On how many of the last n values the condition is true. Unknown where it is unknown on one of them."""
    return over_windows((condition,), n, least, since, _sums)


@operator(
    series(),
    *from_two(),
    source="pandas Series.rolling.std, ddof 1",
    example=Example("std(x, 3)", {"x": (1, 2, 3)}, (NAN, NAN, 1)),
    warm_up=pair_window,
    unit=deviation_unit,
    many="n",
)
def std(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The standard deviation of the last n values, with n − 1 in the denominator, not annualised.

    Exactly 0 where the values are equal. Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, lambda xs, ns: np.sqrt(_variances(xs, ns)))


@operator(
    series(),
    *from_two(),
    source="pandas Series.rolling.var, ddof 1",
    example=Example("var(x, 3)", {"x": (1, 3, 5)}, (NAN, NAN, 4)),
    warm_up=pair_window,
    unit=square_unit,
    many="n",
)
def var(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The variance of the last n values, with n − 1 in the denominator.

    Exactly 0 where the values are equal. Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, _variances)


@operator(
    series(),
    *from_two(),
    source="the standard score, ddof 1",
    example=Example("zscore(x, 3)", {"x": (1, 2, 3)}, (NAN, NAN, 1)),
    warm_up=pair_window,
    many="n",
)
def zscore(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """(x[t] − mean) / std of the last n values, with n − 1 in the denominator of std.

    Unknown where a value in the window is unknown, or all of them are equal.
    """
    return over_windows((x,), n, least, since, _scores)


@operator(
    series(),
    *(window(least=3, every=True), MIN_VALUES, SINCE),
    source="pandas Series.rolling.skew",
    example=Example("skew(x, 3)", {"x": (0, 0, 3)}, (NAN, NAN, 1.7320508075688772)),
    warm_up=lambda scalars: max(2, full_window(scalars)),
)
def skew(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The skewness of the last n values without bias: m₃ / m₂^1.5 · √(n (n − 1)) / (n − 2), m the central moments.

    Unknown where a value in the window is unknown, or all of them are equal.
    """

    def skewness(m2: Floats, m3: Floats, _m4: Floats, n: Floats) -> Floats:
        return m3 / m2**1.5 * np.sqrt(n * (n - 1)) / (n - 2)

    return over_window((x,), n, least, since, lambda xs, ns: _shapes(xs, ns, least, 3, skewness))


@operator(
    series(),
    *(window(least=4, every=True), MIN_VALUES, SINCE),
    source="pandas Series.rolling.kurt",
    example=Example("kurt(x, 4)", {"x": (0, 0, 0, 2)}, (NAN, NAN, NAN, 4)),
    warm_up=lambda scalars: max(3, full_window(scalars)),
)
def kurt(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The excess kurtosis of the last n values without bias; that of the normal distribution is 0.

    (n − 1) / ((n − 2)(n − 3)) · ((n + 1) m₄ / m₂² − 3 (n − 1)), m the central moments. Unknown where a value in the
    window is unknown, or all of them are equal.
    """

    def kurtosis(m2: Floats, _m3: Floats, m4: Floats, n: Floats) -> Floats:
        return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m4 / m2**2) - 3 * (n - 1))

    return over_window((x,), n, least, since, lambda xs, ns: _shapes(xs, ns, least, 4, kurtosis))


@operator(
    series(),
    *WINDOW,
    source="linearly weighted moving average",
    example=Example("wma(x, 2)", {"x": (1, 4, 7)}, (NAN, 3, 6)),
    warm_up=full_window,
    unit=unit_of_first,
    many="n",
)
def wma(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The mean of the last n values with the weights 1, 2, …, n, the largest for today's.

    Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, _weighted_means)


def deviation_sums(xs: tuple[Floats, ...], ns: Ints, finish: Callable[[Floats, Floats, Floats], Floats]) -> Floats:
    """(K, L) float64: ``finish(n, s, q)`` for each window, s the sum and q the sum of squares of x[t − i] − x[t].

    The differences from a value of the window keep the squares as small as the deviations: q exceeds the sum of squared
    deviations from the mean by the factor n + 1 at most.
    """
    (x,) = xs
    sums, squares, result = np.zeros(len(x)), np.zeros(len(x)), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            difference = x[:-i] - x[i:]
            sums[i:] += difference
            squares[i:] += difference * difference
        for k in ready:
            result[k] = finish(held(len(x), i + 1), sums, squares)
    return result


def _variances(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    return deviation_sums(xs, ns, variance)


def variance(n: Floats, sums: Floats, squares: Floats) -> Floats:
    """(L,) float64: the variance (ddof 1) from the sums that ``deviation_sums`` gives; NaN of one value."""
    return np.maximum(squares - sums * sums / n, 0.0) / (n - 1.0)


def _scores(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    def score(n: Floats, sums: Floats, squares: Floats) -> Floats:
        deviation = np.sqrt(variance(n, sums, squares))
        return np.where(deviation > 0.0, (0.0 - sums / n) / deviation, np.nan)

    return deviation_sums(xs, ns, score)


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


def _shapes(
    xs: tuple[Floats, ...],
    ns: Ints,
    least: int | None,
    fewest: int,
    finish: Callable[[Floats, Floats, Floats, Floats], Floats],
) -> Floats:
    """(1, L) float64: ``finish`` of the central moments 2, 3 and 4 and the number of values of each window."""
    (x,) = xs
    result = np.full((1, len(x)), np.nan)
    for days, values in blocks(x, int(ns[0]), least, fewest):
        centred = values - values[:, :1]
        centred -= centred.mean(axis=-1, keepdims=True)
        centred /= np.abs(centred).max(axis=-1, keepdims=True)
        m2, m3, m4 = ((centred**power).mean(axis=-1) for power in (2, 3, 4))
        result[0, days] = finish(m2, m3, m4, np.full(len(values), float(values.shape[1])))
    return result
