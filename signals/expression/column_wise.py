"""Operators along time on the values of many stocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.signals.expression.operators.argument import ALL
from gridproof.signals.expression.operators.declaration import Operator

# Stocks whose values are copied at once, so that each has its days side by side in memory.
_TOGETHER = 64


def column_wise(operator: Operator, arguments: Mapping[str, Any], keywords: Mapping[str, Any]) -> Floats:
    """Returns (n, S) float64: what the operator's function gives for each stock alone.

    ``arguments``: what the function gets, by name; each array (n, S), or (n, 1) where all stocks share a series; a
    ``many`` window is one number. ``keywords``: such as the calendar.
    """
    scalars = dict(arguments)
    if operator.many is not None:
        scalars[operator.many] = np.array([arguments[operator.many]], dtype=np.int64)
    names = [one.name for one in operator.arguments if one.is_array]
    if operator.columns:
        return np.asarray(operator.function(*scalars.values(), **keywords))
    if operator.stocks is not None and arguments["min"] is None and not arguments["since"] and arguments["n"] != ALL:
        found = operator.stocks(arguments[names[0]], int(arguments["n"]))
        if found is not None:
            return found
    days, stocks = np.broadcast_shapes(*(arguments[name].shape for name in names))
    result = np.empty((days, stocks))
    for begin in range(0, stocks, _TOGETHER):
        parts = {name: _turned(arguments[name], begin, stocks) for name in names}
        found = np.empty((min(_TOGETHER, stocks - begin), days))
        for stock, row in enumerate(found):
            given = {name: part[min(stock, len(part) - 1)] for name, part in parts.items()}
            values = operator.function(*{**scalars, **given}.values(), **keywords)
            row[:] = values if operator.many is None else values[0]
        result[:, begin : begin + len(found)] = found.T
    return result


def _turned(values: Floats, begin: int, stocks: int) -> Array:
    """Some stocks of (n, S), a row each; the one row of (n, 1)."""
    part = values if values.shape[1] == 1 < stocks else values[:, begin : begin + _TOGETHER]
    return np.ascontiguousarray(part.T)
