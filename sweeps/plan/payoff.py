"""Daily returns of each leg and costs of each switch, for every combination of the execution's axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.selections import Setting, selection_axes, setting_of
from gridproof.sweeps.plan.traded import traded
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES, MAX_PAYOFF_VALUES
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.spec import CLOSE, OPEN
from gridproof.sweeps.study.study import Leg, Study

# Bytes of the returns and trades of selections that are computed at once.
_PIECE_BYTES = 64 * 2**20

Cell = Mapping[str, Value]


def payoff_tables(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> tuple[Floats, Ints]:
    """Simple daily returns, (tables, A, D), and the table of each execution. Equal tables are stored once.

    A leg earns its close-to-close growth times (1 + carry)^(1/P), minus 1; cash earns (1 + interest)^(1/P) − 1. P: days
    a year. A selection earns its growth after the costs and taxes of its own trades. Raises InputError.
    """
    axes = list(dict.fromkeys(axis for leg in study.legs for axis in _payoff_axes(leg)))
    tables: dict[tuple[Value, ...], int] = {}
    index = np.array([tables.setdefault(tuple(cell[axis] for axis in axes), len(tables)) for cell in cells])
    first = dict(zip(index[::-1].tolist(), reversed(cells), strict=True))
    examples = [first[table] for table in range(len(tables))]
    size = len(study.legs) * window.days
    if len(tables) * size > MAX_PAYOFF_VALUES:
        selecting = any(leg.selection is not None for leg in study.legs)
        kinds = "carry, interest, and the selections with lag and cost" if selecting else "carry and interest"
        raise InputError(
            f"{kinds} must have at most {MAX_PAYOFF_VALUES // size:,} settings in this window",
            f"{len(tables):,}",
            study.where("legs"),
            "Give them fewer values",
        )
    returns = np.empty((len(tables), len(study.legs), window.days))
    for place, leg in enumerate(study.legs):
        if leg.selection is None:
            returns[:, place] = _closes_to_returns(study, leg, market, window)
        else:
            _fill_selection(study, leg, market, window, examples, returns[:, place])
        annual = np.array([_term(leg, "carry", cell) + _term(leg, "interest", cell) for cell in examples])
        returns[:, place] += 1.0
        returns[:, place] *= ((1.0 + annual) ** (1.0 / study.spec.market.periods))[:, None]
        returns[:, place] -= 1.0
    return returns, index


def _payoff_axes(leg: Leg) -> list[str]:
    """The axes on which the returns of a leg depend."""
    axes = [leg.terms[term] for term in ("carry", "interest") if term in leg.terms]
    return axes if leg.selection is None else [*axes, *selection_axes(leg), *_cost_axes(leg)]


def _fill_selection(
    study: Study, leg: Leg, market: Market, window: Window, cells: Sequence[Cell], returns: Floats
) -> None:
    """Write the returns of a selection after its costs, (tables, D), for the cell of each table.

    A selection before costs is computed once for all its costs, and not kept longer than for these.
    """
    buying, selling = stamp_rates(leg.stamp_tax, _trade_days(market, window))
    tables: dict[Setting, list[int]] = {}
    for table, cell in enumerate(cells):
        tables.setdefault(setting_of(leg, cell), []).append(table)
    for piece in _pieces(tables, window.days):
        found = traded(study, leg, market, window, piece)
        for setting in piece:
            gross, bought, sold = found[setting]
            for table in tables[setting]:
                purchase, sale = one_way_costs(leg, cells[table])
                paid = (purchase + buying) * bought + (sale + selling) * sold
                returns[table] = (1.0 + gross) * (1.0 - paid) - 1.0


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


def cost_tables(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> tuple[Floats, Ints]:
    """Share of NAV lost on the first day of a new position, (tables, A, A, D), and the table of each execution.

    Selling a leg costs its one-way cost, sale cost and tax on sales, buying one its cost and tax on purchases; a switch
    between two legs pays both. The tax is that of the trade day: the first day of the position where it is entered at
    the open, else the day before.
    """
    at_close = [stamp_rates(leg.stamp_tax, _trade_days(market, window)) for leg in study.legs]
    at_open = [stamp_rates(leg.stamp_tax, _trade_days(market, window, OPEN)) for leg in study.legs]

    def build(cell: Cell) -> Floats:
        buying = np.zeros((len(study.legs), window.days))
        selling = np.zeros_like(buying)
        taxes = at_open if cell[AT] == OPEN else at_close
        for index, leg in enumerate(study.legs):
            if not leg.cash:
                purchase, sale = one_way_costs(leg, cell)
                buying[index], selling[index] = purchase + taxes[index][0], sale + taxes[index][1]
        costs = selling[:, None, :] + buying[None, :, :]
        costs[np.arange(len(study.legs)), np.arange(len(study.legs))] = 0.0
        if (costs >= 1.0).any():
            raise InputError(
                "a switch must cost less than the whole NAV",
                f"{costs.max():.0%}",
                study.where("execution", "cost"),
                "Write costs as shares: 0.001 is 0.1 %",
            )
        return costs

    terms = list(dict.fromkeys([*(axis for leg in study.legs for axis in _cost_axes(leg)), AT]))
    settings = len({tuple(cell[term] for term in terms) for cell in cells})
    most = MAX_COST_VALUES // (len(study.legs) ** 2 * window.days)
    if settings > most:
        rule, remedy = f"costs must have at most {most:,} settings in this window", "Give them fewer values"
        raise InputError(rule, f"{settings:,}", study.where("execution", "cost"), remedy)
    return _distinct(cells, terms, build)


def _distinct(cells: Sequence[Cell], terms: Sequence[str], build: Callable[[Cell], Floats]) -> tuple[Floats, Ints]:
    tables: dict[tuple[Value, ...], int] = {}
    built: list[Floats] = []
    index = np.empty(len(cells), dtype=np.int64)
    for number, cell in enumerate(cells):
        setting = tuple(cell[term] for term in terms)
        if setting not in tables:
            tables[setting] = len(built)
            built.append(build(cell))
        index[number] = tables[setting]
    return np.stack(built), index


def _term(leg: Leg, term: str, cell: Cell) -> float:
    return float(cell[leg.terms[term]]) if term in leg.terms else 0.0


def _cost_axes(leg: Leg) -> list[str]:
    return ["execution.cost", *(leg.terms[term] for term in ("cost", "sale_cost") if term in leg.terms)]


def one_way_costs(leg: Leg, cell: Cell) -> tuple[float, float]:
    """The cost of a purchase and that of a sale, shares of the traded value, without taxes."""
    both = float(cell["execution.cost"]) + _term(leg, "cost", cell)
    return both, both + _term(leg, "sale_cost", cell)


def _trade_days(market: Market, window: Window, at: Value = CLOSE) -> Dates:
    """(D,) the day on which the trades for each day of the window are made: at its open, or at the close before."""
    first = window.first if at == OPEN else window.first - 1
    return market.calendar[first : first + window.days]


def _closes_to_returns(study: Study, leg: Leg, market: Market, window: Window) -> Floats:
    if leg.series is None:
        return np.zeros(window.days)
    closes = market.closes(leg.series)[window.first - 1 : window.last + 1]
    missing = np.flatnonzero(~(closes > 0))
    if len(missing):
        days = market.calendar[window.first - 1 : window.last + 1]
        first = float(closes[missing[0]])
        instead = f", which has {first:g}" if np.isfinite(first) else ""
        raise InputError(
            "a leg must have a close above 0 on every trading day of the window and the one before",
            f"{leg.name} lacks {len(missing)}, the first on {days[missing[0]]}{instead}",
            study.where("legs", leg.name),
            "Move the window, complete the series, or use a calendar that has only its days",
        )
    return closes[1:] / closes[:-1] - 1.0
