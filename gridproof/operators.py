"""Declares operators of your own for the expressions of a study; docs/own-operators.md has a complete example.

>>> import numpy as np
>>> from gridproof.operators import Example, operator, series, window
>>> @operator(
...     series(),
...     window(),
...     warm_up=lambda scalars: scalars["n"],
...     example=Example("momentum(x, 1)", {"x": (1, 2, 4)}, (np.nan, 1, 2)),
... )
... def momentum(x, n):
...     '''x[t] − x[t − n]. Unknown where one of the two is unknown.'''
...     result = np.full(len(x), np.nan)
...     result[n:] = x[n:] - x[:-n]
...     return result
>>> momentum(np.array([1.0, 2.0, 4.0]), 1)
array([nan,  1.,  2.])
"""

from __future__ import annotations

from gridproof.signals.expression.operators.argument import ALL, Argument, boolean, choice, number, series, window
from gridproof.signals.expression.operators.declaration import Calendar, Example
from gridproof.signals.expression.operators.quantity import (
    CORRELATION,
    COUNT,
    DEVIATION,
    FALL,
    NUMBER,
    PERCENT,
    RATIO,
    SHARE,
    Quantity,
    unit_of_first,
)
from gridproof.signals.expression.user_operators.declare import declare as operator

__all__ = [
    "ALL",
    "CORRELATION",
    "COUNT",
    "DEVIATION",
    "FALL",
    "NUMBER",
    "PERCENT",
    "RATIO",
    "SHARE",
    "Argument",
    "Calendar",
    "Example",
    "Quantity",
    "boolean",
    "choice",
    "number",
    "operator",
    "series",
    "unit_of_first",
    "window",
]
