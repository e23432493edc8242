"""The steps of a formula that treat every element alike: arithmetic, comparisons, and, or, not, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gridproof.signals.expression.graph import Step

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


def elementwise(node: Step, operands: Sequence[Any]) -> Any:
    """The result of one step: an array of the shape of its operands, or a number where all of them are numbers.

    Unknown values are NaN; a condition is 0, 1, or NaN (unknown) while one of its operands is. An infinite quotient is
    unknown.
    """
    if node.kind == "arithmetic":
        return finite(_ARITHMETIC[node.name](*map(_float, operands)))
    if node.kind == "negative":
        return -operands[0]
    if node.kind == "compare":
        return _unknown(_COMPARISONS[node.name](*operands), operands)
    if node.kind == "not":
        return 1.0 - operands[0]
    if node.kind == "where":
        chosen = np.where(operands[0] != 0, operands[1], operands[2])
        return _blank(chosen, np.isnan(operands[0]))
    decide = np.logical_and if node.kind == "and" else np.logical_or
    result = operands[0] != 0
    for one in operands[1:]:
        result = decide(result, one != 0)
    return _unknown(result, operands)


def finite(values: Any) -> Any:
    """An infinite value, such as a division by 0, is unknown."""
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values


def _float(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else float(value)


def _unknown(result: Any, operands: Sequence[Any]) -> Any:
    """A condition is unknown while one of its operands is."""
    values: Any = result.astype(np.float64) if isinstance(result, np.ndarray) else float(result)
    for one in operands:
        values = _blank(values, np.isnan(one))
    return values


def _blank(values: Any, unknown: Any) -> Any:
    """NaN where unknown is true. An array of float64 is changed in place: panels are large, and a copy takes longer."""
    if not np.any(unknown):
        return values
    if not isinstance(values, np.ndarray) or values.dtype != np.float64:
        return np.where(unknown, np.nan, values)
    np.copyto(values, np.nan, where=unknown)
    return values
