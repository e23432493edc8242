"""Operators over a window that fit a line, through time or through two series."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators.argument import series
from gridproof.signals.expression.operators.change import difference_unit
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import CORRELATION, RATIO, SHARE
from gridproof.signals.expression.operators.windows import (
    FROM_TWO,
    backwards,
    blocks,
    held,
    over_window,
    over_windows,
    pair_window,
)

NAN = np.nan
_X, _Y = series(), series("y", "the other series")
_PAIR = {"x": (1.0, 2.0, 4.0), "y": (1.0, 3.0, 5.0)}


@operator(
    _X,
    *FROM_TWO,
    source="ordinary least squares on time",
    example=Example("slope(x, 3)", {"x": (1, 3, 5, 4)}, (NAN, NAN, 2, 0.5)),
    warm_up=pair_window,
    unit=difference_unit,
    many="n",
)
def slope(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The least-squares slope of the last n values, per value. Exactly 0 where they are equal.

    To compare two indices, divide each slope by the first value of its window, ``lag(x, n − 1)``, or use
    ``relative_slope``. Unknown where a value in the window is unknown.
    """

    def slopes(n: Floats, sums: Floats, _squares: Floats, moments: Floats) -> Floats:
        return _through_time(n, sums, moments) / (n * (n * n - 1.0) / 12.0)

    return over_windows((x,), n, least, since, lambda xs, ns: _time_sums(xs, ns, slopes))


