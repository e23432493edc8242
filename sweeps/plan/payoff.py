"""Daily returns of each leg and costs of each switch, for every combination of the execution's axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.data.stamp_duty import stamp_rates
from gridproof.sweeps.plan.selections import selection_axes, setting_of, trade_selections
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES
from gridproof.sweeps.study.study import Leg, Study

# Days times legs, summed over all settings of carry and interest: a sweep keeps range tables of them, about 1 GiB.
MAX_LEG_DAYS = 2_000_000

Cell = Mapping[str, float]


def payoff_tables(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> tuple[Floats, Ints]:
    """Simple daily returns, (tables, A, D), and the table of each execution. Equal tables are stored once.

    A leg earns its close-to-close growth times (1 + carry)^(1/P), minus 1; cash earns (1 + interest)^(1/P) − 1. P: days
    a year. A selection earns its growth after the costs and taxes of its own trades. Raises InputError.
    """
    selecting = [leg for leg in study.legs if leg.selection is not None]
    axes = [axis for leg in selecting for axis in (*selection_axes(leg), *_cost_axes(leg))]
    terms = [leg.terms[term] for leg in study.legs for term in ("carry", "interest") if term in leg.terms]
    terms = list(dict.fromkeys([*terms, *axes]))
    tables = len({tuple(cell[term] for term in terms) for cell in cells})
    size = len(study.legs) * window.days
    # A day of a leg takes up to 16 entries of 32 bytes in the range tables.
    if tables * size > MAX_LEG_DAYS:
        kinds = "carry and interest" if not selecting else "carry, interest, and the selections with lag and cost"
        raise InputError(
            f"{kinds} must have at most {MAX_LEG_DAYS // size} settings in this window",
            tables,
            study.where("legs"),
            "Give them fewer values",
        )
    closes = {leg.name: _closes_to_returns(study, leg, market, window) for leg in study.legs if leg.selection is None}
    selected = {
        leg.name: trade_selections(study, leg, market, window, [setting_of(leg, cell) for cell in cells])
        for leg in selecting
    }
    taxes = {leg.name: stamp_rates(leg.stamp_tax, _trade_days(market, window)) for leg in selecting}
    periods = study.spec.market.periods

    def earned(leg: Leg, cell: Cell) -> Floats:
        if leg.selection is None:
            return closes[leg.name]
        found, (buying, selling) = selected[leg.name][setting_of(leg, cell)], taxes[leg.name]
        one_way = _one_way(leg, cell)
        paid = (one_way + buying) * found.bought + (one_way + selling) * found.sold
        return (1.0 + found.gross) * (1.0 - paid) - 1.0

    def build(cell: Cell) -> Floats:
        gross = np.stack([earned(leg, cell) for leg in study.legs])
        annual = np.array([_term(leg, "carry", cell) + _term(leg, "interest", cell) for leg in study.legs])
        return (1.0 + gross) * ((1.0 + annual) ** (1.0 / periods))[:, None] - 1.0

    return _distinct(cells, terms, build)


def cost_tables(study: Study, market: Market, window: Window, cells: Sequence[Cell]) -> tuple[Floats, Ints]:
    """Share of NAV lost on the first day of a new position, (tables, A, A, D), and the table of each execution.

    Selling a leg costs its one-way cost and stamp tax on sales, buying one its cost and tax on purchases; a switch
    between two legs pays both. The tax is that of the trade day: the close before the first day of the position.
    """
    taxes = [stamp_rates(leg.stamp_tax, _trade_days(market, window)) for leg in study.legs]

    def build(cell: Cell) -> Floats:
        buying = np.zeros((len(study.legs), window.days))
        selling = np.zeros_like(buying)
        for index, leg in enumerate(study.legs):
            if not leg.cash:
                one_way = _one_way(leg, cell)
                buying[index], selling[index] = one_way + taxes[index][0], one_way + taxes[index][1]
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

    terms = list(dict.fromkeys(axis for leg in study.legs for axis in _cost_axes(leg)))
    settings = len({tuple(cell[term] for term in terms) for cell in cells})
    most = MAX_COST_VALUES // (len(study.legs) ** 2 * window.days)
    if settings > most:
        rule, remedy = f"costs must have at most {most:,} settings in this window", "Give them fewer values"
        raise InputError(rule, f"{settings:,}", study.where("execution", "cost"), remedy)
    return _distinct(cells, terms, build)


def _distinct(cells: Sequence[Cell], terms: Sequence[str], build: Callable[[Cell], Floats]) -> tuple[Floats, Ints]:
    tables: dict[tuple[float, ...], int] = {}
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
    return cell[leg.terms[term]] if term in leg.terms else 0.0


def _cost_axes(leg: Leg) -> list[str]:
    return ["execution.cost", *(leg.terms[term] for term in ("cost",) if term in leg.terms)]


def _one_way(leg: Leg, cell: Cell) -> float:
    return cell["execution.cost"] + _term(leg, "cost", cell)


def _trade_days(market: Market, window: Window) -> Dates:
    """(D,) the close before each day of the window, at which its trades are made."""
    return market.calendar[window.first - 1 : window.last]


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
