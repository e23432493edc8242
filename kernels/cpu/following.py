"""What is held where a position follows its target under minimum holding, cooling-off and stops.

``problem.Restrictions`` has the definitions, ``reference.follow`` states them day by day. Here the days go from one
change to the next: those of the target are listed, and the exit of a stop is looked up. Stops on the strategy's own NAV
have no such table: ``daily_following`` goes from day to day.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Ints, Words
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem


class FollowingRules(NamedTuple):
    """``problem.Restrictions`` of E executions for compiled code; where a problem has none, they restrict nothing."""

    min_hold: Ints  # (E,)
    cooling: Ints  # (E,)
    stop_of: Ints  # (E,)
    exits: Array  # flat (stop tables, A, D) int32
    allocations: int
    days: int
    refuge: int

    @classmethod
    def of(cls, problem: Problem) -> FollowingRules:
        own, executions, days = problem.restrictions, len(problem.lags), problem.returns.shape[2]
        if own is None:
            least, never = np.ones(executions, dtype=np.int64), np.full(executions, -1, dtype=np.int64)
            return cls(least, np.zeros_like(least), never, np.zeros(0, dtype=np.int32), problem.allocations, days, 0)
        exits = np.ascontiguousarray(own.exits, dtype=np.int32).ravel()
        return cls(own.min_hold, own.cooling, own.stop_of, exits, problem.allocations, days, own.refuge)


@jit(inline="always")
def is_restricted(rules: FollowingRules, execution: int) -> bool:
    return bool(rules.min_hold[execution] > 1 or rules.stop_of[execution] >= 0)


@jit(inline="always")
def _day_of(changes: Words, place: int, count: int, delay: int, days: int) -> Any:
    """The return day of a change of the target; ``days`` after the last."""
    return np.int64(changes[place] >> np.uint64(8)) - delay if place < count else days


@jit(inline="always")
def _target_of(changes: Words, place: int) -> Any:
    """What the target becomes."""
    return np.int64(changes[place] & np.uint64(255))


@jit()
def follow(changes: Words, count: int, delay: int, rules: FollowingRules, execution: int, followed: Words) -> int:
    """Write the days on which the position changes and what it becomes, as ``holding_periods.decide`` writes those of
    the target; entry 0 is return day 0.

    changes: ``count`` entries, (decision day << 8 | allocation). delay: decision day j takes effect on return day
    j − delay. Returns the number of entries, at most one for each return day.
    """
    days = rules.days
    least, wait, table = rules.min_hold[execution], rules.cooling[execution], rules.stop_of[execution]
    upcoming = 1
    change = _day_of(changes, upcoming, count, delay, days)
    while change <= 0:
        upcoming += 1
        change = _day_of(changes, upcoming, count, delay, days)
    # From `day` until `change` the target is one allocation.
    target = _target_of(changes, upcoming - 1)
    day, held, entered, stopped = 0, target, 0, False
    followed[0] = np.uint64(held)
    kept = 1
    while True:
        if stopped:
            again = entered + wait if wait > 0 else days
            if min(again, change) >= days:
                break
            stopped = False
            day = min(again, change)
            if day == change:
                target = _target_of(changes, upcoming)
                upcoming += 1
                change = _day_of(changes, upcoming, count, delay, days)
            if target == held:
                continue
        else:
            out: Any = days
            if table >= 0:
                out = np.int64(rules.exits[(table * rules.allocations + held) * days + entered])
            while True:
                at = max(day, entered + least) if target != held else days
                if min(at, out) < change or change >= days:
                    break
                day = change
                target = _target_of(changes, upcoming)
                upcoming += 1
                change = _day_of(changes, upcoming, count, delay, days)
            day = min(at, out)
            if day >= days:
                break
            stopped = target == held
        held = rules.refuge if stopped else target
        entered = day
        followed[kept] = (np.uint64(day + delay) << np.uint64(8)) | np.uint64(held)
        kept += 1
    return kept
