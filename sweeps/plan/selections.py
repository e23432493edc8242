"""What the selections of a leg earn and trade in the window, for every setting of its terms in the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.opens import Opens, halved, joined, open_lag
from gridproof.kernels.panel.ranking import Ranking
from gridproof.kernels.panel.selection import SelectionProblem, selection_problem
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.price_limits import board_of, find_board
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.panel import PanelValues
from gridproof.sweeps.plan.basket_sizes import BasketSizes, grouped_sizes
from gridproof.sweeps.plan.panel_arrays import PanelArrays
from gridproof.sweeps.plan.panel_values import panel_values
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.execution_keys import AT
from gridproof.sweeps.study.leg import DIVIDEND_TAX
from gridproof.sweeps.study.selection import COUNT, EVERY, IDEAL, LIMITS, OFFSET, WHERE, WORDED
from gridproof.sweeps.study.spec import CLOSE, OPEN
from gridproof.sweeps.study.study import Leg, Study

Basket: TypeAlias = tuple[Value, Value, Value, tuple[Value, ...], Value]


class Setting(NamedTuple):
    """The values on which the returns of a selection depend before costs."""

    lag: int
    at: str  # the close or the open
    dividend_tax: float
    where: Value
    ranking: Value
    weights: Value
    chosen: tuple[Value, ...]  # of the parameters of the formulas
    trading: Value
    every: int
    offset: int
    stocks: Value  # a number, a share or a part of the universe

    @property
    def basket(self) -> Basket:
        """What decides which stocks there are to choose from; the rest are lags, counts and schedules."""
        return self.where, self.ranking, self.weights, self.chosen, self.trading


class Traded(NamedTuple):
    """One selection on the D days of the window, before costs. Purchases and sales: over NAV, at the close before, or
    at the open where it trades there."""

    gross: Floats  # (D,) simple daily returns
    bought: Floats  # (D,)
    sold: Floats  # (D,)
    night: Floats | None = None  # (D,) the part from the close before to the open; None where it trades at the close

    @property
    def size(self) -> int:
        """Its bytes."""
        return sum(part.nbytes for part in self if part is not None)

    def alone(self) -> Traded:
        """A copy in arrays of its own: a row of a larger array would keep all of it in memory."""
        night = None if self.night is None else self.night.copy()
        return Traded(self.gross.copy(), self.bought.copy(), self.sold.copy(), night)


def selection_axes(leg: Leg) -> list[str]:
    """The axes on which the returns of a selection depend before costs, in the order of a ``Setting``."""
    assert leg.selection is not None
    terms = (leg.terms[term] for term in (*WORDED, EVERY, OFFSET, COUNT))
    taxed = [leg.terms[DIVIDEND_TAX]] if DIVIDEND_TAX in leg.terms else []
    return ["execution.lag", AT, *taxed, *terms, *leg.selection.parameters]


def setting_of(leg: Leg, cell: Mapping[str, Value]) -> Setting:
    lag, at, *terms = (cell[axis] for axis in selection_axes(leg))
    tax = float(terms.pop(0)) if DIVIDEND_TAX in leg.terms else 0.0
    where, ranking, weights, trading, every, offset, count, *chosen = terms
    basket = where, ranking, weights, tuple(chosen), trading
    stocks = count if isinstance(count, str) else int(count)
    return Setting(int(lag), str(at), tax, *basket, int(every), int(offset), stocks)


def trade_selections(
    study: Study, leg: Leg, market: Market, window: Window, settings: Sequence[Setting]
) -> dict[Setting, Traded]:
    """The returns and trades of a leg under each setting: all counts of one universe, ranking and lag in one pass.

    A basket formed at the close of day t follows from the rows of day t + 1 − lag and earns from day t + 1 on; one that
    is formed at the open of day t + 1 follows from the same rows and earns from that open on. The first is formed
    ``offset`` days after the close before the window, or the open after it; until then the leg holds nothing. Raises
    InputError where the panel does not cover the window, or no stock is in the universe at a formation.
    """
    kernels = resolve_panel("cpu")
    lags = sorted({setting.lag for setting in settings})
    schedules = sorted({(setting.every, setting.offset) for setting in settings})
    sizes = grouped_sizes(setting.stocks for setting in settings)
    found, values = {}, panel_values(study, leg, market, window)
    for at, tax, basket in dict.fromkeys((one.at, one.dividend_tax, one.basket) for one in settings):
        for together in sizes:
            problem = build_problem(study, leg, market, window, basket, schedules, together, lags[-1], values, at, tax)
            for lag in lags:
                nights = None
                if at == OPEN:
                    selected, nights = joined(kernels.select(problem._replace(lag=open_lag(lag))))
                else:
                    selected = kernels.select(problem._replace(lag=lag))
                for place, schedule in enumerate(schedules):
                    for size, number in together.places.items():
                        one = (place, number)
                        night = None if nights is None else nights[one]
                        setting = Setting(lag, at, tax, *basket, *schedule, size)
                        gross, bought, sold = (part[one] for part in selected)
                        found[setting] = Traded(gross, bought, sold, night)
    return found


def build_problem(
    study: Study,
    leg: Leg,
    market: Market,
    window: Window,
    basket: Basket,
    schedules: Sequence[tuple[int, int]],
    sizes: BasketSizes,
    lag: int,
    values: PanelValues | None = None,
    at: str = CLOSE,
    tax: float = 0.0,
) -> SelectionProblem:
    """The selections of one universe, ranking, weights, way to trade and choice of parameters, with the longest lag.

    At the open it is a problem of half-days, see ``kernels.panel.opens``. ``tax``: the share of dividends that is lost
    on the ex-day. ``values``: of the leg's formulas; what they
    have in common is computed once as long as it is kept. Raises InputError as ``trade_selections``.
    """
    assert leg.selection is not None
    check_panel(study, market, window)
    _check_offsets(study, leg, schedules)
    where, ranked, weights, chosen, trading = basket
    arrays, first = panel_arrays(study, leg, market, window, chosen, values)
    order, eligible = arrays.ranking(where, ranked, weights)
    ranking = Ranking(order[first:], eligible[first:])
    _check_universe(study, leg, market, window, where, chosen, ranking)
    if trading == LIMITS or leg.selection.capital is not None:
        _check_boards(market, ranking)
    value, weight = arrays.worth().value[first:], arrays.weights(where, weights)
    kept = arrays.kept_of_dividends(tax)[first:] if tax else None
    value = value if kept is None else value * kept
    buyable: Bools
    sellable: Bools
    if trading == IDEAL or at == OPEN:
        buyable = sellable = np.ones(value.shape, dtype=np.bool_)
    else:
        buyable, sellable = (each[first:] for each in arrays.tradability()[:2])
    problem = selection_problem(
        value, ranking, buyable, sellable, np.array(schedules), sizes.counted(ranking.eligible),
        None if weight is None else weight[first:], start=study.longest_lag - 1, lag=lag, parted=sizes.parted,
    )  # fmt: skip
    if at == CLOSE:
        return problem
    opening, buyable, sellable = arrays.opens(limits=trading == LIMITS)
    taxed = opening[first:] if kept is None else opening[first:] * kept
    return halved(problem, Opens(taxed, buyable[first:], sellable[first:]))


def panel_arrays(
    study: Study,
    leg: Leg,
    market: Market,
    window: Window,
    chosen: tuple[Value, ...],
    values: PanelValues | None = None,
) -> tuple[PanelArrays, int]:
    """The arrays of the panel to the end of the window, and the first day of them that the longest lag needs."""
    assert leg.selection is not None
    panel, days = _panel_days(study, market, window)
    first = int(np.searchsorted(panel.dates, days[0]))
    values = panel_values(study, leg, market, window) if values is None else values
    return PanelArrays(panel, leg.selection, values, first + len(days), chosen), first


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


def check_schedules(study: Study) -> None:
    """Raises InputError where an offset of a leg is not below all its intervals."""
    for leg in study.legs:
        if leg.selection is not None:
            every, offsets = (study.space.values_of(leg.terms[term]) for term in (EVERY, OFFSET))
            _check_offsets(study, leg, [(int(one), int(other)) for one, other in product(every, offsets)])


def _panel_days(study: Study, market: Market, window: Window) -> tuple[Panel, Dates]:
    """The panel, and the days of the calendar that its rows must have."""
    assert market.panel is not None
    return market.panel, market.calendar[window.first - study.longest_lag : window.last + 1]


def _check_offsets(study: Study, leg: Leg, schedules: Sequence[tuple[int, int]]) -> None:
    for every, offset in schedules:
        if offset >= every:
            rule = f"every offset of {leg.name} must be below every interval: a basket is formed each `every` days"
            where = study.where("legs", leg.name, "select", OFFSET)
            raise InputError(rule, f"offset {offset}, every {every}", where, "Lower the offset, or raise every")


def _check_boards(market: Market, ranking: Ranking) -> None:
    """Raises InputError where a stock that is ever in the universe has no board, which names its limits and lots."""
    assert market.panel is not None
    codes = market.panel.codes
    without = [at for at, code in enumerate(codes) if find_board(code) is None]
    if not without:
        return
    chosen = np.arange(len(codes)) < ranking.eligible[:-1, None]
    inside = np.zeros(len(codes), dtype=np.bool_)
    inside[ranking.order[:-1][chosen]] = True
    for at in without:
        if inside[at]:
            board_of(codes[at], market.panel.where)


def _check_universe(
    study: Study,
    leg: Leg,
    market: Market,
    window: Window,
    universe: Value,
    chosen: tuple[Value, ...],
    ranking: Ranking,
) -> None:
    empty = np.flatnonzero(ranking.eligible[:-1] == 0)
    if len(empty):
        first = market.calendar[window.last + 1 - len(ranking.eligible) + int(empty[0])]
        rule = "a selection needs a stock in its universe at every close of the window"
        remedy = "Widen `where`, complete the columns that it reads, or move the window"
        where = study.where("legs", leg.name, "select", WHERE)
        assert leg.selection is not None
        given = [f"{axis}={value}" for axis, value in zip(leg.selection.parameters, chosen, strict=True)]
        under = ", ".join([str(universe), *given])
        raise InputError(rule, f"none on {len(empty)} days under {under}, the first {first}", where, remedy)
