"""The scan of a list of variants of which some watch the NAV, or hold allocations that drift from the day of entry.

The former are followed day by day, the latter carried and summed day by day; the others go from switch to switch. It is
compiled where a problem needs it: others neither wait for it nor run slower, which they did by a fifth with one scan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats, Words
from gridproof.kernels.cpu.closed_form import write_closed_form
from gridproof.kernels.cpu.daily_following import NavRules, follow_by_day, watches_nav
from gridproof.kernels.cpu.drifting import DriftTables, any_drifts, carry_days
from gridproof.kernels.cpu.following import follow, is_restricted
from gridproof.kernels.cpu.holding_periods import decide
from gridproof.kernels.cpu.scan import Executions, ListedJobs, ScanTables, ScanTerms, scan_runs
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import EXPOSURE, SWITCHES, TURNOVER, WIDTH


@jit(nogil=True)
def scan_by_day(
    low: int, high: int, jobs: ListedJobs, executions: Executions, nav: NavRules, drift: DriftTables,
    tables: ScanTables, terms: ScanTerms, result: Floats,
) -> None:  # fmt: skip
    """As ``scan.scan_variants``."""
    changes = np.empty(jobs.words * 64 + 2, dtype=np.uint64)
    followed = np.empty(jobs.words * 64 + 2, dtype=np.uint64)
    begins = np.empty(jobs.rows.shape[1], dtype=np.uint64)
    growth, sides = np.empty(terms.bounds[-1]), np.empty(terms.bounds[-1])
    units = np.empty(max(len(drift.counted), len(nav.drift.counted)))
    for index in range(low, high):
        count = decide(
            jobs.path_bits, jobs.edges, jobs.rows, index, begins, jobs.words, jobs.rule, jobs.codes, jobs.start, changes
        )
        for job in range(jobs.first[index], jobs.first[index + 1]):
            cell = jobs.execution[job]
            payoff, cost = executions.payoff_of[cell], executions.cost_of[cell]
            own = ScanTables(
                tables.returns[payoff], tables.prefix[payoff], tables.shape[payoff], tables.centre[payoff],
                tables.costs[cost], tables.charge[cost], tables.traded[executions.traded_of[cell]],
            )  # fmt: skip
            delay, held, number = executions.delays[cell], changes, count
            if watches_nav(nav, cell):
                number = follow_by_day(changes, count, delay, executions.rules, nav, cell, units, followed)
                held = followed
            elif is_restricted(executions.rules, cell):
                held, number = followed, follow(changes, count, delay, executions.rules, cell, followed)
            if any_drifts(drift, payoff, held, number):
                carry_days(held, number, delay, drift, payoff, cost, units, growth, sides)
                _scan_days(held, number, delay, growth, sides, own, terms, result[job])
            else:
                scan_runs(held, number, delay, own, terms, result[job])


@jit()
def _scan_days(
    changes: Words, count: int, delay: int, growth: Floats, sides: Floats, tables: ScanTables, terms: ScanTerms,
    result: Floats,
) -> None:  # fmt: skip
    """As ``scan.scan_runs``, from the growth of the NAV on each day, (D,), after all costs. sides: (D,) what a switch
    traded, below 0 where that is in the table."""
    legs = len(terms.invested)
    traded_days = len(tables.traded) // (legs * legs)
    daily_free = terms.risk_free / terms.periods
    upcoming = 1
    while upcoming < count and np.int64(changes[upcoming] >> np.uint64(8)) <= delay:
        upcoming += 1
    current = np.int64(changes[upcoming - 1] & np.uint64(255))
    for segment in range(len(terms.bounds) - 1):
        begin, end = terms.bounds[segment], terms.bounds[segment + 1]
        total = square = cube = fourth = downside = turnover = 0.0
        about = growth[begin:end].sum() / (end - begin) - 1.0
        nav = peak = 1.0
        fallen = 1.0  # the least share of the peak
        switches = 0
        for allocation in range(legs):
            result[segment, WIDTH + allocation] = 0.0
        day = begin
        while day < end:
            own = day
            if upcoming < count and np.int64(changes[upcoming] >> np.uint64(8)) - delay == day:
                before, current = current, np.int64(changes[upcoming] & np.uint64(255))
                upcoming += 1
                switches += 1
                place = (before * legs + current) * traded_days + min(day, traded_days - 1)
                turnover += sides[day] if sides[day] >= 0.0 else tables.traded[place]
                own += 1
            stop: Any = end
            if upcoming < count:
                stop = min(stop, np.int64(changes[upcoming] >> np.uint64(8)) - delay)
            turnover += tables.prefix[(stop * legs + current) * 8 + 6] - tables.prefix[(own * legs + current) * 8 + 6]
            result[segment, WIDTH + current] += stop - day
            for at in range(np.uint64(day), np.uint64(stop)):
                once = growth[at] - 1.0
                downside += min(once - daily_free, 0.0) ** 2
                once -= about
                twice = once * once
                total += once
                square += twice
                cube += twice * once
                fourth += twice * twice
                nav *= growth[at]
                peak = max(peak, nav)
                if nav < fallen * peak:
                    fallen = nav / peak
            day = stop
        length = float(end - begin)
        write_closed_form(
            result[segment], 0, 1, length, np.log(nav), total, square, cube, fourth, downside, -np.log(fallen), about,
            terms.periods, terms.risk_free,
        )  # fmt: skip
        result[segment, SWITCHES] = switches
        result[segment, TURNOVER] = turnover * terms.periods / length
        result[segment, EXPOSURE] = 0.0
        for allocation in range(legs):
            result[segment, WIDTH + allocation] /= length
            result[segment, EXPOSURE] += result[segment, WIDTH + allocation] * terms.invested[allocation]
