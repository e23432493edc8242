"""Evaluates an expression on plain numbers: for the examples of the operators, their tests and the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.signals.data.market import Market
from gridproof.signals.data.panel.panel import Panel
from gridproof.signals.data.source import Dates, Observations, Source
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.parser import Parser
from gridproof.signals.expression.scope import Scope


def weekdays(count: int) -> Dates:
    """Returns (count,) datetime64[D]: the weekdays from Monday, 1 January 2024 on."""
    return np.busday_offset(np.datetime64("2024-01-01"), np.arange(count))


def evaluate_example(
    text: str, inputs: Mapping[str, Sequence[float]], operators: Mapping[str, Operator], periods: float = 243
) -> Floats:
    """Returns (T,) float64: the value of an expression on T weekdays from 1 January 2024 on.

    ``inputs``: for each name the (T,) values, which may begin with NaN. Raises InputError as ``Parser.parse``. See
    ``evaluate_stocks`` for operators over stocks.

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


def evaluate_stocks(text: str, inputs: Mapping[str, Sequence[float]]) -> Floats:
    """Returns the value of an expression on one day: (S,) float64 of S stocks, or (1,) of a series.

    ``inputs``: for each name the (S,) values of the stocks, NaN where unknown. Raises InputError as ``Parser.parse``.

    >>> evaluate_stocks("rank(x)", {"x": (3, 1, 2, 4)})
    array([0.75, 0.25, 0.5 , 1.  ])
    """
    from gridproof.signals.expression.panel import PanelFormulas  # evaluates expressions in turn

    columns = {name: np.asarray(values, dtype=np.float64) for name, values in inputs.items()}
    codes = tuple(str(number) for number in range(len(next(iter(columns.values())))))
    readers = {name: lambda values=values: values for name, values in columns.items()}
    panel = Panel("", weekdays(1), codes, np.arange(len(codes)), readers)
    formulas = PanelFormulas({name: name for name in columns}, dict.fromkeys(columns, ""))
    at = formulas.of_fields(text, "expression")
    if formulas.graph.facts[at].stocks:
        values: Floats = formulas.values(at, panel, 1)[0]
        return values
    evaluator = ExpressionEvaluator(formulas.graph, Market(panel.dates, {}, panel=panel), 243.0, 0)
    return evaluator.daily(at, {}, {}, "expression")
