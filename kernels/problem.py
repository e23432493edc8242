"""The problem a backend evaluates: what every variant of one study shares, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Protocol

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words, cut_days
from gridproof.kernels.drift import Drift, carry
from gridproof.kernels.nav_stops import NavStops


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What keeps a position from following the allocation that the rule chooses, its target, for E executions.

    A position is entered on the first return day that it earns; that of return day 0 counts as entered there. Minimum
    holding: a change of target waits until the position has been held for ``min_hold`` days, and the position then
    becomes the target of that day. A stop becomes effective on the day that ``exits`` gives for the allocation and the
    day it was entered: where the target is another allocation by then, that one is entered, however long the position
    was held, else ``refuge``. A stopped position follows the target as soon as that changes, and enters it again
    ``cooling`` days after the day of the stop.
    """

    min_hold: Ints  # (E,) in days, ≥ 1; 1 restricts nothing
    cooling: Ints  # (E,) in days, ≥ 0; 0: never before the target changes
    stop_of: Ints  # (E,) which table of exits; −1: no stop
    exits: Array  # (stop tables, A, D) int32: the return day of the exit, after the day of entry; D or more: never
    refuge: int  # the allocation of a stopped position, without a stop itself
    nav: NavStops | None = None  # None where no execution has any

    def __post_init__(self) -> None:
        days = self.exits.shape[2]
        assert (self.exits > np.arange(days)).all()
        assert (self.exits[:, self.refuge] >= days).all()
        assert min(self.min_hold.min() - 1, self.cooling.min()) >= 0

    def of(self, executions: Ints) -> Restrictions:
        """Those of some executions."""
        own = {name: getattr(self, name)[executions] for name in ("min_hold", "cooling", "stop_of")}
        return replace(self, **own, nav=None if self.nav is None else self.nav.of(executions))

    def first_days(self, days: int) -> Restrictions:
        """Those of the first return days alone."""
        nav = None if self.nav is None else self.nav.first_days(days)
        return replace(self, exits=cut_days(self.exits, days), nav=nav)

    def watches_nav(self, execution: int) -> bool:
        """Whether what is held depends on the returns and costs of this execution."""
        return self.nav is not None and bool(self.nav.watched()[execution])


@dataclass(frozen=True, slots=True)
class Rebalancing:
    """What each allocation trades by itself, at the close before each day, to set weights back that have drifted."""

    traded: Floats  # (payoff tables, A, D): traded value over NAV, both sides
    paid: Floats  # (payoff tables, A, D): its cost, a share of NAV, which is in ``Problem.returns``

    def __post_init__(self) -> None:
        assert self.traded.shape == self.paid.shape

    def of(self, tables: Ints) -> Rebalancing:
        """That of some payoff tables, in this order."""
        return Rebalancing(self.traded[tables], self.paid[tables])


