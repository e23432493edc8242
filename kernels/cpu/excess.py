"""What the tests of a sweep need of each variant, from its days laid out once, a few variants at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.cpu.bootstrap_maxima import HoldingPeriods
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL
from gridproof.kernels.problem import Problem

# Variants whose days a thread lays out at once: they fit its second-level cache.
_STRIP = 16


class Excess(NamedTuple):
    """Of J variants, K benchmarks and G parts of the days. Returns are daily, above the risk-free rate."""

    sums: Floats  # (K, J) of the excess over a benchmark; 0 where that never leaves ±1e-12
    deviations: Floats  # (K, J) its long-run ω; 0 where there is no variation, −1 where it is constant but not 0
    total: Floats  # (J,) of the returns
    spread: Floats  # (J,) their standard deviation (ddof 1)
    parts: Floats  # (3, G, J) of each part: Σr, Σr², Σlog(1 + r)


def measure_excess(
    problem: Problem, traces: HoldingPeriods, benchmarks: Floats, block_length: float, edges: Ints
) -> Excess:
    """benchmarks: (K, days) daily, above the risk-free rate. edges: (G + 1,) ascending, from day 0 to the last.

    ω² = γ₀ + 2·Σ κ_i·γ_i with κ_i = (1 − i/T)·q^i + (i/T)·q^(T−i), q = 1 − 1/block_length (Hansen 2005).
    """
    jobs, kinds, groups = len(traces.execution), len(benchmarks), len(edges) - 1
    found = Excess(
        np.empty((kinds, jobs)), np.empty((kinds, jobs)), np.empty(jobs), np.empty(jobs), np.empty((3, groups, jobs))
    )
    _measure(
        traces.begins, traces.stretches, problem.payoff_of[traces.execution], problem.cost_of[traces.execution],
        problem.returns, problem.costs, problem.risk_free / problem.periods, np.ascontiguousarray(benchmarks),
        1.0 - 1.0 / block_length, edges, *found,
    )  # fmt: skip
    return found


@jit(parallel=True)
def _measure(
    begins: Ints, stretches: Array, payoffs: Ints, charged: Ints, returns: Floats, costs: Floats, free: float,
    benchmarks: Floats, stay: float, edges: Ints, sums: Floats, deviations: Floats, total: Floats, spread: Floats,
    parts: Floats,
) -> None:  # fmt: skip
    kinds, days = benchmarks.shape
    jobs = len(payoffs)
    powers = stay ** np.arange(days + 1)
    for strip in prange((jobs + _STRIP - 1) // _STRIP):
        low = strip * _STRIP
        width = min(jobs, low + _STRIP) - low
        laid = np.zeros((days, _STRIP))
        for job in range(low, low + width):
            k = job - low
            before = stretches[begins[job], 1]
            for place in range(begins[job], begins[job + 1]):
                day, allocation = stretches[place, 0], stretches[place, 1]
                end = np.int64(stretches[place + 1, 0]) if place + 1 < begins[job + 1] else days
                for one in range(day, end):
                    laid[one, k] = returns[payoffs[job], allocation, one] - free
                if day > 0:
                    value = returns[payoffs[job], allocation, day]
                    laid[day, k] = (1.0 + value) * (1.0 - costs[charged[job], before, allocation, day]) - 1.0 - free
                before = allocation
        first, second, third = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
        sum_all, square_all = np.zeros(_STRIP), np.zeros(_STRIP)
        for group in range(len(edges) - 1):
            first[:] = 0.0
            second[:] = 0.0
            third[:] = 1.0
            for day in range(edges[group], edges[group + 1]):
                for k in range(_STRIP):
                    value = laid[day, k]
                    first[k] += value
                    second[k] += value * value
                    third[k] *= 1.0 + value
            for k in range(width):
                parts[0, group, low + k] = first[k]
                parts[1, group, low + k] = second[k]
                parts[2, group, low + k] = np.log(third[k])
            sum_all += first
        for day in range(days):
            for k in range(_STRIP):
                about = laid[day, k] - sum_all[k] / days
                square_all[k] += about * about
        for k in range(width):
            total[low + k] = sum_all[k]
            spread[low + k] = np.sqrt(square_all[k] / (days - 1.0))
        excess, largest = np.zeros(_STRIP), np.zeros(_STRIP)
        faded, aged, head, late = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
        square, near, aging, far = np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP), np.zeros(_STRIP)
        for kind in range(kinds):
            for k in range(_STRIP):
                excess[k] = largest[k] = square[k] = near[k] = aging[k] = far[k] = 0.0
                faded[k] = aged[k] = head[k] = late[k] = 0.0
            for day in range(days):
                other = benchmarks[kind, day]
                for k in range(_STRIP):
                    value = laid[day, k] - other
                    excess[k] += value
                    largest[k] = max(largest[k], abs(value))
            for day in range(days):
                other = benchmarks[kind, day]
                for k in range(_STRIP):
                    x = laid[day, k] - other - excess[k] / days
                    square[k] += x * x
                    near[k] += x * faded[k]
                    aging[k] += x * aged[k]
                    aged[k] = stay * (aged[k] + faded[k] + x)
                    faded[k] = stay * (faded[k] + x)
                power, rest = powers[day], powers[days - day]
                if rest > 1e-18 or power > 1e-18:
                    # The wrap-around: only the first and the last days count.
                    for k in range(_STRIP):
                        x = laid[day, k] - other - excess[k] / days
                        far[k] += rest * x * (day * head[k] - late[k])
                        head[k] += power * x
                        late[k] += day * power * x
            for k in range(width):
                mean = excess[k] / days
                variance = square[k] / days
                long_run = variance + 2.0 / days * (near[k] + (far[k] - aging[k]) / days)
                sums[kind, low + k] = excess[k]
                deviations[kind, low + k] = np.sqrt(max(long_run, 0.0))
                if largest[k] <= LEVEL:
                    sums[kind, low + k] = deviations[kind, low + k] = 0.0
                elif variance <= FLAT * (variance + mean * mean):
                    deviations[kind, low + k] = -1.0
