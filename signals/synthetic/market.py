"""A made-up A-share market whose truth is known: the same files as a real one, and what was planted in them.

Indices: returns on a common factor and own shocks, Student-t, under three regimes of volatility. Expected returns are
constant but for the planted effect, so nothing in past prices tells the direction of the next day; volatility does
persist. Macro series come from random streams of their own: with no effect they are independent of every return.

The planted effect is the rate rule: while the ten-year yield, known on the next trading day, has risen (latched on
``ON_ABOVE``, off ``OFF_BELOW``, over ``WINDOW`` days), small caps expect less, else more. The two differ by ``effect``
annual volatilities a year; the mean over the market is that of no effect. So what timing adds to the Sharpe ratio is
proportional to ``effect``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import unpack
from gridproof.kernels.reference import latch_paths
from gridproof.signals.data.table import Dates
from gridproof.signals.data.trading_days import trading_days
from gridproof.signals.measures import change
from gridproof.signals.synthetic.macro import draw_money, draw_yields, lasting, yield_curve

TRUTH = "truth.json"
FORMAT = 1

# The files begin so early that every shipped study's signals are defined on its first day, in 2006 or 2007.
BEGINS, OPENS = 2004, 2006
PERIODS = 243

WINDOW, ON_ABOVE, OFF_BELOW = 243, 0.30, -0.20


@dataclass(frozen=True, slots=True)
class SyntheticIndex:
    """``mean``, ``factor`` (loading on the common factor) and ``own`` (volatility of its own shocks): a year."""

    code: str
    name: str
    mean: float
    factor: float
    own: float
    turnover: float  # its median, % a day
    feels: bool = False  # whether the planted effect moves it

    @property
    def volatility(self) -> float:
        return math.hypot(self.factor, self.own)


COMPOSITE, LARGE, MID, SMALL = INDICES = (
    SyntheticIndex("000001.SH", "composite", 0.08, 0.225, 0.045, 0.6),
    SyntheticIndex("000300.SH", "large", 0.08, 0.230, 0.098, 0.4),
    SyntheticIndex("000852.SH", "mid", 0.12, 0.264, 0.134, 1.5, True),
    SyntheticIndex("8841431.WI", "small", 0.16, 0.253, 0.196, 3.0, True),
)
# Own shocks of mid and small caps move together.
_TOGETHER = 0.79
_TAILS = 6.0
# Shares behind an index, and the mean price of one in points of the index.
_SHARES, _PRICE = 2e11, 0.01
# The largest daily move of an index: every stock at its limit would be 10 %.
_LARGEST = 0.095

# Calm, usual, turbulent: volatility over its mean, and the mean length in trading days.
_VOLATILITY = (0.65, 1.0, 1.7)
_LENGTH = (250.0, 120.0, 60.0)


@dataclass(frozen=True)
class SyntheticMarket:
    """T trading days. ``returns``: (T, indices) simple, 0 on the first day. ``risen``: the state at each close that
    the planted rule acts on the next day, whether or not there is an effect. ``volatility``: of each day over its mean.
    """

    seed: int
    effect: float
    years: int
    days: Dates
    regime: Ints  # (T,) 0 calm, 1 usual, 2 turbulent
    volatility: Floats  # (T,)
    returns: Floats
    yields: Floats  # (T, 2): ten years, China and US, in %, as printed
    risen: Bools

    @property
    def name(self) -> str:
        return f"synthetic {FORMAT}, seed {self.seed}, effect {self.effect!r}, {self.years} years"

    @property
    def window(self) -> slice:
        """The days from ``OPENS`` on."""
        return slice(int(np.searchsorted(self.days, np.datetime64(f"{OPENS}-01-01"))), len(self.days))

    def truth(self) -> dict[str, Any]:
        """What was planted, in plain values."""
        risen = self.risen[self.window]
        planted = {
            "rule": "small caps expect less on the day after a close at which the yield has risen, else more",
            "series": "cn_y10 of china_treasury_daily.csv, known on the next trading day",
            "measure": {"change": "relative", "window": WINDOW, "on_above": ON_ABOVE, "off_below": OFF_BELOW},
            "lag": 1,
            "gap_a_year": {index.code: self.effect * index.volatility for index in INDICES if index.feels},
        }
        return {
            "market": self.name,
            "seed": self.seed,
            "effect": self.effect,
            "years": self.years,
            "planted": planted if self.effect else None,
            "yield_has_risen": {
                "share_of_days": float(risen.mean()),
                "switches": int(np.count_nonzero(risen[1:] != risen[:-1])),
            },
            "mean_a_year": {index.code: index.mean for index in INDICES},
            # The US yield swings partly with China's.
            "independent_of_all_returns": ["china_money_supply_monthly.csv"]
            + ([] if self.effect else ["china_treasury_daily.csv", "us_treasury_daily.csv"]),
        }


def draw_market(seed: int, effect: float = 0.0, years: int = 21) -> SyntheticMarket:
    """Draw a market; the same for the same arguments, and the same shocks whatever the effect.

    seed: 0 or more. effect: 0 to 10, in annual volatilities a year. years: 3 to 60, from 2006 on. Raises InputError.
    """
    for name, value, least, most in (("seed", seed, 0, 2**63), ("effect", effect, 0, 10), ("years", years, 3, 60)):
        if not (math.isfinite(value) and least <= value <= most):
            raise InputError(f"{name} lies from {least} to {most}", value, f"--{name}", "Correct it")
    days = trading_days(BEGINS, OPENS + years - 1)
    opens = int(np.searchsorted(days, np.datetime64(f"{OPENS}-01-01")))
    for attempt in range(1000):
        yields = draw_yields(np.random.default_rng([seed, 1, attempt]), len(days))
        risen = has_risen(yields[:, 0])
        inside = risen[opens:]
        # An effect can only be found where the yield went both ways. The yield knows no returns, so to choose among
        # its paths tells nothing of them.
        if 0.25 <= inside.mean() <= 0.75 and np.count_nonzero(inside[1:] != inside[:-1]) >= years // 4:
            break
    else:
        raise RuntimeError(f"seed {seed}: no path of the yield went both ways")
    regime = _draw_regimes(np.random.default_rng([seed, 2]), len(days))
    volatility = np.array(_VOLATILITY)[regime]
    # So that over many years the variance is that of the indices' figures.
    share = np.array(_LENGTH) / sum(_LENGTH)
    volatility = volatility / math.sqrt(float(share @ np.square(_VOLATILITY)))
    before = np.concatenate([[False], risen[:-1]])
    usual = float(before[opens:].mean())
    tilt = np.where(before, usual - 1.0, usual)
    gaps = np.array([effect * index.volatility * index.feels for index in INDICES])
    drift = np.array([index.mean for index in INDICES]) + tilt[:, None] * gaps
    shocks = _draw_shocks(np.random.default_rng([seed, 3]), len(days)) * volatility[:, None]
    returns = drift / PERIODS + np.clip(shocks / math.sqrt(PERIODS), -_LARGEST, _LARGEST)
    returns[0] = 0.0
    return SyntheticMarket(seed, effect, years, days, regime, volatility, returns, yields, risen)


def has_risen(yields: Floats) -> Bools:
    """(T,) yields to the planted rule's state at each close: of the day before, latched."""
    known = np.concatenate([[np.nan], yields[:-1]])
    words = latch_paths(change(known, WINDOW), np.array([ON_ABOVE]), np.array([OFF_BELOW]), 0)
    states: Bools = unpack(words, len(yields))[0]
    return states


