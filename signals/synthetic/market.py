"""A synthetic A-share market with a known effect: the same files as a real market, and ``truth.json``.

Index returns are a common factor plus idiosyncratic shocks, Student-t, with three volatility regimes. Expected returns
are constant except for the effect, so past prices do not predict the direction of the next return. Volatility persists.
Macro series use separate random streams: without an effect they are independent of every return.

The effect: the signal is the change of the ten-year yield over ``WINDOW`` days, known on the next trading day. It turns
on above ``ON_ABOVE`` and off below ``OFF_BELOW``. After a close at which it is on, the expected return of mid and small
caps on the next day is lower, otherwise higher. The two differ by ``effect`` annual volatilities a year, and their mean
over the market is the same as without an effect. The Sharpe ratio that timing adds is proportional to ``effect``.
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
from gridproof.kernels.output import make_folder
from gridproof.kernels.paths import unpack
from gridproof.kernels.reference import latch_paths
from gridproof.signals.data.column.date_formats import Dates
from gridproof.signals.expression.operators.change import pct_change
from gridproof.signals.synthetic.macro import draw_money, draw_yields, lasting, yield_curve
from gridproof.signals.synthetic.trading_days import trading_days

TRUTH = "truth.json"
FORMAT = 1

# First year of the files, and first year of the market. The years between are a warm-up: the signals of every shipped
# study are defined on the first day of its window, in 2006 or 2007.
BEGINS, OPENS = 2004, 2006
PERIODS = 243

WINDOW, ON_ABOVE, OFF_BELOW = 243, 0.30, -0.20


@dataclass(frozen=True, slots=True)
class SyntheticIndex:
    """``mean``: expected return a year. ``factor``, ``own``: annual volatility from the common and the own shocks."""

    code: str
    name: str
    mean: float
    factor: float
    own: float
    turnover: float  # median, % a day
    affected: bool = False  # whether its expected return depends on the signal

    @property
    def volatility(self) -> float:
        """Annual volatility, averaged over the regimes."""
        return math.hypot(self.factor, self.own)


COMPOSITE, LARGE, MID, SMALL = INDICES = (
    SyntheticIndex("000001.SH", "composite", 0.08, 0.225, 0.045, 0.6),
    SyntheticIndex("000300.SH", "large", 0.08, 0.230, 0.098, 0.4),
    SyntheticIndex("000852.SH", "mid", 0.12, 0.264, 0.134, 1.5, True),
    SyntheticIndex("8841431.WI", "small", 0.16, 0.253, 0.196, 3.0, True),
)
# Correlation of the idiosyncratic shocks of mid and small caps.
_TOGETHER = 0.79
# Degrees of freedom of the Student-t shocks.
_TAILS = 6.0
# Number of shares in an index, and the mean price of one share in index points.
_SHARES, _PRICE = 2e11, 0.01
# The largest daily shock of an index. An index with every stock at its limit moves by 10%.
_LARGEST = 0.095

# Calm, normal and turbulent regimes: relative volatility, and mean length in trading days.
_VOLATILITY = (0.65, 1.0, 1.7)
_LENGTH = (250.0, 120.0, 60.0)


@dataclass(frozen=True)
class SyntheticMarket:
    """A synthetic market of T trading days. ``risen`` acts on the return of the next day, if there is an effect."""

    seed: int
    effect: float
    years: int
    days: Dates
    regime: Ints  # (T,) 0 calm, 1 normal, 2 turbulent
    volatility: Floats  # (T,) relative to its long-run mean
    returns: Floats  # (T, indices) simple daily returns, 0 on the first day
    yields: Floats  # (T, 2) ten-year yields of China and the US, in %
    risen: Bools  # (T,) state of the signal at each close

    @property
    def name(self) -> str:
        return f"synthetic {FORMAT}, seed {self.seed}, effect {self.effect!r}, {self.years} years"

    @property
    def window(self) -> slice:
        """The days from the year ``OPENS`` on, without the warm-up."""
        return slice(int(np.searchsorted(self.days, np.datetime64(f"{OPENS}-01-01"))), len(self.days))

    def truth(self) -> dict[str, Any]:
        """Returns the content of ``truth.json``: the market's name, the effect, and the path of the signal."""
        risen = self.risen[self.window]
        planted = {
            "rule": "expected returns are lower on the day after a close with a risen yield, otherwise higher",
            "series": "cn_y10 of china_treasury_daily.csv, known on the next trading day",
            "measure": {"change": "relative", "window": WINDOW, "on_above": ON_ABOVE, "off_below": OFF_BELOW},
            "lag": 1,
            "gap_a_year": {index.code: self.effect * index.volatility for index in INDICES if index.affected},
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
            # The US yield is correlated with the Chinese one, so with an effect both are related to returns.
            "independent_of_all_returns": ["china_money_supply_monthly.csv"]
            + ([] if self.effect else ["china_treasury_daily.csv", "us_treasury_daily.csv"]),
        }


