"""Trades at the open: what each allocation earns from the close before to the open, and the costs of switches there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.overnight import replace_overnight
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.payoff import Cell, cost_tables, mix_days
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Leg, Study


def switch_tables(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], returns: Floats, payoff_of: Ints
) -> tuple[Floats, Ints, Floats | None]:
    """What a switch changes on the first day of a new position: costs, the table of each execution, and overnight.

    costs: (tables, A, A, D), as ``kernels.problem.Problem.costs``. overnight: (tables, A, D), the return of each
    allocation from the close before to the open, 0 in tables of switches at the close; None where no execution is at
    the open. returns, payoff_of: of ``payoff_tables``. Raises InputError.
    """
    opened = any(cell[AT] == OPEN for cell in cells)
    gaps = overnight_returns(study, market, window) if opened else None
    costs, cost_of = cost_tables(study, market, window, cells, returns, payoff_of, gaps)
    if gaps is None:
        return costs, cost_of, None
    at_open = {int(table): number for number, table in enumerate(cost_of) if cells[number][AT] == OPEN}
    overnight = np.zeros((len(costs), *costs.shape[2:]))
    for table, number in at_open.items():
        if study.mixed:
            earned = returns[payoff_of[number], : len(study.legs)]
            mixes = mix_days(study, market, window, cells[number], earned)
            overnight[table] = [one.overnight(gaps.T) for one in mixes]
        else:
            overnight[table] = gaps
    return replace_overnight(costs, np.zeros_like(overnight), overnight), cost_of, overnight


def overnight_returns(study: Study, market: Market, window: Window) -> Floats:
    """(L, D) the return of each leg from the close before each day to its open; 0 for cash. Raises InputError."""
    found = np.zeros((len(study.legs), window.days))
    for place, leg in enumerate(study.legs):
        if leg.series is not None:
            closes = market.closes(leg.series)[window.first - 1 : window.last]
            found[place] = leg_prices(study, leg, OPEN, market, window) / closes - 1.0
    return found


def leg_prices(study: Study, leg: Leg, key: str, market: Market, window: Window) -> Floats:
    """(D,) the prices of a further column of a leg, such as its open, on each day of the window.

    Raises InputError where one is missing or not above 0.
    """
    days = slice(window.first, window.last + 1)
    prices = market.closes(leg.column_series(key))[days]
    missing = np.flatnonzero(~(prices > 0))
    if len(missing):
        first = float(prices[missing[0]])
        instead = f", which has {first:g}" if np.isfinite(first) else ""
        raise InputError(
            f"a leg must have {'an' if key == OPEN else 'a'} {key} above 0 on every day of the window",
            f"{leg.name} lacks {len(missing)}, the first on {market.calendar[days][missing[0]]}{instead}",
            study.where("legs", leg.name, key),
            f"Move the window, complete the column, or remove {key} from the study",
        )
    return prices
