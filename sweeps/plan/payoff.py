"""Daily returns of each allocation, for every combination of the execution's axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Rebalancing
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.leg_prices import close_returns, dividend_returns, night_returns
from gridproof.sweeps.plan.mixed_returns import LegDays, MixDays, follow_mix, rebalancing_days
from gridproof.sweeps.plan.selections import Setting, selection_axes, setting_of
from gridproof.sweeps.plan.size_costs import size_costs
from gridproof.sweeps.plan.trade_rates import (
    Cell,
    cost_axes,
    leg_taxes,
    one_way_costs,
    term_of,
    trade_days,
    trade_rates,
)
from gridproof.sweeps.plan.traded import traded
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_PAYOFF_VALUES
from gridproof.sweeps.study.allocation import REBALANCE
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.execution_keys import REBALANCE as SLEEVES_REBALANCE
from gridproof.sweeps.study.leg import BORROWING, DIVIDEND_TAX
from gridproof.sweeps.study.spec import CLOSE, OPEN
from gridproof.sweeps.study.study import Leg, Study

# Bytes of the returns and trades of selections that are computed at once.
_PIECE_BYTES = 64 * 2**20


class Payoffs(NamedTuple):
    """What allocations earn; equal tables are stored once."""

    returns: Floats  # (tables, A, D) simple daily returns
    nights: Floats | None  # (tables, L, D) of each leg, the part from the close before to the open; None where no
    # execution is at the open
    table_of: Ints  # (E,) the table of each execution
    rebalancing: Rebalancing | None = None  # None without mixes

    def of_legs(self, study: Study, execution: int) -> Floats:
        """(L, D) the returns of each leg."""
        return self.returns[self.table_of[execution], : len(study.legs)]


def payoff_tables(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> Payoffs:
    """What allocations earn under each execution.

    What dividends lose in tax is taken from a leg's growth; at the open it is lost in the night. A leg earns its
    close-to-close growth times (1 + carry)^(1/P), minus 1; cash earns (1 + interest)^(1/P) − 1. P: days
    a year. A selection and a mix earn their growth after the costs and taxes of their own trades. Raises InputError.
    """
    axes = payoff_axes(study)
    tables: dict[tuple[Value, ...], int] = {}
    index = np.array([tables.setdefault(tuple(cell[axis] for axis in axes), len(tables)) for cell in cells])
    first = dict(zip(index[::-1].tolist(), reversed(cells), strict=True))
    examples = [first[table] for table in range(len(tables))]
    size = len(study.allocations) * window.days
    if len(tables) * size > MAX_PAYOFF_VALUES:
        selecting = any(leg.selection is not None for leg in study.legs)
        kinds = "carry, interest, and the selections with lag and cost" if selecting else "carry and interest"
        kinds = "carry, interest and, with mixes, costs" if study.mixed else kinds
        raise InputError(
            f"{kinds} must have at most {MAX_PAYOFF_VALUES // size:,} settings in this window",
            f"{len(tables):,}",
            study.where("legs"),
            "Give them fewer values",
        )
    returns = np.empty((len(tables), len(study.allocations), window.days))
    opened = any(cell[AT] == OPEN for cell in cells)
    nights = np.zeros((len(tables), len(study.legs), window.days)) if opened else None
    for place, leg in enumerate(study.legs):
        if leg.selection is not None:
            own = None if nights is None else nights[:, place]
            _fill_selection(study, leg, market, window, examples, returns[:, place], own)
        else:
            returns[:, place] = close_returns(study, leg, market, window)
            if nights is not None:
                nights[:, place] = night_returns(study, leg, market, window)
        if leg.price is not None:
            for table, cell in enumerate(examples):
                kept = _kept_of_dividends(study, leg, market, window, cell)
                returns[table, place] = (1.0 + returns[table, place]) * kept - 1.0
                if nights is not None:
                    nights[table, place] = (1.0 + nights[table, place]) * kept - 1.0
        annual = np.array([term_of(leg, "carry", cell) + term_of(leg, "interest", cell) for cell in examples])
        returns[:, place] += 1.0
        returns[:, place] *= ((1.0 + annual) ** (1.0 / study.spec.market.periods))[:, None]
        returns[:, place] -= 1.0
    if not study.mixed:
        return Payoffs(returns, nights, index)
    rebalancing = Rebalancing(np.zeros_like(returns), np.zeros_like(returns))
    for table, cell in enumerate(examples):
        mixes = mix_days(study, market, window, cell, returns[table, : len(study.legs)])
        for place in range(len(study.legs), len(study.allocations)):
            returns[table, place] = mixes[place].net
            rebalancing.traded[table, place], rebalancing.paid[table, place] = mixes[place].traded, mixes[place].paid
    return Payoffs(returns, nights, index, rebalancing)


def mix_days(study: Study, market: Market, window: Window, cell: Cell, returns: Floats) -> list[MixDays]:
    """Every allocation under one combination of the execution's parameters. ``returns``: (L, D) those of the legs.

    Raises InputError where a mix loses all its value in a day.
    """
    legs = leg_days(study, market, window, cell, returns)
    days = market.calendar[window.first : window.last + 1]
    rebalanced = {every: rebalancing_days(every, market.calendar, window.first, window.last) for every in REBALANCE}
    of_sleeves = str(cell[SLEEVES_REBALANCE])
    found = []
    for one in study.allocations:
        mix = follow_mix(one, legs, rebalanced[one.rebalance or of_sleeves], days, study.where("mixes"))
        found.append(mix.from_entry() if one.drifts(of_sleeves) else mix)
    return found


def leg_days(study: Study, market: Market, window: Window, cell: Cell, returns: Floats) -> LegDays:
    """The legs under one combination of the execution's parameters. ``returns``: (L, D)."""
    buying, selling = trade_rates(study, leg_taxes(study, market, window, CLOSE), cell, window.days)
    growth = 1.0 + returns.T
    owed = growth.copy()
    taxed = [place for place, leg in enumerate(study.legs)
             if DIVIDEND_TAX in leg.terms and (study.weights[:, place] < 0.0).any()]  # fmt: skip
    untaxed = np.ones_like(growth) if taxed else None
    a_day = 1.0 / study.spec.market.periods
    for place, leg in enumerate(study.legs):
        if untaxed is not None and place in taxed:  # who sells short owes the whole dividend
            day, untaxed[:, place] = _untaxed(study, leg, market, window, cell)
            owed[:, place] *= day
        if not leg.cash:
            owed[:, place] *= (1.0 + term_of(leg, "borrow_fee", cell)) ** a_day
        elif "financing" in leg.terms:
            owed[:, place] = (1.0 + term_of(leg, "financing", cell)) ** a_day
    cash = np.array([leg.cash for leg in study.legs])
    sizes = size_costs(study, market, window, {**cell, AT: CLOSE})
    return LegDays(growth, owed, buying.T, selling.T, cash, sizes, untaxed)