def draw_market(seed: int, effect: float = 0.0, years: int = 21) -> SyntheticMarket:
    """Draw a synthetic market.

    The same arguments give the same market. The random shocks do not depend on ``effect``. ``seed``: 0 or more.
    ``effect``: 0 to 10, in annual volatilities a year. ``years``: 3 to 60, from 2006 on. Raises InputError if an
    argument is out of range.
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
        # An effect can only be detected if the signal is on and off often enough. Yields are drawn before returns and
        # independently of them, so selecting a path of the yield causes no look-ahead.
        if 0.25 <= inside.mean() <= 0.75 and np.count_nonzero(inside[1:] != inside[:-1]) >= years // 4:
            break
    else:
        raise RuntimeError(f"seed {seed}: no path of the yield switches the signal often enough")
    regime = _draw_regimes(np.random.default_rng([seed, 2]), len(days))
    volatility = np.array(_VOLATILITY)[regime]
    # Scaled so that the long-run variance of the indices is that of INDICES.
    share = np.array(_LENGTH) / sum(_LENGTH)
    volatility = volatility / math.sqrt(float(share @ np.square(_VOLATILITY)))
    before = np.concatenate([[False], risen[:-1]])
    usual = float(before[opens:].mean())
    tilt = np.where(before, usual - 1.0, usual)
    gaps = np.array([effect * index.volatility * index.affected for index in INDICES])
    drift = np.array([index.mean for index in INDICES]) + tilt[:, None] * gaps
    shocks = _draw_shocks(np.random.default_rng([seed, 3]), len(days)) * volatility[:, None]
    returns = drift / PERIODS + np.clip(shocks / math.sqrt(PERIODS), -_LARGEST, _LARGEST)
    returns[0] = 0.0
    return SyntheticMarket(seed, effect, years, days, regime, volatility, returns, yields, risen)


def has_risen(yields: Floats) -> Bools:
    """Returns (T,) bool: the state of the effect's signal at each close, from (T,) yields known a trading day later."""
    known = np.concatenate([[np.nan], yields[:-1]])
    words = latch_paths(pct_change(known, WINDOW), np.array([ON_ABOVE]), np.array([OFF_BELOW]), 0)
    states: Bools = unpack(words, len(yields))[0]
    return states


def write_market(folder: Path, market: SyntheticMarket) -> None:
    """Write the files and ``truth.json``. Raises InputError if the folder contains anything but a synthetic market."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / TRUTH).is_file())):
        rule, remedy = "a synthetic market has a folder of its own", "Name a new folder"
        raise InputError(rule, folder, "FOLDER", remedy)
    make_folder(folder)
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
    """Returns the name of the synthetic market in a folder; None if there is none.

    Raises InputError if ``truth.json`` is damaged.
    """
    path = folder / TRUTH
    if not path.is_file():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["market"])
    except (ValueError, KeyError, TypeError) as error:
        remedy = "Make the market anew with gridproof synth, or remove the file"
        raise InputError(f"{TRUTH} names its market", type(error).__name__, str(path), remedy) from error


def _draw_regimes(rng: np.random.Generator, days: int) -> Ints:
    """Returns (days,): a Markov chain of regimes. After each regime the two others are equally likely."""
    regime = np.empty(days, dtype=np.int64)
    day, now = 0, int(rng.choice(3, p=np.array(_LENGTH) / sum(_LENGTH)))
    while day < days:
        stay = int(rng.geometric(1.0 / _LENGTH[now]))
        regime[day : day + stay] = now
        day += stay
        now = (now + int(rng.integers(1, 3))) % 3
    return regime


def _draw_shocks(rng: np.random.Generator, days: int) -> Floats:
    """Returns (days, indices): shocks scaled to the annual volatility of each index, before the regimes."""
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
