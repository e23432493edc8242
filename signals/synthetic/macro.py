"""Made-up macro series: yields and money supply that swing as they do in years, from random streams of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.table import Dates

# Of the ten-year yields: the level in %, the swing of its logarithm and the swing's mean length in trading days.
_LEVEL, _SWING, _LENGTH = 3.2, 0.17, 900.0


def draw_yields(rng: np.random.Generator, days: int) -> Floats:
    """Ten-year yields of China and the US, (days, 2), in % as printed. The US one swings partly with China's."""
    china, own = _swing(rng, days, _LENGTH), _swing(rng, days, _LENGTH)
    us = 0.4 * china + math.sqrt(1.0 - 0.4**2) * own
    swings = _SWING * np.stack([china, us], axis=1)
    noise = np.stack([lasting(rng, days, 0.99, 0.006), lasting(rng, days, 0.99, 0.01)], axis=1)
    return (_LEVEL * np.exp(swings + noise)).round(4)


def yield_curve(rng: np.random.Generator, ten: Floats, country: str, below: Mapping[str, float]) -> dict[str, Floats]:
    """Columns of a curve around its ten-year yield, (T,) each. ``below``: how far another tenor lies below, in %."""
    columns = {}
    for tenor, gap in below.items():
        spread = gap * np.exp(lasting(rng, len(ten), 0.995, 0.03))
        columns[f"{country}_{tenor}"] = np.maximum(ten - spread, 0.1).round(4)
    columns[f"{country}_y10"] = ten
    return columns


def draw_money(rng: np.random.Generator, days: Dates) -> pd.DataFrame:
    """Growth of M1 and M2 on the year, in %, by month end; ``usable_from_conservative``: the day of its release, the
    10th to the 15th of the next month. From three years before the first day to the last month that ended."""
    first = days[0].astype("datetime64[M]") - 36
    months = np.arange(first, days[-1].astype("datetime64[M]"))
    ends = (months + 1).astype("datetime64[D]") - 1
    released = (months + 1).astype("datetime64[D]") + rng.integers(9, 15, len(months)).astype("timedelta64[D]")
    m1 = 12.0 + 7.0 * _swing(rng, len(months), 40.0) + rng.normal(0.0, 0.8, len(months))
    m2 = 12.0 + 3.0 * _swing(rng, len(months), 60.0) + rng.normal(0.0, 0.3, len(months))
    columns = {"month_end": ends, "usable_from_conservative": released, "m1_yoy": m1.round(2), "m2_yoy": m2.round(2)}
    return pd.DataFrame(columns)


def _swing(rng: np.random.Generator, steps: int, length: float) -> Floats:
    """A swing of unit variance and mean length ``length``: an oscillator of its own rhythm, kept going by noise."""
    turn, decay = 2.0 * math.pi / length, math.exp(-0.5 * 2.0 * math.pi / length)
    # A point on the plane that turns, fades and is pushed; its first coordinate, settled from the start.
    noise = rng.standard_normal((steps, 2)) * math.sqrt(1.0 - decay**2)
    point = complex(*rng.standard_normal(2))
    step = decay * complex(math.cos(turn), math.sin(turn))
    swing = np.empty(steps)
    for at, (across, up) in enumerate(noise):
        point = step * point + complex(across, up)
        swing[at] = point.real
    return swing


def lasting(rng: np.random.Generator, steps: int, keep: float, push: float) -> Floats:
    """A first-order autoregression from its mean."""
    result = np.empty(steps)
    value = 0.0
    for at, shock in enumerate(push * rng.standard_normal(steps)):
        value = keep * value + shock
        result[at] = value
    return result