def payoff_axes(study: Study) -> list[str]:
    """The axes on which the returns of the allocations depend."""
    axes: list[str] = []
    for leg in study.legs:
        axes += [leg.terms[term] for term in ("carry", "interest", DIVIDEND_TAX) if term in leg.terms]
        if leg.selection is not None:
            axes += selection_axes(leg)
        if study.mixed:
            axes += [leg.terms[term] for term in BORROWING if term in leg.terms]
        if leg.selection is not None or study.mixed:
            axes += cost_axes(leg)
    if any(one.rebalance is None for one in study.allocations):
        axes.append(SLEEVES_REBALANCE)
    return list(dict.fromkeys(axes))


def _kept_of_dividends(study: Study, leg: Leg, market: Market, window: Window, cell: Cell) -> Floats:
    """(D,) the share of a leg's value that is left when its dividends of the day are taxed."""
    grown = 1.0 + close_returns(study, leg, market, window)
    taxed: Floats = term_of(leg, DIVIDEND_TAX, cell) * dividend_returns(study, leg, market, window)
    return 1.0 - taxed / grown


def _untaxed(study: Study, leg: Leg, market: Market, window: Window, cell: Cell) -> tuple[Floats, Floats]:
    """(D,) each: by how much more a leg grows in a day, and in the night, if its dividends are not taxed."""
    if leg.selection is None:
        more: Floats = 1.0 / _kept_of_dividends(study, leg, market, window, cell)
        return more, more
    days, nights = (np.zeros((2, window.days)) for _ in range(2))
    free = {**cell, leg.terms[DIVIDEND_TAX]: 0.0}
    _fill_selection(study, leg, market, window, [cell, free], days, nights)
    return (1.0 + days[1]) / (1.0 + days[0]), (1.0 + nights[1]) / (1.0 + nights[0])


def _fill_selection(
    study: Study,
    leg: Leg,
    market: Market,
    window: Window,
    cells: Sequence[Cell],
    returns: Floats,
    nights: Floats | None,
) -> None:
    """Write the returns of a selection after its costs, (tables, D), for the cell of each table, and those from the
    close before to the open where it trades there.

    A selection before costs is computed once for all its costs, and not kept longer than for these.
    """
    taxes = {at: stamp_rates(leg.stamp_tax, trade_days(market, window, at)) for at in (CLOSE, OPEN)}
    tables: dict[Setting, list[int]] = {}
    for table, cell in enumerate(cells):
        tables.setdefault(setting_of(leg, cell), []).append(table)
    for piece in _pieces(tables, window.days):
        found = traded(study, leg, market, window, piece)
        for setting in piece:
            gross, bought, sold, night = found[setting]
            buying, selling = taxes[setting.at]
            for table in tables[setting]:
                purchase, sale = one_way_costs(leg, cells[table])
                paid = (purchase + buying) * bought + (sale + selling) * sold
                returns[table] = (1.0 + gross) * (1.0 - paid) - 1.0
                if nights is not None and night is not None:
                    nights[table] = night


def _pieces(settings: Iterable[Setting], days: int) -> Iterator[list[Setting]]:
    """The settings in pieces that fit in memory: all at once, or those of one lag, and of each schedule all counts."""
    each = list(settings)
    if 3 * 8 * days * len(each) <= _PIECE_BYTES:
        yield each
        return
    alike: dict[tuple[object, ...], dict[tuple[object, ...], list[Setting]]] = {}
    for setting in each:
        *others, every, offset, _ = setting
        alike.setdefault(tuple(others), {}).setdefault((every, offset), []).append(setting)
    for schedules in alike.values():
        most = max(len(counts) for counts in schedules.values())
        at_once = max(2, _PIECE_BYTES // (3 * 8 * days * most))
        formed = list(schedules.values())
        for low in range(0, len(formed), at_once):
            yield [setting for counts in formed[low : low + at_once] for setting in counts]
