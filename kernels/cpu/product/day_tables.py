"""Entries of single days, for one payoff, cost and trade table, and what each switch changes in them.

Where the days in each allocation do not fit into one sum of an entry (``limits.packs``), it has *counts* beside its
sums and shape: a uint16 for each allocation but the last, padded to whole vectors of sixteen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.cpu.page_pool import pages
from gridproof.kernels.cpu.product.entry import LAST, SHAPE, SUMS
from gridproof.kernels.cpu.product.limits import count_bits, packs
from gridproof.kernels.cpu.product.simd_counts import SIXTEEN
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import EXPOSURE, FROM_RETURNS, TURNOVER, WIDTH, measure_returns
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

# A thread takes at least so many days at once.
_DAYS = 256


class DayTables(NamedTuple):
    """Entries of single days, for one payoff table and one cost table; day D adds and charges nothing.

    ``sweep`` takes the first three and the last flat.
    """

    sums: Floats  # (D + 1, A, 8)
    shapes: Floats  # (D + 1, A, 4)
    charges: Floats  # (D + 1, A, A, 8): what a switch into the day changes in the sums
    constant: Floats  # (S, A, 12 + A): metrics of one allocation held throughout
    centre: float  # the moments are taken about it
    counts: Array | None = None  # see ``count_rows``; None where no days are counted


def count_rows(allocations: int) -> Array:
    """(A + 1, width): the counts of one day in each allocation, and of a day that adds nothing."""
    rows = np.zeros((allocations + 1, -(-(allocations - 1) // SIXTEEN) * SIXTEEN), dtype=np.uint16)
    np.fill_diagonal(rows[: allocations - 1], 1)
    return rows


def tabulate_days(problem: Problem, payoff: int, cost: int, trades: int) -> DayTables:
    returns, costs, traded = problem.returns[payoff], problem.costs[cost], problem.traded[trades]
    kept = np.zeros_like(returns) if problem.rebalancing is None else problem.rebalancing.traded[payoff]
    allocations, days = returns.shape
    centre = float(returns.mean())
    sums = pages(days + 1, allocations, SUMS)
    charges = pages(days + 1, allocations, allocations, SUMS)
    sums[:], charges[:] = 0.0, 0.0
    free = problem.risk_free / problem.periods
    run_ranges(_add_days, days, returns, costs, centre, free, sums, charges, least=_DAYS)
    sums[:-1, :, 6] = kept.T
    charges[:-1, :, :, 6] = np.moveaxis(traded, 2, 0) - kept.T[:, None, :]
    charges[:, np.arange(allocations), np.arange(allocations), 6] = 0.0
    if packs(problem):
        bits = count_bits(problem)
        sums[:-1, :, 7] = [*(2.0 ** (bits * (1 + allocation)) for allocation in range(allocations - 1)), 0.0]
    shapes = np.zeros((days + 1, allocations, SHAPE))
    shapes[:-1, :, 0] = shapes[:-1, :, 1] = sums[:-1, :, 0]
    shapes[-1, :, 0], shapes[-1, :, 1] = -np.inf, np.inf
    shapes.view(np.uint64)[:, :, 3] = np.arange(allocations) * (1 + (1 << LAST))
    constant = np.zeros((problem.segments, allocations, WIDTH + allocations))
    for segment, (low, high) in enumerate(pairwise(problem.bounds)):
        for allocation in range(allocations):
            one = constant[segment, allocation]
            one[:FROM_RETURNS] = measure_returns(returns[allocation, low:high], problem.periods, problem.risk_free)
            one[TURNOVER] = kept[allocation, low:high].sum() * problem.periods / (high - low)
            one[EXPOSURE], one[WIDTH + allocation] = problem.invested[allocation], 1.0
    return DayTables(sums, shapes, charges, constant, centre)


@jit(nogil=True)
def _add_days(
    low: int, high: int, returns: Floats, costs: Floats, centre: float, free: float, sums: Floats, charges: Floats,
) -> None:  # fmt: skip
    """What days [low, high) add in each allocation, (D + 1, A, 8), and what the switch into them changes,
    (D + 1, A, A, 8)."""
    allocations = len(returns)
    for day in range(low, high):
        for to in range(allocations):
            earned = returns[to, day]
            _add_terms(sums[day, to], 1.0, earned, np.log1p(earned), centre, free)
            for held in range(allocations):
                if held != to:
                    charge = charges[day, held, to]
                    cost = costs[held, to, day]
                    _add_terms(charge, 1.0, (1.0 + earned) * (1.0 - cost) - 1.0, np.log1p(-cost), centre, free)
                    _add_terms(charge, -1.0, earned, 0.0, centre, free)
                    charge[7] = 1.0


@jit()
def _add_terms(terms: Floats, sign: float, value: float, log: float, centre: float, free: float) -> None:
    about = value - centre
    squared = about * about
    shortfall = min(value - free, 0.0)
    for place, term in enumerate((log, about, squared, squared * about, squared * squared, shortfall**2)):
        terms[place] += sign * term
