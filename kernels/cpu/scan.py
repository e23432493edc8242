"""The compiled scan of a list of variants: each costs as many steps as its allocation changes.

A variant's days are runs of one allocation. The sums over a run come from prefix sums, and the shape of its NAV from
two entries of a table, see ``range_tables``. Where an execution restricts changes, they are those of ``following``.
With stops on the NAV, or allocations that drift from the day of entry, ``daily_scan`` serves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.bit_ops import leading_zeros
from gridproof.kernels.cpu.closed_form import write_closed_form
from gridproof.kernels.cpu.following import FollowingRules, follow, is_restricted
from gridproof.kernels.cpu.holding_periods import decide
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import EXPOSURE, SWITCHES, TURNOVER, WIDTH

_NEVER = np.uint64(2**63)


class ListedJobs(NamedTuple):
    """As ``problem.Jobs``, with what their decisions need; paths and rule are flat."""

    path_bits: Words
    edges: Words  # ``paths.flips`` of these
    words: int  # of a path
    rows: Array  # (N, B)
    first: Ints  # (N + 1,)
    execution: Ints  # (J,)
    rule: Words
    codes: int  # of an allocation in the rule
    start: int


class Executions(NamedTuple):
    """The executions of a problem, (E,) each."""

    delays: Ints  # decision day j takes effect on return day j − delay
    payoff_of: Ints
    cost_of: Ints
    traded_of: Ints
    rules: FollowingRules


class ScanTables(NamedTuple):
    """Tables of a problem, one row for each payoff or cost table; within a row flat."""

    returns: Floats  # (A, D)
    prefix: Floats  # (D + 1, A, 8)
    shape: Floats  # (levels, D + 1, A, 4)
    centre: Floats  # (A,)
    costs: Floats  # (A, A, D)
    charge: Floats  # (A, A, D)
    traded: Floats  # (A, A, 1 or D)


class ScanTerms(NamedTuple):
    """What the metrics of all variants need, as in ``problem.Problem``."""

    invested: Floats  # (A,)
    bounds: Ints  # (S + 1,)
    periods: float
    risk_free: float


@jit(nogil=True)
def scan_variants(
    low: int, high: int, jobs: ListedJobs, executions: Executions, tables: ScanTables, terms: ScanTerms, result: Floats
) -> None:
    """Write the metrics of the jobs of tuples [low, high) to ``result``, (J, S, 12 + A)."""
    changes = np.empty(jobs.words * 64 + 2, dtype=np.uint64)
    followed = np.empty(jobs.words * 64 + 2, dtype=np.uint64)
    begins = np.empty(jobs.rows.shape[1], dtype=np.uint64)
    for index in range(low, high):
        count = decide(
            jobs.path_bits, jobs.edges, jobs.rows, index, begins, jobs.words, jobs.rule, jobs.codes, jobs.start, changes
        )
        for job in range(jobs.first[index], jobs.first[index + 1]):
            cell = jobs.execution[job]
            payoff, cost = executions.payoff_of[cell], executions.cost_of[cell]
            traded = tables.traded[executions.traded_of[cell]]
            own = ScanTables(
                tables.returns[payoff], tables.prefix[payoff], tables.shape[payoff], tables.centre[payoff],
                tables.costs[cost], tables.charge[cost], traded,
            )  # fmt: skip
            delay, held, number = executions.delays[cell], changes, count
            if is_restricted(executions.rules, cell):
                held, number = followed, follow(changes, count, delay, executions.rules, cell, followed)
            scan_runs(held, number, delay, own, terms, result[job])


@jit()
def scan_runs(changes: Words, count: int, delay: int, tables: ScanTables, terms: ScanTerms, result: Floats) -> None:
    """One variant under one execution: its runs of one allocation, segment by segment, to metrics (S, 12 + A).

    Decision day j takes effect on return day j − delay. tables: of this execution. Unsigned indices spare the checks
    for negative ones.
    """
    returns, prefix, shape, centre, costs, charge, traded = tables
    invested, bounds, periods, risk_free = terms
    legs = np.uint64(len(invested))
    traded_days = np.uint64(len(traded)) // (legs * legs)
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
        # The moments of a segment are taken about the mean of its first allocation; those of other runs are shifted.
        about = centre[changes[upcoming] & np.uint64(255)] if change == begin else centre[current]
        peak = fall = 0.0
        switches = 0
        turnover = 0.0
        for allocation in range(len(invested)):
            result[segment, WIDTH + allocation] = 0.0
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
            inside = own = here
            base = log - prefix[here]
            if came_from != current:
                switch = (came_from * legs + current) * all_days + day
                cost = costs[switch]
                switches += 1
                turnover += traded[(came_from * legs + current) * traded_days + min(day, traded_days - np.uint64(1))]
                own = here + legs * np.uint64(8)
                came_from = current
                if cost != 0.0:
                    # The first day after a charge is summed by itself, because its return is not that of the table.
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
                    inside = own
            log += prefix[there] - prefix[here]
            turnover += prefix[there + np.uint64(6)] - prefix[own + np.uint64(6)]
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
            result[segment, WIDTH + current] += stop - day

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
        length = float(end - begin)
        write_closed_form(
            result[segment], 0, 1, length, log, total, square, cube, fourth, downside, fall, about, periods, risk_free
        )
        result[segment, SWITCHES] = switches
        result[segment, TURNOVER] = turnover * periods / length
        result[segment, EXPOSURE] = 0.0
        for allocation in range(len(invested)):
            result[segment, WIDTH + allocation] /= length
            result[segment, EXPOSURE] += result[segment, WIDTH + allocation] * invested[allocation]
