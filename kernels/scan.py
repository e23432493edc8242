"""The compiled scan: each variant in as many steps as its allocation has changes.

All compiled functions of the scan stand in this file, because Numba's cache watches only the file of the caller.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.metrics import FLAT

# Tuples a thread takes at once: enough that its buffer of changes is allocated rarely.
_BATCH = 64


@njit(cache=True, error_model="numpy", inline="always")
def _code(planes: Words, rows: Array, day: int) -> int:
    code = 0
    for bit in range(len(rows)):
        code |= int((planes[rows[bit], day >> 6] >> np.uint64(day & 63)) & np.uint64(1)) << bit
    return code


@intrinsic
def _trailing_zeros(_context: Any, word: Any) -> Any:
    """Count the zero bits below the lowest set bit of a uint64."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


@njit(cache=True, error_model="numpy")
def _decide(planes: Words, edges: Words, rows: Array, rule: Ints, start: int, days: Ints, held: Ints) -> int:
    """Write the decision days on which the allocation changes and what it becomes; answer how many.

    Entry 0 is decision day 0, whatever it decides.
    """
    current = rule[start, _code(planes, rows, 0)]
    days[0] = 0
    held[0] = current
    count = 1
    for word in range(edges.shape[1]):
        changed = np.uint64(0)
        for bit in range(len(rows)):
            changed |= edges[rows[bit], word]
        while changed != np.uint64(0):
            day = word * 64 + int(_trailing_zeros(changed))
            changed &= changed - np.uint64(1)
            allocation = rule[current, _code(planes, rows, day)]
            if allocation != current:
                current = allocation
                days[count] = day
                held[count] = current
                count += 1
    return count


@njit(parallel=True, cache=True, error_model="numpy")
def scan_variants(
    planes: Words,
    edges: Words,
    rows: Array,
    first: Ints,
    execution: Ints,
    rule: Ints,
    start: int,
    delays: Ints,
    payoff_of: Ints,
    cost_of: Ints,
    returns: Floats,
    prefix: Floats,
    shape: Floats,
    costs: Floats,
    traded: Floats,
    invested: Floats,
    bounds: Ints,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    tuples = len(rows)
    for batch in prange((tuples + _BATCH - 1) // _BATCH):
        days = np.empty(edges.shape[1] * 64 + 1, dtype=np.int64)
        held = np.empty(edges.shape[1] * 64 + 1, dtype=np.int64)
        for index in range(batch * _BATCH, min(tuples, (batch + 1) * _BATCH)):
            count = _decide(planes, edges, rows[index], rule, start, days, held)
            for job in range(first[index], first[index + 1]):
                cell = execution[job]
                payoff = payoff_of[cell]
                _scan(
                    days[:count],
                    held[:count],
                    delays[cell],
                    returns[payoff],
                    prefix[payoff],
                    shape[payoff],
                    costs[cost_of[cell]],
                    traded,
                    invested,
                    bounds,
                    periods,
                    risk_free,
                    result[job],
                )


@njit(cache=True, error_model="numpy")
def _scan(
    days: Ints,
    held: Ints,
    delay: int,
    returns: Floats,
    prefix: Floats,
    shape: Floats,
    costs: Floats,
    traded: Floats,
    invested: Floats,
    bounds: Ints,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    """One variant under one execution: join its stretches, segment by segment, into metrics (S, 12 + A).

    Decision day j takes hold on return day j − delay.
    """
    changes = len(days)
    next_change = 1
    while next_change < changes and days[next_change] <= delay:
        next_change += 1
    current = held[next_change - 1]
    came_from = current
    daily_free = risk_free / periods
    for segment in range(len(bounds) - 1):
        begin, end = bounds[segment], bounds[segment + 1]
        log = total = square = cube = fourth = downside = 0.0
        peak = fall = 0.0
        switches = 0
        turnover = 0.0
        for allocation in range(len(invested)):
            result[segment, 12 + allocation] = 0.0
        day = begin
        while day < end:
            if next_change < changes and days[next_change] - delay == day:
                came_from = current
                current = held[next_change]
                next_change += 1
            stop = end
            if next_change < changes:
                stop = min(end, days[next_change] - delay)
            table = prefix[current]
            inside = day
            base = log - table[day, 0]
            if came_from != current:
                cost = costs[came_from, current, day]
                switches += 1
                turnover += traded[came_from, current]
                came_from = current
                if cost > 0.0:
                    # The first day of a charged position is summed by itself: its return is not the table's.
                    once = (1.0 + returns[current, day]) * (1.0 - cost) - 1.0
                    shift = np.log1p(-cost)
                    log += shift
                    base += shift
                    total += once
                    square += once**2
                    cube += once**3
                    fourth += once**4
                    downside += min(once - daily_free, 0.0) ** 2
                    inside = day + 1
            log += table[stop, 0] - table[day, 0]
            total += table[stop, 1] - table[inside, 1]
            square += table[stop, 2] - table[inside, 2]
            cube += table[stop, 3] - table[inside, 3]
            fourth += table[stop, 4] - table[inside, 4]
            downside += table[stop, 5] - table[inside, 5]
            result[segment, 12 + current] += stop - day

            left = day + 1
            level = 0
            apart = (left ^ stop) >> 1
            while apart > 0:
                apart >>= 1
                level += 1
            entry = shape[current, level]
            high = max(entry[left, 0], entry[stop, 0])
            low = min(entry[left, 1], entry[stop, 1])
            inner = max(entry[left, 2], entry[stop, 2])
            if left != stop:
                inner = max(inner, entry[left, 0] - entry[stop, 1])
            fall = max(fall, max(inner, peak - (base + low)))
            peak = max(peak, base + high)
            day = stop
        _finish(end - begin, log, total, square, cube, fourth, downside, fall, periods, risk_free, result[segment])
        result[segment, 9] = switches
        result[segment, 10] = turnover * periods / (end - begin)
        result[segment, 11] = 0.0
        for allocation in range(len(invested)):
            result[segment, 12 + allocation] /= end - begin
            result[segment, 11] += result[segment, 12 + allocation] * invested[allocation]


@njit(cache=True, error_model="numpy")
def _finish(
    count: int,
    log: float,
    total: float,
    square: float,
    cube: float,
    fourth: float,
    downside: float,
    fall: float,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    """The metrics of one segment from its sums, ``metrics.measure_returns`` in closed form."""
    days = float(count)
    mean = total / days
    square /= days
    cube /= days
    fourth /= days
    spread = square - mean * mean
    variance = np.nan
    if count > 1:
        variance = spread * days / (days - 1.0)
    flat = not variance > FLAT * square
    excess = mean * periods - risk_free
    result[0] = np.expm1(log)
    result[1] = np.expm1(log * periods / days)
    result[2] = np.nan if count == 1 else (0.0 if flat else np.sqrt(variance * periods))
    result[3] = np.nan if flat else excess / result[2]
    result[4] = excess / np.sqrt(downside / days * periods) if downside > 0.0 else np.nan
    result[5] = np.expm1(-fall)
    result[6] = result[1] / -result[5] if fall > 0.0 else np.nan
    result[7] = np.nan
    result[8] = np.nan
    if not flat:
        third = cube - 3.0 * mean * square + 2.0 * mean**3
        result[7] = third / spread**1.5
        result[8] = (fourth - 4.0 * mean * cube + 6.0 * mean**2 * square - 3.0 * mean**4) / spread**2
