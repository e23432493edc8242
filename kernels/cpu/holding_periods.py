"""The holding periods of a variant: on which days its allocation changes, and what it becomes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.cpu.bit_ops import trailing_zeros
from gridproof.kernels.cpu.daily_following import NavRules, follow_by_day, watches_nav
from gridproof.kernels.cpu.following import FollowingRules, follow, is_restricted
from gridproof.kernels.jit import jit
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Problem, Work
from gridproof.kernels.threads import run_ranges

# A thread takes at least so many tuples of paths at once.
_TUPLES = 64


class HoldingPeriods(NamedTuple):
    """What J jobs held on the first ``days`` return days: job j has the periods begins[j] to begins[j + 1]."""

    days: int
    begins: Ints  # (J + 1,)
    periods: Array  # (M, 2) int32: first day, allocation
    execution: Ints  # (J,)

    def part(self, low: int, high: int) -> HoldingPeriods:
        begin, end = self.begins[low], self.begins[high]
        return HoldingPeriods(
            self.days, self.begins[low : high + 1] - begin, self.periods[begin:end], self.execution[low:high]
        )

    def take(self, jobs: Ints) -> HoldingPeriods:
        """These jobs, in this order."""
        lengths = np.diff(self.begins)[jobs]
        begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.arange(begins[-1]) + np.repeat(self.begins[:-1][jobs] - begins[:-1], lengths)
        return HoldingPeriods(self.days, begins, self.periods[places], self.execution[jobs])

    def held(self, job: int) -> Ints:
        """(days,) the allocation of each day of one job."""
        inside = slice(self.begins[job], self.begins[job + 1])
        lengths = np.diff(np.append(self.periods[inside, 0], self.days))
        return np.repeat(self.periods[inside, 1], lengths).astype(np.int64)


class HoldingPeriodLister:
    """Lists the holding periods of work on one problem, over its first ``days`` return days."""

    def __init__(self, problem: Problem, days: int) -> None:
        self._problem, self._days = problem, days

    def __call__(self, work: Work) -> HoldingPeriods:
        jobs, problem = work.jobs(), self._problem
        # Only the paths that occur: of a few jobs they are few of many.
        named, rows = np.unique(jobs.rows, return_inverse=True)
        rows = np.ascontiguousarray(rows.reshape(jobs.rows.shape), dtype=np.int32)
        path_bits = problem.path_bits[named]
        edges = flips(path_bits, problem.decision_days)
        rules, nav = FollowingRules.of(problem), NavRules.of(problem)
        begins = np.zeros(len(jobs.execution) + 1, dtype=np.int64)
        periods = np.empty((0, 2), dtype=np.int32)
        for _ in range(2):
            run_ranges(
                list_holding_periods, len(rows), path_bits.ravel(), edges.ravel(), edges.shape[1], rows, jobs.first,
                jobs.execution, problem.rule.astype(np.uint64).ravel(), problem.rule.shape[1], problem.start,
                problem.lead - problem.lags, rules, nav, self._days, begins, periods, least=_TUPLES,
            )  # fmt: skip
            if not len(periods):
                begins = np.cumsum(begins)
                periods = np.empty((begins[-1], 2), dtype=np.int32)
        return HoldingPeriods(self._days, begins, periods, jobs.execution)


class PayoffTables(NamedTuple):
    """Returns and costs of a problem, and which of them each execution has."""

    returns: Floats  # (payoff tables, A, D)
    costs: Floats  # (cost tables, A, A, D)
    payoff_of: Ints  # (E,)
    cost_of: Ints  # (E,)

    @classmethod
    def of(cls, problem: Problem) -> PayoffTables:
        return cls(problem.returns, problem.costs, problem.payoff_of, problem.cost_of)


@jit()
def decide(
    path_bits: Words, edges: Words, rows: Array, index: int, begins: Words, words: int, rule: Words, codes: int,
    start: int, changes: Words,
) -> int:  # fmt: skip
    """Write the decision days on which the allocation changes and what it becomes, (day << 8 | allocation).

    Of tuple ``index`` of the rows; path_bits, edges and rule are flat. Entry 0 is decision day 0, whatever it decides.
    begins: (B,) receives the first word of each path. Returns the number of entries.
    """
    bits = len(begins)
    for bit in range(bits):
        begins[bit] = np.uint64(rows[index, bit]) * np.uint64(words)
    code = np.uint64(0)
    for bit in range(bits):
        code |= (path_bits[begins[bit]] & np.uint64(1)) << np.uint64(bit)
    wide = np.uint64(codes)
    current = rule[np.uint64(start) * wide + code]
    changes[0] = current
    count = 1
    for word in range(np.uint64(words)):
        changed = np.uint64(0)
        for bit in range(bits):
            changed |= edges[begins[bit] + word]
        while changed != np.uint64(0):
            at = trailing_zeros(changed)
            changed &= changed - np.uint64(1)
            for bit in range(bits):
                code ^= ((edges[begins[bit] + word] >> at) & np.uint64(1)) << np.uint64(bit)
            allocation = rule[current * wide + code]
            # Written in any case and counted if it changed: no branch to mispredict.
            changes[count] = (word << np.uint64(14)) | (at << np.uint64(8)) | allocation
            count += allocation != current
            current = allocation
    return count


@jit(nogil=True)
def list_holding_periods(
    low: int, high: int, path_bits: Words, edges: Words, words: int, rows: Array, first: Ints, execution: Ints,
    rule: Words, codes: int, start: int, delays: Ints, rules: FollowingRules, nav: NavRules, days: int, begins: Ints,
    periods: Array,
) -> None:  # fmt: skip
    """The holding periods of each job of tuples [low, high) over return days [0, days); arguments as ``scan_variants``.

    Called twice: with an empty ``periods`` it counts, begins[job + 1] being how many; then, with ``begins`` summed up,
    it writes periods (M, 2): the first day and the allocation of each.
    """
    changes = np.empty(words * 64 + 2, dtype=np.uint64)
    followed = np.empty(words * 64 + 2, dtype=np.uint64)
    starts, units = np.empty(rows.shape[1], dtype=np.uint64), np.empty(len(nav.drift.counted))
    for index in range(low, high):
        count = decide(path_bits, edges, rows, index, starts, words, rule, codes, start, changes)
        for job in range(first[index], first[index + 1]):
            late, held, listed = delays[execution[job]], changes, count
            if watches_nav(nav, execution[job]):
                held = followed
                listed = follow_by_day(changes, count, late, rules, nav, execution[job], units, followed)
            elif is_restricted(rules, execution[job]):
                held, listed = followed, follow(changes, count, late, rules, execution[job], followed)
            upcoming = 1
            while upcoming < listed and np.int64(held[upcoming] >> np.uint64(8)) <= late:
                upcoming += 1
            place = begins[job]
            number = 1
            if len(periods):
                periods[place, 0] = 0
                periods[place, 1] = held[upcoming - 1] & np.uint64(255)
            while upcoming < listed and np.int64(held[upcoming] >> np.uint64(8)) - late < days:
                if len(periods):
                    periods[place + number, 0] = np.int64(held[upcoming] >> np.uint64(8)) - late
                    periods[place + number, 1] = held[upcoming] & np.uint64(255)
                number += 1
                upcoming += 1
            if not len(periods):
                begins[job + 1] = number
