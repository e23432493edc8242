"""Array types, by element."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Words: TypeAlias = npt.NDArray[np.uint64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[Any]


def largest_size(values: Floats) -> float:
    """The largest absolute value; 0 of no values."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def cut_days(table: Array, days: int) -> Array:
    """The first days of a table, whose last axis they are."""
    return np.ascontiguousarray(table[..., :days])
