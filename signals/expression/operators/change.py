"""Operators that compare a value with the one n values before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import series, window
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import RATIO, Quantity, unit_of_first

NAN = np.nan
_BACK = window(meaning="values back")


def days_back(scalars: Mapping[str, Any]) -> int:
    """The warm-up of an operator that needs the value n values back."""
    return int(scalars["n"])


def difference_unit(units: tuple[Quantity, ...]) -> Quantity:
    """The unit of a difference: it has the name of the values' unit, and no bounds."""
    return Quantity(units[0].name)


@operator(
    series(),
    window(meaning="values back", least=0),
    source="pandas Series.shift",
    example=Example("lag(x, 2)", {"x": (1, 2, 3, 4)}, (NAN, NAN, 1, 2)),
    warm_up=days_back,
    unit=unit_of_first,
    level=True,
    columns=True,
)
def lag(x: Floats, n: int) -> Floats:
    """x[t − n]. Unknown where that value is unknown or lies before the first."""
    result = np.full(x.shape, np.nan)
    result[n:] = x[: max(0, len(x) - n)]
    return result


@operator(
    series(),
    _BACK,
    source="pandas Series.diff",
    example=Example("diff(x, 1)", {"x": (1, 3, 2)}, (NAN, 2, -1)),
    warm_up=days_back,
    unit=difference_unit,
    columns=True,
)
def diff(x: Floats, n: int) -> Floats:
    """x[t] − x[t − n]. Unknown where one of the two is unknown."""
    return x - lag(x, n)


@operator(
    series(positive=True),
    _BACK,
    source="pandas Series.pct_change",
    example=Example("pct_change(x, 2)", {"x": (2, 5, 3)}, (NAN, NAN, 0.5)),
    warm_up=days_back,
    unit=RATIO,
    columns=True,
)
def pct_change(x: Floats, n: int) -> Floats:
    """x[t] / x[t − n] − 1. Unknown where one of the two is unknown, or the earlier one is 0."""
    earlier = lag(x, n)
    return np.where(earlier == 0.0, np.nan, x / earlier - 1.0)


@operator(
    series(positive=True),
    _BACK,
    source="logarithmic return",
    example=Example("log_return(x, 1)", {"x": (1, 2.718281828459045)}, (NAN, 1)),
    warm_up=days_back,
    unit=RATIO,
    columns=True,
)
def log_return(x: Floats, n: int) -> Floats:
    """ln(x[t] / x[t − n]). Unknown where one of the two is unknown, 0 or less."""
    earlier = lag(x, n)
    return np.where((x > 0.0) & (earlier > 0.0), np.log(x / earlier), np.nan)
