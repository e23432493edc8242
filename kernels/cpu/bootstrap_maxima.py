"""The largest resampled sum over all variants, in as many steps as the variants have holding periods.

The sum of a variant's daily returns over a bootstrap resample, in which day t stands n(t) times, is Σ n(t)·r(t). Within
a holding period that is a difference of two prefix sums of n·r of its allocation, and each charged switch adds n(t)
times what it cost: so a resample of a variant costs its switches, not its days. Eight resamples are summed at a time; a
thread owns its eight, so no two threads write to one maximum. Variants that switch very often go through a matrix
product instead. Its numbers are whole, so that the sums are exact in every order in which a BLAS library may add.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriods, PayoffTables
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

_LANES = 8

# Holding periods a variant, on average, from which the matrix product is faster; and how many variants it takes at
# once. Columns of daily returns, and resamples, that a thread takes at once.
_MANY, _PANEL = 80, 1024
_COLUMNS, _RESAMPLES = 64, 64


class Studentising(NamedTuple):
    """What turns resampled sums of J variants into K statistics: (sum − offset − centre)·factor."""

    offsets: Floats  # (K, R): the resampled sum of what the returns are measured against
    centres: Floats  # (K, J)
    factors: Floats  # (K, J); NaN leaves a variant out


def daily_returns(problem: Problem, held: HoldingPeriods) -> Floats:
    """(days, J) daily returns after cost; the position that stands on day 0 is not charged."""
    result = np.empty((held.days, len(held.execution)))
    run_ranges(_fill, -(-result.shape[1] // _COLUMNS), held, PayoffTables.of(problem), result)
    return result


def raise_maxima(
    problem: Problem,
    held: HoldingPeriods,
    counts: Floats,
    offsets: Floats,
    centres: Floats,
    factors: Floats,
    maxima: Floats,
) -> None:
    """Raise maxima (K, R) to the largest over the jobs of (resampled sum of returns − offset − centre)·factor.

    counts: (R, days) how often each day stands in a resample. The rest see ``Studentising``.
    """
    resamples = counts.shape[0]
    batches = -(-resamples // _LANES)
    padded = np.zeros((batches * _LANES, held.days))
    padded[:resamples] = counts
    against = np.full((len(offsets), batches * _LANES), np.inf)
    against[:, :resamples] = offsets
    found = np.full(against.shape, -np.inf)
    found[:, :resamples] = maxima
    statistics = Studentising(against, np.ascontiguousarray(centres), np.ascontiguousarray(factors))
    if len(held.periods) > _MANY * len(held.execution):
        scale = whole_scale(problem, counts)
        for low in range(0, len(held.execution), _PANEL):
            returns = daily_returns(problem, held.part(low, min(len(held.execution), low + _PANEL)))
            returns *= scale
            sums = np.rint(returns, out=returns).T @ padded.T
            run_ranges(_compare, -(-len(padded) // _RESAMPLES), sums, 1.0 / scale, low, statistics, found)
    else:
        lanes = np.ascontiguousarray(padded.reshape(batches, _LANES, held.days).transpose(0, 2, 1))
        payoffs = problem.payoff_of[held.execution]
        for payoff in np.unique(payoffs):
            chosen = np.flatnonzero(payoffs == payoff)
            returns = np.ascontiguousarray(problem.returns[payoff, :, : held.days].T)
            run_ranges(_raise, batches, chosen, held, PayoffTables.of(problem), returns, lanes, statistics, found)
    maxima[:] = found[:, :resamples]


def whole_scale(problem: Problem, counts: Floats) -> float:
    """The power of two by which daily returns become numbers below 2^53 in sum, whatever is held in any resample.

    Rounded to whole numbers they then keep some 12 digits, and sums of them are exact.
    """
    largest = (1.0 + float(np.abs(problem.returns).max())) * (1.0 + float(problem.costs.max(initial=0.0))) - 1.0
    most = largest * max(1.0, float(counts.sum(axis=1).max(initial=0.0)))
    return float(2.0 ** (52 - np.frexp(most)[1])) if most > 0.0 else 1.0


@jit(nogil=True)
def _fill(low: int, high: int, held: HoldingPeriods, tables: PayoffTables, result: Floats) -> None:
    """Strips [low, high) of neighbouring columns, each written a row at a time: whole cache lines."""
    days, jobs = result.shape
    at = np.empty(_COLUMNS, dtype=np.int64)
    now = np.empty(_COLUMNS, dtype=np.int64)
    for strip in range(low, high):
        first, last = strip * _COLUMNS, min(jobs, (strip + 1) * _COLUMNS)
        for job in range(first, last):
            at[job - first] = held.begins[job]
        for day in range(days):
            for job in range(first, last):
                k = job - first
                place, cell = at[k], held.execution[job]
                if place < held.begins[job + 1] and held.periods[place, 0] == day:
                    before = now[k]
                    now[k] = held.periods[place, 1]
                    at[k] = place + 1
                    value = tables.returns[tables.payoff_of[cell], now[k], day]
                    if day > 0:
                        value = (1.0 + value) * (1.0 - tables.costs[tables.cost_of[cell], before, now[k], day]) - 1.0
                    result[day, job] = value
                else:
                    result[day, job] = tables.returns[tables.payoff_of[cell], now[k], day]


@jit(nogil=True)
def _raise(
    low: int, high: int, chosen: Ints, held: HoldingPeriods, tables: PayoffTables, returns: Floats, lanes: Floats,
    statistics: Studentising, found: Floats,
) -> None:  # fmt: skip
    """Batches [low, high) of eight resamples. returns: (days, A) of the jobs ``chosen``; lanes: (batches, days, 8)."""
    days, allocations = returns.shape
    prefix = np.zeros((days + 1) * allocations * _LANES)
    total = np.empty(_LANES)
    for batch in range(low, high):
        drawn = lanes[batch]
        for day in range(days):
            for allocation in range(allocations):
                here = (day * allocations + allocation) * _LANES
                there = here + allocations * _LANES
                for lane in range(_LANES):
                    prefix[there + lane] = prefix[here + lane] + drawn[day, lane] * returns[day, allocation]
        offset = batch * _LANES
        for job in chosen:
            for lane in range(_LANES):
                total[lane] = 0.0
            place, last = held.begins[job], held.begins[job + 1]
            charged = tables.cost_of[held.execution[job]]
            before = held.periods[place, 1]
            while place < last:
                day, allocation = held.periods[place, 0], held.periods[place, 1]
                if day > 0:
                    cost = tables.costs[charged, before, allocation, day]
                    if cost > 0.0:
                        lost = -cost * (1.0 + returns[day, allocation])
                        for lane in range(_LANES):
                            total[lane] += lost * drawn[day, lane]
                end = np.int64(held.periods[place + 1, 0]) if place + 1 < last else days
                here = np.uint64((day * allocations + allocation) * _LANES)
                there = np.uint64((end * allocations + allocation) * _LANES)
                for lane in range(np.uint64(_LANES)):
                    total[lane] += prefix[there + lane] - prefix[here + lane]
                before = allocation
                place += 1
            for kind in range(len(statistics.centres)):
                factor, centre = statistics.factors[kind, job], statistics.centres[kind, job]
                for lane in range(_LANES):
                    value = (total[lane] - statistics.offsets[kind, offset + lane] - centre) * factor
                    if value > found[kind, offset + lane]:
                        found[kind, offset + lane] = value


@jit(nogil=True)
def _compare(
    low: int, high: int, sums: Floats, unit: float, before: int, statistics: Studentising, found: Floats
) -> None:
    """Strips [low, high) of resamples. sums: (w, R) of the jobs from ``before`` on, in units of ``unit``."""
    jobs, resamples = sums.shape
    for strip in range(low, high):
        first, last = strip * _RESAMPLES, min(resamples, (strip + 1) * _RESAMPLES)
        for job in range(jobs):
            for kind in range(len(statistics.centres)):
                factor, centre = statistics.factors[kind, before + job], statistics.centres[kind, before + job]
                for resample in range(first, last):
                    value = (sums[job, resample] * unit - statistics.offsets[kind, resample] - centre) * factor
                    if value > found[kind, resample]:
                        found[kind, resample] = value
