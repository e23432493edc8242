"""Operators that say where values are unknown, or fill them."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import boolean, series, window
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import unit_of_first

NAN = np.nan


@operator(
    series(),
    source="pandas Series.notna",
    example=Example("known(x)", {"x": (1, NAN, 2)}, (1, 0, 1)),
    result="boolean",
    columns=True,
)
def known(x: Floats) -> Floats:
    """Whether x is known; never unknown itself."""
    return np.isfinite(x).astype(np.float64)


@operator(
    series(),
    boolean("condition", "where x is kept"),
    source="pandas Series.where",
    example=Example("keep(x, x >= 0)", {"x": (3, -1, 2)}, (3, NAN, 2)),
    unit=unit_of_first,
    columns=True,
)
def keep(x: Floats, condition: Floats) -> Floats:
    """x where the condition is true, such as a number that is not a sign for a missing one. Unknown elsewhere."""
    return np.where(condition == 1.0, x, np.nan)


@operator(
    series(),
    window(meaning="values that may be filled in a row", every=True),
    source="pandas Series.ffill(limit=n)",
    example=Example("ffill(x, 1)", {"x": (NAN, 1, NAN, NAN, 2)}, (NAN, 1, 1, NAN, 2)),
    unit=unit_of_first,
    history=True,
    level=True,
)
def ffill(x: Floats, n: int) -> Floats:
    """x, and where it is unknown the last known value, if that is at most n values back."""
    days = np.arange(len(x))
    latest = np.maximum.accumulate(np.where(np.isfinite(x), days, -1))
    return np.where((latest >= 0) & (days - latest <= n), x[latest], np.nan)
