"""What keeps positions from following the rule: minimum holding, stops as tables of exits, and cooling-off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.drift import Drift
from gridproof.kernels.errors import InputError
from gridproof.kernels.nav_stops import DrawdownControl, NavStops
from gridproof.kernels.problem import Restrictions
from gridproof.signals.data.market import Market
from gridproof.sweeps.plan.leg_prices import leg_prices
from gridproof.sweeps.plan.trade_rates import Cell
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.plan.workload import MAX_COST_VALUES
from gridproof.sweeps.study.execution_keys import (
    AT,
    CONTROL,
    CONTROL_STEPS,
    COOLING,
    DRAWDOWN_STOP,
    MIN_HOLD,
    NAV_STOP,
    STOP,
    STOP_ON,
    TRAILING_STOP,
)
from gridproof.sweeps.study.spec import LOW, OPEN
from gridproof.sweeps.study.study import Leg, Study

# A fall that misses a stop by this part of the price is a fall of a decimal number that binary numbers cannot hold.
_ROUNDING = 1e-12


class StopTerms(NamedTuple):
    """What a table of exits depends on.

    ``payoff`` and ``cost``: the tables of returns and of overnight returns; 0 where all allocations are legs with a
    price, whose stops do not depend on them.
    """

    stop: float
    trailing: float
    stop_on: str
    at: str
    lag: int
    payoff: int
    cost: int


class StopPrices(NamedTuple):
    """Of one allocation: ``close``, (D + 1,) from the close before the window on; ``entry``, (D,) the price at which a
    position that begins on each day is entered; ``watched``, (D,) the price that is compared with the stop."""

    close: Floats
    entry: Floats
    watched: Floats


class ExecutionTables(NamedTuple):
    """As in ``kernels.problem.Problem``: what allocations earn in a day and overnight, what switches cost, and the
    tables of each execution."""

    returns: Floats
    payoff_of: Ints
    costs: Floats
    overnight: Floats | None
    cost_of: Ints
    drift: Drift | None = None


def restrictions_of(
    study: Study, market: Market, window: Window, cells: Sequence[Cell], days: ExecutionTables
) -> Restrictions | None:
    """What restricts positions under each execution; None where nothing does in any of them. Raises InputError."""
    min_hold = np.array([int(cell[MIN_HOLD]) for cell in cells], dtype=np.int64)
    cooling = np.array([int(cell[COOLING]) for cell in cells], dtype=np.int64)
    tables: dict[StopTerms, int] = {}
    count = days.returns.shape[1]
    # A mix of one leg is that leg.
    chosen = study.allocations if study.parts is None else study.allocations[: study.parts.whole]
    alone = [study.legs[one.weights.index(1.0)] if one.alone else None for one in chosen]
    watched = [place for place, leg in enumerate(alone) if leg is None or not leg.cash]
    priced = {place: leg for place in watched if (leg := alone[place]) is not None and leg.series is not None}
    valued = len(priced) < len(watched)
    stop_of = np.full(len(cells), -1, dtype=np.int64)
    for number, cell in enumerate(cells):
        terms = _terms(cell, int(days.payoff_of[number]) if valued else 0, int(days.cost_of[number]) if valued else 0)
        if terms.stop > 0.0 or terms.trailing > 0.0:
            stop_of[number] = tables.setdefault(terms, len(tables))
    nav = _nav_stops(study, cells, days)
    if not tables and (min_hold == 1).all() and not nav.watched().any():
        return None
    size = count * window.days
    if len(tables) * size > MAX_COST_VALUES:
        rule = f"stops must have at most {MAX_COST_VALUES // size:,} settings, with those of the lag, in this window"
        raise InputError(rule, f"{len(tables):,}", study.where("execution"), "Give them fewer values")
    exits = np.full((len(tables), count, window.days), window.days, dtype=np.int32)
    for place in watched:
        for terms, table in tables.items():
            if days.drift is not None and days.drift.drifts[terms.payoff, place]:
                exits[table, place] = exit_days_from_entry(days.drift, place, terms)
                continue
            if place in priced:
                prices = _prices(study, priced[place], market, window, terms)
            else:
                prices = _values(days, place, terms)
            exits[table, place] = exit_days(prices, terms.stop, terms.trailing, terms.lag)
    cash = next((place for place, leg in enumerate(study.legs) if leg.cash), 0)
    return Restrictions(min_hold, cooling, stop_of, exits, cash, nav if nav.watched().any() else None)


def _shares(cells: Sequence[Cell], key: str) -> Floats:
    """(E,) the share of a NAV at or below which a stop on it is reached; 0 where there is none."""
    falls = np.array([float(cell[key]) for cell in cells])
    return np.where(falls > 0.0, _level(np.ones(len(cells)), falls), 0.0)


def _nav_stops(study: Study, cells: Sequence[Cell], days: ExecutionTables) -> NavStops:
    entry, high = _shares(cells, NAV_STOP), _shares(cells, DRAWDOWN_STOP)
    of, control = _control(study, cells)
    market = days.returns, days.costs, days.overnight, days.payoff_of, days.cost_of, days.drift
    return NavStops(entry, high, *market, of, control)


def _control(study: Study, cells: Sequence[Cell]) -> tuple[Ints, DrawdownControl | None]:
    """(E,) which setting of the control of the drawdown each execution has, −1 for none; and the settings."""
    settings: dict[tuple[float, int], int] = {}
    of = [
        settings.setdefault((float(cell[CONTROL]), int(cell[CONTROL_STEPS])), len(settings)) if cell[CONTROL] else -1
        for cell in cells
    ]
    if study.parts is None or not settings:
        return np.array(of, dtype=np.int64), None
    limits, most = (np.array(values) for values in zip(*settings, strict=True))
    count = len(study.allocations)
    held = np.tile(np.arange(count)[:, None], (len(settings), 1, int(most.max()) + 1))
    for number, steps in enumerate(most.tolist()):
        held[number, : study.parts.whole, : steps + 1] = study.parts.held[steps]
    return np.array(of, dtype=np.int64), DrawdownControl.of(limits, most, held)


def exit_days(prices: StopPrices, stop: float, trailing: float, lag: int) -> Array:
    """(D,) for a position that is entered on each day, the day from which it is left; D where it never is.

    It is left ``lag`` days after the first day on which the watched price is at or below a share of the entry price
    (``stop``), or of the highest close since then, that of the day itself excepted (``trailing``). A share of 0 is no
    stop.
    """
    days = len(prices.entry)
    found = np.full(days, days, dtype=np.int64)
    at = np.arange(days)
    minima = _range_minima(prices.watched)
    for share in (one for one in (stop, trailing) if one > 0.0):
        found = np.minimum(found, _first_below(minima, at, _level(prices.entry, share)))
    if trailing > 0.0:
        since = np.minimum(at + 1, days)  # each close is a possible peak for the days after it
        later = _first_below(minima, since, _level(prices.close[1:], trailing))
        found = np.minimum(found, np.minimum.accumulate(later[::-1])[::-1])
    return np.where(found < days, np.minimum(found + lag, days), days).astype(np.int32)


def exit_days_from_entry(drift: Drift, place: int, terms: StopTerms) -> Array:
    """As ``exit_days``, of an allocation that drifts from the day of entry: its value is that since the entry."""
    levels, days = drift.levels[terms.payoff], drift.growth.shape[1]
    weights = drift.weights[terms.payoff, place]
    units = weights / (levels[:-1] * drift.opened[terms.cost])
    found = np.full(days, days, dtype=np.int32)
    for entered in range(days):
        values = np.concatenate([weights[entered].sum(keepdims=True), levels[entered + 1 :] @ units[entered]])
        high = np.maximum.accumulate(values[:-1])
        left = np.zeros(days - entered, dtype=np.bool_)
        if terms.stop > 0.0:
            left |= values[1:] <= _level(values[:1], terms.stop)
        if terms.trailing > 0.0:
            left |= values[1:] <= _level(high, terms.trailing)
        if left.any():
            found[entered] = min(entered + int(left.argmax()) + terms.lag, days)
    return found


def _level(prices: Floats, share: float | Floats) -> Floats:
    level: Floats = (1.0 - share) * prices * (1.0 + _ROUNDING)
    return level


def _range_minima(values: Floats) -> list[Floats]:
    """For each k the minimum of values [t, t + 2^k), for all t for which these exist."""
    minima, width = [values], 1
    while 2 * width <= len(values):
        minima.append(np.minimum(minima[-1][:-width], minima[-1][width:]))
        width *= 2
    return minima


def _first_below(minima: Sequence[Floats], start: Ints, level: Floats) -> Ints:
    """(n,) the first day from ``start`` on whose value is at or below ``level``, (n,) each; D where none is."""
    days = len(minima[0])
    at = start.copy()
    for power in range(len(minima) - 1, -1, -1):
        inside = at + (1 << power) <= days
        place = np.where(inside, at, 0)
        at += np.where(inside & (minima[power][place] > level), 1 << power, 0)
    return at


def _terms(cell: Cell, payoff: int, cost: int) -> StopTerms:
    stop, trailing = float(cell[STOP]), float(cell[TRAILING_STOP])
    return StopTerms(stop, trailing, str(cell[STOP_ON]), str(cell[AT]), int(cell["execution.lag"]), payoff, cost)


def _prices(study: Study, leg: Leg, market: Market, window: Window, terms: StopTerms) -> StopPrices:
    assert leg.series is not None
    close = market.closes(leg.series)[window.first - 1 : window.last + 1]
    entry = close[:-1].copy()
    if terms.at == OPEN:
        entry[1:] = leg_prices(study, leg, OPEN, market, window)[1:]
    watched = leg_prices(study, leg, LOW, market, window) if terms.stop_on == LOW else close[1:]
    return StopPrices(close, entry, watched)


def _values(days: ExecutionTables, place: int, terms: StopTerms) -> StopPrices:
    """Of an allocation without a price: what it is worth, 1 at the close before the window."""
    close = np.append(1.0, np.cumprod(1.0 + days.returns[terms.payoff, place]))
    entry = close[:-1].copy()
    if terms.at == OPEN and days.overnight is not None:
        entry[1:] *= 1.0 + days.overnight[terms.cost, place, 1:]
    return StopPrices(close, entry, close[1:])
