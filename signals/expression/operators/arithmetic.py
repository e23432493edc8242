"""Operators on the values of one day."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import REQUIRED, Argument, series
from gridproof.signals.expression.operators.declaration import Example, operator
from gridproof.signals.expression.operators.quantity import Quantity, unit_of_first

NAN = np.nan
SIGN = Quantity("a sign", -1.0, 1.0)
_POSITIVE = Quantity("a number", 0.0)
_OTHER = series("y", "the other series")


def _level(name: str, meaning: str) -> Argument:
    return Argument(name, "number", meaning, REQUIRED)


@operator(
    series(),
    source="NumPy absolute",
    example=Example("abs(x)", {"x": (-2, 0, NAN)}, (2, 0, NAN)),
    unit=_POSITIVE,
    columns=True,
)
def abs_(x: Floats) -> Floats:
    """The absolute value |x|. Unknown stays unknown."""
    return np.abs(x)


@operator(
    series(),
    source="NumPy log",
    example=Example("log(x)", {"x": (1, 2.718281828459045, 0)}, (0, 1, NAN)),
    columns=True,
)
def log(x: Floats) -> Floats:
    """The natural logarithm of x. Unknown where x is unknown, 0 or less."""
    return np.where(x > 0.0, np.log(x), np.nan)


@operator(
    series(),
    source="NumPy exp",
    example=Example("exp(x)", {"x": (0, 1)}, (1, 2.718281828459045)),
    unit=_POSITIVE,
    columns=True,
)
def exp(x: Floats) -> Floats:
    """e to the power x. Unknown where x is unknown, or the result exceeds the largest number."""
    return _finite(np.exp(x))


@operator(
    series(),
    source="NumPy sqrt",
    example=Example("sqrt(x)", {"x": (4, 0, -1)}, (2, 0, NAN)),
    unit=_POSITIVE,
    columns=True,
)
def sqrt(x: Floats) -> Floats:
    """The square root of x. Unknown where x is unknown or below 0."""
    return np.sqrt(x)


@operator(
    series(),
    source="NumPy sign",
    example=Example("sign(x)", {"x": (-3, 0, 5, NAN)}, (-1, 0, 1, NAN)),
    unit=SIGN,
    columns=True,
)
def sign(x: Floats) -> Floats:
    """−1, 0 or 1: the sign of x. Unknown stays unknown."""
    return np.sign(x)


@operator(
    series(),
    _level("exponent", "the exponent"),
    source="NumPy power",
    example=Example("power(x, 2)", {"x": (3, -2)}, (9, 4)),
    columns=True,
)
def power(x: Floats, exponent: float) -> Floats:
    """x to the power ``exponent``. Unknown where x is unknown, or the result is no real number or not finite."""
    return _finite(np.power(x, float(exponent)))


@operator(
    series(),
    _OTHER,
    source="NumPy minimum",
    example=Example("min2(x, y)", {"x": (1, 5), "y": (2, 3)}, (1, 3)),
    unit=unit_of_first,
    columns=True,
)
def min2(x: Floats, y: Floats) -> Floats:
    """The smaller of x and y on the same day. Unknown where one of them is unknown."""
    return np.minimum(x, y)


@operator(
    series(),
    _OTHER,
    source="NumPy maximum",
    example=Example("max2(x, y)", {"x": (1, 5), "y": (2, 3)}, (2, 5)),
    unit=unit_of_first,
    columns=True,
)
def max2(x: Floats, y: Floats) -> Floats:
    """The larger of x and y on the same day. Unknown where one of them is unknown."""
    return np.maximum(x, y)


@operator(
    series(),
    _level("low", "the lower bound"),
    _level("high", "the upper bound, at least the lower one"),
    source="NumPy clip",
    example=Example("clip(x, 0, 1)", {"x": (-1, 0.5, 2, NAN)}, (0, 0.5, 1, NAN)),
    unit=unit_of_first,
    columns=True,
)
def clip(x: Floats, low: float, high: float) -> Floats:
    """x, at least ``low`` and at most ``high``. Unknown stays unknown."""
    return np.minimum(np.maximum(x, low), high)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