def write_market(folder: Path, market: SyntheticMarket) -> None:
    """Write the files and ``truth.json``. Raises InputError where the folder holds anything but a synthetic market."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / TRUTH).is_file())):
        rule, remedy = "a synthetic market has a folder of its own", "Name a new folder"
        raise InputError(rule, folder, "FOLDER", remedy)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TRUTH).write_text(json.dumps(market.truth(), indent=2) + "\n", encoding="utf-8")
    _index_table(market).to_parquet(folder / "index_daily.parquet", index=False, compression="zstd")
    rng = np.random.default_rng([market.seed, 4])
    dates = {"date": market.days}
    china = yield_curve(rng, market.yields[:, 0], "cn", {"y1": 0.8, "y2": 0.6, "y5": 0.3})
    us = yield_curve(rng, market.yields[:, 1], "us", {"y2": 0.9, "y30": -0.4})
    pd.DataFrame(dates | china).to_csv(folder / "china_treasury_daily.csv", index=False)
    pd.DataFrame(dates | us).to_csv(folder / "us_treasury_daily.csv", index=False)
    money = draw_money(np.random.default_rng([market.seed, 5]), market.days)
    money.to_csv(folder / "china_money_supply_monthly.csv", index=False)


def market_name(folder: Path) -> str | None:
    """Which synthetic market a folder holds; None where it holds none. Raises InputError where its truth is damaged."""
    path = folder / TRUTH
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["market"])
    except (ValueError, KeyError, TypeError) as error:
        remedy = "Make the market anew with gridproof synth, or remove the file"
        raise InputError(f"{TRUTH} names its market", type(error).__name__, str(path), remedy) from error


def _draw_regimes(rng: np.random.Generator, days: int) -> Ints:
    """A chain that stays in each regime for its mean length, then goes to either of the others alike."""
    regime = np.empty(days, dtype=np.int64)
    day, now = 0, int(rng.choice(3, p=np.array(_LENGTH) / sum(_LENGTH)))
    while day < days:
        stay = int(rng.geometric(1.0 / _LENGTH[now]))
        regime[day : day + stay] = now
        day += stay
        now = (now + int(rng.integers(1, 3))) % 3
    return regime


def _draw_shocks(rng: np.random.Generator, days: int) -> Floats:
    """(days, indices), of each index's volatility a year."""
    scale = math.sqrt((_TAILS - 2.0) / _TAILS)
    factor = rng.standard_t(_TAILS, days) * scale
    own = rng.standard_t(_TAILS, (days, len(INDICES))) * scale
    mid, small = INDICES.index(MID), INDICES.index(SMALL)
    own[:, mid] = _TOGETHER * own[:, small] + math.sqrt(1.0 - _TOGETHER**2) * own[:, mid]
    return np.stack([index.factor * factor + index.own * own[:, at] for at, index in enumerate(INDICES)], axis=1)


