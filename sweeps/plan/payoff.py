"""Daily returns of each allocation and costs of each switch, for every combination of the execution's axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.problem import Rebalancing
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.leg_prices import close_returns, dividend_returns, night_returns
from gridproof.sweeps.plan.mixed_returns import (
    LegDays,
    MixDays,
    follow_mix,
    rebalancing_days,
    switch_costs,
    switch_trades,
)
from gridproof.sweeps.plan.selections import Setting, selection_axes, setting_of
from gridproof.sweeps.plan.size_costs import SizeCosts, size_costs
from gridproof.sweeps.plan.traded import traded
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES, MAX_PAYOFF_VALUES
from gridproof.sweeps.study.allocation import REBALANCE
from gridproof.sweeps.study.execution_keys import AT, CAPITAL, MIN_COMMISSION
from gridproof.sweeps.study.execution_keys import REBALANCE as SLEEVES_REBALANCE
from gridproof.sweeps.study.leg import BORROWING, DIVIDEND_TAX, IMPACT_TERMS
from gridproof.sweeps.study.spec import CLOSE, OPEN
from gridproof.sweeps.study.study import Leg, Study

# Bytes of the returns and trades of selections that are computed at once.
_PIECE_BYTES = 64 * 2**20

Cell = Mapping[str, Value]


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
    axes = _payoff_axes(study)
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
        annual = np.array([_term(leg, "carry", cell) + _term(leg, "interest", cell) for cell in examples])
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
    legs = _leg_days(study, market, window, cell, returns)
    days = market.calendar[window.first : window.last + 1]
    rebalanced = {every: rebalancing_days(every, market.calendar, window.first, window.last) for every in REBALANCE}
    of_sleeves = str(cell[SLEEVES_REBALANCE])
    return [
        follow_mix(one, legs, rebalanced[one.rebalance or of_sleeves], days, study.where("mixes"))
        for one in study.allocations
    ]


def _leg_days(study: Study, market: Market, window: Window, cell: Cell, returns: Floats) -> LegDays:
    buying, selling = _trade_rates(study, _taxes(study, market, window, CLOSE), cell, window.days)
    growth = 1.0 + returns.T
    owed = growth.copy()
    a_day = 1.0 / study.spec.market.periods
    for place, leg in enumerate(study.legs):
        if leg.price is not None:  # who sells short owes the whole dividend
            owed[:, place] /= _kept_of_dividends(study, leg, market, window, cell)
        if not leg.cash:
            owed[:, place] *= (1.0 + _term(leg, "borrow_fee", cell)) ** a_day
        elif "financing" in leg.terms:
            owed[:, place] = (1.0 + _term(leg, "financing", cell)) ** a_day
    cash = np.array([leg.cash for leg in study.legs])
    return LegDays(growth, owed, buying.T, selling.T, cash, _size_costs(study, market, window, {**cell, AT: CLOSE}))


def _payoff_axes(study: Study) -> list[str]:
    """The axes on which the returns of the allocations depend."""
    axes: list[str] = []
    for leg in study.legs:
        axes += [leg.terms[term] for term in ("carry", "interest", DIVIDEND_TAX) if term in leg.terms]
        if leg.selection is not None:
            axes += selection_axes(leg)
        if study.mixed:
            axes += [leg.terms[term] for term in BORROWING if term in leg.terms]
        if leg.selection is not None or study.mixed:
            axes += _cost_axes(leg)
    if study.sleeves is not None:
        axes.append(SLEEVES_REBALANCE)
    return list(dict.fromkeys(axes))


def _kept_of_dividends(study: Study, leg: Leg, market: Market, window: Window, cell: Cell) -> Floats:
    """(D,) the share of a leg's value that is left when its dividends of the day are taxed."""
    grown = 1.0 + close_returns(study, leg, market, window)
    taxed: Floats = _term(leg, DIVIDEND_TAX, cell) * dividend_returns(study, leg, market, window)
    return 1.0 - taxed / grown


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
    taxes = {at: _taxes(study, market, window, at) for at in (CLOSE, OPEN)}

    def build(number: int) -> Floats:
        cell = cells[number]
        opened = cell[AT] == OPEN
        buying, selling = _trade_rates(study, taxes[OPEN if opened else CLOSE], cell, window.days)
        if study.mixed:
            mixes = mix_days(study, market, window, cell, payoffs.of_legs(study, number))
            opens = payoffs.nights[payoffs.table_of[number]].T if opened and payoffs.nights is not None else None
            if opens is not None:
                _check_opens(study, market, window, np.stack([one.overnight(opens) for one in mixes]))
            costs = switch_costs(mixes, buying.T, selling.T, opens, _size_costs(study, market, window, cell))
        else:
            if (sizes := _size_costs(study, market, window, cell)) is not None:
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

    terms = list(dict.fromkeys([*(axis for leg in study.legs for axis in _cost_axes(leg)), AT]))
    if study.mixed:
        terms = list(dict.fromkeys([*terms, *_payoff_axes(study)]))
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
        opened = payoffs.nights is not None and cells[number][AT] == OPEN
        gaps = payoffs.nights[payoffs.table_of[number]].T if opened and payoffs.nights is not None else None
        return switch_trades(mixes, cash, gaps)

    # Costs move no weights, but those of a selection are in its returns.
    selecting = any(leg.selection is not None for leg in study.legs)
    costs = [axis for leg in study.legs for axis in _cost_axes(leg)]
    terms = [AT, *(axis for axis in _payoff_axes(study) if axis not in costs)]

    def key(number: int) -> tuple[Value, ...]:
        own = [int(payoffs.table_of[number])] if selecting else []
        return (*(cells[number][term] for term in terms), *own)

    return _distinct([key(number) for number in range(len(cells))], build)


