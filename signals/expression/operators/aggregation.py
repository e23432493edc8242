"""Operators that make one number a day of the values of all stocks, which signals and named values may use.

A stock counts where it has a row and a price on the day, its value and its weight are known, and the condition
``where`` holds.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.signals.expression.operators.argument import WHERE, Argument, boolean, series
from gridproof.signals.expression.operators.declaration import OVER_STOCKS, Example, operator
from gridproof.signals.expression.operators.quantity import SHARE, unit_of_first

_WEIGHT = Argument("weight", "series", "the weight of each stock, at least 0; by default 1", None, positive=True)
_X = series(meaning="a value of each stock")


@operator(
    boolean("condition", "what may be true of a stock"),
    _WEIGHT,
    WHERE,
    source="market breadth",
    example=Example("share(x > 2)", {"x": (1, 3, 5, np.nan)}, (2 / 3,)),
    unit=SHARE,
    across="series",
    catalogue=OVER_STOCKS,
)
def share(condition: Floats, weight: Floats | None, *, inside: Bools) -> Floats:
    """The share of the stocks for which the condition is true, by number or by weight. Unknown without a stock."""
    return _weighted(condition, weight, inside, mean=True)


@operator(
    _X,
    _WEIGHT,
    WHERE,
    source="cross-sectional mean",
    example=Example("average(x, weight=y)", {"x": (1, 4, np.nan), "y": (2, 1, 9)}, (2,)),
    unit=unit_of_first,
    across="series",
    catalogue=OVER_STOCKS,
)
def average(x: Floats, weight: Floats | None, *, inside: Bools) -> Floats:
    """The mean of the stocks' values, equal or by weight. Unknown without a stock, or where all weights are 0."""
    return _weighted(x, weight, inside, mean=True)


@operator(
    _X,
    _WEIGHT,
    WHERE,
    source="cross-sectional sum",
    example=Example("total(x)", {"x": (1, 4, np.nan)}, (5,)),
    across="series",
    catalogue=OVER_STOCKS,
)
def total(x: Floats, weight: Floats | None, *, inside: Bools) -> Floats:
    """The sum of the stocks' values, each times its weight. Unknown without a stock."""
    return _weighted(x, weight, inside, mean=False)


def _weighted(x: Floats, weight: Floats | None, inside: Bools, mean: bool) -> Floats:
    """(n,): the sum, or the mean, of the values of each day."""
    result = np.full(len(x), np.nan)
    for day in range(len(x)):
        known = inside[day] & np.isfinite(x[day])
        if weight is not None:
            known &= np.isfinite(weight[day])
        values = x[day, known]
        if len(values):
            weights = np.ones(len(values)) if weight is None else weight[day, known]
            added = (values * weights).sum()
            result[day] = added / weights.sum() if mean else added
    return result
