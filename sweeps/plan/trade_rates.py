"""What trades of legs cost under one execution, shares of their value: the costs of the study, the taxes of the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.execution_keys import CAPITAL, MIN_COMMISSION
from gridproof.sweeps.study.leg import IMPACT_TERMS
from gridproof.sweeps.study.spec import CLOSE, OPEN
from gridproof.sweeps.study.study import Leg, Study

Cell = Mapping[str, Value]  # the value of each parameter of an execution


def trade_rates(study: Study, taxes: Sequence[tuple[Floats, Floats]], cell: Cell, days: int) -> tuple[Floats, Floats]:
    """(L, D) what purchases and sales of each leg cost, shares of the traded value, with taxes; 0 for cash."""
    buying = np.zeros((len(study.legs), days))
    selling = np.zeros_like(buying)
    for index, leg in enumerate(study.legs):
        if not leg.cash:
            purchase, sale = one_way_costs(leg, cell)
            buying[index], selling[index] = purchase + taxes[index][0], sale + taxes[index][1]
    return buying, selling


def one_way_costs(leg: Leg, cell: Cell) -> tuple[float, float]:
    """The cost of a purchase and that of a sale, shares of the traded value, without taxes."""
    both = float(cell["execution.cost"]) + term_of(leg, "cost", cell)
    return both, both + term_of(leg, "sale_cost", cell)


def leg_taxes(study: Study, market: Market, window: Window, at: str) -> list[tuple[Floats, Floats]]:
    """For each leg the tax on purchases and on sales at the close before each day, or at its open, (D,) each."""
    return [stamp_rates(leg.stamp_tax, trade_days(market, window, at)) for leg in study.legs]


def trade_days(market: Market, window: Window, at: Value = CLOSE) -> Dates:
    """(D,) the day on which the trades for each day of the window are made: at its open, or at the close before."""
    first = window.first if at == OPEN else window.first - 1
    return market.calendar[first : first + window.days]


def cost_axes(leg: Leg) -> list[str]:
    """The axes on which the costs of a leg's trades depend."""
    terms = ("cost", "sale_cost", *IMPACT_TERMS)
    return ["execution.cost", CAPITAL, MIN_COMMISSION, *(leg.terms[term] for term in terms if term in leg.terms)]


def term_of(leg: Leg, term: str, cell: Cell) -> float:
    """The value of a leg's term, such as its cost; 0 where it has none."""
    return float(cell[leg.terms[term]]) if term in leg.terms else 0.0
