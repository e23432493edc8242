"""What the selections of a leg earn and trade in the window, for every count, interval, offset and lag of the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.ranking import Columns, Ranking
from gridproof.kernels.panel.selection import selection_problem
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel, carried
from gridproof.signals.data.source import Dates
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.selection import COUNT, EVERY, OFFSET, StockSelection
from gridproof.sweeps.study.study import Leg, Study

Setting: TypeAlias = tuple[int, int, int, int]  # lag, interval, offset, count


class Traded(NamedTuple):
    """One selection on the D days of the window, before costs. Purchases and sales: over NAV, at the close before."""

    gross: Floats  # (D,) simple daily returns
    bought: Floats  # (D,)
    sold: Floats  # (D,)


class _Ranked(NamedTuple):
    """T days and S stocks."""

    value: Floats  # (T, S) adjusted, carried through suspensions and after the last row
    order: Columns  # (T, S) as of a ``Ranking``
    eligible: Ints  # (T,)


# Of each panel the last rankings, so that points and searches do not rank again; one of 3,600 stocks takes 150 MB.
_MOST_KEPT = 3
_KEPT: WeakKeyDictionary[Panel, dict[tuple[object, ...], _Ranked]] = WeakKeyDictionary()


def selection_axes(leg: Leg) -> list[str]:
    """The axes on which the returns of a selection depend before costs, in the order of a ``Setting``."""
    return ["execution.lag", leg.terms[EVERY], leg.terms[OFFSET], leg.terms[COUNT]]


def setting_of(leg: Leg, cell: Mapping[str, float]) -> Setting:
    lag, every, offset, count = (int(cell[axis]) for axis in selection_axes(leg))
    return lag, every, offset, count


def trade_selections(
    study: Study, leg: Leg, market: Market, window: Window, settings: Sequence[Setting]
) -> dict[Setting, Traded]:
    """The returns and trades of a leg under each setting: all counts of one lag in one pass.

    A basket formed at the close of day t follows from the rows of day t + 1 − lag and earns from day t + 1 on. The
    first is formed ``offset`` days after the close before the window; until then the leg holds nothing. Raises
    InputError where the panel does not cover the window, or no stock is in the universe at a formation.
    """
    assert leg.selection is not None
    check_panel(study, market, window)
    _check_offsets(study, leg, settings)
    lags = sorted({setting[0] for setting in settings})
    panel, days = _panel_days(study, market, window)
    first = int(np.searchsorted(panel.dates, days[0]))
    ranked = _ranked(panel, leg.selection, first + len(days))
    value, ranking = ranked.value[first:], Ranking(ranked.order[first:], ranked.eligible[first:])
    schedules = sorted({setting[1:3] for setting in settings})
    counts = sorted({setting[3] for setting in settings})
    _check_universe(study, leg, market, window, ranking)
    tradable = np.ones(value.shape, dtype=np.bool_)
    found = {}
    for lag in lags:
        problem = selection_problem(
            value,
            ranking,
            tradable,
            tradable,
            np.array(schedules),
            np.array(counts),
            start=study.longest_lag - 1,
            lag=lag,
        )
        selected = resolve_panel("cpu").select(problem)
        for place, (every, offset) in enumerate(schedules):
            for number, count in enumerate(counts):
                found[lag, every, offset, count] = Traded(*(one[place, number] for one in selected))
    return found


def check_panel(study: Study, market: Market, window: Window) -> None:
    """Raises InputError where the panel lacks a column that the study names, or its days are not those of the calendar
    from the close that the longest lag needs to the end of the window."""
    panel, days = _panel_days(study, market, window)
    assert study.panel is not None
    for name in study.panel.formulas.columns():
        panel.check_column(name)
    begin, end = np.searchsorted(panel.dates, [days[0], days[-1] + np.timedelta64(1, "D")])
    own = panel.dates[begin:end]
    missing, extra = np.setdiff1d(days, own), np.setdiff1d(own, days)
    if len(missing) or len(extra):
        parts = [
            f"{len(some)} {what}, the first {some[0]}"
            for some, what in ((missing, "of the calendar without a row"), (extra, "of the panel not on the calendar"))
            if len(some)
        ]
        rule = f"the days of the panel must be those of the calendar from {days[0]} to {days[-1]}"
        remedy = "Move the window, complete the panel, or use the calendar of its market"
        raise InputError(rule, "; ".join(parts), study.where("panel"), remedy)


def _panel_days(study: Study, market: Market, window: Window) -> tuple[Panel, Dates]:
    """The panel, and the days of the calendar that its rows must have."""
    assert market.panel is not None
    return market.panel, market.calendar[window.first - study.longest_lag : window.last + 1]


def _check_offsets(study: Study, leg: Leg, settings: Sequence[Setting]) -> None:
    for _, every, offset, _ in settings:
        if offset >= every:
            rule = f"every offset of {leg.name} must be below every interval: a basket is formed each `every` days"
            where = study.where("legs", leg.name, "select", OFFSET)
            raise InputError(rule, f"offset {offset}, every {every}", where, "Lower the offset, or raise every")


def _check_universe(study: Study, leg: Leg, market: Market, window: Window, ranking: Ranking) -> None:
    empty = np.flatnonzero(ranking.eligible[:-1] == 0)
    if len(empty):
        first = market.calendar[window.last + 1 - len(ranking.eligible) + int(empty[0])]
        rule = "a selection needs a stock in its universe at every close of the window"
        remedy = "Widen `where`, complete the columns that it reads, or move the window"
        where = study.where("legs", leg.name, "select")
        raise InputError(rule, f"none on {len(empty)} days, the first {first}", where, remedy)


def _ranked(panel: Panel, selection: StockSelection, days: int) -> _Ranked:
    """What the stocks are worth, and their ranking, on the first days of the panel; computed once for all points."""
    kept = _KEPT.setdefault(panel, {})
    key = (*selection.identity, days)
    if key not in kept:
        if len(kept) >= _MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = _rank(panel, selection, days)
    return kept[key]


def _rank(panel: Panel, selection: StockSelection, days: int) -> _Ranked:
    formulas = selection.panel.formulas
    close = formulas.values(selection.panel.close, panel, days)
    priced = close > 0.0
    traded = priced
    if selection.panel.traded is not None:
        traded = priced & (formulas.values(selection.panel.traded, panel, days) == 1.0)
    value = carried(close, traded)
    del close, traded
    inside = priced & ~np.isnan(value)
    if selection.universe is not None:
        inside &= formulas.values(selection.universe, panel, days) == 1.0
    key = formulas.values(selection.ranking, panel, days)
    key = np.where(inside, -key if selection.highest else key, np.nan)
    return _Ranked(value, *resolve_panel("cpu").rank_days(key))
