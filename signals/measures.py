"""Measures: functions of one or two series along time. The value at t uses nothing later than t.

Every function takes float64 arrays (n,) on one time axis of daily or monthly observations, and returns an array of the
same length. The result is NaN until the window is full; NaN at the start of an input delays the first value. A
later NaN in an input is not checked for. Windows count observations: trading days, or months.

Guojin 2023: Guojin Securities, micro-cap and Mao index rotation, 24 October 2023.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gridproof.kernels.arrays import Bools, Floats

# Relative difference below which two smoothed values count as equal.
TIE = 1e-9


def change(x: Floats, window: int, kind: str = "relative") -> Floats:
    """Returns x[t] / x[t − window] − 1, or x[t] − x[t − window] if ``kind`` is 'difference'.

    Source: Guojin 2023 §4.2 (year-on-year change of a yield).
    """
    result = np.full(len(x), np.nan)
    if window < len(x):
        result[window:] = x[window:] - x[:-window] if kind == "difference" else x[window:] / x[:-window] - 1.0
    return result


def rolling_mean(x: Floats, window: int) -> Floats:
    """Returns the mean of the last ``window`` values, the current one included.

    The mean of equal values is exactly that value, without rounding error.
    """
    result = np.full(len(x), np.nan)
    if window <= len(x):
        views = sliding_window_view(x, window)
        result[window - 1 :] = views[:, 0] + (views - views[:, :1]).mean(axis=-1)
    return result


def volatility(close: Floats, window: int) -> Floats:
    """Returns the standard deviation (ddof 1) of the last ``window`` simple daily returns, not annualised."""
    returns = np.full(len(close), np.nan)
    returns[1:] = close[1:] / close[:-1] - 1.0
    result = np.full(len(close), np.nan)
    if window <= len(close):
        result[window - 1 :] = sliding_window_view(returns, window).std(axis=-1, ddof=1)
    return result


def volatility_crowding(small: Floats, large: Floats, window: int, change_window: int) -> Floats:
    """Returns the relative change of volatility(small) / volatility(large) over ``change_window`` days.

    Source: Guojin 2023 §4.3, which gives no exact formula.
    """
    return change(volatility(small, window) / volatility(large, window), change_window)


def valuation_crowding(small: Floats, large: Floats, change_window: int) -> Floats:
    """Returns the relative change of the valuation ratio small / large over ``change_window`` days.

    Source: Guojin 2023 §4.3, which gives no exact formula.
    """
    return change(small / large, change_window)


def relative_to_average(x: Floats, window: int) -> Floats:
    """Returns x[t] divided by the mean of its last ``window`` values, minus 1.

    Source: Guojin 2023 §6.3 (relative net asset value over its one-year average).
    """
    return x / rolling_mean(x, window) - 1.0


def slope(close: Floats, window: int) -> Floats:
    """Returns the least-squares slope per day of the last ``window`` closes, divided by the first of them.

    Source: Guojin 2023 §6.3.
    """
    result = np.full(len(close), np.nan)
    if window <= len(close):
        time = np.arange(window) - (window - 1) / 2
        views = sliding_window_view(close, window)
        # A sum for each row: the slope of a flat window is exactly 0, and the value of a day does not depend on the
        # number of later days. The last bits of a matrix product do.
        result[window - 1 :] = ((views / views[:, :1] - 1.0) * (time / (time @ time))).sum(axis=-1)
    return result


def turning_points(x: Floats, confirm: int, size: Floats) -> tuple[Bools, Bools, Floats]:
    """Returns the confirmed turning points of x, each marked at the observation that confirms it.

    Observation j is a peak if x[j] > x[j−1] and x[j] > each of x[j+1 … j+confirm]. It is known at j + confirm. A trough
    is the mirror image.

    ``size``: (n,), the mean absolute value of the numbers averaged into x. Differences below ``TIE`` times ``size`` are
    rounding errors and count as ties: the means of equal decimals may differ in their last bits, even at 0.

    Returns peak (n,) bool, trough (n,) bool, and (n,) float64: the number of observations from the turn to its
    confirmation (``confirm``), NaN for an observation that confirms nothing.
    """
    peak = np.zeros(len(x), dtype=np.bool_)
    trough = np.zeros(len(x), dtype=np.bool_)
    for now in range(confirm + 1, len(x)):
        extreme, later = x[now - confirm], x[now - confirm + 1 : now + 1]
        around = np.append(later, x[now - confirm - 1])
        tie = TIE * size[now - confirm - 1 : now + 1].max()
        peak[now] = bool((extreme - around > tie).all())
        trough[now] = bool((around - extreme > tie).all())
    return peak, trough, np.where(peak | trough, float(confirm), np.nan)
