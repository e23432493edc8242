"""Summaries of every range of days, so that the cost of a variant grows with its switches and not with its days.

A holding period over return days [s, e) needs the sums of its returns (prefix sums) and the shape of its NAV: the
highest and the lowest point and the deepest drawdown inside. The shape of any range is combined from two entries of a
disjoint sparse table: at level k the NAV points are cut into aligned blocks of 2^(k+1), each with a middle; an entry
describes all points between its own and the middle. For a range, the level is the highest bit in which the numbers of
its first and its last point differ, so every range takes two look-ups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges


class RangeTables(NamedTuple):
    """The allocations of a day are contiguous, and an entry's size is a power of two: it crosses no cache line."""

    prefix: Floats  # (payoff tables, D + 1, A, 8): sums over days before d of log(1+r), the powers 1 to 4
    # of r − centre, min(r − rf, 0)², what is traded for rebalancing
    shape: Floats  # (payoff tables, levels, D + 1, A, 4): log NAV high, low, and the deepest fall (≥ 0)
    centre: Floats  # (payoff tables, A): mean daily return; moments are taken about it, to keep their digits
    charge: Floats  # (cost tables, A, A, D): log(1 − cost)


def summarise(problem: Problem) -> RangeTables:
    """Both tables of a problem; log NAV is relative to the close before return day 0."""
    returns = problem.returns
    tables, allocations, days = returns.shape
    centre = returns.mean(axis=2)
    about = returns - centre[:, :, None]
    terms = np.stack(
        [
            np.log1p(returns),
            about,
            about**2,
            about**3,
            about**4,
            np.minimum(returns - problem.risk_free / problem.periods, 0.0) ** 2,
        ],
        axis=-1,
    )
    prefix = np.zeros((tables, days + 1, allocations, 8))
    np.cumsum(terms.transpose(0, 2, 1, 3), axis=1, out=prefix[:, 1:, :, :6])
    if problem.rebalancing is not None:
        np.cumsum(problem.rebalancing.traded.swapaxes(1, 2), axis=1, out=prefix[:, 1:, :, 6])
    levels = max(1, int(days).bit_length())
    shape = np.zeros((tables, levels, days + 1, allocations, 4))
    log_nav = np.ascontiguousarray(prefix[..., 0].swapaxes(1, 2))
    run_ranges(_mirror_tables, tables * allocations, log_nav, shape)
    return RangeTables(prefix, shape, centre, np.log1p(-problem.costs))


@jit(nogil=True)
def _mirror_tables(low: int, high: int, log_nav: Floats, shape: Floats) -> None:
    """The shapes of the pairs [low, high) of a table and an allocation. log_nav: (tables, A, D + 1)."""
    allocations = log_nav.shape[1]
    for pair in range(low, high):
        table, allocation = pair // allocations, pair % allocations
        _mirror(log_nav[table, allocation], shape[table, :, :, allocation])


@jit()
def _mirror(log_nav: Floats, shape: Floats) -> None:
    points = len(log_nav)
    for level in range(shape.shape[0]):
        half = 1 << level
        for middle in range(half, points + half, 2 * half):
            high = -np.inf
            low = np.inf
            fall = 0.0
            for point in range(min(middle, points) - 1, middle - half - 1, -1):
                value = log_nav[point]
                low = min(low, value)
                high = max(high, value)
                fall = max(fall, value - low)
                shape[level, point, 0] = high
                shape[level, point, 1] = low
                shape[level, point, 2] = fall
            high = -np.inf
            low = np.inf
            fall = 0.0
            for point in range(middle, min(middle + half, points)):
                value = log_nav[point]
                low = min(low, value)
                high = max(high, value)
                fall = max(fall, high - value)
                shape[level, point, 0] = high
                shape[level, point, 1] = low
                shape[level, point, 2] = fall