@dataclass(frozen=True, slots=True)
class Problem:
    """T decision days, D days of returns, A allocations, B signal bits, R packed bit paths, E executions.

    Decision day j (bit j of a path) is known at its close; with lag l it sets the position that earns return
    day j − lead + l. Return day 0 is the first of the window, so ``lead`` ≥ every lag.
    """

    path_bits: Words  # (R, ceil(T/64)): one packed bit path a row
    decision_days: int  # T
    lead: int
    rule: Ints  # (A, 2^B): F[allocation held, code]; bit b of the code is the state of path b
    start: int  # the allocation held before decision day 0
    lags: Ints  # (E,)
    payoff_of: Ints  # (E,) which payoff table
    cost_of: Ints  # (E,) which cost table
    returns: Floats  # (payoff tables, A, D): simple daily return of holding an allocation
    # Share of NAV lost when day d is the first of `to` after `from`, < 1. Below 0 where a switch at the open gains: see
    # ``kernels.overnight``.
    costs: Floats  # (cost tables, A, A, D)
    # Traded value over NAV, both sides, when day d is the first of `to` after `from`: the same on all days where
    # nothing drifts. What `to` would rebalance on that day is not traded apart.
    traded: Floats  # (trade tables, A, A, 1 or D)
    traded_of: Ints  # (E,) which trade table
    invested: Floats  # (A,): weight outside cash
    bounds: Ints  # (S + 1,): segments [bounds[s], bounds[s+1]) of return days, e.g. in sample, after publication
    periods: float  # a year
    risk_free: float  # annual
    overnight: Floats | None = None  # (cost tables, A, D): return from the close before to the open, 0 where a table's
    # switches are made at the close; None where those of all tables are
    restrictions: Restrictions | None = None
    rebalancing: Rebalancing | None = None  # None where no allocation rebalances
    drift: Drift | None = None  # None where no allocation drifts from the day of entry

    def __post_init__(self) -> None:
        assert self.traded.shape[3] in (1, self.returns.shape[2])
        assert self.rebalancing is None or self.rebalancing.traded.shape == self.returns.shape
        assert self.restrictions is None or len(self.restrictions.min_hold) == len(self.lags)
        assert self.overnight is None or len(self.overnight) == len(self.costs)

    @property
    def segments(self) -> int:
        return len(self.bounds) - 1

    @property
    def allocations(self) -> int:
        return int(self.returns.shape[1])

    @property
    def by_day(self) -> bool:
        """Whether some execution needs the daily kernel: for stops on the NAV, or for allocations that drift."""
        return self.drift is not None or (self.restrictions is not None and self.restrictions.nav is not None)

    def first_days(self, days: int, bounds: Ints) -> Problem:
        """The first return days alone, in these segments. Paths stay: they may be longer than needed."""
        own = self.rebalancing
        return replace(
            self,
            returns=cut_days(self.returns, days),
            costs=cut_days(self.costs, days),
            traded=cut_days(self.traded, days),
            rebalancing=None if own is None else Rebalancing(cut_days(own.traded, days), cut_days(own.paid, days)),
            bounds=bounds,
            overnight=None if self.overnight is None else cut_days(self.overnight, days),
            restrictions=None if self.restrictions is None else self.restrictions.first_days(days),
            drift=None if self.drift is None else self.drift.first_days(days),
        )

    def under(self, executions: Ints) -> Problem:
        """Some executions alone, in this order."""
        return replace(
            self,
            lags=self.lags[executions],
            payoff_of=self.payoff_of[executions],
            cost_of=self.cost_of[executions],
            traded_of=self.traded_of[executions],
            restrictions=None if self.restrictions is None else self.restrictions.of(executions),
        )

    def holding_terms(self, execution: int) -> tuple[float, ...]:
        """The numbers of an execution that decide what is held: lag, minimum holding, cooling-off and stop; where its
        NAV is watched, also its tables of returns and costs."""
        own = self.restrictions
        terms = () if own is None else (own.min_hold, own.cooling, own.stop_of)
        found = tuple(int(each[execution]) for each in (self.lags, *terms))
        if own is None or own.nav is None or not own.watches_nav(execution):
            return found
        return (*found, *own.nav.terms(execution))

    def position_returns(self, payoff: int, cost: int, days: int) -> Floats:
        """(A, days) what a position earns on the first days, each from the close or the open at which it may be entered
        to the next.

        At the close these are ``returns``. At the open a day goes from its open to the next one; the first begins at
        the close before, and the last ends at its close.
        """
        returns = self.returns[payoff, :, :days]
        if self.overnight is None:
            return returns
        opened = 1.0 + self.overnight[cost, :, 1:days]
        factors = 1.0 + returns
        factors[:, 1:] /= opened
        factors[:, :-1] *= opened
        return factors - 1.0

    def paid(self, execution: int, held: Ints) -> Floats:
        """(n,) the share of NAV paid for the switch into each of the first n return days. held: (n,).

        The first day's position is not charged.
        """
        if self.drift is not None:
            return carry(self, execution, held).paid
        table, days = int(self.cost_of[execution]), np.arange(1, len(held))
        before, after = held[:-1], held[1:]
        paid = np.zeros(len(held))
        paid[1:] = self.costs[table, before, after, days]
        if self.overnight is not None:
            opened = 1.0 + self.overnight[table]
            gap = opened[after, days] / opened[before, days]
            paid[1:] = np.where(before == after, 0.0, 1.0 - (1.0 - paid[1:]) * gap)
        return paid

    def paid_in_all(self, execution: int, held: Ints) -> Floats:
        """(n,) the share of NAV paid at the beginning of each of the first n return days: for the switch, see ``paid``,
        and for rebalancing. held: (n,)."""
        paid = self.paid(execution, held)
        if self.rebalancing is None:
            return paid
        # The position of a switch at the open is rebalanced at the close before it.
        kept = held
        if self.overnight is not None and self.overnight[self.cost_of[execution]].any():
            kept = np.concatenate([held[:1], held[:-1]])
        own = self.rebalancing.paid[self.payoff_of[execution], kept, np.arange(len(held))]
        both: Floats = 1.0 - (1.0 - paid) * (1.0 - own)
        return both

    def traded_by_day(self, execution: int, held: Ints) -> Floats:
        """(n,) traded value over NAV at the beginning of each of the first n return days, both sides. held: (n,)."""
        own, table = self.rebalancing, self.traded[self.traded_of[execution]]
        days = np.arange(len(held))
        sides = np.zeros(len(held)) if own is None else own.traded[self.payoff_of[execution], held, days]
        switched = np.flatnonzero(held[1:] != held[:-1]) + 1
        on = np.minimum(switched, table.shape[2] - 1)
        sides[switched] = table[held[switched - 1], held[switched], on]
        if self.drift is not None:
            drifted = carry(self, execution, held).traded
            sides = np.where(np.isnan(drifted), sides, drifted)
        return sides

    def held_throughout(self, execution: int, allocation: int) -> Floats:
        """(D,) what an allocation earns that is held from the first day to the last."""
        payoff, days = int(self.payoff_of[execution]), self.returns.shape[2]
        if self.drift is not None and self.drift.drifts[payoff, allocation]:
            return carry(self, execution, np.full(days, allocation)).returns
        earned: Floats = self.returns[payoff, allocation]
        return earned


