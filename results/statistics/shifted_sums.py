"""Sums over the days of positions turned by every number of days against their returns: O(T log T), by transforms.

weights: (T, A) positions. Shift s = 0 … T − 1 turns them by s days. returns: (…, T, A), of one market or of several.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from gridproof.kernels.arrays import Floats, Ints


def shifted_sums(weights: Floats, values: Floats) -> Floats:
    """(…, T) Σ over days and columns of the turned weights times the values (…, T, A)."""
    days = len(weights)
    earns = values.any(axis=tuple(range(values.ndim - 1)))
    if not earns.all():  # cash, whose returns in excess of itself are 0
        weights, values = weights[:, earns], values[..., earns]
    length = next_fast_len(days, real=True)
    if length > days:  # a transform of so many days is slow: those of twice as many, half of them zeros
        length = next_fast_len(2 * days, real=True)
    together = np.conj(rfft(weights, n=length, axis=0)) * rfft(values, n=length, axis=-2)
    found: Floats = irfft(together.sum(axis=-1), n=length, axis=-1)
    if length == days:
        return found
    # At s are the days on which the turned positions have not wrapped, at s − T those on which they have.
    turned: Floats = found[..., :days] + found[..., length - days :]
    return turned


def change_charges(weights: Floats, cost: float) -> Floats:
    """(T,) the cost of the change into each day; that from the last day to the first is charged where a shift puts it
    inside. cost: share of the value traded, one way."""
    charges: Floats = cost * np.abs(weights - np.roll(weights, 1, axis=0)).sum(axis=1)
    return charges


def shifted_totals(weights: Floats, charges: Floats, returns: Floats) -> Floats:
    """(…, T) the sum over the days, after cost. The change into the day that a shift puts first is not charged."""
    totals: Floats = shifted_sums(weights, returns) - (charges.sum() - charges[_first(weights)])
    return totals


def shifted_squares(weights: Floats, charges: Floats, returns: Floats) -> tuple[Floats, Floats]:
    """(…, T) the sum of squares over the days, after cost, and (…) the largest that the positions could make."""
    squares, size = squares_before_cost(weights, returns)
    if charges.any():
        squares = squares + (squares_of_charges(charges) - 2.0 * shifted_charged(weights, charges, returns))
        together = (charges[:, None] ** 2 * weights**2).sum() * (returns**2).sum(axis=(-2, -1))
        size = size + (charges**2).sum() + 2.0 * np.sqrt(together)
    return squares, size


def squares_before_cost(weights: Floats, returns: Floats) -> tuple[Floats, Floats]:
    """As ``shifted_squares``, without cost."""
    squares, size = np.zeros(returns.shape[:-1]), np.zeros(returns.shape[:-2])
    legs = weights.shape[1]
    for one in range(legs):
        for other in range(one, legs):
            both = weights[:, one] * weights[:, other]
            if not both.any():
                continue
            pair = returns[..., one] * returns[..., other]
            often = 1.0 if one == other else 2.0
            squares += often * shifted_sums(both[:, None], pair[..., None])
            size += often * np.sqrt((both**2).sum() * (pair**2).sum(axis=-1))
    return squares, size


def shifted_charged(weights: Floats, charges: Floats, returns: Floats) -> Floats:
    """(…, T) the sum over the days of the cost of a day times what the positions earn on it before cost."""
    first = _first(weights)
    charged = shifted_sums(charges[:, None] * weights, returns)
    charged -= charges[first] * np.einsum("ta,...a->...t", weights[first], returns[..., 0, :])
    return charged


def squares_of_charges(charges: Floats) -> Floats:
    """(T,) the sum over the days of the squared cost of a day."""
    total: Floats = (charges**2).sum() - charges[-np.arange(len(charges))] ** 2
    return total


def _first(weights: Floats) -> Ints:
    """(T,) the day of the positions that each shift puts first."""
    return -np.arange(len(weights))
