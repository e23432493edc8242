"""The parcels of an account: what was bought of each stock at each close, the oldest first, for taxes on dividends.

The operations are those of the reference, in the same order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.jit import jit


class Parcels(NamedTuple):
    """Chains of parcels, one for each of S stocks, and one of the free places; −1 ends each."""

    units: Floats  # (n,)
    close: Ints  # (n,) of the purchase
    month: Floats  # (n,) tax that is due at a sale within a month
    year: Floats  # (n,) and within a year
    following: Ints  # (n,) the next of the chain
    first: Ints  # (S + 1,) of each chain, the free one last
    last: Ints  # (S,)


@jit()
def new_parcels(stocks: int, size: int) -> Parcels:
    """No parcels, and room for ``size`` of them."""
    found = Parcels(
        np.empty(size), np.empty(size, dtype=np.int64), np.empty(size), np.empty(size),
        np.empty(size, dtype=np.int64), np.full(stocks + 1, -1, dtype=np.int64), np.full(stocks, -1, dtype=np.int64),
    )  # fmt: skip
    for place in range(size):
        found.following[place] = place + 1 if place + 1 < size else -1
    found.first[stocks] = 0 if size else -1
    return found


@jit()
def _grown(old: Parcels) -> Parcels:
    """The same parcels with as many free places besides."""
    size, stocks = len(old.units), len(old.last)
    found: Parcels = new_parcels(stocks, 2 * size)
    found.units[:size], found.close[:size] = old.units, old.close
    found.month[:size], found.year[:size] = old.month, old.year
    found.following[:size] = old.following
    found.first[:stocks], found.last[:] = old.first[:stocks], old.last
    found.first[stocks] = size
    return found


@jit()
def buy_parcel(parcels: Parcels, stock: int, units: float, close: int) -> Parcels:
    """Adds a parcel. Returns the parcels, in larger arrays where there was no room."""
    free = len(parcels.last)
    if parcels.first[free] < 0:
        parcels = _grown(parcels)
    place = parcels.first[free]
    parcels.first[free] = parcels.following[place]
    parcels.units[place], parcels.close[place] = units, close
    parcels.month[place], parcels.year[place], parcels.following[place] = 0.0, 0.0, -1
    if parcels.first[stock] < 0:
        parcels.first[stock] = place
    else:
        parcels.following[parcels.last[stock]] = place
    parcels.last[stock] = place
    return parcels


@jit()
def sell_parcels(
    parcels: Parcels, stock: int, units: float, everything: bool, close: int, month_end: Ints, year_end: Ints
) -> float:
    """Takes units of a stock, the oldest first, and returns the tax that is due."""
    due, free = 0.0, len(parcels.last)
    place = parcels.first[stock]
    while place >= 0 and (everything or units > 0.0):
        taken = parcels.units[place] if everything else min(parcels.units[place], units)
        part = taken / parcels.units[place]
        if close <= month_end[parcels.close[place]]:
            due += part * parcels.month[place]
        elif close <= year_end[parcels.close[place]]:
            due += part * parcels.year[place]
        units -= taken
        if taken == parcels.units[place]:
            parcels.first[stock] = parcels.following[place]
            parcels.following[place] = parcels.first[free]
            parcels.first[free] = place
            place = parcels.first[stock]
        else:
            parcels.units[place] -= taken
            parcels.month[place] -= part * parcels.month[place]
            parcels.year[place] -= part * parcels.year[place]
    return due


@jit()
def pay_parcels(
    parcels: Parcels, stock: int, value: float, paid: float, withheld: float, month: float, year: float
) -> None:
    """Pays a dividend on all parcels of a stock; what is withheld lessens them."""
    place = parcels.first[stock]
    while place >= 0:
        amount = parcels.units[place] * value * paid
        parcels.month[place] += month * amount
        parcels.year[place] += year * amount
        parcels.units[place] *= 1.0 - withheld * paid
        place = parcels.following[place]
