"""Values that have no meaning where they stand: below 0 as the base of a change, other than 0 and 1 as a condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.plausible import is_placeholder
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.argument import Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.timeline import Timeline


def check_signs(
    operator: Operator, arrays: Sequence[Floats], texts: Sequence[str], dates: Dates, codes: Sequence[str], where: str
) -> None:
    """Raises InputError where an operator needs values above 0 and one is below.

    ``arrays``: those of the operator, in order, (n,) or, of the stocks with these codes, (n, S); ``texts``: the formula
    of each. ``dates``: of the values that count, the first ones of each array.
    """
    given = [argument for argument in operator.arguments if argument.is_array]
    for argument, values, text in zip(given, arrays, texts, strict=True):
        if argument.positive:
            rule = f"{operator.name} needs values of {argument.name} above 0"
            _check_above_0(values, text, dates, codes, where, rule, "Use a difference, such as diff")


def check_above_0(
    operator: Operator,
    argument: Argument,
    values: Floats,
    text: str,
    timeline: Timeline,
    codes: Sequence[str],
    where: str,
) -> None:
    """Raises InputError where a value of a stock, (n, S), is below 0 that must not be."""
    rule = f"{operator.name} needs values of {argument.name} of 0 or more"
    _check_above_0(values, text, timeline.calendar.dates, codes, where, rule, "Use another one")


def relative_base(graph: Graph, at: int) -> int | None:
    """The node b of a quotient that is relative to a level of b, such as b / mean(b, n) − 1 or diff(b, n) / lag(b, n).

    None for every other node: a quotient of two series, or one by a deviation, such as (b − mean(b, n)) / std(b, n).
    """
    node = graph.nodes[at]
    if node.kind != "arithmetic" or node.name != "/" or graph.facts[node.operands[1]].scalar:
        return None
    base = node.operands[1]
    while (inner := _levelled(graph, base)) is not None:
        base = inner
    return base if base in _parts(graph, node.operands[0]) else None


def check_ratio(text: str, values: Floats, base: str, dates: Dates, codes: Sequence[str], where: str) -> None:
    """Raises InputError where a value is below 0 of which a ratio is relative to a level. Arguments as ``check_signs``.

    ``text``: the formula of the ratio. ``base``: that of the values.
    """
    rule = f"{text} needs values of {base} above 0, as it is relative to a level of them"
    _check_above_0(values, base, dates, codes, where, rule, f"Use a difference, or divide it by std({base}, n)")


def stock_flag(values: Floats, text: str, dates: Dates, codes: Sequence[str], where: str) -> Floats:
    """A column of a panel as a condition, (n, S); −1 is unknown. Raises InputError for other values than 0 and 1."""
    unknown = np.isnan(values) | (values == -1.0)
    wrong = ~unknown & (values != 0.0) & (values != 1.0)
    if wrong.any():
        day, stock = np.argwhere(wrong)[0]
        rule = "a column as a condition has the values 1 (true), 0 (false) and -1 (unknown)"
        value = f"{values[day, stock]:g} of {text}, {codes[stock]} on {dates[day]}"
        raise InputError(rule, value, where, f"Write a comparison, such as {text} > 0")
    return np.where(unknown, np.nan, values)


def check_flag(values: Floats, text: str, dates: Dates, where: str) -> None:
    """Raises InputError where a series that stands as a condition has another value than 0 and 1."""
    known = values[: len(dates)]
    wrong = ~((known == 0.0) | (known == 1.0) | np.isnan(known))
    if wrong.any():
        day = int(wrong.argmax())
        value = f"{known[day]:g} of {text}, the value known on {dates[day]}"
        rule, remedy = (
            "a condition is true or false; a series as a condition has the values 0 and 1",
            "Write a comparison",
        )
        raise InputError(rule, value, where, f"{remedy}, such as {text} > 0")


def _check_above_0(
    values: Floats, text: str, dates: Dates, codes: Sequence[str], where: str, rule: str, remedy: str
) -> None:
    below = values[: len(dates)] < 0
    if not below.any():
        return
    if values.ndim == 2 and values.shape[1] == len(codes):
        day, stock = np.argwhere(below)[0]
        remedy = f"{remedy}, or leave them out: keep({text}, {text} > 0)"
        value = f"{values[day, stock]:g} of {text}, {codes[stock]} on {dates[day]}"
        raise InputError(rule, value, where, remedy)
    day = int(below.argmax())
    remedy = f"{remedy}, or a series without values below 0"
    if is_placeholder(values.flat[day]):
        remedy = f"If it stands for a missing value, empty its cell and write missing: drop. {remedy}"
    raise InputError(rule, f"{values.flat[day]:g} of {text}, the value known on {dates[day]}", where, remedy)


def _levelled(graph: Graph, at: int) -> int | None:
    """The series of which a node is a level: of a mean, a lag, a multiple; None where the node is no level."""
    node = graph.nodes[at]
    if node.kind == "call" and graph.operators[node.name].level:
        return node.operands[0]
    return _scaled(graph, at)


def _scaled(graph: Graph, at: int) -> int | None:
    """The node of which another is a multiple."""
    node = graph.nodes[at]
    if node.kind == "negative":
        return node.operands[0]
    if node.kind == "arithmetic" and node.name in ("*", "/"):
        left, right = node.operands
        if graph.facts[right].scalar:
            return left
        if node.name == "*" and graph.facts[left].scalar:
            return right
    return None


def _parts(graph: Graph, at: int) -> set[int]:
    """A node, and all nodes of the same dimension that it is made of."""
    found, waiting = set(), [at]
    while waiting:
        one = waiting.pop()
        if one in found or one < 0:
            continue
        found.add(one)
        node = graph.nodes[one]
        if node.kind == "arithmetic" and node.name in ("+", "-"):
            waiting += node.operands
        elif node.kind == "call" and callable(graph.operators[node.name].unit):
            waiting.append(node.operands[0])
        elif (inner := _scaled(graph, one)) is not None:
            waiting.append(inner)
    return found
