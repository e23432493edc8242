"""Random calls of the language's operators: arrays with gaps, ties, constants and all scales, and fitting scalars."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.declaration import ALL, Argument, Calendar, Operator
from gridproof.signals.expression.timeline import calendar_of

LONGEST = 12  # the longest window that is drawn


def calendar(count: int) -> Calendar:
    """The weekdays from 2 January 2006 on, without every 23rd: no day of the month is always a trading day."""
    days = np.busday_offset(np.datetime64("2006-01-02"), np.arange(count * 23 // 22 + 2))
    kept = np.delete(days, np.arange(22, len(days), 23))[:count]
    return calendar_of(kept, 243.0)


def values(rng: np.random.Generator, count: int, gaps: bool = True) -> Floats:
    """(count,) float64 above 0: a random walk, few distinct values or runs of equal ones, of any scale."""
    kind = rng.integers(3)
    if kind == 0:
        drawn = np.exp(np.cumsum(rng.normal(0.0, 0.03, count)))
    elif kind == 1:
        drawn = rng.integers(1, 6, count).astype(np.float64)
    else:
        drawn = np.repeat(rng.random(count) + 0.5, rng.integers(1, 9, count))[:count]
    drawn = drawn * 10.0 ** rng.choice([-90, 0, 0, 0, 90])
    drawn[: rng.integers(0, 5)] = np.nan
    if gaps:
        drawn[rng.random(count) < rng.choice([0.0, 0.03])] = np.nan
    return drawn


def condition(rng: np.random.Generator, count: int) -> Floats:
    """(count,) float64: 0, 1, and here and there NaN."""
    drawn = (rng.random(count) < rng.random()).astype(np.float64)
    drawn[: rng.integers(0, 3)] = np.nan
    drawn[rng.random(count) < 0.03] = np.nan
    return drawn


def arguments(operator: Operator, rng: np.random.Generator, count: int, whole: bool = True) -> dict[str, Any]:
    """By name what the operator's function gets. ``whole``: windows may be all, or begin with fewer values or later."""
    drawn: dict[str, Any] = {}
    for one in operator.arguments:
        drawn[one.name] = _argument(one, operator, rng, count, whole)
    return drawn


def _argument(one: Argument, operator: Operator, rng: np.random.Generator, count: int, whole: bool) -> Any:
    least = 1 if one.least is None else int(one.least)
    if one.kind == "series":
        return values(rng, count)
    if one.kind == "boolean":
        return condition(rng, count)
    if one.kind == "choice":
        return str(rng.choice(one.choices))
    if one.kind == "date":
        return int(rng.integers(0, count)) if one.latest or (whole and rng.random() < 0.5) else 0
    if one.kind == "window":
        every = [ALL] if one.every and whole else []
        if one.name == operator.many:
            lengths = np.sort(rng.choice(np.arange(least, LONGEST + 1), 3, replace=False))
            return np.append(lengths, every).astype(np.int64)
        return int(rng.choice([*rng.integers(least, LONGEST + 1, 3), *every]))
    if one.default is None:
        return int(rng.integers(1, 6)) if whole and rng.random() < 0.5 else None
    low, high = -2.0 if one.least is None else one.least, 3.0 if one.most is None else one.most
    return float(rng.uniform(low, high))


def call(operator: Operator, given: dict[str, Any], dates: Calendar) -> Floats:
    """(K, T) float64: the results under each window; one row for an operator of one."""
    with np.errstate(all="ignore"):
        keywords = {"calendar": dates} if operator.calendar else {}
        return np.atleast_2d(operator.function(*given.values(), **keywords))
