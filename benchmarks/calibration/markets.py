"""Made-up and real markets for the calibration: daily returns in excess of cash, and positions that know nothing.

The shocks have volatility clusters: GARCH(1, 1) with 0.05, 0.07 and 0.88 and Student t innovations with 5 degrees of
freedom. Two risky legs have the same volatility and a correlation of 0.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.results.conclusion import FEWEST_SWITCHES, LARGEST_WEIGHT

PERIODS = 243.0
DAILY = 0.012  # standard deviation of a leg's daily returns
CORRELATION = 0.6
_FREEDOM = 5.0


def draw_shocks(rng: np.random.Generator, days: int, legs: int) -> Floats:
    """(days, legs) shocks of variance 1. legs: 1 or 2."""
    innovations = rng.standard_t(_FREEDOM, (days, legs)) / math.sqrt(_FREEDOM / (_FREEDOM - 2.0))
    shocks = np.empty((days, legs))
    _cluster(innovations, shocks)
    if legs == 2:
        shocks[:, 1] = CORRELATION * shocks[:, 0] + math.sqrt(1.0 - CORRELATION**2) * shocks[:, 1]
    return shocks


@jit(nogil=True)
def _cluster(innovations: Floats, shocks: Floats) -> None:
    days, legs = innovations.shape
    for leg in range(legs):
        variance = 1.0
        for day in range(days):
            shocks[day, leg] = math.sqrt(variance) * innovations[day, leg]
            variance = 0.05 + 0.07 * shocks[day, leg] ** 2 + 0.88 * variance


def draw_positions(rng: np.random.Generator, days: int, switches: float) -> Ints:
    """(days,) 0 or 1: in or out at random, with about so many switches; always as many as the tests ask for."""
    while True:
        held = ((np.cumsum(rng.random(days) < switches / days) + rng.integers(2)) % 2).astype(np.int64)
        if eligible(held):
            return held


def eligible(held: Ints) -> bool:
    """Whether positions switch often enough, and stay out of their main leg often enough, for a test of timing."""
    most = max(held.mean(), 1.0 - held.mean())
    return bool(np.count_nonzero(held[1:] != held[:-1]) >= FEWEST_SWITCHES and most <= LARGEST_WEIGHT)


def draw_walk(rng: np.random.Generator, days: int) -> Floats:
    """(days,) a random walk: a persistent series that knows nothing of any market."""
    walk: Floats = np.cumsum(rng.standard_normal(days))
    return walk


def real_series(data: Path) -> dict[str, Callable[[], Floats]]:
    """The daily returns of real series by name, each loaded when it is called for.

    arch's S&P 500, Nasdaq (1999–2018) and WTI crude oil (1986–2019), none of which was used to choose the length of a
    block. data: a folder that may have ``index_daily.parquet``; then the Wind micro-cap index (2005–2026) too.
    """
    found: dict[str, Callable[[], Floats]] = {
        "S&P 500": lambda: _changes(_arch("sp500")["Adj Close"]),
        "Nasdaq": lambda: _changes(_arch("nasdaq")["Adj Close"]),
        "crude oil": lambda: _changes(_arch("wti")["DCOILWTICO"]),
    }
    indices = data / "index_daily.parquet"
    if indices.is_file():
        micro = [("code", "==", "8841431.WI")]
        found["micro-cap index"] = lambda: _changes(
            pd.read_parquet(indices, columns=["date", "close"], filters=micro).sort_values("date")["close"]
        )
    return found


def _arch(name: str) -> pd.DataFrame:
    frame: pd.DataFrame = import_module(f"arch.data.{name}").load()
    return frame


def _changes(prices: pd.Series) -> Floats:
    changes: Floats = prices.dropna().pct_change().dropna().to_numpy(np.float64)
    return changes
