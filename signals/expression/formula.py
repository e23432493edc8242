"""The text of one expression in its scope: what is said of its parts, and how it uses its parameters."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from dataclasses import replace

from gridproof.kernels.errors import InputError
from gridproof.signals.expression import units
from gridproof.signals.expression.expression_text import ExpressionText
from gridproof.signals.expression.graph import Facts, Graph, Step
from gridproof.signals.expression.other_notations import OTHER_NAMES
from gridproof.signals.expression.scope import Scope, Use

ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


class Formula:
    """One expression: its text, its scope, and the graph to which its nodes are added.

    ``uses``: how each parameter is used, by full name; ``note`` adds to it.
    """

    def __init__(self, graph: Graph, text: str, scope: Scope, uses: dict[str, list[Use]]) -> None:
        self.graph, self.scope, self.uses = graph, scope, uses
        self.text = ExpressionText(text)

    def fault(self, rule: str, value: object, at: ast.expr | None, remedy: str) -> InputError:
        """An error at a part of the expression, or at the whole."""
        where = self.scope.where
        if at is not None:
            where = f"{where}, column {self.text.column(at) + 1}"
        return InputError(rule, value, where, remedy)

    def facts(self, at: int) -> Facts:
        return self.graph.facts[at]

    def negative(self, inner: int) -> int:
        """The node of −x; of a number, the number with the other sign."""
        node = self.graph.nodes[inner]
        if node.kind == "number":
            return self.graph.add(Step("number", value=-node.value))  # type: ignore[operator]
        return self.graph.add(Step("negative", operands=(inner,)), unit=units.negative(self.facts(inner).unit))

    def unknown(self, rule: str, name: str, known: Iterable[str], tree: ast.expr) -> InputError:
        """An error at a name that is not among the known ones; its remedy has the nearest of them."""
        known = list(known)
        near = [one for one in [OTHER_NAMES.get(name.lower())] if one in known]
        near = near or difflib.get_close_matches(name, known, 1)
        few = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
        remedy = f"Did you mean {near[0]}" if near else f"Use one of {few}" if known else "Declare it under series"
        return self.fault(rule, name, tree, remedy)

    def note(self, at: int, use: Use) -> None:
        """Note the use of the parameters of a scalar; a formula of several gives each of them the same kind."""
        if not self.facts(at).scalar:
            return
        whole = self.graph.nodes[at].kind == "parameter"
        for name in self.facts(at).parameters:
            self.uses.setdefault(name, []).append(use if whole else replace(use, whole=False))
