"""Evaluates the nodes of a graph on a market: each node once under each choice of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.market_series import MarketSeries
from gridproof.signals.expression.operators.declaration import Calendar
from gridproof.signals.expression.parameter_choice import ParameterChoice
from gridproof.signals.expression.scalars import Value
from gridproof.signals.expression.shared_results import SharedResults


class ExpressionEvaluator:
    """The nodes of one graph on one market. Days are the T days of the market's calendar.

    ``periods``: trading days a year. ``last``: the calendar day after which nothing counts: values of slower series
    known later are left out. ``axes``: the values that each parameter has in the grid; the windows of an operator that
    can are computed in one pass. ``places``: where each series stands in the study, for faults of its data. The stocks
    are those of the market's panel.
    """

    def __init__(
        self,
        graph: Graph,
        market: Market,
        periods: float,
        last: int,
        axes: Mapping[str, Sequence[Value]] | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        self.graph, self.market, self.last = graph, market, last
        self.series = MarketSeries(market, periods, last, places or {})
        self._shared = SharedResults(graph, self.series, axes or {})

    def daily(
        self,
        at: int,
        chosen: Mapping[str, Value],
        releases: Mapping[str, Release],
        where: str,
        hindsight: bool = False,
    ) -> Floats:
        """Returns (T,) float64: the value of a node as known at each close; of a condition 0, 1 or NaN (unknown).

        ``chosen``: by full name the value of each parameter below it. ``releases``: of each series that has one.
        ``hindsight``: events count when they happened; not tradable. Raises InputError, at ``where``.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values, timeline = ParameterChoice(self._shared, chosen, releases, where, hindsight).of(at)
        if timeline is None:
            return np.full(len(self.market.calendar), float(values))
        return timeline.daily(values, len(self.market.calendar), hindsight and self.graph.facts[at].events)

    def stocks(
        self,
        at: int,
        chosen: Mapping[str, Value],
        releases: Mapping[str, Release],
        where: str,
    ) -> Floats:
        """Returns (n, S) float64: a node's value of each stock as known at the close of the panel's n days.

        Those are its days up to ``last``. Arguments: as ``daily``. It may be a view that must not be changed.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return ParameterChoice(self._shared, chosen, releases, where, False).stocks(at)

    def call_of(
        self, at: int, chosen: Mapping[str, Value], releases: Mapping[str, Release], where: str
    ) -> tuple[dict[str, Any], Calendar]:
        """What the function of a call gets under one choice of parameters, by name, and the days of its arrays.

        Windows computed together are one here, (1,) int64. Over stocks it is what the function gets of the stock with
        the most known values. Arguments: as ``daily``.
        """
        node = self.graph.nodes[at]
        operator = self.graph.operators[node.name]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            arguments, timeline = ParameterChoice(self._shared, chosen, releases, where, False).arguments(node)
        if operator.many is not None:
            arguments[operator.many] = np.array([arguments[operator.many]], dtype=np.int64)
        if timeline.stocks:
            names = [one.name for one in operator.arguments if one.is_array]
            arrays = np.broadcast_arrays(*(arguments[name] for name in names))
            stock = int(np.logical_and.reduce([np.isfinite(one) for one in arrays]).sum(axis=0).argmax())
            arguments |= {name: one[:, stock].copy() for name, one in zip(names, arrays, strict=True)}
        return arguments, timeline.calendar
