"""Sums, means and extremes over the last n days of every stock, with the bits of the form that takes one stock alone.

Stocks stand side by side in memory, so a processor adds several at once. Each result is computed from its own window,
in the order of that form: from today backwards, and means by NumPy's pairwise summation.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

# Stocks whose windows are added side by side.
_TOGETHER = 64
# NumPy adds so many values in eight sums side by side; of more it adds halves.
PAIRWISE = 128


def window_sums(x: Floats, n: int) -> Floats:
    """(T, S) the sums of the last n values of each stock, NaN where one of them is not finite. x: (T, S) float64."""
    return _over(_sum, x, n)


def window_means(x: Floats, n: int) -> Floats:
    """(T, S) the means; n is at most ``PAIRWISE``. As ``window_sums``."""
    return _over(_mean, x, n)


def window_lowest(x: Floats, n: int) -> Floats:
    """(T, S) the lowest values. As ``window_sums``."""
    return _over(_lowest, x, n)


def window_highest(x: Floats, n: int) -> Floats:
    """(T, S) the highest values. As ``window_sums``."""
    return _over(_highest, x, n)


def window_differences(x: Floats, n: int) -> tuple[Floats, Floats]:
    """(T, S) the sums of the last n differences from today's value, and those of their squares. As ``window_sums``."""
    squares = np.full(x.shape, np.nan)
    return _over(_differences, x, n, squares), squares


def _over(kernel: object, x: Floats, n: int, *more: Floats) -> Floats:
    x = np.ascontiguousarray(x, dtype=np.float64)
    found = np.full(x.shape, np.nan)
    run_ranges(kernel, -(-x.shape[1] // _TOGETHER), x, n, found, *more)  # type: ignore[arg-type]
    return found


@jit(nogil=True)
def _block(x: Floats, number: int) -> Floats:
    """(T, 64) the stocks of a block, the last ones of a shorter block not set."""
    begin = number * _TOGETHER
    stocks = min(_TOGETHER, x.shape[1] - begin)
    part = np.zeros((len(x), _TOGETHER))
    for day in range(len(x)):
        for stock in range(stocks):
            part[day, stock] = x[day, begin + stock]
    return part


@jit(nogil=True)
def _write(part: Floats, day: int, n: int, run: Floats, values: Floats, number: int, found: Floats) -> None:
    """The results of a day, where the last n values are known."""
    begin = number * _TOGETHER
    for stock in range(min(_TOGETHER, found.shape[1] - begin)):
        run[stock] = run[stock] + 1.0 if np.isfinite(part[day, stock]) else 0.0
        if run[stock] >= n:
            found[day, begin + stock] = values[stock]


@jit(nogil=True)
def _sum(low: int, high: int, x: Floats, n: int, found: Floats) -> None:
    values = np.empty(_TOGETHER)
    for number in range(low, high):
        part, run = _block(x, number), np.zeros(_TOGETHER)
        for day in range(len(part)):
            if day >= n - 1:
                for stock in range(_TOGETHER):
                    values[stock] = part[day, stock]
                for back in range(1, n):
                    for stock in range(_TOGETHER):
                        values[stock] += part[day - back, stock]
            _write(part, day, n, run, values, number, found)


@jit(nogil=True)
def _lowest(low: int, high: int, x: Floats, n: int, found: Floats) -> None:
    values = np.empty(_TOGETHER)
    for number in range(low, high):
        part, run = _block(x, number), np.zeros(_TOGETHER)
        for day in range(len(part)):
            if day >= n - 1:
                for stock in range(_TOGETHER):
                    values[stock] = part[day, stock]
                for back in range(1, n):
                    for stock in range(_TOGETHER):
                        one = part[day - back, stock]
                        values[stock] = one if one < values[stock] else values[stock]
            _write(part, day, n, run, values, number, found)


@jit(nogil=True)
def _highest(low: int, high: int, x: Floats, n: int, found: Floats) -> None:
    values = np.empty(_TOGETHER)
    for number in range(low, high):
        part, run = _block(x, number), np.zeros(_TOGETHER)
        for day in range(len(part)):
            if day >= n - 1:
                for stock in range(_TOGETHER):
                    values[stock] = part[day, stock]
                for back in range(1, n):
                    for stock in range(_TOGETHER):
                        one = part[day - back, stock]
                        values[stock] = one if one > values[stock] else values[stock]
            _write(part, day, n, run, values, number, found)


@jit(nogil=True)
def _differences(low: int, high: int, x: Floats, n: int, found: Floats, squares: Floats) -> None:
    values, powers = np.empty(_TOGETHER), np.empty(_TOGETHER)
    for number in range(low, high):
        part, run, again = _block(x, number), np.zeros(_TOGETHER), np.zeros(_TOGETHER)
        for day in range(len(part)):
            if day >= n - 1:
                for stock in range(_TOGETHER):
                    values[stock] = powers[stock] = 0.0
                for back in range(1, n):
                    for stock in range(_TOGETHER):
                        one = part[day - back, stock] - part[day, stock]
                        values[stock] += one
                        powers[stock] += one * one
            _write(part, day, n, run, values, number, found)
            _write(part, day, n, again, powers, number, squares)


@jit(nogil=True)
def _mean(low: int, high: int, x: Floats, n: int, found: Floats) -> None:
    """The first value plus the mean of the differences from it."""
    values, sums = np.empty(_TOGETHER), np.empty((8, _TOGETHER))
    whole = n - n % 8 if n >= 8 else 0
    for number in range(low, high):
        part, run = _block(x, number), np.zeros(_TOGETHER)
        for day in range(len(part)):
            first = day - n + 1
            if first >= 0:
                for stock in range(_TOGETHER):
                    values[stock] = 0.0
                if whole:
                    for place in range(8):
                        for stock in range(_TOGETHER):
                            sums[place, stock] = part[first + place, stock] - part[first, stock]
                    for at in range(8, whole, 8):
                        for place in range(8):
                            for stock in range(_TOGETHER):
                                sums[place, stock] += part[first + at + place, stock] - part[first, stock]
                    for stock in range(_TOGETHER):
                        values[stock] = ((sums[0, stock] + sums[1, stock]) + (sums[2, stock] + sums[3, stock])) + (
                            (sums[4, stock] + sums[5, stock]) + (sums[6, stock] + sums[7, stock])
                        )
                for at in range(whole, n):
                    for stock in range(_TOGETHER):
                        values[stock] += part[first + at, stock] - part[first, stock]
                for stock in range(_TOGETHER):
                    values[stock] = part[first, stock] + values[stock] / n
            _write(part, day, n, run, values, number, found)
