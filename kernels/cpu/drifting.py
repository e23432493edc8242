"""Positions that drift from the day of entry, compiled: ``kernels.drift`` has the definitions, ``CarriedPosition`` the
same operations in the same order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Words
from gridproof.kernels.drift import CarriedMarket
from gridproof.kernels.jit import jit


class DriftTables(NamedTuple):
    """``drift.Drift`` with the market that it belongs to; the tables are empty where nothing drifts."""

    drifts: Bools  # (payoff tables, A)
    levels: Floats  # flat (payoff tables, D + 1, K)
    weights: Floats  # (payoff tables, A, D, K)
    paid: Floats  # (payoff tables, A, D)
    returns: Floats  # (payoff tables, A, D)
    buying: Floats  # (cost tables, D, K)
    selling: Floats  # (cost tables, D, K)
    opened: Floats  # (cost tables, D, K)
    at_open: Bools  # (cost tables,)
    counted: Floats  # (K,)
    costs: Floats  # (cost tables, A, A, D)
    nights: Floats  # (cost tables, A, D): 1 + overnight; empty where all switches are made at the close

    @classmethod
    def of(cls, market: CarriedMarket | None) -> DriftTables:
        three, four = np.zeros((0, 0, 0)), np.zeros((0, 0, 0, 0))
        if market is None or market.drift is None:
            none = np.zeros((0, 0), dtype=np.bool_)
            return cls(
                none, np.zeros(0), four, three, three, three, three, three, none.ravel(), np.zeros(0), four, three
            )
        own = market.drift
        nights = three if market.overnight is None else 1.0 + market.overnight
        return cls(
            own.drifts, own.levels.ravel(), own.weights, own.paid, market.returns, own.buying, own.selling, own.opened,
            own.at_open, own.counted, market.costs, nights,
        )  # fmt: skip


@jit(inline="always")
def drifts_from_entry(tables: DriftTables, payoff: int, allocation: int) -> bool:
    return bool(len(tables.drifts) > 0 and tables.drifts[payoff, allocation])


@jit(counted=False)
def any_drifts(tables: DriftTables, payoff: int, changes: Words, count: int) -> bool:
    """Whether some of these allocations do, (day << 8 | allocation) each."""
    for place in range(count if len(tables.drifts) > 0 else 0):
        if tables.drifts[payoff, np.int64(changes[place] & np.uint64(255))]:
            return True
    return False


@jit(counted=False)
def worth(tables: DriftTables, payoff: int, units: Floats, day: int) -> float:
    """The value of a position at the close before a day."""
    at = np.uint64((payoff * (tables.paid.shape[2] + 1) + day) * len(units))
    total = 0.0
    for part in range(np.uint64(len(units))):
        total += units[part] * tables.levels[at + part]
    return total


@jit(counted=False)
def enter(tables: DriftTables, payoff: int, cost: int, allocation: int, day: int, units: Floats) -> float:
    """Write the units of a position that drifts, (K,). Returns its value when it is entered."""
    at = (payoff * (tables.paid.shape[2] + 1) + day) * len(units)
    total = 0.0
    for part in range(len(units)):
        weight = tables.weights[payoff, allocation, day, part]
        units[part] = weight / (tables.levels[at + part] * tables.opened[cost, day, part])
        total += weight
    return total


class Left(NamedTuple):
    """``kept``: the growth of the NAV beside that of the new position; ``night``: of the position before, from the
    close to the trades; ``traded``: where it had drifted, else −1."""

    kept: float
    night: float
    traded: float


@jit(counted=False)
def leave_for(
    tables: DriftTables, payoff: int, cost: int, before: int, to: int, day: int, units: Floats, value: float
) -> Left:
    """Switch from an allocation to another for a day. units, value: of the position before, where that drifts."""
    at_open = len(tables.nights) > 0
    night_of_new = tables.nights[cost, to, day] if at_open else 1.0
    if not tables.drifts[payoff, before]:
        kept = 1.0 - tables.costs[cost, before, to, day]
        if tables.drifts[payoff, to]:
            kept *= night_of_new
        return Left(kept, tables.nights[cost, before, day] if at_open else 1.0, -1.0)
    at = (payoff * (tables.paid.shape[2] + 1) + day) * len(units)
    total = whole = 0.0
    for part in range(len(units)):
        total += units[part] * tables.levels[at + part] * tables.opened[cost, day, part]
    if not tables.drifts[payoff, to]:
        for part in range(len(units)):
            whole += tables.weights[payoff, to, day, part] * tables.opened[cost, day, part]
    paid = traded = 0.0
    for part in range(len(units)):
        wanted = tables.weights[payoff, to, day, part]
        if not tables.drifts[payoff, to]:
            wanted = wanted * tables.opened[cost, day, part] / whole
        held = units[part] * tables.levels[at + part] * tables.opened[cost, day, part]
        trade = wanted - held / total
        paid += trade * tables.buying[cost, day, part] if trade > 0.0 else -trade * tables.selling[cost, day, part]
        traded += abs(trade) * tables.counted[part]
    if not tables.at_open[cost]:
        paid = 1.0 - (1.0 - paid) / (1.0 - tables.paid[payoff, to, day])
    night = total / value
    kept = night * (1.0 - paid)
    if not tables.drifts[payoff, to]:
        kept /= night_of_new
    return Left(kept, night, traded)


@jit(counted=False, nogil=True)
def carry_days(
    changes: Words, count: int, delay: int, tables: DriftTables, payoff: int, cost: int, units: Floats, growth: Floats,
    traded: Floats,
) -> None:  # fmt: skip
    """Write the growth of the NAV after all costs on each of the first len(growth) days, and what a switch on that day
    traded from a position that had drifted, else −1.

    changes: ``count`` entries, (day << 8 | allocation), which take effect on return day − delay, as in ``scan``.
    units: (K,), written.
    """
    upcoming = 1
    while upcoming < count and np.int64(changes[upcoming] >> np.uint64(8)) <= delay:
        upcoming += 1
    held = np.int64(changes[upcoming - 1] & np.uint64(255))
    value = enter(tables, payoff, cost, held, 0, units) if tables.drifts[payoff, held] else 1.0
    kept, sides = 1.0, -1.0
    day = 0
    while day < len(growth):
        change: Any = len(growth)
        if upcoming < count:
            change = min(change, np.int64(changes[upcoming] >> np.uint64(8)) - delay)
        drifting = tables.drifts[payoff, held]
        while day < change:
            if drifting:
                now = worth(tables, payoff, units, day + 1)
                growth[day] = now / value * kept
                value = now
            else:
                growth[day] = (1.0 + tables.returns[payoff, held, day]) * kept
            traded[day] = sides
            kept, sides = 1.0, -1.0
            day += 1
        if day >= len(growth):
            return
        to = np.int64(changes[upcoming] & np.uint64(255))
        upcoming += 1
        left = leave_for(tables, payoff, cost, held, to, day, units, value)
        kept, sides, held = left.kept, left.traded, to
        if tables.drifts[payoff, to]:
            value = enter(tables, payoff, cost, to, day, units)
