"""The daily kernel: what is held where stops, or the control of the drawdown, watch the strategy's own NAV, which
depends on all its days before.

``nav_stops.NavStops`` has the definitions, ``reference.follow_nav`` states them. The NAV is carried from day to day,
with the same operations in the same order, so that both find the same days.
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
    control_of: Ints  # (E,), and of ``DrawdownControl`` the next ones, of which the last three are flat
    most: Ints  # (C,)
    falls: Floats  # (C, N + 1)
    rises: Floats
    parts: Ints  # (C, A, N + 1)

    @classmethod
    def of(cls, problem: Problem) -> NavRules:
        own = None if problem.restrictions is None else problem.restrictions.nav
        empty, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
        if own is None:
            none, never = np.zeros(len(problem.lags)), np.full(len(problem.lags), -1, dtype=np.int64)
            tables = problem.lags, problem.payoff_of, problem.cost_of
            return cls(
                none, none, *tables, empty, empty, empty, DriftTables.of(None), never, whole, empty, empty, whole
            )
        nights = empty if own.overnight is None else (1.0 + own.overnight).ravel()
        shares = own.entry, own.high, problem.lags, own.payoff_of, own.cost_of
        market = own.returns.ravel(), own.costs.ravel(), nights, DriftTables.of(own)
        one = own.control
        if one is None:
            return cls(*shares, *market, own.control_of, whole, empty, empty, whole)
        return cls(*shares, *market, own.control_of, one.most, one.falls.ravel(), one.rises.ravel(), one.held.ravel())


@jit(inline="always")
def watches_nav(rules: NavRules, execution: int) -> bool:
    return bool(rules.entry[execution] > 0.0 or rules.high[execution] > 0.0 or rules.control_of[execution] >= 0)


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
    setting, width = rules.control_of[execution], 0
    step = full = np.int64(0)
    if setting >= 0:
        width = len(rules.falls) // len(rules.most)
        step = full = rules.most[setting]
    steps, parts = setting * width, setting * legs * width
    upcoming = 1
    change: Any = days
    if upcoming < count:
        change = np.int64(changes[upcoming] >> np.uint64(8)) - delay
    while change <= 0:
        upcoming += 1
        change = np.int64(changes[upcoming] >> np.uint64(8)) - delay if upcoming < count else days
    target = np.int64(changes[upcoming - 1] & np.uint64(255))
    position: Any = target
    held: Any = position
    entered, stopped = 0, False
    followed[0] = np.uint64(held)
    kept = 1
    nav = start = high = 1.0
    fallen = lost = moved = days
    later = step
    out: Any = days
    if table >= 0:
        out = np.int64(holding.exits[(table * legs + position) * days])
    anew = False
    beside = 1.0  # the growth of the NAV beside that of what is held: of the switch into it
    payoff, cost = rules.payoff_of[execution], rules.cost_of[execution]
    value = 1.0
    drifting = drifts_from_entry(rules.drift, payoff, held)
    if drifting:
        value = enter(rules.drift, payoff, cost, held, 0, units)
    day = 0
    while True:
        # The closes of the days until the position may change: `floor`, `least`, `low` and `top` are the NAVs that
        # trigger.
        earned = returns + held * days
        until: Any = min(change, out, fallen, lost, moved)
        if stopped:
            until = min(until, entered + wait) if wait > 0 else until
        elif target != position:
            until = min(until, max(entered + shortest, day + 1))
        peak = np.inf if anew else high
        least = highest * high if lost == days and not anew else -1.0
        floor = entry * start if fallen == days and position != refuge else -1.0
        controlled = setting >= 0 and moved == days and not anew
        low, top = -1.0, np.inf
        if controlled:
            low, top = rules.falls[steps + step] * high, rules.rises[steps + step] * high
        lowest = max(least, floor, low)
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
                if controlled:
                    low, top = rules.falls[steps + step] * peak, rules.rises[steps + step] * peak
                lowest = max(least, floor, low)
            if nav <= lowest or nav >= top:
                if nav <= least:
                    lost, least = min(day + lag, days), -1.0
                    until = min(until, lost)
                if nav <= floor:
                    fallen, floor = min(day + lag, days), -1.0
                    until = min(until, fallen)
                if nav <= low or nav >= top:
                    later = step
                    while nav <= rules.falls[steps + later] * peak:
                        later -= 1
                    while nav >= rules.rises[steps + later] * peak:
                        later += 1
                    moved, controlled, low, top = min(day + lag, days), False, -1.0, np.inf
                    until = min(until, moved)
                lowest = max(least, floor, low)
            day += 1
        high = high if anew else peak
        if day >= days:
            return kept
        # The target of the day, then the position, and what is held of it.
        decided = change <= day
        while change <= day:
            target = np.int64(changes[upcoming] & np.uint64(255))
            upcoming += 1
            change = np.int64(changes[upcoming] >> np.uint64(8)) - delay if upcoming < count else days
        leave = day in (fallen, lost, out)
        if day == lost:
            lost, anew = days, True
        if day == moved:
            moved, step = days, later
        now: Any = position
        if stopped:
            if decided or day - entered == wait > 0:
                stopped = False
                now = target
        elif leave:
            stopped = target == position and position != refuge
            now = refuge if stopped else target
        elif target != position and day - entered >= shortest:
            now = target
        entering = now != position
        if entering:
            position, entered, fallen = now, day, days
            out = days
            if table >= 0:
                out = np.int64(holding.exits[(table * legs + position) * days + day])
        again = anew and entering and position != refuge
        if again:
            moved, step = days, full
        part: Any = position if setting < 0 else rules.parts[parts + position * width + step]
        night = 1.0
        if part != held and len(rules.drift.drifts) > 0:
            left = leave_for(rules.drift, payoff, cost, held, part, day, units, value)
            beside, night = left.kept, left.night
            drifting = drifts_from_entry(rules.drift, payoff, part)
            if drifting:
                value = enter(rules.drift, payoff, cost, part, day, units)
        elif part != held:
            beside = 1.0 - rules.costs[costs + (held * legs + part) * days + day]
            night = rules.nights[nights + held * days + day] if at_open else 1.0
        if entering:
            start = nav * night
        if again:
            high, anew = start, False
        if part == held:
            continue
        held = part
        followed[kept] = (np.uint64(day + delay) << np.uint64(8)) | np.uint64(held)
        kept += 1
