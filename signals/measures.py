"""Measures: what is read off a series each day. Value at t uses nothing later than t.

Every function takes arrays along one time axis (T days, or n monthly observations) and answers float64 of the same
length, NaN while the window is not yet full. NaN at the start of an input moves the start of the result; a NaN
inside it is not looked for here. Windows count observations: trading days, or months for a monthly series.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gridproof.kernels.arrays import Bools, Floats

TIE = 1e-9


def change(x: Floats, window: int, kind: str = "relative") -> Floats:
    """x[t] / x[t − window] − 1, or with kind 'difference' x[t] − x[t − window]. Guojin 2023 §4.2 (yoy of a yield)."""
    result = np.full(len(x), np.nan)
    if window < len(x):
        result[window:] = x[window:] - x[:-window] if kind == "difference" else x[window:] / x[:-window] - 1.0
    return result


def rolling_mean(x: Floats, window: int) -> Floats:
    """Mean of the last ``window`` values, today's included; of equal values exactly that value."""
    result = np.full(len(x), np.nan)
    if window <= len(x):
        views = sliding_window_view(x, window)
        result[window - 1 :] = views[:, 0] + (views - views[:, :1]).mean(axis=-1)
    return result


def volatility(close: Floats, window: int) -> Floats:
    """Standard deviation (ddof 1) of the last ``window`` simple daily returns; not annualised."""
    returns = np.full(len(close), np.nan)
    returns[1:] = close[1:] / close[:-1] - 1.0
    result = np.full(len(close), np.nan)
    if window <= len(close):
        result[window - 1 :] = sliding_window_view(returns, window).std(axis=-1, ddof=1)
    return result


def volatility_crowding(small: Floats, large: Floats, window: int, change_window: int) -> Floats:
    """Relative change over ``change_window`` days of volatility(small) / volatility(large). Guojin 2023 §4.3."""
    return change(volatility(small, window) / volatility(large, window), change_window)


def valuation_crowding(small: Floats, large: Floats, change_window: int) -> Floats:
    """Relative change over ``change_window`` days of the ratio of two valuations. Guojin 2023 §4.3."""
    return change(small / large, change_window)


def relative_to_average(x: Floats, window: int) -> Floats:
    """x[t] over its mean of the last ``window`` days, less 1. Guojin 2023 §6.3 (relative NAV, year average)."""
    return x / rolling_mean(x, window) - 1.0


def slope(close: Floats, window: int) -> Floats:
    """Least-squares slope a day of the last ``window`` closes, the first of them set to 1. Guojin 2023 §6.3."""
    result = np.full(len(close), np.nan)
    if window <= len(close):
        time = np.arange(window) - (window - 1) / 2
        views = sliding_window_view(close, window)
        # Row by row: a flat window is exactly 0, and no day's value depends on how many days follow it, as
        # the last bits of a matrix product do.
        result[window - 1 :] = ((views / views[:, :1] - 1.0) * (time / (time @ time))).sum(axis=-1)
    return result


def turning_points(x: Floats, confirm: int, size: Floats) -> tuple[Bools, Bools, Floats]:
    """Confirmed turns of x, each marked at the observation that confirms it.

    Observation j is a peak when x[j] > x[j−1] and x[j] > each of x[j+1 … j+confirm]; it is known at
    j + confirm. A trough is the mirror image. ``size`` (n,): the magnitude of the numbers averaged into x.
    Differences below ``TIE`` of it are rounding, not turns: two equal six-month means of printed decimals
    differ in their last bits, also where they are 0. Answers peak (n,), trough (n,) and for each observation
    how many observations back the extreme lies that it confirms (``confirm`` or NaN).
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