@operator(
    series(positive=True),
    *FROM_TWO,
    source="ordinary least squares on time; Guojin Securities, 24 October 2023, section 6.3",
    example=Example("relative_slope(x, 3)", {"x": (2, 3, 4)}, (NAN, NAN, 0.5)),
    warm_up=pair_window,
    unit=RATIO,
)
def relative_slope(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The least-squares slope of the last n values divided by the first of them, per value.

    Slopes of indices of different levels can be compared. Exactly 0 where the values are equal. Unknown where a value
    in the window is unknown, or the first is 0.
    """

    def slopes(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        result = np.full((1, len(xs[0])), np.nan)
        for days, values in blocks(xs[0], int(ns[0]), least, 2):
            time = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
            # A sum for each day, not a matrix product, whose last bits depend on the number of days.
            result[0, days] = ((values / values[:, :1] - 1.0) * (time / (time @ time))).sum(axis=-1)
        return np.where(np.isfinite(result), result, np.nan)

    return over_window((x,), n, least, since, slopes)


@operator(
    _X,
    *FROM_TWO,
    source="coefficient of determination of ordinary least squares on time",
    example=Example("rsquare(x, 3)", {"x": (1, 3, 5, 4)}, (NAN, NAN, 1, 0.25)),
    warm_up=pair_window,
    unit=SHARE,
    many="n",
)
def rsquare(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The share of the variance of the last n values that their least-squares line through time explains.

    That of a line of y on x is ``corr(y, x, n) ** 2``. Unknown where a value in the window is unknown, or all of them
    are equal.
    """

    def shares(n: Floats, sums: Floats, squares: Floats, moments: Floats) -> Floats:
        spread = np.maximum(squares - sums * sums / n, 0.0)
        explained = _through_time(n, sums, moments) ** 2 / (n * (n * n - 1.0) / 12.0)
        return np.where(spread > 0.0, np.minimum(explained / spread, 1.0), np.nan)

    return over_windows((x,), n, least, since, lambda xs, ns: _time_sums(xs, ns, shares))


@operator(
    _X,
    _Y,
    *FROM_TWO,
    source="pandas Series.rolling.cov, ddof 1",
    example=Example("cov(x, y, 3)", _PAIR, (NAN, NAN, 3)),
    warm_up=pair_window,
    many="n",
)
def cov(x: Floats, y: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The covariance of the last n values of x and y, with n − 1 in the denominator.

    Unknown where a value of one of the two in the window is unknown.
    """
    return over_windows((x, y), n, least, since, lambda xs, ns: _pair_sums(xs, ns, lambda s: s.xy / (s.n - 1.0)))


@operator(
    _X,
    _Y,
    *FROM_TWO,
    source="pandas Series.rolling.corr",
    example=Example("corr(x, y, 3)", _PAIR, (NAN, NAN, 0.9819805060619656)),
    warm_up=pair_window,
    unit=CORRELATION,
    many="n",
)
def corr(x: Floats, y: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The correlation of the last n values of x and y.

    Unknown where a value of one of the two in the window is unknown, or all values of one of them are equal.
    """

    def correlation(s: PairSums) -> Floats:
        scale = np.sqrt(s.xx) * np.sqrt(s.yy)
        return np.where(scale > 0.0, np.clip(s.xy / scale, -1.0, 1.0), np.nan)

    return over_windows((x, y), n, least, since, lambda xs, ns: _pair_sums(xs, ns, correlation))


@operator(
    series("y", "the series explained"),
    series("x", "the series that explains"),
    *FROM_TWO,
    source="ordinary least squares of y on x",
    example=Example("beta(y, x, 3)", _PAIR, (NAN, NAN, 9 / 7)),
    warm_up=pair_window,
    many="n",
)
def beta(y: Floats, x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The slope of the least-squares line of y on x, with intercept, over the last n values.

    Unknown where a value of one of the two in the window is unknown, or all values of x are equal.
    """
    return over_windows((y, x), n, least, since, lambda xs, ns: _pair_sums(xs[::-1], ns, _slope_of_pair))


@operator(
    series("y", "the series explained"),
    series("x", "the series that explains"),
    *FROM_TWO,
    source="ordinary least squares of y on x",
    example=Example("residual(y, x, 3)", _PAIR, (NAN, NAN, -1 / 7)),
    warm_up=pair_window,
    unit=difference_unit,
    many="n",
)
def residual(y: Floats, x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """y[t] less its value on the least-squares line of y on x, with intercept, over the last n values.

    Unknown where a value of one of the two in the window is unknown, or all values of x are equal.
    """

    def residuals(s: PairSums) -> Floats:
        return _slope_of_pair(s) * s.mean_x - s.mean_y

    return over_windows((y, x), n, least, since, lambda xs, ns: _pair_sums(xs[::-1], ns, residuals))


class PairSums:
    """Sums of the deviations of two series over the windows of one length, (L,) float64 each.

    ``n``: the number of values. ``mean_x``, ``mean_y``: the means less today's values. ``xx``, ``xy``, ``yy``: the sums
    of products of the deviations from the means.
    """

    __slots__ = ("mean_x", "mean_y", "n", "xx", "xy", "yy")

    def __init__(self, n: Floats, x: Floats, y: Floats, xx: Floats, xy: Floats, yy: Floats) -> None:
        self.n, self.mean_x, self.mean_y = n, x / n, y / n
        self.xx = np.maximum(xx - x * self.mean_x, 0.0)
        self.yy = np.maximum(yy - y * self.mean_y, 0.0)
        self.xy = xy - x * self.mean_y


def _slope_of_pair(s: PairSums) -> Floats:
    return np.where(s.xx > 0.0, s.xy / s.xx, np.nan)


def _pair_sums(xs: tuple[Floats, ...], ns: Ints, finish: Callable[[PairSums], Floats]) -> Floats:
    """(K, L) float64: ``finish`` of the sums of each window, of differences from today's values."""
    x, y = xs
    sums = np.zeros((5, len(x)))
    result = np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            dx, dy = x[:-i] - x[i:], y[:-i] - y[i:]
            for total, more in zip(sums, (dx, dy, dx * dx, dx * dy, dy * dy), strict=True):
                total[i:] += more
        for k in ready:
            result[k] = finish(PairSums(held(len(x), i + 1), *sums))
    return result


def _time_sums(xs: tuple[Floats, ...], ns: Ints, finish: Callable[[Floats, Floats, Floats, Floats], Floats]) -> Floats:
    """(K, L) float64: ``finish(n, s, q, m)`` with sums over d = x[t − i] − x[t]: s of d, q of d², m of i d."""
    (x,) = xs
    sums, squares, moments = np.zeros((3, len(x)))
    result = np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            difference = x[:-i] - x[i:]
            sums[i:] += difference
            squares[i:] += difference * difference
            moments[i:] += float(i) * difference
        for k in ready:
            result[k] = finish(held(len(x), i + 1), sums, squares, moments)
    return result


def _through_time(n: Floats, sums: Floats, moments: Floats) -> Floats:
    """The sum of products of the deviations of time and of values; time runs against i."""
    return sums * ((n - 1.0) / 2.0) - moments
