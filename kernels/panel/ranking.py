"""The ranking of the stocks of each day by a key, and what every function of a panel requires of its arrays."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.checks import find_bad_value, find_lost_value

Columns: TypeAlias = npt.NDArray[np.int32]


class Ranking(NamedTuple):
    """The stocks of each day in ascending order of a key known at the close of that day; equal keys by column."""

    order: Columns  # (T, S) int32: the columns of the eligible stocks, the lowest key first; −1 after the last
    eligible: Ints  # (T,) how many stocks are eligible, those whose key is not NaN


def day_by_stock(array: Array, dtype: npt.DTypeLike, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """The array, contiguous. Raises InputError unless it is (T, S), of ``dtype``, and of ``shape`` if that is given."""
    if array.ndim != 2 or (shape is not None and array.shape != shape):
        wanted = "(days, stocks)" if shape is None else str(shape)
        raise InputError("the shape must be that of the panel", array.shape, name, f"Pass an array of shape {wanted}")
    if array.dtype != dtype:
        raise InputError(f"the elements must be {np.dtype(dtype)}", array.dtype, name, "Convert the array")
    return np.ascontiguousarray(array)


def checked_value(value: Array) -> Floats:
    """The value of each stock, contiguous.

    Raises InputError unless a value is NaN before a stock is listed and positive and finite on every day from then on.
    """
    checked: Floats = day_by_stock(value, np.float64, "value")
    day, stock = find_bad_value(checked)
    if day >= 0:
        where = f"value, day {day}, stock {stock}"
        raise InputError("a value must be positive and finite", checked[day, stock], where, "Correct the price")
    day, stock = find_lost_value(checked)
    if day >= 0:
        where = f"value, day {day}, stock {stock}"
        raise InputError("a value must be known from the first day on", "NaN", where, "Carry the last value forward")
    return checked
