"""A synthetic panel for factor studies: one column predicts returns, another has no relation to them.

It is drawn in memory, so that a factor study runs on a machine without data.
"""

from __future__ import annotations

import hashlib

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.synthetic.trading_days import trading_days

# The file name of a panel that is drawn, before the name of its kind.
SYNTHETIC = "synthetic:"
# For each kind the expected return of a day for one standard deviation of the score at the close before.
KINDS = {"planted": 0.0004, "noise": 0.0}
DAYS, STOCKS, INDUSTRIES = 1200, 240, 12
# Daily volatility of market, industry and single stock.
_MARKET, _INDUSTRY, _OWN = 0.011, 0.006, 0.02
# Of a score, what is left of it a day later.
_LASTING = 0.98


def draw_factor_panel(file: str, where: str = "") -> Panel:
    """The panel ``synthetic:planted``, whose ``score`` predicts returns, or ``synthetic:noise``, whose score does not.

    Columns: close (no splits or dividends), shares, turnover (a share of them), suspended (0 or 1), industry (1 to 12),
    score and noise, both known at the close. Some stocks are listed later than the first day, some leave before the
    last. The same name gives the same panel. Raises InputError for another name.
    """
    kind = file.removeprefix(SYNTHETIC)
    if kind not in KINDS:
        rule, remedy = "a synthetic panel has one of its names", f"Use {' or '.join(SYNTHETIC + one for one in KINDS)}"
        raise InputError(rule, file, where, remedy)
    rng = np.random.default_rng(20)
    shape = (DAYS, STOCKS)
    industry = rng.integers(1, INDUSTRIES + 1, STOCKS)
    beta, size = rng.normal(1.0, 0.25, STOCKS), rng.normal(0.0, 1.0, STOCKS)
    score, noise = _persistent(rng, shape), _persistent(rng, shape)
    returns = _MARKET * rng.standard_normal((DAYS, 1)) * beta
    returns += _INDUSTRY * rng.standard_normal((DAYS, INDUSTRIES))[:, industry - 1] + _OWN * rng.standard_normal(shape)
    returns[1:] += KINDS[kind] * score[:-1]
    suspended = rng.random(shape) < 0.003
    returns = np.where(suspended, 0.0, np.clip(returns, -0.1, 0.1))
    close = 10.0 * np.exp(rng.normal(0.0, 0.5, STOCKS)) * np.cumprod(1.0 + returns, axis=0)
    shares = np.round(1e8 * np.exp(size))
    turnover = np.where(suspended, 0.0, 0.02 * np.exp(0.8 * _persistent(rng, shape) - 0.3 * size))
    first = np.where(rng.random(STOCKS) < 0.15, rng.integers(0, DAYS // 2, STOCKS), 0)
    last = np.where(rng.random(STOCKS) < 0.10, rng.integers(DAYS // 2, DAYS, STOCKS), DAYS - 1)
    day = np.arange(DAYS)[:, None]
    place = np.flatnonzero((day >= first) & (day <= last))
    fields: dict[str, Array] = {
        "close": close, "shares": np.broadcast_to(shares, shape), "turnover": turnover, "suspended": suspended,
        "industry": np.broadcast_to(industry, shape), "score": score, "noise": noise,
    }  # fmt: skip
    columns = {name: lambda values=values: values.reshape(-1)[place] for name, values in fields.items()}
    dates = trading_days(2015, 2019)[:DAYS]
    digest = hashlib.sha256(close.tobytes() + score.tobytes()).hexdigest()
    codes = tuple(f"S{number:04d}" for number in range(STOCKS))
    return Panel(file, dates, codes, place, columns, where, digest)


def _persistent(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Standard normal numbers that change slowly from day to day."""
    values = rng.standard_normal(shape)
    for day in range(1, shape[0]):
        values[day] = _LASTING * values[day - 1] + np.sqrt(1.0 - _LASTING**2) * values[day]
    return values
