"""What a bootstrap of the days makes of every variant, in as many steps as the variant has switches.

The sum of a variant's daily returns over a resample, in which day t stands n(t) times, is Σ n(t)·r(t). Within a
stretch of one allocation that is a difference of two prefix sums of n·r of that allocation, and each charged switch
adds n(t) times what it cost: so a resample of a variant costs its switches, not its days. Resamples go eight abreast;
a thread owns its eight, so no two threads meet. Variants that switch all the time go through a matrix product instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.holding_periods import list_stretches
from gridproof.kernels.jit import jit
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Problem, Work

_LANES = 8

# Stretches a variant, on average, from which the matrix product is faster; and how many variants it takes at once.
_MANY, _PANEL = 80, 1024


@dataclass(frozen=True, slots=True)
class HoldingPeriods:
    """What J jobs held on the first ``days`` return days: job j's stretches are begins[j] to begins[j + 1]."""

    days: int
    begins: Ints  # (J + 1,)
    stretches: Array  # (M, 2) int32: first day, allocation
    execution: Ints  # (J,)

    def part(self, low: int, high: int) -> HoldingPeriods:
        begin, end = self.begins[low], self.begins[high]
        return HoldingPeriods(
            self.days, self.begins[low : high + 1] - begin, self.stretches[begin:end], self.execution[low:high]
        )

    def held(self, job: int) -> Ints:
        """(days,) the allocation of each day of one job."""
        inside = slice(self.begins[job], self.begins[job + 1])
        lengths = np.diff(np.append(self.stretches[inside, 0], self.days))
        return np.repeat(self.stretches[inside, 1], lengths).astype(np.int64)


class HoldingPeriodLister:
    """Answers the traces of work on one problem, over its first ``days`` return days."""

    def __init__(self, problem: Problem, days: int) -> None:
        self._problem, self._days = problem, days
        self._edges: Words = flips(problem.path_bits, problem.decision_days)

    def __call__(self, work: Work) -> HoldingPeriods:
        jobs, problem = work.jobs(), self._problem
        begins = np.zeros(len(jobs.execution) + 1, dtype=np.int64)
        stretches = np.empty((0, 2), dtype=np.int32)
        for _ in range(2):
            list_stretches(
                problem.path_bits, self._edges, jobs.rows, jobs.first, jobs.execution, problem.rule.astype(np.uint64),
                problem.start, problem.lead - problem.lags, self._days, begins, stretches,
            )  # fmt: skip
            if not len(stretches):
                begins = np.cumsum(begins)
                stretches = np.empty((begins[-1], 2), dtype=np.int32)
        return HoldingPeriods(self._days, begins, stretches, jobs.execution)


def daily_returns(problem: Problem, traces: HoldingPeriods) -> Floats:
    """(days, J) daily returns after cost; the position that stands on day 0 is not charged."""
    result = np.empty((traces.days, len(traces.execution)))
    _fill(
        traces.begins, traces.stretches, problem.payoff_of[traces.execution], problem.cost_of[traces.execution],
        problem.returns, problem.costs, result,
    )  # fmt: skip
    return result


