"""The compiled scan of a list: each variant in as many steps as its allocation has changes."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.bit_ops import leading_zeros
from gridproof.kernels.cpu.holding_periods import decide
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL

_NEVER = np.uint64(2**63)


@jit(nogil=True)
def scan_variants(
    low: int,
    high: int,
    path_bits: Words,
    edges: Words,
    words: int,
    rows: Array,
    first: Ints,
    execution: Ints,
    rule: Words,
    codes: int,
    start: int,
    delays: Ints,
    payoff_of: Ints,
    cost_of: Ints,
    returns: Floats,
    prefix: Floats,
    shape: Floats,
    centre: Floats,
    costs: Floats,
    charge: Floats,
    traded: Floats,
    invested: Floats,
    bounds: Ints,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    """Writes the metrics of the jobs of tuples [low, high) to ``result`` (J, S, 12 + A).

    Arguments as in ``problem.Problem`` and ``Jobs``, the tables as in ``range_tables``, all of them flat: path_bits and
    edges have ``words`` words a path, rule has ``codes`` codes an allocation, returns, prefix, shape, costs and charge
    are (tables, -1).
    """
    changes = np.empty(words * 64 + 2, dtype=np.uint64)
    begins = np.empty(rows.shape[1], dtype=np.uint64)
    for index in range(low, high):
        count = decide(path_bits, edges, rows, index, begins, words, rule, codes, start, changes)
        for job in range(first[index], first[index + 1]):
            cell = execution[job]
            payoff = payoff_of[cell]
            _scan(
                changes,
                count,
                delays[cell],
                returns[payoff],
                prefix[payoff],
                shape[payoff],
                centre[payoff],
                costs[cost_of[cell]],
                charge[cost_of[cell]],
                traded,
                invested,
                bounds,
                periods,
                risk_free,
                result[job],
            )


@jit()
def _scan(
    changes: Words,
    count: int,
    delay: int,
    returns: Floats,
    prefix: Floats,
    shape: Floats,
    centre: Floats,
    costs: Floats,
    charge: Floats,
    traded: Floats,
    invested: Floats,
    bounds: Ints,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    """One variant under one execution: join its stretches, segment by segment, into metrics (S, 12 + A).

    Decision day j takes hold on return day j − delay. Tables are flat: prefix (D + 1, A, 8), shape
    (levels, D + 1, A, 4), returns (A, D), costs (A, A, D). Unsigned numbers spare the checks for negative indices.
    """
    legs = np.uint64(len(invested))
    all_days = np.uint64(bounds[-1])
    late = np.uint64(delay)
    upcoming = 1
    while upcoming < count and (changes[upcoming] >> np.uint64(8)) <= late:
        upcoming += 1
    current = changes[upcoming - 1] & np.uint64(255)
    came_from = current
    change = _NEVER
    if upcoming < count:
        change = (changes[upcoming] >> np.uint64(8)) - late
    daily_free = risk_free / periods
    for segment in range(len(bounds) - 1):
        begin, end = np.uint64(bounds[segment]), np.uint64(bounds[segment + 1])
        log = total = square = cube = fourth = downside = 0.0
        # Moments are taken about the mean of the leg that the segment begins with; those of others are moved there.
        about = centre[changes[upcoming] & np.uint64(255)] if change == begin else centre[current]
        peak = fall = 0.0
        switches = 0
        turnover = 0.0
        for allocation in range(len(invested)):
            result[segment, 12 + allocation] = 0.0
        day = begin
        while day < end:
            if change == day:
                came_from = current
                current = changes[upcoming] & np.uint64(255)
                upcoming += 1
                change = _NEVER
                if upcoming < count:
                    change = (changes[upcoming] >> np.uint64(8)) - late
            stop = min(end, change)
            here = (day * legs + current) * np.uint64(8)
            there = (stop * legs + current) * np.uint64(8)
            inside = here
            base = log - prefix[here]
            if came_from != current:
                switch = (came_from * legs + current) * all_days + day
                cost = costs[switch]
                switches += 1
                turnover += traded[came_from * legs + current]
                came_from = current
                if cost > 0.0:
                    # The first day of a charged position is summed by itself: its return is not the table's.
                    once = (1.0 + returns[current * all_days + day]) * (1.0 - cost) - 1.0
                    shift = charge[switch]
                    log += shift
                    base += shift
                    downside += min(once - daily_free, 0.0) ** 2
                    once -= about
                    total += once
                    square += once**2
                    cube += once**3
                    fourth += once**4
                    inside = here + legs * np.uint64(8)
            log += prefix[there] - prefix[here]
            first = prefix[there + np.uint64(1)] - prefix[inside + np.uint64(1)]
            second = prefix[there + np.uint64(2)] - prefix[inside + np.uint64(2)]
            third = prefix[there + np.uint64(3)] - prefix[inside + np.uint64(3)]
            last = prefix[there + np.uint64(4)] - prefix[inside + np.uint64(4)]
            downside += prefix[there + np.uint64(5)] - prefix[inside + np.uint64(5)]
            move = centre[current] - about
            if move != 0.0:
                days = float(stop - day) - (1.0 if inside != here else 0.0)
                last += move * (4.0 * third + move * (6.0 * second + move * (4.0 * first + move * days)))
                third += move * (3.0 * second + move * (3.0 * first + move * days))
                second += move * (2.0 * first + move * days)
                first += move * days
            total += first
            square += second
            cube += third
            fourth += last
            result[segment, 12 + current] += stop - day

            after = day + np.uint64(1)
            level = np.uint64(63) - leading_zeros((after ^ stop) | np.uint64(1))
            points = level * (all_days + np.uint64(1))
            left = ((points + after) * legs + current) * np.uint64(4)
            right = ((points + stop) * legs + current) * np.uint64(4)
            high = max(shape[left], shape[right])
            low = min(shape[left + np.uint64(1)], shape[right + np.uint64(1)])
            inner = max(shape[left + np.uint64(2)], shape[right + np.uint64(2)])
            if after != stop:
                inner = max(inner, shape[left] - shape[right + np.uint64(1)])
            fall = max(fall, max(inner, peak - (base + low)))
            peak = max(peak, base + high)
            day = stop
        length = np.int64(end - begin)
        _finish(length, log, total, square, cube, fourth, downside, fall, about, periods, risk_free, result[segment])
        result[segment, 9] = switches
        result[segment, 10] = turnover * periods / length
        result[segment, 11] = 0.0
        for allocation in range(len(invested)):
            result[segment, 12 + allocation] /= length
            result[segment, 11] += result[segment, 12 + allocation] * invested[allocation]


@jit()
def _finish(
    count: int,
    log: float,
    total: float,
    square: float,
    cube: float,
    fourth: float,
    downside: float,
    fall: float,
    centre: float,
    periods: float,
    risk_free: float,
    result: Floats,
) -> None:
    """The metrics of one segment from its sums about ``centre``: ``metrics.measure_returns`` in closed form."""
    days = float(count)
    offset = total / days
    square /= days
    cube /= days
    fourth /= days
    mean = offset + centre
    spread = square - offset * offset
    variance = np.nan
    if count > 1:
        variance = spread * days / (days - 1.0)
    flat = not variance > FLAT * (spread + mean * mean)
    fall = fall if fall > LEVEL else 0.0
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
        third = cube - 3.0 * offset * square + 2.0 * offset**3
        result[7] = third / (spread * np.sqrt(spread))
        result[8] = (fourth - 4.0 * offset * cube + 6.0 * offset**2 * square - 3.0 * offset**4) / spread**2
