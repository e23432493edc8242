"""The arguments of a call: which is which, and the nodes of those that are scalars."""

from __future__ import annotations

import ast
from collections.abc import Callable

from gridproof.signals.expression import units
from gridproof.signals.expression.formula import ARITHMETIC, Formula
from gridproof.signals.expression.graph import Step
from gridproof.signals.expression.operators.argument import ALL_WRITTEN, Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.scope import Use


class CallArguments:
    """The arguments of the calls of one expression. ``of`` adds the nodes of a part of the expression."""

    def __init__(self, formula: Formula, of: Callable[[ast.expr], int]) -> None:
        self.formula, self.of = formula, of
        self.graph, self.scope, self.text = formula.graph, formula.scope, formula.text

    def named(self, tree: ast.Call, operator: Operator) -> tuple[dict[str, ast.expr], list[ast.expr]]:
        """The arguments that are given, by name; and those of one that may be given several times."""
        names = [argument.name for argument in operator.arguments if not argument.several]
        several = len(names) < len(operator.arguments)
        starred = any(isinstance(one, ast.Starred) for one in tree.args)
        more = tree.args[operator.required :] if several else []
        if starred or (len(tree.args) > len(names) and not several):
            rule = f"{operator.name} takes {len(names)} argument{'s' if len(names) != 1 else ''}"
            raise self.formula.fault(rule, len(tree.args), tree, f"Write {operator.signature}")
        given = dict(zip(names, tree.args[: operator.required] if several else tree.args, strict=False))
        for keyword in tree.keywords:
            if keyword.arg not in names:
                rule = f"an argument of {operator.name} is {', '.join(names) or 'none'}"
                raise self.formula.unknown(rule, str(keyword.arg or "**"), names, keyword.value)
            if keyword.arg in given:
                raise self.formula.fault("an argument is given once", keyword.arg, keyword.value, "Remove one")
            given[str(keyword.arg)] = keyword.value
        return given, more

    def scalar(self, tree: ast.expr, argument: Argument, operator: Operator) -> int:
        """Returns the node of a scalar argument: a number, a duration, a date, a choice, ``all``, or a parameter."""
        value = self._word(tree, argument)
        if value is not None:
            self._check(value, argument, operator, tree)
            return self.graph.add(Step("text", value=value))
        named = isinstance(tree, ast.Name) and tree.id in self.scope.parameters
        if argument.kind in ("choice", "date") and not named:
            kinds = "a date such as 2005-01-01" if argument.kind == "date" else " or ".join(argument.choices)
            rule = f"{argument.name} of {operator.name} is {kinds}, or a parameter"
            raise self.formula.fault(rule, self.text.source(tree), tree, "Write one")
        at = self._scalar_number(tree)
        node, facts = self.graph.nodes[at], self.formula.facts(at)
        if not facts.scalar:
            rule = f"{argument.name} of {operator.name} is one number for all days"
            remedy = "Write a number or a parameter"
            if operator.name in ("max", "min"):
                remedy += f", or {operator.name}2(x, y) for the {operator.name}imum of two series"
            raise self.formula.fault(rule, self.text.source(tree), tree, remedy)
        if node.kind == "number":
            self._check(node.value, argument, operator, tree)
        self.formula.note(at, Use(argument))
        return at

    def _scalar_number(self, tree: ast.expr) -> int:
        """As ``of``, with durations allowed, and without noting that a parameter is a number."""
        if isinstance(tree, ast.Name) and (literal := self.text.literal(tree)) is not None:
            return self.graph.add(Step("text", value=literal))
        if isinstance(tree, ast.BinOp) and type(tree.op) in ARITHMETIC:
            operands = (self._scalar_number(tree.left), self._scalar_number(tree.right))
            return self.graph.add(Step("arithmetic", ARITHMETIC[type(tree.op)], operands))
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
            inner = self._scalar_number(tree.operand)
            return self.formula.negative(inner) if isinstance(tree.op, ast.USub) else inner
        return self.of(tree)

    def _word(self, tree: ast.expr, argument: Argument) -> str | None:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
            return tree.value
        if not isinstance(tree, ast.Name):
            return None
        literal = self.text.literal(tree)
        if literal is not None:
            return literal
        if tree.id in self.scope.parameters:
            return None
        if tree.id in argument.choices or (tree.id == ALL_WRITTEN and argument.kind == "window"):
            return tree.id
        if argument.kind == "choice":
            raise self.formula.unknown(f"{argument.name} is one of its choices", tree.id, argument.choices, tree)
        return None

    def _check(self, value: object, argument: Argument, operator: Operator, tree: ast.expr) -> None:
        problem = units.misfit(value, argument)
        if problem is not None:
            rule, remedy = problem
            raise self.formula.fault(f"{argument.name} of {operator.name} {rule}", value, tree, remedy)
