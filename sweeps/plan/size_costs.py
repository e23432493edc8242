"""What trades cost beyond a share of their value, because of their size: market impact and the minimum commission."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.trade_rates import Cell, one_way_costs
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.execution_keys import AT, CAPITAL, MIN_COMMISSION
from gridproof.sweeps.study.spec import AMOUNT, OPEN
from gridproof.sweeps.study.study import Leg, Study

# A trade of a smaller share of the capital is the rounding of a weight.
_NO_TRADE = 1e-12


@dataclass(frozen=True, slots=True)
class SizeCosts:
    """L legs on D days under one execution.

    ``impact``: (D, L), what a trade of the whole capital loses, as a share of it; 0 for cash. ``power``: (L,), by which
    the share that a trade loses grows with its size. ``commission``: (L,), one-way, a share of the traded value.
    ``least``: the minimum commission of a trade over the capital.
    """

    impact: Floats
    power: Floats
    commission: Floats
    least: float

    def of(self, sizes: Floats) -> Floats:
        """The cost of trades of these sizes, (..., n, L) shares of NAV above 0, on the last n days; likewise."""
        traded = sizes > _NO_TRADE
        impact = self.impact[len(self.impact) - sizes.shape[-2] :] * sizes ** (1.0 + self.power)
        raised = np.maximum(self.least - self.commission * sizes, 0.0) * (self.commission >= 0.0)
        cost: Floats = np.where(traded, impact + raised, 0.0)
        return cost


def size_costs(study: Study, market: Market, window: Window, cell: Cell) -> SizeCosts | None:
    """What the sizes of trades cost under one execution; None where nothing depends on them.

    Raises InputError where a leg lacks the amount of a day.
    """
    capital, least = float(cell[CAPITAL]), float(cell[MIN_COMMISSION])
    if capital == 0.0:
        return None
    impact, power = np.zeros((window.days, len(study.legs))), np.zeros(len(study.legs))
    for place, leg in enumerate(study.legs):
        if "impact" in leg.terms:
            power[place] = float(cell[leg.terms["impact_power"]]) if "impact_power" in leg.terms else 0.5
            amounts = _amounts(study, leg, market, window, cell[AT] == OPEN)
            impact[:, place] = float(cell[leg.terms["impact"]]) * (capital / amounts) ** power[place]
    if least == 0.0 and not impact.any():
        return None
    commissions = np.array([-1.0 if leg.cash else one_way_costs(leg, cell)[0] for leg in study.legs])
    return SizeCosts(impact, power, commissions, least / capital)


def _amounts(study: Study, leg: Leg, market: Market, window: Window, at_open: bool) -> Floats:
    """(D,) the traded value of the market on the day of the trades for each day of the window. Raises InputError."""
    first = window.first if at_open else window.first - 1
    days = slice(first, first + window.days)
    amounts = market.closes(leg.column_series(AMOUNT))[days]
    missing = np.flatnonzero(~(amounts > 0))
    if len(missing):
        raise InputError(
            "a leg with impact must have an amount above 0 on every day of its trades",
            f"{leg.name} lacks {len(missing)}, the first on {market.calendar[days][missing[0]]}",
            study.where("legs", leg.name, AMOUNT),
            "Move the window, complete the column, or remove impact",
        )
    return amounts
