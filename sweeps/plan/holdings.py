"""What a selection holds on a date, and why: its ranks, what entered and left, and what could not be traded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.selection import SelectionProblem
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.sweeps.plan.basket_sizes import grouped_sizes
from gridproof.sweeps.plan.panel_arrays import PanelArrays
from gridproof.sweeps.plan.plan import execution_cells
from gridproof.sweeps.plan.selections import Setting, build_problem, panel_arrays, setting_of
from gridproof.sweeps.plan.window import Window, find_window
from gridproof.sweeps.study.selection import OFFSET
from gridproof.sweeps.study.spec import OPEN
from gridproof.sweeps.study.study import Leg, Study


class ExplainedStock(NamedTuple):
    """``rank``: from 1 among the universe of the day of the ranking, None outside of it. ``value``: of the ranking,
    None where unknown. ``weight``: in the basket at the close of the date. ``why``: empty for one that stays."""

    code: str
    rank: int | None
    value: float | None
    weight: float
    why: str


@dataclass(frozen=True, slots=True)
class ExplainedBasket:
    """What a leg holds after the close of ``date``.

    ``formed``: the day at whose close or open, see ``at``, the basket was formed last. ``ranked``: the day whose rows
    it follows from. ``stages``: how many stocks have a row that day, and how many of them each condition leaves.
    ``wanted``: how many the basket is to hold. ``entered``, ``kept``, ``left``, ``not_bought``: stocks at that
    formation; kept are those that should be sold and could not be. ``share``: of the number of stocks in the universe
    that are held; ``value_share``: of the sum of their ranking values, None where one is below 0. ``groups``: of the
    column asked for, by value, the stocks held and their weight.
    """

    leg: str
    parameters: Mapping[str, Value]
    ranking: str
    date: str
    at: str
    formed: str
    ranked: str
    days_to_next: int
    stages: Mapping[str, int]
    wanted: int
    share: float
    value_share: float | None
    held: list[ExplainedStock]
    entered: list[ExplainedStock]
    kept: list[ExplainedStock]
    left: list[ExplainedStock]
    not_bought: list[ExplainedStock]
    groups: Mapping[str, tuple[int, float]]

    def record(self) -> dict[str, Any]:
        """For JSON."""
        lists = ("held", "entered", "kept", "left", "not_bought")
        return asdict(self) | {name: [one._asdict() for one in getattr(self, name)] for name in lists}


def explain_baskets(study: Study, market: Market, day: np.datetime64, by: str | None = None) -> list[ExplainedBasket]:
    """One for each leg that selects. study: one value on each axis. by: a column of the panel, to add up weights by.

    Only rows up to ``day`` are used, except that a stock after its last row in the whole file has left the exchange.
    Raises InputError where the day lies outside of the window, or before the first formation of a leg.
    """
    selecting = [leg for leg in study.legs if leg.selection is not None]
    if not selecting:
        rule, remedy = "a date is for a study with a leg that selects from a panel", "Leave the date out"
        raise InputError(rule, "none", study.where("legs"), remedy)
    window = find_window(study, market)
    first, last = market.calendar[[window.first, window.last]]
    if not first <= day <= last:
        rule, remedy = f"the date must lie in the window, {first} to {last}", "Name one of its days"
        raise InputError(rule, str(day), study.where("window"), remedy)
    cut = replace(window, last=int(np.searchsorted(market.calendar, day, side="right")) - 1)
    return [_explain(study, leg, market, cut, by) for leg in selecting]


def _explain(study: Study, leg: Leg, market: Market, window: Window, by: str | None) -> ExplainedBasket:
    assert leg.selection is not None
    assert market.panel is not None
    (cell,) = execution_cells(study)
    setting = setting_of(leg, cell)
    (sizes,) = grouped_sizes([setting.stocks])
    schedule, number = (setting.every, setting.offset), sizes.places[setting.stocks]
    problem = build_problem(
        study,
        leg,
        market,
        window,
        setting.basket,
        [schedule],
        sizes,
        setting.lag,
        at=setting.at,
        tax=setting.dividend_tax,
    )
    arrays, begin = panel_arrays(study, leg, market, window, setting.chosen)
    # At the open the rows of the problem are closes and the opens between them.
    opened = setting.at == OPEN
    days = (len(problem.value) + 1) // 2 if opened else len(problem.value)
    dates, codes = market.panel.dates[begin : begin + days], market.panel.codes
    interval, offset = (int(each) for each in problem.schedules[0])
    formations = range(problem.start + offset, len(problem.value), interval)
    if not formations:
        rule = f"the first basket of {leg.name} is formed {setting.offset} days after the close before the window"
        raise InputError(rule, dates[-1], study.where("legs", leg.name, "select", OFFSET), "Name a later date")
    held = before = np.zeros(len(codes), dtype=np.bool_)
    for close in formations:
        held, before = problem.basket(close, number, held), held
    weights = problem.basket_weights(formations[-1], held)
    invested = weights > 0.0
    weights[invested] *= problem.value[-1, invested] / problem.value[formations[-1], invested]
    weights /= max(weights.sum(), np.finfo(np.float64).tiny)
    decided = formations[-1] - problem.lag + 1
    target, ranks = _targets(problem, decided, number)
    formed, ranked = ((formations[-1] + 1) // 2, decided // 2) if opened else (formations[-1], decided)
    keys = arrays.values(leg.selection.ranking(setting.ranking, leg.selection.universe(setting.where)))[begin + ranked]
    stages, outside = _stages(leg, setting, arrays, market.panel, begin + ranked)
    traded = arrays.worth().traded[begin + formed]
    blocked = np.where(traded, "at its limit, or its limit is unknown", "suspended, or without a row")

    def stocks(which: Bools, why: Array | str) -> list[ExplainedStock]:
        places = np.flatnonzero(which)
        places = places[np.argsort(np.where(ranks[places] > 0, ranks[places], len(codes) + 1), kind="stable")]
        reasons = np.broadcast_to(np.asarray(why, dtype=object), len(codes))
        return [
            ExplainedStock(
                codes[at], int(ranks[at]) or None, float(keys[at]) if np.isfinite(keys[at]) else None,
                float(weights[at]), str(reasons[at]),
            )
            for at in places.tolist()
        ]  # fmt: skip

    kept, inside = held & ~target, ranks > 0
    beyond = np.where(inside, "ranks behind the basket", outside)
    why = np.where(kept, blocked, np.where(held & ~before, "entered", ""))
    values = keys[inside]
    worth = values.sum() if len(values) and (values >= 0.0).all() else 0.0
    return ExplainedBasket(
        leg.name, {axis: cell[axis] for axis in leg.terms.values() if axis in cell}, str(setting.ranking),
        str(dates[-1]), setting.at, str(dates[formed]), str(dates[ranked]), formed + setting.every - days + 1, stages,
        int(target.sum()), float(held.sum() / inside.sum()),
        float(keys[held & inside].sum() / worth) if worth > 0.0 else None,
        stocks(held, why), stocks(held & ~before, ""), stocks(kept, blocked), stocks(before & ~held, beyond),
        stocks(target & ~held, blocked),
        {} if by is None else _groups(market.panel, by, begin + days - 1, held, weights),
    )  # fmt: skip


def _targets(problem: SelectionProblem, ranked: int, number: int) -> tuple[Bools, Ints]:
    """(S,) whether the basket is to hold a stock, and its rank from 1, 0 outside of the universe."""
    stocks = problem.value.shape[1]
    target, ranks = np.zeros(stocks, dtype=np.bool_), np.zeros(stocks, dtype=np.int64)
    low, high = problem.places(ranked, number)
    order = problem.ranking.order[ranked, : problem.ranking.eligible[ranked]]
    target[order[low:high]] = True
    ranks[order] = np.arange(1, len(order) + 1)
    return target, ranks


def _stages(leg: Leg, setting: Setting, arrays: PanelArrays, panel: Panel, day: int) -> tuple[dict[str, int], Array]:
    """How many stocks each condition leaves, one after the other, and why a stock is not in the universe."""
    selection = leg.selection
    assert selection is not None
    universe = selection.universe(setting.where)
    count = len(panel.codes)
    rows = np.zeros(count, dtype=np.bool_)
    places = panel.place[(panel.place >= day * count) & (panel.place < (day + 1) * count)]
    rows[places - day * count] = True
    found, why = {"with a row": int(rows.sum())}, np.full(count, "has no row", dtype=object)
    passed = arrays.worth().inside[day]
    why[rows & ~passed] = "has no close above 0"
    found["with a close above 0"] = int(passed.sum())
    checks: list[tuple[str, Floats, Bools]] = []
    if universe is not None:
        values = arrays.values(universe)[day]
        checks.append((f"where {setting.where}", values, values == 1.0))
    key = arrays.values(selection.ranking(setting.ranking, universe))[day]
    checks.append((f"with a known {setting.ranking}", key, ~np.isnan(key)))
    weight = selection.weights(setting.weights, universe)
    if weight is not None:
        values = arrays.values(weight)[day]
        checks.append((f"with a known {setting.weights}", values, ~np.isnan(values)))
    for name, values, true in checks:
        out = passed & ~true
        unknown = name.removeprefix("with a known ") + " is unknown"
        why[out] = np.where(np.isnan(values[out]), unknown, f"not {name}")
        passed = passed & true
        found[name] = int(passed.sum())
    return found, why


def _groups(panel: Panel, by: str, day: int, held: Bools, weights: Floats) -> dict[str, tuple[int, float]]:
    """By value of a column on a day: how many stocks are held, and their weight; the largest weight first."""
    panel.check_column(by)
    count = len(panel.codes)
    rows = np.flatnonzero((panel.place >= day * count) & (panel.place < (day + 1) * count))
    of = dict(zip((panel.place[rows] - day * count).tolist(), panel.columns[by]()[rows].tolist(), strict=True))
    found: dict[str, tuple[int, float]] = {}
    for stock in np.flatnonzero(held).tolist():
        name = of.get(stock)
        name = "unknown" if name is None or name != name else f"{name:g}" if isinstance(name, float) else str(name)
        stocks, weight = found.get(name, (0, 0.0))
        found[name] = stocks + 1, weight + float(weights[stock])
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))
