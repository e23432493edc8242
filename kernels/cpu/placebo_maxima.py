"""The largest active t-statistic over all variants, under circular shifts of the returns against the positions.

The active return of a day is Σ(w − w̄)(r − r̄) over the allocations: what a variant earns beyond the constant mix of its
own mean weights. With one allocation held at a time its sum is Σ r′ over the days held, r′ = r − r̄, and its sum of
squares follows from Σ r′(a)·r′(b) over the days on which a is held, for all b. Both are differences of prefix sums at
the ends of the holding periods, so a shift of a variant costs its switches, not its days. Eight shifts at a time.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriods
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

_LANES = 8


def active_t(weights: Floats, returns: Floats) -> float:
    """The definition, by NumPy: Σx / √Σx² of the active returns x. weights, returns: (T, A). NaN without any."""
    active = (weights - weights.mean(axis=0)) * (returns - returns.mean(axis=0))
    days = active.sum(axis=1)
    squares = float((days**2).sum())
    flat = FLAT * float((weights * (returns - returns.mean(axis=0)) ** 2).sum())
    return float(days.sum() / np.sqrt(squares)) if squares > flat else np.nan


def active_t_maxima(
    problem: Problem, held: HoldingPeriods, shifts: Ints, eligible: Bools, added: Floats | None = None
) -> Floats:
    """Returns (K,) the largest active t of the eligible jobs, with the returns turned by ``shifts`` (K,) days each.

    Shift 0 is the observed sweep. Costs are left out: a shift keeps every switch. −inf where no job is eligible or
    none has active returns. added: (J,) is added to each job's Σx under every shift, what it earns that does not turn
    with the returns; None adds nothing. The result does not depend on threads, nor on how jobs are split into calls
    (take the maximum of the calls).
    """
    count = len(shifts)
    batches = -(-count // _LANES)
    padded = np.zeros(batches * _LANES, dtype=np.int64)
    padded[:count] = shifts
    maxima = np.full(batches * _LANES, -np.inf)
    more = np.zeros(len(held.execution)) if added is None else added
    payoffs = problem.payoff_of[held.execution]
    for payoff in np.unique(payoffs[eligible]):
        chosen = np.flatnonzero(eligible & (payoffs == payoff))
        returns = problem.returns[payoff, :, : held.days].T
        centred = np.ascontiguousarray(returns - returns.mean(axis=0))
        products = centred.T @ centred
        run_ranges(_raise, batches, chosen, held.begins, held.periods, centred, products, padded, more, maxima)
    return maxima[:count]


@jit(nogil=True)
def _raise(
    low: int, high: int, chosen: Ints, begins: Ints, periods: Ints, returns: Floats, products: Floats, shifts: Ints,
    added: Floats, maxima: Floats,
) -> None:  # fmt: skip
    """Batches [low, high) of eight shifts. returns: (days, A) less their means; products: (A, A)."""
    days, allocations = returns.shape
    width = allocations + 1  # the return of an allocation, and its product with each allocation's
    prefix = np.zeros((days + 1) * allocations * width * _LANES)
    total = np.empty(width * _LANES)
    own = np.empty(_LANES)
    weights = np.empty(allocations)
    for batch in range(low, high):
        first = batch * _LANES
        for day in range(days):
            for lane in range(_LANES):
                turned = (day + shifts[first + lane]) % days
                for allocation in range(allocations):
                    here = (day * allocations + allocation) * width * _LANES + lane
                    there = here + allocations * width * _LANES
                    value = returns[turned, allocation]
                    prefix[there] = prefix[here] + value
                    for other in range(allocations):
                        step = (other + 1) * _LANES
                        prefix[there + step] = prefix[here + step] + value * returns[turned, other]
        for job in chosen:
            total[:] = 0.0
            own[:] = 0.0
            weights[:] = 0.0
            for place in range(begins[job], begins[job + 1]):
                day, allocation = int(periods[place, 0]), int(periods[place, 1])
                last = place + 1 == begins[job + 1]
                end = days if last else int(periods[place + 1, 0])
                here = (day * allocations + allocation) * width * _LANES
                there = (end * allocations + allocation) * width * _LANES
                for at in range(width * _LANES):
                    total[at] += prefix[there + at] - prefix[here + at]
                square = (allocation + 1) * _LANES
                for lane in range(_LANES):
                    own[lane] += prefix[there + square + lane] - prefix[here + square + lane]
                weights[allocation] += end - day
            mixed = 0.0
            for allocation in range(allocations):
                weights[allocation] /= days
            for allocation in range(allocations):
                for other in range(allocations):
                    mixed += weights[allocation] * weights[other] * products[allocation, other]
            for lane in range(_LANES):
                squares = own[lane] + mixed
                for allocation in range(allocations):
                    squares -= 2.0 * weights[allocation] * total[(allocation + 1) * _LANES + lane]
                if squares > FLAT * (own[lane] + mixed):
                    value = (total[lane] + added[job]) / np.sqrt(squares)
                    if value > maxima[first + lane]:
                        maxima[first + lane] = value
