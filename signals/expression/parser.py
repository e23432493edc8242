"""The parser: expressions in one graph, and how they use their parameters."""

from __future__ import annotations

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.grammar import Expression
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.scope import Scope, Use


class Parser:
    """Adds expressions to one graph, and notes how each uses its parameters."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.uses: dict[str, list[Use]] = {}
        self.universe: int | None = None  # that of the scope which is being parsed

    def parse(self, text: str, scope: Scope, boolean: bool | None = None) -> int:
        """Returns the node of an expression. ``boolean``: whether it must be one; None: either. Raises InputError."""
        text = text.strip()
        if not text:
            raise InputError("an expression is text", "none", scope.where, "Write a formula of series")
        before, self.universe = self.universe, scope.universe
        try:
            at = Expression(self.graph, text, scope, self.uses).node
        finally:
            self.universe = before
        if boolean:
            at = self.graph.flag(at)
        facts = self.graph.facts[at]
        if boolean and not facts.boolean:
            remedy = "Write a comparison, such as x > 0, or use value: with a latch"
            raise InputError("a condition is true or false", text, scope.where, remedy)
        if boolean is False and facts.boolean:
            remedy = "Write it under when: instead of value:, without a latch"
            raise InputError("a value with a latch is a number, not a condition", text, scope.where, remedy)
        return at
