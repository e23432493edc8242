"""Operators whose value depends on their own value before: exponential averages and what is made of them.

They begin with the first known value and go from one known value to the next; on a day whose value is unknown, the
result is unknown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import choice, series, window
from gridproof.signals.expression.operators.change import days_back, difference_unit
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import DEVIATION, PERCENT, unit_of_first

NAN = np.nan
WILDER = "J. Welles Wilder, New Concepts in Technical Trading Systems, 1978"


@operator(
    series(),
    window(meaning="the span; the weight of today's value is 2 / (n + 1)"),
    source="pandas Series.ewm(span=n, adjust=False).mean",
    example=Example("ema(x, 3)", {"x": (1, 3, 2)}, (1, 2, 2)),
    unit=unit_of_first,
    history=True,
    level=True,
)
def ema(x: Floats, n: int) -> Floats:
    """ema[t] = a x[t] + (1 − a) ema[t − 1] with a = 2 / (n + 1), from the first known value on, its own average.

    Unknown where x is unknown; the next known value continues from the last average.
    """
    return _along_known((x,), lambda known: _average(known[0], 2.0 / (n + 1.0)))


@operator(
    series(),
    window(),
    source=WILDER,
    example=Example("rsi(x, 2)", {"x": (1, 2, 3, 2)}, (NAN, NAN, 100, 50)),
    warm_up=days_back,
    unit=PERCENT,
    history=True,
)
def rsi(x: Floats, n: int) -> Floats:
    """The relative strength index: 100 g / (g + l), with g and l Wilder's averages of the gains and of the losses.

    Their first value is the plain mean of the first n changes; then average[t] is
    ((n − 1) average[t − 1] + today's) / n. Unknown where x is unknown, and before the first gain or loss.
    """

    def index(known: tuple[Floats, ...]) -> Floats:
        change = np.diff(known[0], prepend=np.nan)
        gain, loss = wilder(np.maximum(change, 0.0), n), wilder(np.maximum(-change, 0.0), n)
        return 100.0 * (gain / (gain + loss))

    return _along_known((x,), index)


@operator(
    series(),
    window("fast", "the span of the fast average"),
    window("slow", "the span of the slow average"),
    window("signal", "the span of the average of the line"),
    choice("part", "the line, its average, or the line less its average", ("line", "signal", "histogram"), "line"),
    source="Gerald Appel, Moving Average Convergence Divergence",
    example=Example("macd(x, 1, 3, 3)", {"x": (1, 3, 2)}, (0, 1, 0)),
    unit=difference_unit,
    history=True,
)  # fmt: skip
def macd(x: Floats, fast: int, slow: int, signal: int, part: str) -> Floats:
    """The line is ema(x, fast) − ema(x, slow), the signal ema(line, signal), the histogram line − signal, not doubled.

    Unknown where x is unknown.
    """

    def parts(known: tuple[Floats, ...]) -> Floats:
        line = _average(known[0], 2.0 / (fast + 1.0)) - _average(known[0], 2.0 / (slow + 1.0))
        if part == "line":
            return line
        average = _average(line, 2.0 / (signal + 1.0))
        return average if part == "signal" else line - average

    return _along_known((x,), parts)


@operator(
    series("high", "the highest price of each day"),
    series("low", "the lowest price of each day"),
    series("close", "the closing price of each day"),
    window(),
    source=WILDER,
    example=Example(
        "atr(high, low, close, 2)",
        {"high": (3, 4, 6, 5), "low": (1, 2, 5, 3), "close": (2, 3, 5, 4)},
        (NAN, NAN, 2.5, 2.25),
    ),
    warm_up=days_back,
    unit=DEVIATION,
    history=True,
)
def atr(high: Floats, low: Floats, close: Floats, n: int) -> Floats:
    """The average true range: Wilder's average of max(high, previous close) − min(low, previous close).

    Its first value is the plain mean of the first n true ranges; the first day has none, for want of a previous close.
    Unknown where one of the three is unknown.
    """

    def ranges(known: tuple[Floats, ...]) -> Floats:
        top, bottom, last = known
        previous = np.append(np.nan, last[:-1])
        return wilder(np.maximum(top, previous) - np.minimum(bottom, previous), n)

    return _along_known((high, low, close), ranges)


def wilder(x: Floats, n: int) -> Floats:
    """(L,) float64: Wilder's average of the values after the first: from position n on, before that NaN."""
    result = np.full(len(x), np.nan)
    if len(x) > n:
        first = x[1 : n + 1]
        begin = first[0] + (first - first[0]).mean()
        result[n:] = _average(np.append(begin, x[n + 1 :]), 1.0 / n)
    return result


def _average(x: Floats, weight: float) -> Floats:
    """(L,) float64: y[0] = x[0], y[t] = weight x[t] + (1 − weight) y[t − 1]."""
    import pandas as pd  # not above: a command that only lists the operators need not wait for it

    return pd.Series(x).ewm(alpha=weight, adjust=False).mean().to_numpy()


def _along_known(arrays: tuple[Floats, ...], compute: Callable[[tuple[Floats, ...]], Floats]) -> Floats:
    """``compute`` over the days on which all of the arrays are known, put back on these days."""
    known = np.logical_and.reduce([np.isfinite(array) for array in arrays])
    result = np.full(len(known), np.nan)
    if known.any():
        result[known] = compute(tuple(array[known] for array in arrays))
    return result
