"""What a switch between allocations costs and trades, at the close or at the open, and what the night before earns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.overnight import replace_overnight
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.mixed_returns import switch_costs, switch_trades
from gridproof.sweeps.plan.payoff import Payoffs, mix_days, payoff_axes
from gridproof.sweeps.plan.size_costs import size_costs
from gridproof.sweeps.plan.trade_rates import Cell, cost_axes, leg_taxes, trade_rates
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.spec import CLOSE, OPEN
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
    overnight = np.zeros((len(costs), *costs.shape[2:]))
    for table, number in {int(table): number for number, table in enumerate(cost_of)}.items():
        gaps = gaps_of(payoffs, number, cells[number])
        if gaps is not None and study.mixed:
            mixes = mix_days(study, market, window, cells[number], payoffs.of_legs(study, number))
            overnight[table] = [one.overnight(gaps) for one in mixes]
        elif gaps is not None:
            overnight[table] = gaps.T
    return SwitchTables(replace_overnight(costs, np.zeros_like(overnight), overnight), cost_of, *trades, overnight)


def cost_tables(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], payoffs: Payoffs
) -> tuple[Floats, Ints]:
    """Share of NAV lost on the first day of a new position, (tables, A, A, D), and the table of each execution.

    Selling a leg costs its one-way cost, sale cost and tax on sales, buying one its cost and tax on purchases; a switch
    between two legs pays both, one between mixes what changes in each leg. The tax is that of the trade day: the first
    day of the position where it is entered at the open, else the day before. ``payoffs``: on which the weights of mixes
    depend. Executions at the open have tables of their own where their nights differ.
    """
    count = len(study.allocations)
    taxes = {at: leg_taxes(study, market, window, at) for at in (CLOSE, OPEN)}

    def build(number: int) -> Floats:
        cell = cells[number]
        buying, selling = trade_rates(study, taxes[str(cell[AT])], cell, window.days)
        if study.mixed:
            mixes = mix_days(study, market, window, cell, payoffs.of_legs(study, number))
            gaps = gaps_of(payoffs, number, cell)
            if gaps is not None:
                _check_opens(study, market, window, np.stack([one.overnight(gaps) for one in mixes]))
            costs = switch_costs(mixes, buying.T, selling.T, gaps, size_costs(study, market, window, cell))
        else:
            if (sizes := size_costs(study, market, window, cell)) is not None:
                whole = sizes.of(np.ones((window.days, count))).T
                buying, selling = buying + whole, selling + whole
            costs = selling[:, None, :] + buying[None, :, :]
            costs[np.arange(count), np.arange(count)] = 0.0
        if (costs >= 1.0).any():
            raise InputError(
                "a switch must cost less than the whole NAV",
                f"{costs.max():.0%}",
                study.where("execution", "cost"),
                "Write costs as shares: 0.001 is 0.1 %",
            )
        return costs

    terms = list(dict.fromkeys([*(axis for leg in study.legs for axis in cost_axes(leg)), AT]))
    if study.mixed:
        terms = list(dict.fromkeys([*terms, *payoff_axes(study)]))
    # With these the nights differ between executions.
    own_nights = any(leg.selection is not None or leg.price is not None for leg in study.legs)

    def key(number: int) -> tuple[Value, ...]:
        cell = cells[number]
        nights = [int(payoffs.table_of[number])] if own_nights and cell[AT] == OPEN else []
        return (*(cell[term] for term in terms), *nights)

    keys = [key(number) for number in range(len(cells))]
    settings = len(set(keys))
    most = MAX_COST_VALUES // (count**2 * window.days)
    if settings > most:
        if most == 0:
            largest = math.isqrt(MAX_COST_VALUES // window.days)
            rule, remedy = f"a study has at most {largest} allocations in this window", "Take coarser weights or steps"
            raise InputError(rule, count, study.where("mixes" if study.mixed else "legs"), remedy)
        kinds = "costs, with those of selections at the open," if len(keys[0]) > len(terms) else "costs"
        rule, remedy = f"{kinds} must have at most {most:,} settings in this window", "Give them fewer values"
        raise InputError(rule, f"{settings:,}", study.where("execution", "cost"), remedy)
    return _distinct(keys, build)


def trade_tables(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], payoffs: Payoffs
) -> tuple[Floats, Ints]:
    """Traded value over NAV of each switch, (tables, A, A, 1 or D), and the table of each execution.

    Without mixes it is the same on all days.
    """
    cash = np.array([leg.cash for leg in study.legs])
    if not study.mixed:
        weights = study.weights[:, ~cash]
        traded = np.abs(weights[:, None] - weights[None, :]).sum(axis=-1)
        return traded[None, :, :, None], np.zeros(len(cells), dtype=np.int64)

    def build(number: int) -> Floats:
        mixes = mix_days(study, market, window, cells[number], payoffs.of_legs(study, number))
        return switch_trades(mixes, cash, gaps_of(payoffs, number, cells[number]))

    # Costs move no weights, but those of a selection are in its returns.
    selecting = any(leg.selection is not None for leg in study.legs)
    costs = [axis for leg in study.legs for axis in cost_axes(leg)]
    terms = [AT, *(axis for axis in payoff_axes(study) if axis not in costs)]

    def key(number: int) -> tuple[Value, ...]:
        own = [int(payoffs.table_of[number])] if selecting else []
        return (*(cells[number][term] for term in terms), *own)

    return _distinct([key(number) for number in range(len(cells))], build)


def gaps_of(payoffs: Payoffs, execution: int, cell: Cell) -> Floats | None:
    """(D, L) what each leg earns from the close before each day to its open; None where trades are at the close."""
    if payoffs.nights is None or cell[AT] != OPEN:
        return None
    gaps: Floats = payoffs.nights[payoffs.table_of[execution]].T
    return gaps


def _check_opens(study: Study, market: Market, window: Window, overnight: Floats) -> None:
    """Raises InputError where a mix, (A, D), has lost all its value at the open of a day."""
    lost = np.argwhere(~(overnight > -1.0))
    if len(lost):
        place, day = lost[0]
        found = f"{study.allocations[place].name} loses {-overnight[place, day]:.0%}"
        found += f" from the close before to the open of {market.calendar[window.first + day]}"
        rule, remedy = "a mix must not lose all its value in a day", "Give it weights nearer to 0"
        raise InputError(rule, found, study.where("mixes"), remedy)


def _distinct(keys: Sequence[tuple[Value, ...]], build: Callable[[int], Floats]) -> tuple[Floats, Ints]:
    tables: dict[tuple[Value, ...], int] = {}
    built: list[Floats] = []
    index = np.empty(len(keys), dtype=np.int64)
    for number, setting in enumerate(keys):
        if setting not in tables:
            tables[setting] = len(built)
            built.append(build(number))
        index[number] = tables[setting]
    return np.stack(built), index
