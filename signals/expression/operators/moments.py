"""Operators over a window that measure how its values spread: deviation, standard score, higher moments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators import stock_windows
from gridproof.signals.expression.operators.argument import MIN_VALUES, SINCE, series, window
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import Quantity
from gridproof.signals.expression.operators.windows import (
    FROM_TWO,
    backwards,
    blocks,
    full_window,
    held,
    over_window,
    over_windows,
    pair_window,
)

NAN = np.nan


def variance(n: Floats | float, sums: Floats, squares: Floats) -> Floats:
    """(L,) float64: the variance (ddof 1) from the sums that ``deviation_sums`` gives; NaN of one value."""
    return np.maximum(squares - sums * sums / n, 0.0) / (n - 1.0)


def deviation(n: Floats | float, sums: Floats, squares: Floats) -> Floats:
    """The square root of the variance."""
    root: Floats = np.sqrt(variance(n, sums, squares))
    return root


def score(n: Floats | float, sums: Floats, squares: Floats) -> Floats:
    """Today's value less the mean, over the deviation; NaN where that is 0."""
    spread = deviation(n, sums, squares)
    return np.where(spread > 0.0, (0.0 - sums / n) / spread, np.nan)


def square_unit(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of a square or a product of values."""
    return Quantity(f"the square of {units[0].name}", 0.0)


def deviation_unit(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of a standard deviation: that of the values, at least 0."""
    return Quantity(units[0].name, 0.0)


@operator(
    series(),
    *FROM_TWO,
    source="pandas Series.rolling.std, ddof 1",
    example=Example("std(x, 3)", {"x": (1, 2, 3)}, (NAN, NAN, 1)),
    warm_up=pair_window,
    unit=deviation_unit,
    many="n",
    stocks=stock_windows.of_differences(deviation),
)
def std(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The standard deviation of the last n values, with n − 1 in the denominator, not annualised.

    Exactly 0 where the values are equal. Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, lambda xs, ns: np.sqrt(_variances(xs, ns)))


@operator(
    series(),
    *FROM_TWO,
    source="pandas Series.rolling.var, ddof 1",
    example=Example("var(x, 3)", {"x": (1, 3, 5)}, (NAN, NAN, 4)),
    warm_up=pair_window,
    unit=square_unit,
    many="n",
    stocks=stock_windows.of_differences(variance),
)
def var(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The variance of the last n values, with n − 1 in the denominator.

    Exactly 0 where the values are equal. Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, _variances)


@operator(
    series(),
    *FROM_TWO,
    source="the standard score, ddof 1",
    example=Example("zscore(x, 3)", {"x": (1, 2, 3)}, (NAN, NAN, 1)),
    warm_up=pair_window,
    many="n",
    stocks=stock_windows.of_differences(score),
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


def _scores(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    return deviation_sums(xs, ns, score)


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