def _check_opens(study: Study, market: Market, window: Window, overnight: Floats) -> None:
    """Raises InputError where a mix, (A, D), has lost all its value at the open of a day."""
    lost = np.argwhere(~(overnight > -1.0))
    if len(lost):
        place, day = lost[0]
        found = f"{study.allocations[place].name} loses {-overnight[place, day]:.0%}"
        found += f" from the close before to the open of {market.calendar[window.first + day]}"
        rule, remedy = "a mix must not lose all its value in a day", "Give it weights nearer to 0"
        raise InputError(rule, found, study.where("mixes"), remedy)


def _taxes(study: Study, market: Market, window: Window, at: str) -> list[tuple[Floats, Floats]]:
    """For each leg the tax on purchases and on sales at the close before each day, or at its open, (D,) each."""
    return [stamp_rates(leg.stamp_tax, trade_days(market, window, at)) for leg in study.legs]


def _trade_rates(study: Study, taxes: Sequence[tuple[Floats, Floats]], cell: Cell, days: int) -> tuple[Floats, Floats]:
    """(L, D) what purchases and sales of each leg cost, shares of the traded value, with taxes; 0 for cash."""
    buying = np.zeros((len(study.legs), days))
    selling = np.zeros_like(buying)
    for index, leg in enumerate(study.legs):
        if not leg.cash:
            purchase, sale = one_way_costs(leg, cell)
            buying[index], selling[index] = purchase + taxes[index][0], sale + taxes[index][1]
    return buying, selling


def _size_costs(study: Study, market: Market, window: Window, cell: Cell) -> SizeCosts | None:
    commissions = np.array([np.nan if leg.cash else one_way_costs(leg, cell)[0] for leg in study.legs])
    return size_costs(study, market, window, cell, commissions)


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


def _term(leg: Leg, term: str, cell: Cell) -> float:
    return float(cell[leg.terms[term]]) if term in leg.terms else 0.0


def _cost_axes(leg: Leg) -> list[str]:
    terms = ("cost", "sale_cost", *IMPACT_TERMS)
    return ["execution.cost", CAPITAL, MIN_COMMISSION, *(leg.terms[term] for term in terms if term in leg.terms)]


def one_way_costs(leg: Leg, cell: Cell) -> tuple[float, float]:
    """The cost of a purchase and that of a sale, shares of the traded value, without taxes."""
    both = float(cell["execution.cost"]) + _term(leg, "cost", cell)
    return both, both + _term(leg, "sale_cost", cell)


def trade_days(market: Market, window: Window, at: Value = CLOSE) -> Dates:
    """(D,) the day on which the trades for each day of the window are made: at its open, or at the close before."""
    first = window.first if at == OPEN else window.first - 1
    return market.calendar[first : first + window.days]
