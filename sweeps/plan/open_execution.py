"""Trades at the open: what each allocation earns from the close before to the open, and the costs of switches there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.overnight import replace_overnight
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.payoff import Cell, Payoffs, cost_tables, mix_days, trade_tables
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Study


class SwitchTables(NamedTuple):
    """What a switch changes on the first day of a new position; the fields are those of ``kernels.problem.Problem``.

    overnight: (tables, A, D), the return of each allocation from the close before to the open, 0 in tables of switches
    at the close; None where no execution is at the open.
    """

    costs: Floats
    cost_of: Ints
    traded: Floats
    traded_of: Ints
    overnight: Floats | None


def switch_tables(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], payoffs: Payoffs
) -> SwitchTables:
    """The tables of all executions. Raises InputError."""
    costs, cost_of = cost_tables(study, market, window, cells, payoffs)
    trades = trade_tables(study, market, window, cells, payoffs)
    if payoffs.nights is None:
        return SwitchTables(costs, cost_of, *trades, None)
    at_open = {int(table): number for number, table in enumerate(cost_of) if cells[number][AT] == OPEN}
    overnight = np.zeros((len(costs), *costs.shape[2:]))
    for table, number in at_open.items():
        gaps = payoffs.nights[payoffs.table_of[number]]
        if study.mixed:
            mixes = mix_days(study, market, window, cells[number], payoffs.of_legs(study, number))
            overnight[table] = [one.overnight(gaps.T) for one in mixes]
        else:
            overnight[table] = gaps
    return SwitchTables(replace_overnight(costs, np.zeros_like(overnight), overnight), cost_of, *trades, overnight)
