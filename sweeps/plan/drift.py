"""The legs in which positions drift whose weights are set when they are entered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.drift import Drift
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.payoff import Payoffs, leg_days, mix_days
from gridproof.sweeps.plan.size_costs import size_costs
from gridproof.sweeps.plan.switches import SwitchTables, gaps_of
from gridproof.sweeps.plan.trade_rates import Cell, leg_taxes, trade_rates
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES
from gridproof.sweeps.study.execution_keys import AT, REBALANCE
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Study

# Days of entry whose values on all later days are computed at once.
_ENTRIES = 256


def drift_tables(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], payoffs: Payoffs, switches: SwitchTables
) -> Drift | None:
    """As ``kernels.problem.Problem`` has them; None where no allocation drifts under any execution.

    Raises InputError where a position may lose all its value, or where costs depend on the sizes of trades.
    """
    drifts = np.zeros((len(payoffs.returns), len(study.allocations)), dtype=np.bool_)
    payoff_cells = {int(table): number for number, table in reversed(list(enumerate(payoffs.table_of)))}
    for table, number in payoff_cells.items():
        drifts[table] = [one.drifts(str(cells[number][REBALANCE])) for one in study.allocations]
    if not drifts.any():
        return None
    _refuse_sizes(study, market, window, cells)
    legs, short = np.arange(len(study.legs)), np.flatnonzero((study.weights < 0.0).any(axis=0))
    leg_of, owing = np.concatenate([legs, short]), np.arange(len(legs) + len(short)) >= len(legs)
    size = len(study.allocations) * window.days * len(leg_of)
    if len(drifts) * size > MAX_COST_VALUES:
        most = MAX_COST_VALUES // size
        rule = f"with rebalance: entry, interest and costs must have at most {most:,} settings in this window"
        raise InputError(rule, f"{len(drifts):,}", study.where("mixes"), "Give them fewer values, or coarser weights")
    growth = np.empty((len(drifts), window.days, len(leg_of)))
    weights = np.empty((*drifts.shape, window.days, len(leg_of)))
    for table, number in payoff_cells.items():
        returns = payoffs.of_legs(study, number)
        days = leg_days(study, market, window, cells[number], returns)
        growth[table] = np.where(owing, days.owed[:, leg_of], days.growth[:, leg_of])
        for place, mix in enumerate(mix_days(study, market, window, cells[number], returns)):
            parts = mix.opening[:, leg_of]
            # A weight below 0 in a leg that is owed somewhere is owed here too.
            owed = (parts < 0.0) & np.isin(leg_of, short)
            weights[table, place] = np.where(owing == owed, parts, 0.0)
    buying, selling, opened = (np.ones((len(switches.costs), window.days, len(leg_of))) for _ in range(3))
    at_open = np.zeros(len(switches.costs), dtype=np.bool_)
    for table, number in {int(table): number for number, table in enumerate(switches.cost_of)}.items():
        cell = cells[number]
        taxes = leg_taxes(study, market, window, str(cell[AT]))
        rates = trade_rates(study, taxes, cell, window.days)
        buying[table], selling[table] = (rate.T[:, leg_of] for rate in rates)
        gaps = gaps_of(payoffs, number, cell)
        at_open[table] = cell[AT] == OPEN
        if gaps is not None:
            opened[table, 1:] = 1.0 + gaps[1:, leg_of]
            untaxed = leg_days(study, market, window, cell, payoffs.of_legs(study, number)).untaxed
            if untaxed is not None:
                opened[table, 1:] *= np.where(owing, untaxed[1:, leg_of], 1.0)
    assert payoffs.rebalancing is not None
    counted = np.array([0.0 if study.legs[leg].cash else 1.0 for leg in leg_of])
    drift = Drift(drifts, growth, weights, payoffs.rebalancing.paid, buying, selling, opened, at_open, counted, leg_of)
    days_of = market.calendar[window.first : window.last + 1].astype(str).tolist()
    for payoff, cost in set(zip(payoffs.table_of.tolist(), switches.cost_of.tolist(), strict=True)):
        _check_values(study, drift, payoff, cost, days_of)
    return drift


def _refuse_sizes(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> None:
    if any(size_costs(study, market, window, cell) is not None for cell in cells):
        rule = "costs of size are for mixes whose weights do not drift from the day of entry"
        remedy = "Write rebalance: monthly, or remove capital"
        raise InputError(rule, "rebalance: entry", study.where("execution", "capital"), remedy)


def _check_values(study: Study, drift: Drift, payoff: int, cost: int, days: Sequence[str]) -> None:
    """Raises InputError where a position that is entered on any day could lose all its value by the last, or could pay
    all of it to leave."""
    rate = float(max(drift.buying[cost].max(), drift.selling[cost].max()))
    largest = float(np.abs(drift.weights[payoff]).sum(axis=2).max())
    for place in np.flatnonzero(drift.drifts[payoff]).tolist():
        extent = 1.0
        if (drift.weights[payoff, place] < 0.0).any():
            extent = _largest_extent(study, drift, payoff, cost, place, days)
        if rate * (extent + largest) >= 1.0:
            name = study.allocations[place].name
            rule = "leaving a position that has drifted must cost less than its whole value"
            remedy = "Write rebalance: monthly, or give the mix weights nearer to 0"
            raise InputError(rule, f"up to {rate * (extent + largest):.0%} of {name}", study.where("mixes"), remedy)


def _largest_extent(study: Study, drift: Drift, payoff: int, cost: int, place: int, days: Sequence[str]) -> float:
    """The largest sum of weights, without their signs, that a position drifts to. Raises InputError if it may lose all
    its value."""
    levels, opened = drift.levels[payoff], drift.opened[cost]
    units = drift.weights[payoff, place] / (levels[:-1] * opened)
    largest = 1.0
    moments = [levels[1:], np.concatenate([levels[1:-1] * opened[1:], levels[-1:]])]  # closes, and opens of days after
    for reached in moments:
        for low in range(0, len(units), _ENTRIES):
            part = units[low : low + _ENTRIES]
            value, extent = part @ reached.T, np.abs(part) @ reached.T
            later = np.arange(len(reached)) >= np.arange(low, low + len(part))[:, None]
            lost = np.argwhere(later & ~(value > 0.0))
            if len(lost):
                entry, day = lost[0]
                rule = "a position whose weights drift from the day of entry must not lose all its value"
                found = f"{study.allocations[place].name}, entered for {days[low + entry]}, has lost it by {days[day]}"
                remedy = "Write rebalance: monthly, or give the mix weights nearer to 0"
                raise InputError(rule, found, study.where("mixes"), remedy)
            largest = max(largest, float((extent[later] / value[later]).max()))
    return largest
