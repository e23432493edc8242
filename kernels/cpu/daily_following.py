"""The daily kernel: what is held where stops watch the strategy's own NAV, which depends on all its days before.

``problem.NavStops`` has the definitions, ``reference.follow_nav`` states them. The NAV is carried from day to day, with
the same operations in the same order, so that both find the same days.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints, Words
from gridproof.kernels.cpu.drifting import DriftTables, drifts_from_entry, enter, leave_for, worth
from gridproof.kernels.cpu.following import FollowingRules
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem


class NavRules(NamedTuple):
    """What the daily kernel needs of E executions; where a problem has no stops on the NAV, the shares are 0 and the
    tables empty."""

    entry: Floats  # (E,)
    high: Floats  # (E,)
    lags: Ints  # (E,)
    payoff_of: Ints  # (E,)
    cost_of: Ints  # (E,)
    returns: Floats  # flat (payoff tables, A, D)
    costs: Floats  # flat (cost tables, A, A, D)
    nights: Floats  # flat (cost tables, A, D): 1 + overnight; empty where all switches are made at the close
    drift: DriftTables

    @classmethod
    def of(cls, problem: Problem) -> NavRules:
        own = None if problem.restrictions is None else problem.restrictions.nav
        empty = np.zeros(0)
        if own is None:
            none = np.zeros(len(problem.lags))
            tables = empty, empty, empty, DriftTables.of(None)
            return cls(none, none, problem.lags, problem.payoff_of, problem.cost_of, *tables)
        nights = empty if own.overnight is None else (1.0 + own.overnight).ravel()
        returns, costs = own.returns.ravel(), own.costs.ravel()
        tables = returns, costs, nights, DriftTables.of(own)
        return cls(own.entry, own.high, problem.lags, own.payoff_of, own.cost_of, *tables)


@jit(inline="always")
def watches_nav(rules: NavRules, execution: int) -> bool:
    return bool(rules.entry[execution] > 0.0 or rules.high[execution] > 0.0)


@jit(counted=False)
def follow_by_day(
    changes: Words, count: int, delay: int, holding: FollowingRules, rules: NavRules, execution: int, units: Floats,
    followed: Words,
) -> int:  # fmt: skip
    """As ``following.follow``: the days on which the position changes, and what it becomes. holding: what else
    restricts it. units: as many as ``drifting.enter`` writes."""
    days, refuge, legs = holding.days, holding.refuge, holding.allocations
    shortest, wait, table = holding.min_hold[execution], holding.cooling[execution], holding.stop_of[execution]
    returns = rules.payoff_of[execution] * legs * days
    costs = rules.cost_of[execution] * legs * legs * days
    nights = rules.cost_of[execution] * legs * days
    at_open = len(rules.nights) > 0
    entry, highest, lag = rules.entry[execution], rules.high[execution], rules.lags[execution]
    upcoming = 1
    change: Any = days
    if upcoming < count:
        change = np.int64(changes[upcoming] >> np.uint64(8)) - delay
    while change <= 0:
        upcoming += 1
        change = np.int64(changes[upcoming] >> np.uint64(8)) - delay if upcoming < count else days
    target = np.int64(changes[upcoming - 1] & np.uint64(255))
    held: Any = target
    entered, stopped = 0, False
    followed[0] = np.uint64(held)
    kept = 1
    nav = start = high = 1.0
    fallen = lost = days
    out: Any = days
    if table >= 0:
        out = np.int64(holding.exits[(table * legs + held) * days])
    anew = False
    beside = 1.0  # the growth of the NAV beside that of the position: of the switch into it
    payoff, cost = rules.payoff_of[execution], rules.cost_of[execution]
    value = 1.0
    drifting = drifts_from_entry(rules.drift, payoff, held)
    if drifting:
        value = enter(rules.drift, payoff, cost, held, 0, units)
    day = 0
    while True:
        # The closes of the days until the position may change: `floor` and `least` are the NAVs that trigger.
        earned = returns + held * days
        until: Any = min(change, out, fallen, lost)
        if stopped:
            until = min(until, entered + wait) if wait > 0 else until
        elif target != held:
            until = min(until, max(entered + shortest, day + 1))
        peak = np.inf if anew else high
        least = highest * high if lost == days and not anew else -1.0
        floor = entry * start if fallen == days and held != refuge else -1.0
        while day < until:
            if drifting:
                now_worth = worth(rules.drift, payoff, units, day + 1)
                nav *= now_worth / value * beside
                value = now_worth
            else:
                nav *= (1.0 + rules.returns[earned + day]) * beside
            beside = 1.0
            if nav > peak:
                peak = nav
                least = highest * peak if lost == days else -1.0
            if nav <= least:
                lost, least = min(day + lag, days), -1.0
                until = min(until, lost)
            if nav <= floor:
                fallen, floor = min(day + lag, days), -1.0
                until = min(until, fallen)
            day += 1
        high = high if anew else peak
        if day >= days:
            return kept
        # The target of the day, and then the position.
        moved = change <= day
        while change <= day:
            target = np.int64(changes[upcoming] & np.uint64(255))
            upcoming += 1
            change = np.int64(changes[upcoming] >> np.uint64(8)) - delay if upcoming < count else days
        leave = day in (fallen, lost, out)
        if day == lost:
            lost, anew = days, True
        now: Any = held
        if stopped:
            if moved or day - entered == wait > 0:
                stopped = False
                now = target
        elif leave:
            stopped = target == held and held != refuge
            now = refuge if stopped else target
        elif target != held and day - entered >= shortest:
            now = target
        if now == held:
            continue
        if len(rules.drift.drifts) > 0:
            left = leave_for(rules.drift, payoff, cost, held, now, day, units, value)
            beside, start = left.kept, nav * left.night
            drifting = drifts_from_entry(rules.drift, payoff, now)
            if drifting:
                value = enter(rules.drift, payoff, cost, now, day, units)
        else:
            beside = 1.0 - rules.costs[costs + (held * legs + now) * days + day]
            start = nav * rules.nights[nights + held * days + day] if at_open else nav
        held, entered, fallen = now, day, days
        out = days
        if table >= 0:
            out = np.int64(holding.exits[(table * legs + held) * days + day])
        if anew and held != refuge:
            high, anew = start, False
        followed[kept] = (np.uint64(day + delay) << np.uint64(8)) | np.uint64(held)
        kept += 1
