"""Evaluates an expression on plain numbers: for the examples of the operators, their tests and the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates, Observations, Source
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.signals.expression.grammar import Parser
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.scope import Scope


def weekdays(count: int) -> Dates:
    """Returns (count,) datetime64[D]: the weekdays from Monday, 1 January 2024 on."""
    return np.busday_offset(np.datetime64("2024-01-01"), np.arange(count))


def evaluate_example(
    text: str, inputs: Mapping[str, Sequence[float]], operators: Mapping[str, Operator], periods: float = 243
) -> Floats:
    """Returns (T,) float64: the value of an expression on T weekdays from 1 January 2024 on.

    ``inputs``: for each name the (T,) values, which may begin with NaN. Raises InputError as ``Parser.parse``.

    >>> from gridproof.signals.expression.operators import OPERATORS
    >>> evaluate_example("x - lag(x, 1)", {"x": (1, 2, 4)}, OPERATORS.operators)
    array([nan,  1.,  2.])
    """
    days = weekdays(max((len(values) for values in inputs.values()), default=10))
    series = {}
    for name, values in inputs.items():
        given = np.asarray(values, dtype=np.float64)
        series[name] = Observations(Source(name, "", ""), days, given, {})
    parser = Parser(Graph(dict(operators)))
    at = parser.parse(text, Scope(frozenset(inputs), {}, {}, "expression"))
    return ExpressionEvaluator(parser.graph, Market(days, series), periods, len(days) - 1).daily(
        at, {}, {}, "expression"
    )
