"""What the tests of a sweep need of each variant, from its daily returns, a few variants at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriods, PayoffTables
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL, NEGLIGIBLE_WEIGHT
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

# Variants whose daily returns stand side by side: they fit a core's second-level cache.
_STRIP = 16


class Excess(NamedTuple):
    """Of J variants, K benchmarks and G parts of the days. Returns are daily, above the risk-free rate."""

    sums: Floats  # (K, J) of the excess over a benchmark; 0 where that never leaves ±1e-12
    deviations: Floats  # (K, J) its long-run ω; 0 where there is no variation, −1 where it is constant but not 0
    total: Floats  # (J,) of the returns
    spread: Floats  # (J,) their standard deviation (ddof 1)
    parts: Floats  # (3, G, J) of each part: Σr, Σr², Σlog(1 + r)


def measure_excess(
    problem: Problem, held: HoldingPeriods, benchmarks: Floats, block_length: float, edges: Ints
) -> Excess:
    """benchmarks: (K, days) daily, above the risk-free rate. edges: (G + 1,) ascending, from day 0 to the last.

    ω² = γ₀ + 2·Σ κ_i·γ_i with κ_i = (1 − i/T)·q^i + (i/T)·q^(T−i), q = 1 − 1/block_length (Hansen 2005).
    """
    jobs, kinds, groups = len(held.execution), len(benchmarks), len(edges) - 1
    found = Excess(
        np.empty((kinds, jobs)), np.empty((kinds, jobs)), np.empty(jobs), np.empty(jobs), np.empty((3, groups, jobs))
    )
    stay = 1.0 - 1.0 / float(block_length)
    powers = np.array([stay**day for day in range(held.days + 1)])
    run_ranges(
        _measure, -(-jobs // _STRIP), held, PayoffTables.of(problem), problem.risk_free / problem.periods,
        np.ascontiguousarray(benchmarks), powers, edges, found,
    )  # fmt: skip
    return found


@jit(nogil=True)
def _measure(
    low: int, high: int, held: HoldingPeriods, tables: PayoffTables, free: float, benchmarks: Floats, powers: Floats,
    edges: Ints, found: Excess,
) -> None:  # fmt: skip
    """Strips [low, high) of the jobs. powers: (days + 1,) of q."""
    laid = np.empty((benchmarks.shape[1], _STRIP))
    for strip in range(low, high):
        first = strip * _STRIP
        width = min(len(held.execution), first + _STRIP) - first
        laid[:] = 0.0
        _lay_out(held, tables, free, first, width, laid)
        _measure_parts(laid, edges, first, width, found)
        for kind in range(len(benchmarks)):
            _measure_benchmark(laid, benchmarks[kind], powers, kind, first, width, found)


@jit()
def _lay_out(held: HoldingPeriods, tables: PayoffTables, free: float, first: int, width: int, laid: Floats) -> None:
    """Write the daily returns above ``free`` of ``width`` jobs from ``first`` on, (days, strip)."""
    for k in range(width):
        job = first + k
        returns = tables.returns[tables.payoff_of[held.execution[job]]]
        costs = tables.costs[tables.cost_of[held.execution[job]]]
        before = held.periods[held.begins[job], 1]
        for place in range(held.begins[job], held.begins[job + 1]):
            day, allocation = held.periods[place, 0], held.periods[place, 1]
            end = np.int64(held.periods[place + 1, 0]) if place + 1 < held.begins[job + 1] else len(laid)
            for one in range(day, end):
                laid[one, k] = returns[allocation, one] - free
            if day > 0:
                cost = costs[before, allocation, day]
                laid[day, k] = (1.0 + returns[allocation, day]) * (1.0 - cost) - 1.0 - free
            before = allocation


@jit()
def _measure_parts(laid: Floats, edges: Ints, first: int, width: int, found: Excess) -> None:
    """The sums over parts of the days, the total, and the standard deviation."""
    days = len(laid)
    total, squares = np.zeros(_STRIP), np.zeros(_STRIP)
    sums = np.empty((3, _STRIP))
    for group in range(len(edges) - 1):
        for k in range(_STRIP):
            sums[0, k] = sums[1, k] = 0.0
            sums[2, k] = 1.0
        for day in range(edges[group], edges[group + 1]):
            for k in range(_STRIP):
                value = laid[day, k]
                sums[0, k] += value
                sums[1, k] += value * value
                sums[2, k] *= 1.0 + value
        for k in range(_STRIP):
            total[k] += sums[0, k]
        for k in range(width):
            found.parts[0, group, first + k] = sums[0, k]
            found.parts[1, group, first + k] = sums[1, k]
            found.parts[2, group, first + k] = np.log(sums[2, k])
    for day in range(days):
        for k in range(_STRIP):
            about = laid[day, k] - total[k] / days
            squares[k] += about * about
    for k in range(width):
        found.total[first + k] = total[k]
        found.spread[first + k] = np.sqrt(squares[k] / (days - 1.0))


@jit()
def _measure_benchmark(
    laid: Floats, benchmark: Floats, powers: Floats, kind: int, first: int, width: int, found: Excess
) -> None:
    """The sum and the long-run deviation of the excess over one benchmark.

    The weighted sums of autocovariances are recursions over the days, as in ``results.statistics.maxima``.
    """
    days, stay = len(laid), powers[1]
    excess, largest = np.zeros(_STRIP), np.zeros(_STRIP)
    faded, aged, head, late = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
    square, near, aging, far = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
    for day in range(days):
        for k in range(_STRIP):
            value = laid[day, k] - benchmark[day]
            excess[k] += value
            largest[k] = max(largest[k], abs(value))
    for day in range(days):
        other, power, rest = benchmark[day], powers[day], powers[days - day]
        for k in range(_STRIP):
            x = laid[day, k] - other - excess[k] / days
            square[k] += x * x
            near[k] += x * faded[k]
            aging[k] += x * aged[k]
            aged[k] = stay * (aged[k] + faded[k] + x)
            faded[k] = stay * (faded[k] + x)
        if rest > NEGLIGIBLE_WEIGHT or power > NEGLIGIBLE_WEIGHT:
            # Covariances around the end of the sample: only the first and the last days have any weight.
            for k in range(_STRIP):
                x = laid[day, k] - other - excess[k] / days
                far[k] += rest * x * (day * head[k] - late[k])
                head[k] += power * x
                late[k] += day * power * x
    for k in range(width):
        mean = excess[k] / days
        variance = square[k] / days
        long_run = variance + 2.0 / days * (near[k] + (far[k] - aging[k]) / days)
        found.sums[kind, first + k] = excess[k]
        found.deviations[kind, first + k] = np.sqrt(max(long_run, 0.0))
        if largest[k] <= LEVEL:
            found.sums[kind, first + k] = found.deviations[kind, first + k] = 0.0
        elif variance <= FLAT * (variance + mean * mean):
            found.deviations[kind, first + k] = -1.0