def raise_maxima(
    problem: Problem,
    traces: HoldingPeriods,
    counts: Floats,
    offsets: Floats,
    centres: Floats,
    factors: Floats,
    maxima: Floats,
) -> None:
    """Raise maxima (K, R) to the largest over the jobs of (resampled sum of returns − offset − centre)·factor.

    counts: (R, days) how often each day stands in a resample. offsets: (K, R), the resampled sum of what the returns
    are measured against. centres, factors: (K, J); a job of factor NaN is left out.
    """
    resamples = counts.shape[0]
    batches = -(-resamples // _LANES)
    padded = np.zeros((batches * _LANES, traces.days))
    padded[:resamples] = counts
    lanes = np.ascontiguousarray(padded.reshape(batches, _LANES, traces.days).transpose(0, 2, 1))
    against = np.full((len(offsets), batches * _LANES), np.inf)
    against[:, :resamples] = offsets
    found = np.full(against.shape, -np.inf)
    found[:, :resamples] = maxima
    payoffs = problem.payoff_of[traces.execution]
    charged = problem.cost_of[traces.execution]
    if len(traces.stretches) > _MANY * len(payoffs):
        for low in range(0, len(payoffs), _PANEL):
            high = min(len(payoffs), low + _PANEL)
            products = daily_returns(problem, traces.part(low, high)).T @ padded.T
            _raise_products(products, against, centres[:, low:high], factors[:, low:high], found)
        maxima[:] = found[:, :resamples]
        return
    for payoff in np.unique(payoffs):
        chosen = np.flatnonzero(payoffs == payoff)
        returns = np.ascontiguousarray(problem.returns[payoff, :, : traces.days].T)
        _raise(
            chosen, traces.begins, traces.stretches, charged, returns, problem.costs, lanes, against, centres, factors,
            found,
        )  # fmt: skip
    maxima[:] = found[:, :resamples]


@jit(parallel=True)
def _fill(
    begins: Ints, stretches: Array, payoffs: Ints, charged: Ints, returns: Floats, costs: Floats, result: Floats
) -> None:
    days, jobs = result.shape
    # A thread owns 64 neighbouring columns, written a row at a time: whole cache lines.
    for strip in prange((jobs + 63) // 64):
        first, last = strip * 64, min(jobs, strip * 64 + 64)
        at = np.empty(64, dtype=np.int64)
        now = np.empty(64, dtype=np.int64)
        for job in range(first, last):
            at[job - first] = begins[job]
        for day in range(days):
            for job in range(first, last):
                k = job - first
                place = at[k]
                if place < begins[job + 1] and stretches[place, 0] == day:
                    before = now[k]
                    now[k] = stretches[place, 1]
                    at[k] = place + 1
                    value = returns[payoffs[job], now[k], day]
                    if day > 0:
                        value = (1.0 + value) * (1.0 - costs[charged[job], before, now[k], day]) - 1.0
                    result[day, job] = value
                else:
                    result[day, job] = returns[payoffs[job], now[k], day]


@jit(parallel=True)
def _raise(
    chosen: Ints, begins: Ints, stretches: Array, charged: Ints, returns: Floats, costs: Floats, lanes: Floats,
    against: Floats, centres: Floats, factors: Floats, found: Floats,
) -> None:  # fmt: skip
    batches, days, _ = lanes.shape
    allocations = returns.shape[1]
    for batch in prange(batches):
        prefix = np.zeros((days + 1) * allocations * _LANES)
        for day in range(days):
            for allocation in range(allocations):
                here = (day * allocations + allocation) * _LANES
                there = here + allocations * _LANES
                for lane in range(_LANES):
                    prefix[there + lane] = prefix[here + lane] + lanes[batch, day, lane] * returns[day, allocation]
        drawn = lanes[batch]
        total = np.empty(_LANES)
        offset = batch * _LANES
        for job in chosen:
            total[:] = 0.0
            place, last = begins[job], begins[job + 1]
            before = stretches[place, 1]
            while place < last:
                day, allocation = stretches[place, 0], stretches[place, 1]
                if day > 0:
                    cost = costs[charged[job], before, allocation, day]
                    if cost > 0.0:
                        lost = -cost * (1.0 + returns[day, allocation])
                        for lane in range(_LANES):
                            total[lane] += lost * drawn[day, lane]
                end = np.int64(stretches[place + 1, 0]) if place + 1 < last else days
                here = np.uint64((day * allocations + allocation) * _LANES)
                there = np.uint64((end * allocations + allocation) * _LANES)
                for lane in range(np.uint64(_LANES)):
                    total[lane] += prefix[there + lane] - prefix[here + lane]
                before = allocation
                place += 1
            for kind in range(len(centres)):
                factor, centre = factors[kind, job], centres[kind, job]
                for lane in range(_LANES):
                    value = (total[lane] - against[kind, offset + lane] - centre) * factor
                    if value > found[kind, offset + lane]:
                        found[kind, offset + lane] = value


@jit(parallel=True)
def _raise_products(products: Floats, against: Floats, centres: Floats, factors: Floats, found: Floats) -> None:
    jobs, resamples = products.shape
    for batch in prange((resamples + 63) // 64):
        low, high = batch * 64, min(resamples, batch * 64 + 64)
        for job in range(jobs):
            for kind in range(len(centres)):
                factor, centre = factors[kind, job], centres[kind, job]
                for resample in range(low, high):
                    value = (products[job, resample] - against[kind, resample] - centre) * factor
                    if value > found[kind, resample]:
                        found[kind, resample] = value
