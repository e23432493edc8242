"""The graph of a study's expressions: equal formulas are one node, so that each is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from gridproof.signals.expression.operators.argument import REQUIRED
from gridproof.signals.expression.operators.declaration import OVER_STOCKS, Operator
from gridproof.signals.expression.operators.quantity import NUMBER, Quantity

Kind = Literal[
    "number",
    "text",
    "parameter",
    "series",
    "column",
    "call",
    "cross",
    "arithmetic",
    "negative",
    "compare",
    "and",
    "or",
    "not",
    "where",
    "flag",
]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a formula. A ``call`` is of an operator along time, a ``cross`` of one over stocks. A ``flag`` is a
    series or a column of 0 and 1 that stands as a condition.

    ``name``: the operator, the sign (+ < …), the series, the column of the panel's file, or the full name of the
    parameter. ``operands``: positions of
    other nodes in the graph; for a call or cross one for each declared argument, see ``Operator.placed``, -1 where its
    default stands. ``value``: of a
    number (int or float) or a text: a duration, a date, a choice, ``all``.
    """

    kind: Kind
    name: str = ""
    operands: tuple[int, ...] = ()
    value: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a node before it is computed.

    ``scalar``: it has no series and no column, one number for all days. ``parameters``: full names of those below it,
    in order of appearance; ``series`` and ``columns`` likewise. ``events``: whether an operator below it has a version
    in hindsight. ``stocks``: whether it has a value for each stock of a panel.
    """

    boolean: bool
    scalar: bool
    unit: Quantity = NUMBER
    parameters: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    events: bool = False
    stocks: bool = False
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Graph:
    """Nodes in an order in which operands come first, each distinct one once, and the facts of each.

    ``close``: the node of what a share is worth: a stock counts in an operator over stocks where that is above 0.
    """

    operators: Mapping[str, Operator]
    nodes: list[Step] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    close: int | None = None
    _position: dict[tuple[Step, type], int] = field(default_factory=dict)

    def add(self, node: Step, boolean: bool = False, unit: Quantity = NUMBER) -> int:
        """Returns the position of the node, added if it is new."""
        key = (node, type(node.value))  # 1 and 1.0 are equal in Python, not here
        if key not in self._position:
            below = [self.facts[at] for at in node.operands if at >= 0]
            operator = self.operator(node) if node.kind in ("call", "cross") else None

            def named(kind: Kind, inner: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
                own = (node.name,) if node.kind == kind else ()
                return tuple(dict.fromkeys([*own, *chain.from_iterable(inner)]))

            self._position[key] = len(self.nodes)
            self.nodes.append(node)
            self.facts.append(
                Facts(
                    boolean,
                    node.kind not in ("series", "column") and operator is None and all(one.scalar for one in below),
                    unit,
                    named("parameter", (one.parameters for one in below)),
                    named("series", (one.series for one in below)),
                    any(one.events for one in below) or (operator is not None and operator.hindsight is not None),
                    node.kind == "column"
                    or (any(one.stocks for one in below) and (operator is None or operator.across != "series")),
                    named("column", (one.columns for one in below)),
                )
            )
        return self._position[key]

    def flag(self, at: int) -> int:
        """Returns a series or column as a condition, whose values are then 0 and 1; any other node as it is."""
        plain = self.nodes[at].kind in ("series", "column")
        return self.add(Step("flag", operands=(at,)), boolean=True) if plain else at

    def operator(self, node: Step) -> Operator:
        """The operator of a call or cross."""
        return OVER_STOCKS.operators[node.name] if node.kind == "cross" else self.operators[node.name]

    def below(self, at: int) -> Iterator[int]:
        """All nodes under one, itself last, each once, operands first."""
        seen: dict[int, None] = {}

        def visit(one: int) -> None:
            if one in seen or one < 0:
                return
            for operand in self.nodes[one].operands:
                visit(operand)
            seen[one] = None

        visit(at)
        yield from seen

    def text(self, at: int, names: Mapping[int, str] | None = None) -> str:
        """The formula as it could be written, parameters by the end of their names.

        ``names``: of nodes that stand by their names in it; the node itself is written out.
        """
        return self._text(at, 0, _Words({one: name for one, name in (names or {}).items() if one != at}))

    def exact_text(self, at: int, names: Mapping[str, str] | None = None) -> str:
        """As ``text``, but two formulas have the same text only where they mean the same.

        ``names``: what is written for a parameter or a series, by its name in the graph; others by their full names.
        A user's own operator has its mark.
        """
        return self._text(at, 0, _Words({}, names or {}))

    def _text(self, at: int, outer: int, words: _Words) -> str:
        if at in words.nodes:
            return words.nodes[at]
        node = self.nodes[at]
        parts = node.operands
        if node.kind in ("number", "text"):
            negative_base = outer == _STRENGTH["**"] and str(node.value).startswith("-")  # -1 ** 2 is -(1 ** 2)
            return f"({node.value})" if negative_base else str(node.value)
        if node.kind in ("parameter", "series", "column"):
            return words.of(node)
        if node.kind == "flag":
            return self._text(parts[0], outer, words)
        if node.kind == "where":
            return f"where({', '.join(self._text(one, 0, words) for one in parts)})"
        if node.kind in ("call", "cross"):
            plain = all(one >= 0 for one in parts) and node.kind == "call"
            given = []
            placed = self.operator(node).placed(parts)
            for argument, one in sorted(placed, key=lambda pair: pair[0].default != REQUIRED and not pair[0].several):
                if one >= 0:
                    named = not plain and argument.default != REQUIRED and not argument.several
                    given.append(f"{argument.name}={self._text(one, 0, words)}" if named else self._text(one, 0, words))
            own = "" if words.exact is None else self.operator(node).mark
            return f"{node.name}{own}({', '.join(given)})"
        strength = _STRENGTH[node.name if node.kind in ("arithmetic", "compare") else node.kind]
        if node.kind in ("not", "negative"):
            text = f"{'not ' if node.kind == 'not' else '-'}{self._text(parts[0], strength, words)}"
        elif node.kind in ("and", "or"):
            text = f" {node.kind} ".join(self._text(one, strength, words) for one in parts)
        else:
            text = f"{self._text(parts[0], strength, words)} {node.name} {self._text(parts[1], strength + 1, words)}"
        return f"({text})" if strength < outer else text


@dataclass(frozen=True, slots=True)
class _Words:
    """How a text calls what has a name. ``nodes``: the names of whole nodes. ``exact``: see ``Graph.exact_text``."""

    nodes: Mapping[int, str]
    exact: Mapping[str, str] | None = None

    def of(self, node: Step) -> str:
        """A parameter, a series or a column. Only the exact name of a column has no dot."""
        if self.exact is None or node.kind == "column":
            return node.name.rpartition(".")[2]
        return self.exact.get(node.name, node.name if node.kind == "parameter" else f"series.{node.name}")


_STRENGTH = {"or": 1, "and": 2, "not": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4,
             "+": 5, "-": 5, "*": 6, "/": 6, "negative": 7, "**": 8}  # fmt: skip
