"""Random panels of stocks: listings, delistings, suspensions, ties, unknown keys, days without an eligible stock."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.selection import SelectionProblem, selection_problem

Panel = tuple[Floats, Floats, Bools, Bools, Floats]


def random_panel(seed: int, days: int = 30, stocks: int = 12, ties: bool = True) -> Panel:
    """value, key, buyable, sellable, weight; each (days, stocks)."""
    rng = np.random.default_rng(seed)
    shape = (days, stocks)
    suspended = rng.random(shape) < 0.15
    value = 10.0 * np.exp(np.cumsum(np.where(suspended, 0.0, rng.normal(0.0, 0.05, shape)), axis=0))
    day = np.arange(days)[:, None]
    listed, left = rng.integers(-days, days // 2, stocks), rng.integers(days // 2, 3 * days, stocks)
    value = np.where(
        day < listed, np.nan, np.where(day > left, value[np.minimum(left, days - 1), range(stocks)], value)
    )
    key = rng.integers(-4, 5, shape) * rng.choice([1.0, -1.0], shape) if ties else rng.normal(size=shape)
    key[(day < listed) | (day > left) | (rng.random(shape) < 0.2)] = np.nan
    key[rng.random(days) < 0.1] = np.nan
    buyable, sellable = rng.random(shape) < 0.8, rng.random(shape) < 0.8
    weight = np.where(np.isnan(value), np.nan, rng.integers(0, 4, shape).astype(np.float64))
    return value, key, buyable & ~suspended, (sellable & ~suspended) | (day > left), weight


def random_problem(
    seed: int,
    schedules: Ints,
    counts: Ints,
    start: int = 2,
    lag: int = 1,
    weighted: bool = False,
    ties: bool = True,
    parted: bool = False,
) -> SelectionProblem:
    value, key, buyable, sellable, weight = random_panel(seed, ties=ties)
    ranking = resolve_panel("reference").rank_days(key)
    used = weight if weighted else None
    return selection_problem(value, ranking, buyable, sellable, schedules, counts, used, start, lag, parted)
