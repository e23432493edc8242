"""What is wrong with an array of a panel, found in one compiled pass. Each returns a day and a stock, or −1 twice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.jit import jit


@jit()
def find_bad_value(value: Floats) -> tuple[int, int]:
    """The first value that is neither NaN nor positive and finite."""
    for day in range(value.shape[0]):
        for stock in range(value.shape[1]):
            one = value[day, stock]
            if not (np.isnan(one) or 0.0 < one < np.inf):
                return day, stock
    return -1, -1


@jit()
def find_lost_value(value: Floats) -> tuple[int, int]:
    """The first value that is NaN on the day after a known one."""
    for day in range(1, value.shape[0]):
        for stock in range(value.shape[1]):
            if np.isnan(value[day, stock]) and not np.isnan(value[day - 1, stock]):
                return day, stock
    return -1, -1


@jit()
def find_unlisted(value: Floats, order: npt.NDArray[np.int32]) -> tuple[int, int]:
    """The first stock of an order whose value is NaN. order: columns, −1 after the last."""
    for day in range(value.shape[0]):
        for place in range(value.shape[1]):
            stock = order[day, place]
            if stock < 0:
                break
            if np.isnan(value[day, stock]):
                return day, stock
    return -1, -1


@jit()
def find_bad_weight(value: Floats, weight: Floats) -> tuple[int, int]:
    """The first weight that is not known, finite and 0 or more, where the value is known."""
    for day in range(value.shape[0]):
        for stock in range(value.shape[1]):
            if not np.isnan(value[day, stock]) and not 0.0 <= weight[day, stock] < np.inf:
                return day, stock
    return -1, -1


@jit()
def find_unknown_price(value: Floats, price: Floats) -> tuple[int, int]:
    """The first price that is not positive and finite, where the value is known."""
    for day in range(value.shape[0]):
        for stock in range(value.shape[1]):
            if not np.isnan(value[day, stock]) and not 0.0 < price[day, stock] < np.inf:
                return day, stock
    return -1, -1
