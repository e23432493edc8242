"""Formulas over a panel: fields are formulas of its columns, filters and rankings are formulas of its fields.

Each has a value for every day and stock, as known at the close of that day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.release import Release
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.language import Language
from gridproof.signals.expression.parser import Parser
from gridproof.signals.expression.scalars import Value
from gridproof.signals.expression.scope import Scope

_NO_NAMES = Scope(frozenset(), {}, {}, "")


class PanelFormulas:
    """The formulas over one panel, in the graph of ``parser``; None: in one of their own.

    ``fields``: the node of each field, by name. ``places``: where each field stands, for faults. Raises InputError for
    a formula that is wrong.
    """

    def __init__(self, fields: Mapping[str, str], places: Mapping[str, str], parser: Parser | None = None) -> None:
        self._parser = parser or Parser(Graph(Language()))
        self.graph = self._parser.graph
        self.fields: dict[str, int] = {}
        for name, text in fields.items():
            scope = replace(_NO_NAMES, where=places[name], columns=True)
            self.fields[name] = self._parser.parse(text, scope)
        self.graph.close = self.fields.get("close")
        for at in () if self.graph.close is None else self.graph.below(self.graph.close):
            if self.graph.nodes[at].kind == "cross":
                rule = "the field close uses no operators over stocks, as it says which stocks count in these"
                raise InputError(rule, self.graph.text(at), places["close"], "Give that formula a name of its own")

    @property
    def names(self) -> dict[str, Callable[[], int]]:
        """The fields as names of a scope."""
        return {name: lambda at=at: at for name, at in self.fields.items()}  # type: ignore[misc]

    def of_fields(self, text: str, where: str, scope: Scope = _NO_NAMES) -> int:
        """The node of a formula of the fields. ``scope``: what other names mean. Raises InputError."""
        return self._parser.parse(text, replace(scope, values={**scope.values, **self.names}, where=where))

    def condition(self, at: int, where: str) -> int:
        """A node as a condition: a column alone has 0 and 1. Raises InputError for another number."""
        at = self.graph.flag(at)
        if not self.graph.facts[at].boolean:
            rule = "a condition is true or false"
            raise InputError(rule, self.graph.text(at), where, "Write a comparison, such as x > 0")
        return at

    def text(self, at: int, names: Mapping[str, str] | None = None) -> str:
        """The formula in the columns of the file, however its fields are called; see ``Graph.exact_text``."""
        return self.graph.exact_text(at, names)

    def columns(self) -> tuple[str, ...]:
        """The columns of the file that the fields name."""
        return tuple(dict.fromkeys(name for at in self.fields.values() for name in self.graph.facts[at].columns))

    def values(self, at: int, panel: Panel, days: int, periods: float = 243.0) -> Floats:
        """The values of a node on the first ``days`` days, (days, S) float64; see ``PanelValues.of``.

        The formula has no series and no parameters. ``periods``: trading days a year, for windows such as 6m.
        """
        market = Market(panel.dates[:days], {}, panel=panel)
        return PanelValues(self.graph, market, days - 1, periods, where=panel.where).of(at)


class PanelValues:
    """The values of formulas over the panel of a market, up to calendar day ``last``.

    Results of formulas are kept, up to some hundred megabytes, so that what formulas have in common is computed once.
    ``periods``: trading days a year. ``releases``: of the series in the formulas that have one. ``where``: for faults.
    """

    def __init__(
        self,
        graph: Graph,
        market: Market,
        last: int,
        periods: float,
        releases: Mapping[str, Release] | None = None,
        where: str = "panel",
    ) -> None:
        self._evaluator = ExpressionEvaluator(graph, market, periods, last)
        self.periods, self._releases, self._where = periods, releases or {}, where

    def of(self, at: int, chosen: Mapping[str, Value] | None = None) -> Floats:
        """(days, S) float64 on the days of the panel up to the last one, NaN where unknown; it must not be changed.

        A day and stock without a row is unknown in every column. A column that stands as a condition has 1 (true), 0
        (false) or −1 (unknown). Windows count the days of the panel. ``chosen``: by full name the value of each
        parameter in the formula. Raises InputError for values that do not fit, and where the file has no such column.
        """
        return self._evaluator.stocks(at, chosen or {}, self._releases, self._where)
