"""The arrays of a panel that a selection needs: values, rankings, weights, and what can be traded.

Each is computed once for all points and settings, and the last ones are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.opens import Opens
from gridproof.kernels.panel.ranking import Ranking
from gridproof.results.axis_range import Value
from gridproof.signals.data.panel.panel import Panel, carried
from gridproof.signals.data.panel.tradability import Tradability, tradability
from gridproof.signals.data.price_limits import find_board, lot_sizes
from gridproof.signals.expression.panel import PanelValues
from gridproof.sweeps.study.selection import DIVIDEND, OPENING, RAW, RAW_OPENING, TRADED_AS, WEIGHTS, StockSelection

_Found = TypeVar("_Found")
# Of each panel the last arrays; one of 3,600 stocks takes up to 110 MB.
_MOST_KEPT = 6
# The share of opens of stocks that trade, beyond which unknown ones are an error.
_MOST_UNKNOWN = 0.1
_KEPT: WeakKeyDictionary[Panel, dict[tuple[object, ...], Any]] = WeakKeyDictionary()


class Worth(NamedTuple):
    """T days and S stocks."""

    value: Floats  # (T, S) adjusted, carried through suspensions and after the last row
    traded: Bools  # (T, S) whether the close is from a trade
    inside: Bools  # (T, S) whether the stock has a row, a close above 0 and a value


class PanelArrays:
    """The arrays of one selection on the T days of a panel up to the end of the window.

    ``values``: of formulas over it. ``chosen``: the values of the selection's parameters, in their order.
    """

    def __init__(
        self, panel: Panel, selection: StockSelection, values: PanelValues, days: int, chosen: tuple[Value, ...]
    ) -> None:
        self._panel, self._selection, self._formulas, self._days = panel, selection, values, days
        self._chosen = dict(zip(selection.parameters, chosen, strict=True))
        # With these a text of a formula says all on which its values depend, beside the panel and the year.
        self._names = {name: f"{name}={value!r}" for name, value in self._chosen.items()}
        self._names |= {name: f"series.{name} {release}" for name, release in selection.releases.items()}
        self._same = (*selection.panel.identity, days, values.periods)

    def worth(self) -> Worth:
        panel = self._selection.panel

        def compute() -> Worth:
            close = self.values(panel.close)
            priced = close > 0.0
            traded = priced if panel.traded is None else priced & (self.values(panel.traded) == 1.0)
            value = carried(close, traded)
            return Worth(value, traded, priced & ~np.isnan(value))

        return self._once(("worth",), compute)

    def ranking(self, where: Value, ranked: Value, weights: Value) -> Ranking:
        """The ranking of the universe; a stock whose weight is unknown is not in it."""
        selection = self._selection
        universe = selection.universe(where)
        ranking, weight = selection.ranking(ranked, universe), selection.weights(weights, universe)

        def compute() -> Ranking:
            inside = self.worth().inside
            if universe is not None:
                inside = inside & (self.values(universe) == 1.0)
            if weight is not None:
                inside = inside & ~np.isnan(self.values(weight))
            key = self.values(ranking)
            return resolve_panel("cpu").rank_days(np.where(inside, -key if selection.highest else key, np.nan))

        texts = [self._text(at) for at in (universe, ranking, weight)]
        return self._once(("rank", selection.highest, *texts), compute)

    def weights(self, where: Value, weights: Value) -> Floats | None:
        """(T, S) the last known weight, 0 before the first; None for equal weights. Raises InputError for one below 0
        or infinite."""
        node = self._selection.weights(weights, self._selection.universe(where))
        if node is None:
            return None

        def compute() -> Floats:
            values = self.values(node)
            wrong = (values < 0.0) | np.isinf(values)
            if wrong.any():
                day, stock = np.argwhere(wrong)[0]
                got = f"{values[day, stock]:g} of {self._panel.codes[stock]} on {self._panel.dates[day]}"
                rule, remedy = "a weight is 0 or more, and finite", "Correct the formula"
                raise InputError(rule, got, self._selection.places[WEIGHTS], remedy)
            return np.nan_to_num(carried(values, ~np.isnan(values)))

        return self._once(("weight", self._text(node)), compute)

    def tradability(self) -> Tradability:
        """What can be traded under price limits. The previous close is the last raw one, adjusted to today's factor,
        unless the panel has it. Raises InputError as ``tradability``."""
        panel, where = self._selection.panel, self._selection.places[TRADED_AS]
        raw_at, previous_at, special_at = panel.limiting(where)

        def compute() -> Tradability:
            raw, previous = self.values(raw_at), self._previous(raw_at, previous_at)
            return tradability(self._panel, self.worth().traded, raw, previous, self.values(special_at))

        texts = [self._text(at) for at in (raw_at, previous_at, special_at)]
        return self._once(("trade", *texts), compute)

    def opens(self, limits: bool) -> Opens:
        """What stocks are worth at the open, and what can be traded there: all, or what price limits allow.

        A stock that does not trade on a day, or whose open is unknown, is worth there what it was at the close before;
        under price limits it is not traded. Raises InputError as ``tradability``.
        """
        panel, where = self._selection.panel, self._selection.places[TRADED_AS]
        texts = [*panel.opening_texts, *map(self._text, panel.limiting(where) if limits else ())]

        def compute() -> Opens:
            worth = self.worth()
            value = np.empty_like(worth.value)
            opened = worth.traded & (self.values(panel.opening[0]) > 0.0)
            self._check_opens(worth.traded, opened)
            value[:1], value[1:] = np.nan, worth.value[:-1]
            value[opened] = self.values(panel.opening[0])[opened]
            if not limits:
                every = np.ones(value.shape, dtype=np.bool_)
                return Opens(value, every, every)
            raw_at, previous_at, special_at = panel.limiting(where)
            raw, field = self._raw_opens(opened)
            previous, special = self._previous(raw_at, previous_at), self.values(special_at)
            found = tradability(self._panel, opened, raw, previous, special, field)
            return Opens(value, found.buyable, found.sellable)

        return self._once(("open", limits, *texts), compute)

    def _check_opens(self, traded: Bools, opened: Bools) -> None:
        unknown, every = int(traded.sum() - opened.sum()), int(traded.sum())
        if unknown > _MOST_UNKNOWN * every:
            rule = f"{OPENING} is above 0 on at least {1.0 - _MOST_UNKNOWN:.0%} of the days on which stocks trade"
            remedy = "Correct the field, or write at: close"
            got = f"{unknown:,} of {every:,} without one"
            raise InputError(rule, got, self._panel.where, remedy)

    def _previous(self, raw_at: int, previous_at: int | None) -> Floats:
        """(T, S) the close before in yuan, adjusted to today's factor, unless the panel has it."""
        if previous_at is not None:
            return self.values(previous_at)
        raw = self.values(raw_at)
        previous = np.full(raw.shape, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            previous[1:] = self.worth().value[:-1] * raw[1:] / self.values(self._selection.panel.close)[1:]
        return previous

    def _raw_opens(self, opened: Bools) -> tuple[Floats, str]:
        """(T, S) the opens in yuan, and the name of the field that they are from: without one of their own they have
        the adjustment of the day's close."""
        panel = self._selection.panel
        adjusted_at, raw_at = panel.opening
        if raw_at is not None:
            return self.values(raw_at), RAW_OPENING
        close = panel.formulas.fields[RAW]
        raw = np.full(opened.shape, np.nan)
        raw[opened] = (self.values(adjusted_at) * self.values(close))[opened] / self.values(panel.close)[opened]
        return raw, OPENING

    def dividends(self) -> Floats | None:
        """(T, S) the cash dividend on its ex-day over the close before; None where the panel has no such field.

        0 for a stock without a board, which pays no tax of A-shares. Raises InputError for one that is not below the
        close before.
        """
        fields = self._selection.panel.formulas.fields
        if DIVIDEND not in fields:
            return None
        paid_at, raw_at = fields[DIVIDEND], fields[RAW]

        def compute() -> Floats:
            paid, before = np.nan_to_num(self.values(paid_at)), carried(self.values(raw_at), self.worth().traded)
            found = np.zeros_like(paid)
            boarded = np.array([find_board(code) is not None for code in self._panel.codes], dtype=np.bool_)
            known = (paid[1:] != 0.0) & ~np.isnan(before[:-1]) & boarded
            found[1:][known] = paid[1:][known] / before[:-1][known]
            wrong = np.argwhere((found < 0.0) | (found >= 1.0))
            if len(wrong):
                day, stock = wrong[0]
                got = f"{paid[day, stock]:g} of {self._panel.codes[stock]} on {self._panel.dates[day]}"
                rule, remedy = f"{DIVIDEND} is 0 or more, and less than the close before", "Give yuan for each share"
                raise InputError(rule, got, self._panel.where, remedy)
            return found

        return self._once(("dividend", self._text(paid_at), self._text(raw_at)), compute)

    def kept_of_dividends(self, tax: float) -> Floats:
        """(T, S) the share of a stock's value that is left when each dividend so far lost ``tax`` of it. Raises
        InputError as ``dividends``."""
        paid = self.dividends()
        assert paid is not None
        texts = [self._text(self._selection.panel.formulas.fields[name]) for name in (DIVIDEND, RAW)]

        def compute() -> Floats:
            kept: Floats = np.multiply.accumulate(1.0 - tax * paid, axis=0)
            return kept

        return self._once(("kept", tax, *texts), compute)

    def lot_price_at_open(self) -> Floats:
        """(2T − 1, S) as ``lot_price``, at the closes and at the opens between them."""
        closes, worth = self.lot_price(), self.worth()
        both = np.repeat(closes, 2, axis=0)[:-1]
        opened = worth.traded[1:] & (self.values(self._selection.panel.opening[0])[1:] > 0.0)
        prices = self._raw_opens(worth.traded)[0] * lot_sizes(self._panel.codes)
        both[1::2][opened] = prices[1:][opened]
        return both

    def lot_price(self) -> Floats:
        """(T, S) the last raw close that was traded times the shares of a lot, in yuan; NaN before the first."""
        raw_at = self._selection.panel.formulas.fields[RAW]

        def compute() -> Floats:
            worth = self.worth()
            lots = lot_sizes(self._panel.codes)
            return carried(self.values(raw_at), worth.traded) * lots

        return self._once(("lot", self._text(raw_at)), compute)

    def values(self, node: int) -> Floats:
        """(T, S) of a formula under the chosen parameters."""
        return self._formulas.of(node, self._chosen)

    def _text(self, node: int | None) -> str | None:
        return self._selection.panel.text(node, self._names)

    def _once(self, key: tuple[object, ...], compute: Callable[[], _Found]) -> _Found:
        kept, key = _KEPT.setdefault(self._panel, {}), (*key, *self._same)
        found: _Found = kept.pop(key) if key in kept else compute()
        while len(kept) >= _MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = found
        return found
