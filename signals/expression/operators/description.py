"""An operator in words, from its declaration: for the command line and the documentation."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Iterable, Mapping
from math import inf

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.operators.argument import REQUIRED, Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.operators.quantity import Quantity

# The window for which the warm-up is given as an example.
_WINDOW = 20


def find(name: str, operators: Mapping[str, Operator], where: str) -> Operator:
    """Returns the operator of this name. Raises InputError, which names the nearest one."""
    if name in operators:
        return operators[name]
    near = difflib.get_close_matches(name, operators, 1, 0.5)
    remedy = f"Use {near[0]}" if near else "See gridproof operators for all of them"
    raise InputError("an operator is one of the language's", name, where, remedy)


def groups(operators: Iterable[Operator]) -> dict[str, list[Operator]]:
    """Returns the operators by what they have in common: the first sentence of their file."""
    found: dict[str, list[Operator]] = {}
    for operator in operators:
        text = inspect.getdoc(sys.modules[operator.function.__module__]) or "Operators of your own"
        found.setdefault(text.splitlines()[0].split(". ")[0].rstrip("."), []).append(operator)
    return found


def plain(doc: str) -> str:
    """Returns a docstring without its indentation; code in it keeps one backquote on each side."""
    return inspect.cleandoc(doc).replace("``", "`")


def summary(operator: Operator) -> str:
    """Returns the first sentence of its documentation, on one line."""
    text = " ".join(plain(operator.doc).split("\n\n")[0].split())
    return text.split(". ")[0].rstrip(".") + "."


def arguments(operator: Operator) -> list[tuple[str, str]]:
    """Returns for each argument its name, and its meaning, kind, bounds and default."""
    return [(one.name, _argument(one)) for one in operator.arguments]


def result(operator: Operator) -> str:
    """Returns what the operator gives: a condition, or a number with its unit and bounds."""
    if operator.result == "boolean":
        return "a condition: true, false or unknown"
    unit = operator.unit_of(tuple(Quantity(f"the unit of {one.name}") for one in operator.arguments if one.is_array))
    bounds = _bounds(unit.low, unit.high)
    return unit.name if bounds in unit.name else f"{unit.name}, {bounds}"


def warm_up(operator: Operator) -> str:
    """Returns how many values are unknown at first, under an example of its windows."""
    windows = {one.name: _WINDOW for one in operator.arguments if one.kind == "window"}
    scalars = {one.name: one.default for one in operator.arguments if not one.is_array} | windows
    count = operator.warm_up(scalars)
    given = f" where {', '.join(f'{name} = {_WINDOW}' for name in windows)}" if windows else ""
    return f"{count} value{'' if count == 1 else 's'}{given}" if count else "none"


def example(operator: Operator) -> str:
    """Returns the example: inputs, call and result on one line."""
    if operator.example is None:
        return "none"
    inputs = ", ".join(f"{name} = {_row(values)}" for name, values in operator.example.inputs.items())
    days = "" if inputs else "on the weekdays from Monday, 1 January 2024: "
    if operator.across is not None:
        days = "on one day, of stocks: "
    return f"{days}{operator.example.text} = {_row(operator.example.result)}{' where ' + inputs if inputs else ''}"


def _argument(one: Argument) -> str:
    if one.kind in ("series", "group"):
        times = "given once, several times or not at all" if one.several else "optional"
        return one.meaning if one.default == REQUIRED else f"{one.meaning}; {times}"
    kinds = {"boolean": "a condition", "choice": f"one of {', '.join(one.choices)}"}
    kinds |= {"window": "a number of values or a duration", "date": "a date", "number": "a number"}
    kind = "a whole number" if one.whole else kinds[one.kind]
    if one.every:
        kind = "a number of values, a duration or all"
    bounds = _bounds(-inf if one.least is None else one.least, inf if one.most is None else one.most)
    default = "" if one.default == REQUIRED else "optional" if one.default is None else str(one.default)
    if default and default != "optional":
        default = f"by default {default}"
    return "; ".join(part for part in (one.meaning, f"{kind}{', ' + bounds if bounds else ''}", default) if part)


def _bounds(low: float, high: float) -> str:
    if low == -inf:
        return "" if high == inf else f"at most {high:g}"
    return f"at least {low:g}" if high == inf else f"from {low:g} to {high:g}"


def _row(values: Iterable[float]) -> str:
    return f"({', '.join('unknown' if np.isnan(value) else f'{value:.6g}' for value in values)})"
