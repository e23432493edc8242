"""What mixes earn, hold and trade, day by day: weights drift until they are set back, and those trades cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.source import Dates
from gridproof.sweeps.plan.size_costs import SizeCosts
from gridproof.sweeps.study.allocation import DAILY, ENTRY, MONTHLY, NEVER, WEEKLY, Allocation


@dataclass(frozen=True, slots=True)
class LegDays:
    """L legs on D days under one execution.

    ``growth``: (D, L) value at the close over value at the close before, 1 and the simple return. ``owed``: (D, L)
    likewise of a weight below 0: the return and the fee of a leg that is sold short, the financing of cash that is
    borrowed. ``buying``, ``selling``: (D, L) cost of trades at the close before the day, shares of the traded value;
    0 for cash. ``cash``: (L,) the legs whose trades do not count as turnover. ``sizes``: what depends on the sizes of
    these trades, if anything does. ``untaxed``: (D, L) what a weight below 0 grows by in the night over what one above
    0 does, since it owes the whole dividend; None where dividends are not taxed.
    """

    growth: Floats
    owed: Floats
    buying: Floats
    selling: Floats
    cash: Bools
    sizes: SizeCosts | None = None
    untaxed: Floats | None = None


@dataclass(frozen=True, slots=True)
class MixDays:
    """One allocation on D days.

    ``opening``: (D, L) weights from the close before the day on, after the trades there. ``closing``: (D, L) weights at
    its close, before trades. ``returns``: (D,) simple, before the cost of rebalancing. ``paid``, ``traded``: (D,) that
    cost, of the trades at the close before the day, and their value outside of cash, shares of NAV. ``drifts``: it
    drifts from the day of entry; all are then those of a position that is entered for the day. ``untaxed``: (D, L) as
    in ``LegDays``, 1 where the weight is above 0.
    """

    opening: Floats
    closing: Floats
    returns: Floats
    paid: Floats
    traded: Floats
    drifts: bool = False
    untaxed: Floats | None = None

    def overnight(self, gaps: Floats) -> Floats:
        """(D,) its return from the close before each day to the open, after the cost of rebalancing at that close.

        ``gaps``: (D, L) the return of each leg.
        """
        earned: Floats = (1.0 + (self.opening * self._own(gaps)).sum(axis=1)) * (1.0 - self.paid) - 1.0
        return earned

    def at_open(self, gaps: Floats) -> Floats:
        """(D, L) its weights at the open of each day."""
        if self.drifts:
            return self.opening
        values = self.opening * (1.0 + self._own(gaps))
        weights: Floats = values / values.sum(axis=1, keepdims=True)
        return weights

    def _own(self, gaps: Floats) -> Floats:
        return gaps if self.untaxed is None else (1.0 + gaps) * self.untaxed - 1.0

    def from_entry(self) -> MixDays:
        """That of weights that are set by entering alone, of one that is rebalanced daily."""
        return replace(self, paid=np.zeros_like(self.paid), traded=np.zeros_like(self.traded), drifts=True)

    @property
    def net(self) -> Floats:
        """(D,) simple returns after the cost of rebalancing."""
        earned: Floats = (1.0 + self.returns) * (1.0 - self.paid) - 1.0
        return earned


def follow_mix(allocation: Allocation, legs: LegDays, rebalanced: Bools, days: Dates, where: str) -> MixDays:
    """Hold an allocation from the close before the first day on, where it has its own weights.

    ``rebalanced``: (D,) whether its weights are set back at the close before each day. ``days``: (D,). Raises
    InputError where it loses all its value in a day, or pays all of it for rebalancing.
    """
    target = np.array(allocation.weights)
    growth = np.where(target < 0.0, legs.owed, legs.growth)
    opening = np.broadcast_to(target, growth.shape).copy()
    if not rebalanced[1:].all():
        begins = np.flatnonzero(np.append(True, rebalanced[1:]))
        for begin, end in zip(begins, [*begins[1:], len(growth)], strict=True):
            values = target * np.cumprod(growth[begin : end - 1], axis=0)
            opening[begin + 1 : end] = values / values.sum(axis=1, keepdims=True)
    values = opening * growth
    total = values.sum(axis=1)
    lost = np.flatnonzero(~(total > 0.0))
    if len(lost):
        found = f"{allocation.name} loses {1.0 - total[lost[0]]:.0%} on {days[lost[0]]}"
        rule, remedy = "a mix must not lose all its value in a day", "Give it weights nearer to 0"
        raise InputError(rule, found, where, remedy)
    closing = values / total[:, None]
    paid = np.zeros(len(total))
    trades = opening[1:] - closing[:-1]
    costs = trade_costs(trades, legs.buying[1:], legs.selling[1:], legs.sizes)
    paid[1:] = np.where(rebalanced[1:], costs, 0.0)
    traded = np.zeros(len(total))
    traded[1:] = np.where(rebalanced[1:], np.abs(trades[:, ~legs.cash]).sum(axis=1), 0.0)
    ruined = np.flatnonzero(~(paid < 1.0))
    if len(ruined):
        found = f"{allocation.name} pays {paid[ruined[0]]:.0%} at the close before {days[ruined[0]]}"
        rule, remedy = (
            "rebalancing a mix must cost less than its whole value",
            "Lower the costs, or rebalance it less often",
        )
        raise InputError(rule, found, where, remedy)
    untaxed = None if legs.untaxed is None else np.where(target < 0.0, legs.untaxed, 1.0)
    return MixDays(opening, closing, total - 1.0, paid, traded, untaxed=untaxed)


def trade_costs(trades: Floats, buying: Floats, selling: Floats, sizes: SizeCosts | None = None) -> Floats:
    """(...) the cost of trades in each leg, (..., L), shares of NAV. ``buying``, ``selling``: (..., L) one-way.

    ``sizes``: of trades (..., n, L) on the last n days.
    """
    cost: Floats = (np.maximum(trades, 0.0) * buying + np.maximum(-trades, 0.0) * selling).sum(axis=-1)
    return cost if sizes is None else cost + sizes.of(np.abs(trades)).sum(axis=-1)


def switch_costs(
    mixes: Sequence[MixDays],
    buying: Floats,
    selling: Floats,
    gaps: Floats | None = None,
    sizes: SizeCosts | None = None,
) -> Floats:
    """(A, A, D) the share of NAV lost when day d is the first of ``to`` after ``from``, beyond what ``to`` pays itself.

    ``buying``, ``selling``: (D, L) one-way. Trades in each leg are netted: from the weights that ``from`` has drifted
    to, to those of ``to``. Who enters a mix at a close at which it is rebalanced does not pay for that as well, so the
    cost may be below 0. ``gaps``: (D, L) the return of each leg from the close before to the open; the switch is then
    made at the open, after ``from`` was rebalanced, and the cost is that of its trades. None: at the close before. Day
    0 is not charged.
    """
    count, days = len(mixes), len(mixes[0].returns)
    paid = np.stack([one.paid for one in mixes])[:, 1:]
    costs = np.zeros((count, count, days))
    after = np.stack([one.opening if gaps is None else one.at_open(gaps) for one in mixes])[:, 1:]
    for place, one in enumerate(mixes):
        before = one.closing[:-1] if gaps is None else after[place]
        charged = trade_costs(after - before, buying[1:], selling[1:], sizes)
        if gaps is None:
            charged = np.where(paid > 0.0, 1.0 - (1.0 - charged) / (1.0 - paid), charged)
        costs[place, :, 1:] = charged
        costs[place, place] = 0.0
    return costs


def switch_trades(mixes: Sequence[MixDays], cash: Bools, gaps: Floats | None = None) -> Floats:
    """(A, A, D) the traded value outside of cash over NAV when day d is the first of ``to`` after ``from``, both sides.

    ``cash``: (L,). ``gaps``: as of ``switch_costs``; at the open, what ``from`` rebalances at the close before counts
    too. Day 0 has no trades.
    """
    count, days = len(mixes), len(mixes[0].returns)
    traded = np.zeros((count, count, days))
    after = np.stack([one.opening if gaps is None else one.at_open(gaps) for one in mixes])[:, 1:, ~cash]
    for place, one in enumerate(mixes):
        before = one.closing[:-1, ~cash] if gaps is None else after[place]
        traded[place, :, 1:] = np.abs(after - before).sum(axis=-1)
        if gaps is not None:
            traded[place, :, 1:] += one.traded[1:]
        traded[place, place] = 0.0
    return traded


def rebalancing_days(every: str, calendar: Dates, first: int, last: int) -> Bools:
    """(D,) whether a mix is rebalanced at the close before each of the calendar days ``first`` to ``last``: at every
    close, at that of the last trading day of a week (ISO) or a month, or at none. For one that drifts from the day of
    entry each day is one of entry."""
    if every in (DAILY, ENTRY):
        return np.ones(last - first + 1, dtype=np.bool_)
    if every == NEVER:
        return np.zeros(last - first + 1, dtype=np.bool_)
    days = calendar[first - 1 : last + 1].astype("datetime64[D]")
    # 1970-01-01 is a Thursday: three days later a week begins.
    periods = days.astype("datetime64[M]").astype(np.int64) if every == MONTHLY else (days.astype(np.int64) + 3) // 7
    assert every in (MONTHLY, WEEKLY)
    changed: Bools = periods[1:] != periods[:-1]
    return changed
