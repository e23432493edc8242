"""Checks of input arrays: finite numbers of the right shape, or an InputError."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.errors import InputError


def finite_array(values: npt.ArrayLike, dimensions: Sequence[int], where: str) -> Floats:
    """Returns ``values`` as a float64 array. Raises InputError if empty, not finite, or of other dimensions."""
    array = np.asarray(values)
    if array.ndim not in dimensions or array.size == 0 or array.dtype.kind not in "biuf":
        words = " or ".join(str(count) for count in dimensions)
        rule = f"must be a non-empty array of numbers with {words} dimension{'s' if words != '1' else ''}"
        raise InputError(rule, f"shape {array.shape} of {array.dtype}", where, "Give days as rows, variants as columns")
    floats = np.asarray(array, dtype=np.float64)
    require_finite(floats, where)
    return floats


def positions_and_returns(positions: npt.ArrayLike, returns: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """Both as float64, (T,) or (T, A). Raises InputError as ``finite_array`` does, and if the shapes differ."""
    weights = finite_array(positions, (1, 2), f"{where}: positions")
    earned = finite_array(returns, (1, 2), f"{where}: returns")
    rule, remedy = f"must have the shape of the returns, {earned.shape}", "Give a weight for each return"
    require(weights.shape == earned.shape, rule, weights.shape, f"{where}: positions", remedy)
    return weights, earned


def require_finite(values: Array, where: str) -> None:
    """Raises InputError that names the first number that is NaN or infinite."""
    finite = np.isfinite(values)
    if not finite.all():
        place = tuple(int(axis) for axis in np.argwhere(~finite)[0])
        value = f"{values[place]} at {place[0] if len(place) == 1 else place}"
        raise InputError("every number must be finite", value, where, "Remove undefined values first")


def require(holds: bool, rule: str, value: object, where: str, remedy: str) -> None:
    """Raises InputError with these words unless ``holds``."""
    if not holds:
        raise InputError(rule, value, where, remedy)
