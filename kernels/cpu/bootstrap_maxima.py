"""The largest resampled statistic over all variants.

The sum of a variant's daily returns over a bootstrap resample, in which day t stands n(t) times, is Σ n(t)·r(t). It
adds up over blocks of days, so it is computed once for each pattern (``patterns.block_patterns``): within a run that is
a difference of two prefix sums of n·r, and each charged switch adds n(t) times what it cost. Daily returns are rounded
to whole numbers of some 12 digits, so that the sums are exact. Eight resamples are summed at a time; a thread owns its
eight, so no two threads write to one maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, largest_size
from gridproof.kernels.cpu.drifting import DriftTables, carry_days
from gridproof.kernels.cpu.holding_periods import HoldingPeriods, PayoffTables
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cpu.patterns.pattern_sums import LANES, add_joins, add_runs, whole_scale
from gridproof.kernels.cpu.patterns.simd_rows import add_product, raise_row, sum_rows
from gridproof.kernels.cpu.patterns.switches import switching_costs
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

_EIGHT = np.uint64(LANES)

# Columns of daily returns that a thread takes at once.
_COLUMNS = 64


class Studentising(NamedTuple):
    """What turns resampled sums of J variants into K statistics: (sum − offset − centre)·factor."""

    offsets: Floats  # (K, R): the resampled sum of what the returns are measured against
    centres: Floats  # (J, K)
    factors: Floats  # (J, K); NaN leaves a variant out


def daily_returns(problem: Problem, held: HoldingPeriods) -> Floats:
    """(days, J) daily returns after cost; the position that stands on day 0 is not charged."""
    result = np.empty((held.days, len(held.execution)))
    if problem.drift is not None:
        tables = problem.payoff_of, problem.cost_of, DriftTables.of(problem)
        run_ranges(_fill_carried, result.shape[1], held, *tables, result, least=_COLUMNS)
        return result
    run_ranges(_fill, -(-result.shape[1] // _COLUMNS), held, PayoffTables.of(problem), result)
    return result


def raise_maxima(
    problem: Problem,
    patterns: Sequence[Patterns],
    counts: Floats,
    offsets: Floats,
    centres: Floats,
    factors: Floats,
    maxima: Floats,
) -> None:
    """Raise maxima (K, R) to the largest over the jobs of (resampled sum of returns − offset − centre)·factor.

    patterns: of J jobs. counts: (R, days) how often each day stands in a resample. offsets: (K, R). centres, factors:
    (K, J), see ``Studentising``.
    """
    resamples, days = counts.shape
    batches = -(-resamples // LANES)
    padded = np.zeros((batches * LANES, days))
    padded[:resamples] = counts
    against = np.full((len(offsets), batches * LANES), np.inf)
    against[:, :resamples] = offsets
    found = np.full(against.shape, -np.inf)
    found[:, :resamples] = maxima
    lanes = np.ascontiguousarray(padded.reshape(batches, LANES, days).transpose(0, 2, 1))
    scale = return_scale(problem, counts)
    for each in patterns:
        returns = np.rint(problem.returns[each.payoff, :, :days].T * scale)
        statistics = Studentising(
            against, np.ascontiguousarray(centres[:, each.jobs].T), np.ascontiguousarray(factors[:, each.jobs].T)
        )
        lost = lost_by_switching(problem, each, returns, scale)
        run_ranges(_raise, batches, each, np.ascontiguousarray(returns), lost, lanes, 1.0 / scale, statistics, found)
    maxima[:] = found[:, :resamples]


def return_scale(problem: Problem, counts: Floats) -> float:
    """The power of two by which daily returns become numbers below 2^53 in sum, whatever is held in any resample.

    Rounded to whole numbers they then keep some 12 digits, and sums of them are exact.
    """
    largest = (1.0 + largest_size(problem.returns)) * (1.0 + largest_size(problem.costs)) - 1.0
    return whole_scale(largest * max(1.0, float(counts.sum(axis=1).max(initial=0.0))))


def lost_by_switching(problem: Problem, patterns: Patterns, returns: Floats, scale: float) -> Floats:
    """(M,) what the switch into each run changes in the return of its first day, in whole numbers.

    returns: (days, A) times ``scale``, whole.
    """
    day, to, cost = patterns.runs[:, 0], patterns.runs[:, 2], switching_costs(problem, patterns)
    earned = (1.0 + problem.returns[patterns.payoff, to, day]) * (1.0 - cost) - 1.0
    found: Floats = np.where(cost != 0.0, np.rint(earned * scale) - returns[day, to], 0.0)
    return found


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
def _fill_carried(
    low: int, high: int, held: HoldingPeriods, payoff_of: Ints, cost_of: Ints, drift: DriftTables, result: Floats
) -> None:
    """Columns [low, high) where allocations may drift from the day of entry."""
    days = len(result)
    changes, units = np.empty(days, dtype=np.uint64), np.empty(len(drift.counted))
    growth, traded = np.empty(days), np.empty(days)
    for job in range(low, high):
        begin, count = held.begins[job], held.begins[job + 1] - held.begins[job]
        for place in range(count):
            begun, allocation = np.uint64(held.periods[begin + place, 0]), np.uint64(held.periods[begin + place, 1])
            changes[place] = (begun << np.uint64(8)) | allocation
        cell = held.execution[job]
        carry_days(changes, count, 0, drift, payoff_of[cell], cost_of[cell], units, growth, traded)
        for day in range(days):
            result[day, job] = growth[day] - 1.0


@jit(nogil=True)
def _raise(
    low: int, high: int, patterns: Patterns, returns: Floats, lost: Floats, lanes: Floats, unit: float,
    statistics: Studentising, found: Floats,
) -> None:  # fmt: skip
    """Batches [low, high) of eight resamples. returns: (days, A) whole; lost: (M,); lanes: (batches, days, 8)."""
    days, allocations = returns.shape
    kinds = len(found)
    prefix = np.zeros((days + 1) * allocations * LANES)
    table = np.empty((len(patterns.before) + len(patterns.joins)) * LANES)
    total = np.empty(LANES)
    best, against = np.empty(kinds * LANES), np.empty(kinds * LANES)
    centres, factors, roots = statistics.centres.ravel(), statistics.factors.ravel(), patterns.roots.ravel()
    for batch in range(low, high):
        drawn, offset = lanes[batch].ravel(), batch * LANES
        for kind in range(kinds):
            for lane in range(LANES):
                best[kind * LANES + lane] = found[kind, offset + lane]
                against[kind * LANES + lane] = statistics.offsets[kind, offset + lane]
        _add_days(returns, drawn, prefix)
        add_runs(patterns, prefix, allocations, 1, table)
        _add_costs(patterns, lost, drawn, table)
        add_joins(table, patterns.joins, len(patterns.before), 1)
        _raise_all(patterns, roots, table, unit, total, against, centres, factors, best)
        for kind in range(kinds):
            for lane in range(LANES):
                found[kind, offset + lane] = best[kind * LANES + lane]


@jit(counted=False)
def _add_days(returns: Floats, drawn: Floats, prefix: Floats) -> None:
    """prefix: flat (days + 1, A, 8), the sums of n·r over all days before. drawn: flat (days, 8), the n."""
    days, allocations = returns.shape
    for day in range(days):
        for allocation in range(allocations):
            here = np.uint64((day * allocations + allocation) * LANES)
            there = here + np.uint64(allocations * LANES)
            for lane in range(_EIGHT):
                prefix[there + lane] = prefix[here + lane]
            add_product(prefix, there, drawn, np.uint64(day * LANES), returns[day, allocation])


@jit(counted=False)
def _add_costs(patterns: Patterns, lost: Floats, drawn: Floats, table: Floats) -> None:
    """Add to the rows of all patterns what their switches cost in each resample."""
    for pattern in range(len(patterns.before)):
        for run in range(patterns.begins[pattern], patterns.begins[pattern + 1]):
            if lost[run] != 0.0:
                add_product(
                    table, np.uint64(pattern * LANES), drawn, np.uint64(patterns.runs[run, 0] * LANES), lost[run]
                )


@jit(counted=False)
def _raise_all(
    patterns: Patterns, roots: Array, table: Floats, unit: float, total: Floats, against: Floats, centres: Floats,
    factors: Floats, best: Floats,
) -> None:  # fmt: skip
    """Raise best, flat (K, 8), to the statistics of all variants. centres, factors: flat (J, K)."""
    kinds = np.uint64(len(best)) // _EIGHT
    count = np.uint64(len(roots)) // np.uint64(len(patterns.jobs))
    for job in range(np.uint64(len(patterns.jobs))):
        sum_rows(total, np.uint64(0), table, np.uint64(0), _EIGHT, roots, job * count, count, unit)
        for kind in range(kinds):
            raise_row(best, against, kind * _EIGHT, total, centres, factors, job * kinds + kind)
