"""Formulas over a panel: fields are formulas of its columns, filters and rankings are formulas of its fields.

Each is computed for every day and stock from that day's row alone.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.expression.elementwise import elementwise
from gridproof.signals.expression.expression_text import ExpressionText
from gridproof.signals.expression.grammar import Parser
from gridproof.signals.expression.graph import Graph, Step
from gridproof.signals.expression.scope import Scope


class PanelFormulas:
    """All formulas over one panel, in one graph whose series are the columns of its file.

    ``fields``: the node of each field, by name. ``places``: where each field stands, for faults. Raises InputError for
    a formula that is wrong.
    """

    def __init__(self, fields: Mapping[str, str], places: Mapping[str, str]) -> None:
        self.graph = Graph({})
        self._parser = Parser(self.graph)
        self.fields: dict[str, int] = {}
        for name, text in fields.items():
            scope = Scope(_columns(text, places[name]), {}, {}, places[name])
            self.fields[name] = self._parser.parse(text, scope)

    def of_fields(self, text: str, where: str) -> int:
        """The node of a formula of the fields. Raises InputError."""
        for name in sorted(_columns(text, where) - set(self.fields)):
            near = difflib.get_close_matches(name, self.fields, 1)
            remedy = (
                f"Did you mean {near[0]}" if near else f"Use one of {', '.join(self.fields)}, or add it to the fields"
            )
            raise InputError("a name in a selection is a field of the panel", name, where, remedy)
        return self._parser.parse(text, Scope(frozenset(), self._named(), {}, where))

    def condition(self, at: int, where: str) -> int:
        """A node as a condition: a column alone has 0 and 1. Raises InputError for another number."""
        at = self._parser.flag(at)
        if not self.graph.facts[at].boolean:
            rule = "a condition is true or false"
            raise InputError(rule, self.text(at), where, "Write a comparison, such as x > 0")
        return at

    def text(self, at: int) -> str:
        """The formula in the columns of the file, however its fields are called."""
        return self.graph.text(at)

    def columns(self) -> tuple[str, ...]:
        """The columns of the file that the fields name."""
        return tuple(dict.fromkeys(name for at in self.fields.values() for name in self.graph.facts[at].series))

    def values(self, at: int, panel: Panel, days: int) -> Floats:
        """The values of a node on the first ``days`` days, (days, S) float64; unknown ones are NaN.

        A day and stock without a row is unknown. A column that stands as a condition has 1 (true), 0 (false) or −1
        (unknown). Raises InputError where it has another value, or the file has no such column.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = self._values(at, panel, days)
        return values if isinstance(values, np.ndarray) else np.full((days, panel.shape[1]), float(values))

    def _values(self, at: int, panel: Panel, days: int) -> Any:
        node = self.graph.nodes[at]
        if node.kind == "number":
            return node.value
        if node.kind == "series":
            return panel.column(node.name)[:days]
        operands = [self._values(one, panel, days) for one in node.operands]
        return _flag(node, operands[0], self.text(at), panel) if node.kind == "flag" else elementwise(node, operands)

    def _named(self) -> dict[str, Callable[[], int]]:
        return {name: lambda at=at: at for name, at in self.fields.items()}  # type: ignore[misc]


def _flag(node: Step, values: Floats, text: str, panel: Panel) -> Floats:
    unknown = np.isnan(values) | (values == -1.0)
    wrong = ~unknown & (values != 0.0) & (values != 1.0)
    if wrong.any():
        day, stock = np.argwhere(wrong)[0]
        value = f"{values[day, stock]:g} of {text}, {panel.codes[stock]} on {panel.dates[day]}"
        rule = "a column as a condition has the values 1 (true), 0 (false) and -1 (unknown)"
        raise InputError(rule, value, panel.where, f"Write a comparison, such as {text} > 0")
    return np.where(unknown, np.nan, values)


def _columns(text: str, where: str) -> frozenset[str]:
    """The names in a formula; none where it cannot be parsed, which the parser says. Raises InputError for a call."""
    written = ExpressionText(text.strip())
    try:
        nodes = list(ast.walk(ast.parse(written.plain, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    called = {id(node.func): node.func for node in nodes if isinstance(node, ast.Call)}
    for one in called.values():
        if isinstance(one, ast.Name) and one.id != "where":
            rule = "a formula over a panel has + - * / **, comparisons, and, or, not and where, and no operators"
            raise InputError(rule, one.id, f"{where}, column {written.column(one) + 1}", "Use a column that has it")
    names = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in called]
    return frozenset(node.id for node in names if written.literal(node) is None)
