"""Synthetic macro series: bond yields and money supply with cycles of several years, from separate random streams."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.column.date_formats import Dates

# Ten-year yields: the level in %, the standard deviation of the cycle in its logarithm, and the mean length of a cycle
# in trading days.
_LEVEL, _SWING, _LENGTH = 3.2, 0.17, 900.0


def draw_yields(rng: np.random.Generator, days: int) -> Floats:
    """Returns the ten-year yields of China and the US, (days, 2) float64, in %, rounded to four decimals.

    The cycles of the two yields have a correlation of 0.4.
    """
    china, own = _swing(rng, days, _LENGTH), _swing(rng, days, _LENGTH)
    us = 0.4 * china + math.sqrt(1.0 - 0.4**2) * own
    swings = _SWING * np.stack([china, us], axis=1)
    noise = np.stack([lasting(rng, days, 0.99, 0.006), lasting(rng, days, 0.99, 0.01)], axis=1)
    return (_LEVEL * np.exp(swings + noise)).round(4)


def yield_curve(rng: np.random.Generator, ten: Floats, country: str, below: Mapping[str, float]) -> dict[str, Floats]:
    """Returns the columns of a yield curve, (T,) float64 each, in %.

    ``ten``: (T,), the ten-year yield. ``below``: for each other tenor its mean distance below the ten-year yield, in
    percentage points.
    """
    columns = {}
    for tenor, gap in below.items():
        spread = gap * np.exp(lasting(rng, len(ten), 0.995, 0.03))
        columns[f"{country}_{tenor}"] = np.maximum(ten - spread, 0.1).round(4)
    columns[f"{country}_y10"] = ten
    return columns


def draw_money(rng: np.random.Generator, days: Dates) -> pd.DataFrame:
    """Returns the year-on-year growth of M1 and M2 in %, one row for each month.

    The months begin three years before the first day and end with the last complete month. The column
    ``usable_from_conservative`` is the day of release, the 10th to the 15th of the next month.
    """
    first = days[0].astype("datetime64[M]") - 36
    months = np.arange(first, days[-1].astype("datetime64[M]"))
    ends = (months + 1).astype("datetime64[D]") - 1
    released = (months + 1).astype("datetime64[D]") + rng.integers(9, 15, len(months)).astype("timedelta64[D]")
    m1 = 12.0 + 7.0 * _swing(rng, len(months), 40.0) + rng.normal(0.0, 0.8, len(months))
    m2 = 12.0 + 3.0 * _swing(rng, len(months), 60.0) + rng.normal(0.0, 0.3, len(months))
    columns = {"month_end": ends, "usable_from_conservative": released, "m1_yoy": m1.round(2), "m2_yoy": m2.round(2)}
    return pd.DataFrame(columns)


def _swing(rng: np.random.Generator, steps: int, length: float) -> Floats:
    """Returns (steps,) float64: a stationary cycle with variance 1 and a mean length of ``length`` steps.

    A damped oscillator driven by noise.
    """
    turn, decay = 2.0 * math.pi / length, math.exp(-0.5 * 2.0 * math.pi / length)
    # A point in the plane is rotated, damped and disturbed in each step; the cycle is its first coordinate. The initial
    # point has the stationary distribution.
    noise = rng.standard_normal((steps, 2)) * math.sqrt(1.0 - decay**2)
    point = complex(*rng.standard_normal(2))
    step = decay * complex(math.cos(turn), math.sin(turn))
    swing = np.empty(steps)
    for at, (across, up) in enumerate(noise):
        point = step * point + complex(across, up)
        swing[at] = point.real
    return swing


def lasting(rng: np.random.Generator, steps: int, keep: float, push: float) -> Floats:
    """Returns (steps,) float64: a first-order autoregression with mean 0, started at its mean.

    ``keep``: the coefficient. ``push``: the standard deviation of a shock.
    """
    result = np.empty(steps)
    value = 0.0
    for at, shock in enumerate(push * rng.standard_normal(steps)):
        value = keep * value + shock
        result[at] = value
    return result
