"""Operators on a level such as a price or a net asset value: its fall, its risk, its value from a date on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.expression.operators.argument import MIN_VALUES, SINCE, WINDOW, Argument, series, window
from gridproof.signals.expression.operators.change import pct_change
from gridproof.signals.expression.operators.declaration import Calendar, Example, operator
from gridproof.signals.expression.operators.moments import deviation_sums, variance
from gridproof.signals.expression.operators.order import max_
from gridproof.signals.expression.operators.quantity import DEVIATION, FALL
from gridproof.signals.expression.operators.windows import backwards, blocks, full_window, over_window, over_windows

NAN = np.nan
_LEVEL = series("x", "the level, above 0", positive=True)
_RETURNS = (window(meaning="returns, today's included", least=2, every=True), MIN_VALUES, SINCE)
_BASE = Argument("base", "date", "the date of the value 1, or the last trading day before it", latest=True)


def _returns_window(scalars: Mapping[str, Any]) -> int:
    """One value more than over values: the first return needs two of them."""
    return max(1, full_window(scalars)) + 1


@operator(
    _LEVEL,
    *WINDOW,
    source="drawdown from the highest close",
    example=Example("drawdown(x, 3)", {"x": (1, 4, 2, 3)}, (NAN, NAN, -0.5, -0.25)),
    warm_up=full_window,
    unit=FALL,
    many="n",
)
def drawdown(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """x[t] / highest of the last n values − 1: at most 0. Unknown where a value in the window is unknown."""
    return x / max_(x, n, least, since) - 1.0


@operator(
    _LEVEL,
    *WINDOW,
    source="maximum drawdown",
    example=Example("max_drawdown(x, 3)", {"x": (4, 1, 2, 3)}, (NAN, NAN, -0.75, 0)),
    warm_up=full_window,
    unit=FALL,
    many="n",
)
def max_drawdown(x: Floats, n: Ints, least: int | None, since: int) -> Floats:
    """The deepest fall within the last n values, from a value to a later one: at most 0.

    Unknown where a value in the window is unknown.
    """

    def deepest(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        (x,) = xs
        low, fall, result = x.copy(), np.zeros(len(x)), np.empty((len(ns), len(x)))
        for i, ready in backwards(ns, len(x)):
            if i:
                # The value i back may be the top of a deeper fall, to the lowest of those after it.
                np.minimum(fall[i:], low[i:] / x[:-i] - 1.0, out=fall[i:])
                np.minimum(low[i:], x[:-i], out=low[i:])
            result[ready.start : ready.stop] = fall
        return result

    return over_windows((x,), n, least, since, deepest)


@operator(
    _LEVEL,
    *_RETURNS,
    source="standard deviation of simple returns, ddof 1",
    example=Example("volatility(x, 2)", {"x": (1, 2, 3)}, (NAN, NAN, 0.3535533905932738)),
    warm_up=_returns_window,
    unit=DEVIATION,
)
def volatility(x: Floats, n: int, least: int | None, since: int) -> Floats:
    """The standard deviation of the last n returns x[t] / x[t − 1] − 1, with n − 1 in the denominator, not annualised.

    Unknown where a value in the window, or the one before it, is unknown or 0.
    """

    def deviations(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        result = np.full((1, len(xs[0])), np.nan)
        for days, values in blocks(xs[0], int(ns[0]), least, 2):
            result[0, days] = values.std(axis=-1, ddof=1)
        return result

    return over_window((pct_change(x, 1),), n, least, since, deviations)


@operator(
    _LEVEL,
    *_RETURNS,
    source="Sharpe ratio of simple returns without a risk-free rate, annualised",
    example=Example("sharpe(x, 2)", {"x": (1, 2, 3)}, (NAN, NAN, 33.0681115275729)),
    warm_up=_returns_window,
    many="n",
    calendar=True,
)
def sharpe(x: Floats, n: Ints, least: int | None, since: int, *, calendar: Calendar) -> Floats:
    """mean · p / (std · √p) of the last n returns x[t] / x[t − 1] − 1, p the number of values a year, ddof 1.

    Unknown where a value in the window, or the one before it, is unknown or 0, or all returns are equal.
    """

    def ratios(xs: tuple[Floats, ...], ns: Ints) -> Floats:
        (returns,) = xs

        def ratio(n: Floats, sums: Floats, squares: Floats) -> Floats:
            deviation = np.sqrt(variance(n, sums, squares))
            return np.where(deviation > 0.0, (returns + sums / n) / deviation * np.sqrt(calendar.periods), np.nan)

        return deviation_sums(xs, ns, ratio)

    return over_windows((pct_change(x, 1),), n, least, since, ratios)


@operator(
    _LEVEL,
    _BASE,
    source="net asset value",
    example=Example("nav(x, base=2024-01-03)", {"x": (4, 5, 6, 3)}, (NAN, NAN, 1, 0.5)),
    history=True,
)
def nav(x: Floats, base: int) -> Floats:
    """x[t] / x at the close of the base date, so 1 on that day. Where x is unknown on it, the last known value counts.

    Unknown before the base date, and where x is unknown.
    """
    result = np.full(len(x), np.nan)
    earlier = np.flatnonzero(np.isfinite(x[: base + 1]))
    if len(earlier) and x[earlier[-1]] != 0.0:
        result[base:] = x[base:] / x[earlier[-1]]
    return result


@operator(
    _LEVEL,
    series("y", "the benchmark, above 0", positive=True),
    _BASE,
    source="cumulative excess net asset value",
    example=Example("relative_nav(x, y, base=2024-01-03)", {"x": (4, 5, 6, 9), "y": (1, 2, 2, 6)}, (NAN, NAN, 1, 0.5)),
    history=True,
)
def relative_nav(x: Floats, y: Floats, base: int) -> Floats:
    """nav(x, base) / nav(y, base): what x gained on y since the base date, as a value that is 1 on it.

    Unknown before the base date, and where x or y is unknown.
    """
    return nav(x, base) / nav(y, base)