@dataclass(frozen=True, slots=True)
class Jobs:
    """The variants to evaluate: N tuples of bit paths, each under one or more executions (J in all)."""

    rows: Array  # (N, B) int32: for each bit its row in Problem.path_bits
    first: Ints  # (N + 1,): jobs of tuple i are first[i] .. first[i+1]
    execution: Ints  # (J,): index into Problem.lags

    def jobs(self) -> Jobs:
        return self


@dataclass(frozen=True, slots=True)
class Box:
    """A product of variants: every combination of one path of each signal, each under every execution given.

    The last signal varies faster than those before it, and the execution fastest. A bit of the code belongs to one
    signal; all bits together are those of ``Problem.rule``.
    """

    paths: tuple[Array, ...]  # for each signal (n, its bits) int32: rows in Problem.path_bits
    places: tuple[Ints, ...]  # for each signal (its bits,): which bits of the code they are
    executions: Ints  # (E,): indices into Problem.lags

    def __len__(self) -> int:
        return prod(len(paths) for paths in self.paths) * len(self.executions)

    def jobs(self) -> Jobs:
        """The same variants one by one."""
        count = prod(len(paths) for paths in self.paths)
        rows = np.empty((count, sum(len(places) for places in self.places)), dtype=np.int32)
        digits = np.indices([len(paths) for paths in self.paths]).reshape(len(self.paths), count)
        for paths, places, digit in zip(self.paths, self.places, digits, strict=True):
            rows[:, places] = paths[digit]
        cells = len(self.executions)
        return Jobs(rows, np.arange(count + 1, dtype=np.int64) * cells, np.tile(self.executions, count))


Work = Jobs | Box


class Evaluator(Protocol):
    """A problem bound to a backend."""

    def __call__(self, work: Work, /) -> Floats:
        """The metrics of J variants in the order of the work, (J, S, 12 + A) for S segments and A allocations.

        ``metrics.METRICS`` in order, then the share of days in each allocation.
        """
