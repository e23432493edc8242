"""The grammar: the text of an expression becomes nodes of a graph. Python parses it; nothing is executed."""

from __future__ import annotations

import ast
import warnings

from gridproof.kernels.errors import InputError
from gridproof.signals.expression import units
from gridproof.signals.expression.call_arguments import CallArguments
from gridproof.signals.expression.formula import ARITHMETIC, Formula
from gridproof.signals.expression.graph import Graph, Kind, Step
from gridproof.signals.expression.operators.argument import REQUIRED, WHERE
from gridproof.signals.expression.operators.declaration import OVER_STOCKS, Operator
from gridproof.signals.expression.other_notations import OTHER_NAMES, OTHER_SIGNS, syntax_remedy
from gridproof.signals.expression.scope import Scope, Use

_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_LONGEST = 10_000
_RULE = "an expression is a formula of names, numbers, + - * / **, comparisons, and, or, not, and calls"


class Expression:
    """The nodes of one expression; ``node`` is that of the whole. Raises InputError."""

    def __init__(self, graph: Graph, text: str, scope: Scope, uses: dict[str, list[Use]]) -> None:
        self.graph, self.scope = graph, scope
        self.formula = Formula(graph, text, scope, uses)
        self.text, self.facts, self.fault = self.formula.text, self.formula.facts, self.formula.fault
        self.arguments = CallArguments(self.formula, self.of)
        if len(text) > _LONGEST:
            raise self.fault(f"an expression has at most {_LONGEST:,} characters", f"{len(text):,}", None, "Shorten it")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(self.text.plain, mode="eval").body
            self.node = self.of(tree)
        except SyntaxError as error:
            column, problem = (error.offset or 1) - 1, error.msg or ""
            place, remedy = f"{scope.where}, column {column + 1}", syntax_remedy(text, column, problem)
            raise InputError(_RULE, f"{text} ({problem.split(' (')[0]})", place, remedy) from None
        except (ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, InputError):
                raise
            raise self.fault(
                "an expression is a short formula", text[:60], None, "Name parts of it under values"
            ) from None

    def of(self, tree: ast.expr) -> int:
        """Returns the node of a number or condition on every day."""
        match tree:
            case ast.Constant(value=bool() | None | str() | bytes()) | ast.Constant(value=complex()):
                raise self.fault("a number is expected here", ast.unparse(tree), tree, "Write a number or a series")
            case ast.Constant(value=int() | float() as number):
                return self.graph.add(Step("number", value=number))
            case ast.Name():
                return self.name(tree)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.formula.negative(self.number(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.graph.add(Step("not", operands=(self.condition(operand),)), boolean=True)
            case ast.BoolOp(op=op, values=parts):
                kind = "and" if isinstance(op, ast.And) else "or"
                operands = tuple(self.condition(part) for part in parts)
                return self.graph.add(Step(kind, operands=operands), boolean=True)  # type: ignore[arg-type]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                sign, operands = ARITHMETIC[type(op)], (self.number(left), self.number(right))
                unit = units.arithmetic(sign, self.facts(operands[0]).unit, self.facts(operands[1]).unit)
                return self.graph.add(Step("arithmetic", sign, operands), unit=unit)
            case ast.Compare():
                return self.comparison(tree)
            case ast.Call(func=ast.Name(id=name)):
                return self.where(tree) if name == "where" else self.call(tree, name)
            case ast.Attribute():
                remedy = "A state such as fork.small stands in the rule, not in an expression"
                raise self.fault("an expression has names without a dot", ast.unparse(tree), tree, remedy)
            case ast.Call(func=ast.Attribute(attr=method)):
                ours = OTHER_NAMES.get(method, method)
                remedy = (
                    f"Write {self.graph.operators[ours].signature}" if ours in self.graph.operators else "Rewrite it"
                )
                raise self.fault("an operator is called by its name, its series first", method, tree, remedy)
        construct = type(getattr(tree, "op", tree))
        remedy = OTHER_SIGNS.get(construct, "Rewrite this part")
        raise self.fault(_RULE, self.text.source(tree), tree, remedy)

    def number(self, tree: ast.expr) -> int:
        at = self.of(tree)
        self.formula.note(at, Use())
        return at

    def condition(self, tree: ast.expr) -> int:
        at = self.graph.flag(self.of(tree))
        if not self.facts(at).boolean:
            rule = "and, or, not combine conditions"
            raise self.fault(rule, self.text.source(tree), tree, "Write a comparison, such as x > 0")
        return at

    def name(self, tree: ast.Name) -> int:
        literal = self.text.literal(tree)
        if literal is not None:
            kind = "date" if "-" in literal else "duration"
            remedy = "Write it as the window of an operator" if kind == "duration" else "Write it after since="
            raise self.fault(f"a {kind} is an argument of an operator", literal, tree, remedy)
        if tree.id in self.scope.parameters:
            return self.graph.add(Step("parameter", self.scope.parameters[tree.id]))
        if tree.id in self.scope.values:
            return self.scope.values[tree.id]()
        if tree.id in self.scope.series:
            return self.graph.add(Step("series", tree.id))
        if self.scope.columns:
            return self.graph.add(Step("column", tree.id))
        if tree.id in self.graph.operators or tree.id == "where":
            remedy = f"Write {self.graph.operators[tree.id].signature if tree.id != 'where' else 'where(c, a, b)'}"
            raise self.fault(f"{tree.id} is an operator and takes arguments", tree.id, tree, remedy)
        raise self.formula.unknown("a name is a series, a value or a parameter", tree.id, self.scope.names, tree)

    def comparison(self, tree: ast.Compare) -> int:
        parts = [tree.left, *tree.comparators]
        operands = [self.number(part) for part in parts]
        tests = []
        for number, op in enumerate(tree.ops):
            if type(op) not in _COMPARISONS:
                raise self.fault("a comparison is < <= > >= == or !=", self.text.source(tree), tree, "Rewrite it")
            left, right = operands[number], operands[number + 1]
            self._bounded(left, right, parts[number + 1])
            self._bounded(right, left, parts[number])
            tests.append(self.graph.add(Step("compare", _COMPARISONS[type(op)], (left, right)), boolean=True))
        return tests[0] if len(tests) == 1 else self.graph.add(Step("and", operands=tuple(tests)), boolean=True)

    def _bounded(self, at: int, other: int, tree: ast.expr) -> None:
        """Check a constant, or note a parameter, that is compared with a number of known bounds."""
        unit, node = self.facts(at).unit, self.graph.nodes[other]
        if node.kind == "parameter":
            self.formula.note(other, Use(low=unit.low, high=unit.high, unit=unit.name))
        elif node.kind == "number" and not unit.low <= float(node.value or 0) <= unit.high:
            rule = f"{self.graph.text(at)} is {unit.name} and lies {units.between(unit)}"
            raise self.fault(rule, node.value, tree, units.remedy(unit, float(node.value or 0)))

    def where(self, tree: ast.Call) -> int:
        if len(tree.args) != 3 or tree.keywords:
            raise self.fault("where has three arguments", self.text.source(tree), tree, "Write where(condition, a, b)")
        condition, one, other = self.condition(tree.args[0]), self.number(tree.args[1]), self.number(tree.args[2])
        both = self.facts(one), self.facts(other)
        unit = units.either(both[0].unit, both[1].unit)
        boolean = both[0].boolean and both[1].boolean
        return self.graph.add(Step("where", operands=(condition, one, other)), boolean=boolean, unit=unit)

    def call(self, tree: ast.Call, name: str) -> int:
        operator = self._operator(tree, name)
        given, more = self.arguments.named(tree, operator)
        operands = []
        for argument in operator.arguments:
            if argument.several:
                continue
            part = given.get(argument.name)
            if part is None and argument is WHERE:
                operands.append(-1 if self.scope.universe is None else self.scope.universe)
            elif part is None:
                if argument.default == REQUIRED:
                    remedy = f"Write {operator.signature}"
                    raise self.fault(
                        f"{name} needs {argument.name}: {argument.meaning}", self.text.source(tree), tree, remedy
                    )
                operands.append(-1)
            elif argument.is_array:
                operands.append(self.condition(part) if argument.kind == "boolean" else self.number(part))
            else:
                operands.append(self.arguments.scalar(part, argument, operator))
        operands += [self.number(part) for part in more]
        if operator.across is not None and not self.facts(operands[0]).stocks:
            rule = f"{name} is over the stocks of a panel, and its first argument has a value for each of them"
            raise self.fault(rule, self.text.source(tree), tree, "Write a formula of the panel's fields")
        arrays = tuple(self.facts(at).unit for one, at in operator.placed(operands) if one.is_array and at >= 0)
        kind: Kind = "call" if operator.across is None else "cross"
        return self.graph.add(Step(kind, name, tuple(operands)), operator.result == "boolean", operator.unit_of(arrays))

    def _operator(self, tree: ast.Call, name: str) -> Operator:
        """The operator that is called. One over stocks that has the name of one along time has fewer arguments."""
        along, over = self.graph.operators.get(name), OVER_STOCKS.operators.get(name)
        if along is not None and over is not None:
            own = {one.name for one in over.arguments if one.default == REQUIRED}
            given = len(tree.args) + len([one for one in tree.keywords if one.arg in own])
            fewer = given == over.required and given < along.required
            return over if fewer and tree.args and self.facts(self.of(tree.args[0])).stocks else along
        operator = over if along is None else along
        if operator is None:
            known = [*self.graph.operators, *OVER_STOCKS.operators, "where"]
            raise self.formula.unknown("an operator must be in the catalogue", name, known, tree)
        return operator
