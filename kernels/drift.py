"""Positions whose weights are set when they are entered, and not again until they are left.

What such a position earns in a day depends on the day of its entry. With C(d) the growth of a leg since the window's
start, a position of weights w that is entered at e is worth Σ w·C(d)/C(e), so that no table of two days is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Drift:
    """Which allocations drift from the day of entry, and the parts of a position, K, that grow each in its own way: the
    value in each leg, and what is owed in each leg where a weight is below 0.

    ``Problem.returns`` and ``Problem.overnight`` have what an allocation that drifts earns on a day for which it is
    entered at the close before, ``Problem.costs`` and ``Problem.traded`` what a switch into it costs and trades; what
    leaving it costs and trades depends on the day of entry.
    """

    drifts: Bools  # (payoff tables, A)
    growth: Floats  # (payoff tables, D, K): value at the close over value at the close before
    # The weights of a position that is entered for day d: of one that drifts, at the close before or at the open; of
    # others, as they stand at the close before, after rebalancing.
    weights: Floats  # (payoff tables, A, D, K)
    paid: Floats  # (payoff tables, A, D): for rebalancing at the close before, as in ``Problem.rebalancing``
    buying: Floats  # (cost tables, D, K): the cost of trades for day d, shares of their value
    selling: Floats  # likewise
    opened: Floats  # (cost tables, D, K): growth from the close before to the trades for day d; 1 for day 0
    at_open: Bools  # (cost tables,) whether trades are made at the open; else ``opened`` is 1
    counted: Floats  # (K,) 1 where trades count as traded value, 0 for cash
    leg_of: Ints  # (K,)

    def __post_init__(self) -> None:
        assert (self.opened[:, 0] == 1.0).all()
        assert (self.opened[~self.at_open] == 1.0).all()

    @property
    def levels(self) -> Floats:
        """(payoff tables, D + 1, K) the growth from the close before day 0 to the close before each day, and to the
        last."""
        tables, days, parts = self.growth.shape
        found = np.ones((tables, days + 1, parts))
        np.cumprod(self.growth, axis=1, out=found[:, 1:])
        return found

    def first_days(self, days: int) -> Drift:
        """Those of the first return days alone."""
        by_day = {name: np.ascontiguousarray(getattr(self, name)[:, :days]) for name in _BY_DAY}
        weights, paid = (np.ascontiguousarray(one[:, :, :days]) for one in (self.weights, self.paid))
        return replace(self, **by_day, weights=weights, paid=paid)

    def of(self, tables: Ints) -> Drift:
        """Those of some payoff tables, in this order."""
        own = {name: getattr(self, name)[tables] for name in ("drifts", "growth", "weights", "paid")}
        return replace(self, **own)

    def turned(self, shift: int) -> Drift:
        """Those of a market whose days are turned: positions drift with its legs. Rates of trades stay."""
        opened = np.roll(self.opened, -shift, axis=1)
        opened[:, 0] = 1.0
        return replace(self, growth=np.ascontiguousarray(np.roll(self.growth, -shift, axis=1)), opened=opened)


_BY_DAY = ("growth", "buying", "selling", "opened")


class CarriedMarket(Protocol):
    """What a position is carried in: a problem, or the market in which stops count the NAV."""

    @property
    def returns(self) -> Floats: ...
    @property
    def costs(self) -> Floats: ...
    @property
    def overnight(self) -> Floats | None: ...
    @property
    def payoff_of(self) -> Ints: ...
    @property
    def cost_of(self) -> Ints: ...
    @property
    def drift(self) -> Drift | None: ...


class CarriedPosition:
    """One position from day to day under an execution, as the reference carries it; entered for return day 0.

    After ``step``: ``night``, what the position before grew from the close before to the trades of the day; ``paid``,
    the share of NAV that a switch paid; ``traded``, the value over NAV, both sides, that it traded where the position
    before had drifted, else NaN.
    """

    def __init__(self, market: CarriedMarket, execution: int, allocation: int) -> None:
        payoff, cost, drift = int(market.payoff_of[execution]), int(market.cost_of[execution]), market.drift
        self._returns, self._costs = market.returns[payoff], market.costs[cost]
        self._nights = None if market.overnight is None else 1.0 + market.overnight[cost]
        self._drift = None
        if drift is not None:
            self._drift = _Tables(
                drift.drifts[payoff], drift.levels[payoff], drift.weights[payoff], drift.paid[payoff],
                drift.buying[cost], drift.selling[cost], drift.opened[cost], bool(drift.at_open[cost]), drift.counted,
            )  # fmt: skip
        self.night, self.paid, self.traded = 1.0, 0.0, np.nan
        self._value = 1.0
        self._enter(allocation, 0)

    def step(self, allocation: int, day: int) -> float:
        """The growth of the NAV on a day on which this allocation is held; each day from 0 on in turn."""
        kept, self.night, self.paid, self.traded = 1.0, 1.0, 0.0, np.nan
        if allocation != self.allocation:
            kept = self._switch(allocation, day)
        if self._units is None:
            return (1.0 + float(self._returns[allocation, day])) * kept
        assert self._drift is not None
        before, self._value = self._value, _total(self._units, self._drift.levels[day + 1].tolist())
        return self._value / before * kept

    def weights(self, day: int) -> Floats:
        """(K,) of the day stepped to last: those of its entry, or as they stand at the close before."""
        assert self._drift is not None
        if self._units is None or day == self._entered:
            entered: Floats = self._drift.weights[self.allocation, day]
            return entered
        values = np.array(self._units) * self._drift.levels[day]
        found: Floats = values / values.sum()
        return found

    def _night_of(self, allocation: int, day: int) -> float:
        return 1.0 if self._nights is None else float(self._nights[allocation, day])

    def _switch(self, to: int, day: int) -> float:
        """The growth of the NAV beside that of the new position."""
        before, drift, cost = self.allocation, self._drift, float(self._costs[self.allocation, to, day])
        if self._units is None:
            self.night = self._night_of(before, day)
            self.paid = cost
            if self._nights is not None:
                self.paid = 1.0 - (1.0 - cost) * (self._night_of(to, day) / self.night)
            kept = 1.0 - cost
            if drift is not None and drift.drifts[to]:
                kept *= self._night_of(to, day)
        else:
            assert drift is not None
            opened = drift.opened[day].tolist()
            held = [
                unit * level * open_
                for unit, level, open_ in zip(self._units, drift.levels[day].tolist(), opened, strict=True)
            ]
            total, wanted = sum(held, 0.0), drift.weights[to, day].tolist()
            if not drift.drifts[to]:
                wanted = [weight * open_ for weight, open_ in zip(wanted, opened, strict=True)]
                whole = sum(wanted, 0.0)
                wanted = [weight / whole for weight in wanted]
            trades = [weight - value / total for weight, value in zip(wanted, held, strict=True)]
            rates = zip(trades, drift.buying[day].tolist(), drift.selling[day].tolist(), strict=True)
            self.paid = sum((trade * bought if trade > 0.0 else -trade * sold for trade, bought, sold in rates), 0.0)
            self.traded = sum(
                (abs(trade) * one for trade, one in zip(trades, drift.counted.tolist(), strict=True)), 0.0
            )
            if not drift.at_open:  # who enters a mix at a close at which it is rebalanced does not pay for that as well
                self.paid = 1.0 - (1.0 - self.paid) / (1.0 - float(drift.paid[to, day]))
            self.night = total / self._value
            kept = self.night * (1.0 - self.paid)
            if not drift.drifts[to]:
                kept /= self._night_of(to, day)
        self._enter(to, day)
        return kept

    def _enter(self, allocation: int, day: int) -> None:
        self.allocation, self._entered, drift = allocation, day, self._drift
        self._units: list[float] | None = None
        if drift is not None and drift.drifts[allocation]:
            weights, levels, opened = (
                one.tolist() for one in (drift.weights[allocation, day], drift.levels[day], drift.opened[day])
            )
            self._units = [
                weight / (level * open_) for weight, level, open_ in zip(weights, levels, opened, strict=True)
            ]
            self._value = sum(weights, 0.0)


class _Tables(NamedTuple):
    """``Drift`` under one execution."""

    drifts: Bools
    levels: Floats
    weights: Floats
    paid: Floats
    buying: Floats
    selling: Floats
    opened: Floats
    at_open: bool
    counted: Floats


def _total(units: list[float], levels: list[float]) -> float:
    return sum((unit * level for unit, level in zip(units, levels, strict=True)), 0.0)


class CarriedDays(NamedTuple):
    """What ``CarriedPosition`` gives on n days. ``weights``: (n, K)."""

    returns: Floats
    paid: Floats
    traded: Floats
    weights: Floats


def carry(market: CarriedMarket, execution: int, held: Ints) -> CarriedDays:
    """Hold these allocations, (n,), on the first n return days; the first position is not charged."""
    assert market.drift is not None
    position = CarriedPosition(market, execution, int(held[0]))
    returns, paid, traded = np.empty(len(held)), np.empty(len(held)), np.empty(len(held))
    weights = np.empty((len(held), len(market.drift.leg_of)))
    for day, allocation in enumerate(held.tolist()):
        returns[day] = position.step(allocation, day) - 1.0
        paid[day], traded[day], weights[day] = position.paid, position.traded, position.weights(day)
    return CarriedDays(returns, paid, traded, weights)