def _index_table(market: SyntheticMarket) -> pd.DataFrame:
    rng = np.random.default_rng([market.seed, 6])
    days = len(market.days)
    parts = []
    for at, index in enumerate(INDICES):
        close = 1000.0 * np.cumprod(1.0 + market.returns[:, at])
        move = 0.3 * index.volatility / math.sqrt(PERIODS) * market.volatility
        opened = np.concatenate([close[:1], close[:-1]]) * np.exp(0.5 * move * rng.standard_normal(days))
        high = np.maximum(opened, close) * np.exp(move * np.abs(rng.standard_normal(days)))
        low = np.minimum(opened, close) * np.exp(-move * np.abs(rng.standard_normal(days)))
        turnover = index.turnover * np.exp(lasting(rng, days, 0.97, 0.12)) * market.volatility
        volume = _SHARES * turnover / 100.0
        columns = {"date": market.days, "code": index.code, "name": f"synthetic {index.name}"}
        columns |= {"open": opened.round(4), "high": high.round(4), "low": low.round(4), "close": close.round(4)}
        columns |= {"volume": volume.round(), "amount": (volume * close * _PRICE).round()}
        parts.append(pd.DataFrame(columns | {"turnover_pct": turnover.round(4)}))
    return pd.concat(parts, ignore_index=True)
