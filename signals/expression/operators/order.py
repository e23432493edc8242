"""Operators over a window that compare its values: extremes, quantiles, the rank of today's value."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators import stock_windows
from gridproof.signals.expression.operators.argument import (
    MIN_VALUES,
    REQUIRED,
    SINCE,
    WINDOW,
    Argument,
    series,
    window,
)
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import COUNT, SHARE, unit_of_first
from gridproof.signals.expression.operators.windows import (
    FROM_TWO,
    backwards,
    full_window,
    held,
    over_window,
    over_windows,
    pair_window,
)

NAN = np.nan


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.min",
    example=Example("min(x, 2)", {"x": (3, 1, 2)}, (NAN, 1, 1)),
    warm_up=full_window,
    unit=unit_of_first,
    many="n",
    level=True,
    stocks=stock_windows.lowest,
)
def min_(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The lowest of the last n values. Unknown where a value in the window is unknown."""
    return over_windows((x,), n, least, since, lambda xs, ns: _extremes(xs, ns, np.minimum))


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.max",
    example=Example("max(x, 2)", {"x": (3, 1, 2)}, (NAN, 3, 2)),
    warm_up=full_window,
    unit=unit_of_first,
    many="n",
    level=True,
    stocks=stock_windows.highest,
)
def max_(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The highest of the last n values. Unknown where a value in the window is unknown."""
    return over_windows((x,), n, least, since, lambda xs, ns: _extremes(xs, ns, np.maximum))


@operator(
    series(),
    *WINDOW,
    source="Aroon indicator (periods since the lowest)",
    example=Example("argmin(x, 3)", {"x": (1, 2, 1, 4, 4)}, (NAN, NAN, 0, 1, 2)),
    warm_up=full_window,
    unit=COUNT,
    many="n",
)
def argmin(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """How many values back the lowest of the last n values lies: 0 is today. Of equal ones the latest counts.

    Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, lambda xs, ns: _places(xs, ns, np.less))


@operator(
    series(),
    *WINDOW,
    source="Aroon indicator (periods since the highest)",
    example=Example("argmax(x, 3)", {"x": (4, 2, 4, 1, 1)}, (NAN, NAN, 0, 1, 2)),
    warm_up=full_window,
    unit=COUNT,
    many="n",
)
def argmax(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """How many values back the highest of the last n values lies: 0 is today. Of equal ones the latest counts.

    Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, lambda xs, ns: _places(xs, ns, np.greater))


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.median",
    example=Example("median(x, 2)", {"x": (1, 2, 4)}, (NAN, 1.5, 3)),
    warm_up=full_window,
    unit=unit_of_first,
    level=True,
)
def median(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The median of the last n values; of an even number the mean of the middle two.

    Unknown where a value in the window is unknown.
    """

    import pandas as pd  # not above: a command that only lists the operators need not wait for it

    def medians(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        return pd.Series(xs[0]).rolling(int(ns[0]), min_periods=1).median().to_numpy()[None]

    return over_window((x,), n, least, since, medians)


@operator(
    series(),
    window(every=True),
    Argument("q", "number", "the share of the values at or below the result", REQUIRED, 0.0, 1.0),
    MIN_VALUES,
    SINCE,
    source="pandas Series.rolling.quantile, linear interpolation",
    example=Example("quantile(x, 2, 0.25)", {"x": (1, 2, 4)}, (NAN, 1.25, 2.5)),
    warm_up=full_window,
    unit=unit_of_first,
    level=True,
)
def quantile(x: Floats, n: int, q: float, least: int | None, since: int) -> Floats:
    """The q-quantile of the last n values, interpolated linearly between the two next to it.

    Unknown where a value in the window is unknown.
    """

    import pandas as pd

    def quantiles(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        return pd.Series(xs[0]).rolling(int(ns[0]), min_periods=1).quantile(q).to_numpy()[None]

    return over_window((x,), n, least, since, quantiles)


@operator(
    series(),
    *WINDOW,
    source="pandas Series.rolling.rank(pct=True, method='max')",
    example=Example("percentile(x, 3)", {"x": (1, 3, 2, 2)}, (NAN, NAN, 2 / 3, 2 / 3)),
    warm_up=full_window,
    unit=SHARE,
    many="n",
)
def percentile(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The share of the last n values, today's included, that are at or below today's: above 0, at most 1.

    Unknown where a value in the window is unknown.
    """
    return over_windows((x,), n, least, since, _shares)


@operator(
    series(),
    *FROM_TWO,
    source="stochastic oscillator, %K",
    example=Example("stochastic(x, 3)", {"x": (1, 3, 2, 2)}, (NAN, NAN, 0.5, 0)),
    warm_up=pair_window,
    unit=SHARE,
    many="n",
)
def stochastic(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """(x[t] − lowest) / (highest − lowest) of the last n values: where today's value lies in its range.

    Unknown where a value in the window is unknown, or all of them are equal.
    """

    def position(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        low, high = _extremes(xs, ns, np.minimum), _extremes(xs, ns, np.maximum)
        return np.where(high > low, (xs[0] - low) / (high - low), np.nan)

    return over_windows((x,), n, least, since, position)


def _extremes(xs: tuple[Floats, ...], ns: Ints, better: np.ufunc) -> Floats:
    (x,) = xs
    extreme, result = x.copy(), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            better(extreme[i:], x[:-i], out=extreme[i:])
        result[ready.start : ready.stop] = extreme
    return result


def _places(xs: tuple[Floats, ...], ns: Ints, beats: Callable[[Floats, Floats], Floats]) -> Floats:
    (x,) = xs
    extreme, place, result = x.copy(), np.zeros(len(x)), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            found = beats(x[:-i], extreme[i:])
            np.copyto(extreme[i:], x[:-i], where=found)
            np.copyto(place[i:], float(i), where=found)
        result[ready.start : ready.stop] = place
    return result


def _shares(xs: tuple[Floats, ...], ns: Ints) -> Floats:
    (x,) = xs
    below, result = np.ones(len(x), dtype=np.int64), np.empty((len(ns), len(x)))
    for i, ready in backwards(ns, len(x)):
        if i:
            below[i:] += x[:-i] <= x[i:]
        for k in ready:
            result[k] = below / held(len(x), i + 1)
    return result
