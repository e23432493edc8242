"""The scalar arguments of operators: from what a study writes to what a function expects."""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.signals.expression.duration import Duration, is_duration
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.argument import ALL, ALL_WRITTEN, MIN_VALUES, Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.timeline import Timeline
from gridproof.signals.expression.units import misfit

Value: TypeAlias = int | float | str


def _power(a: Any, b: Any) -> Any:
    float(a) ** b  # raises OverflowError before a whole number becomes very long
    return a**b


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": python.add,
    "-": python.sub,
    "*": python.mul,
    "/": python.truediv,
    "**": _power,
}


class ScalarArguments:
    """The scalar arguments under one choice of parameters.

    ``chosen``: the value of each parameter by full name. ``days``: trading days a year. ``where``: for faults.
    ``computed``: the number that a node is on all days, for nodes other than arithmetic.
    """

    def __init__(
        self, graph: Graph, chosen: Mapping[str, Value], days: float, where: str, computed: Callable[[int], float]
    ) -> None:
        self._graph, self._chosen, self._days, self._where, self._computed = graph, chosen, days, where, computed

    def of(self, at: int, argument: Argument, operator: Operator, timeline: Timeline) -> Any:
        """The value of a scalar argument: as the function expects it."""
        if at < 0:
            return 0 if argument.kind == "date" and argument.default is None else argument.default
        return self.number(self._plain(at, timeline), argument, operator, timeline)

    def number(self, value: Any, argument: Argument, operator: Operator, timeline: Timeline) -> Any:
        """The same from its value in the study. Raises InputError where it does not fit the argument."""
        if is_duration(value) and argument.kind == "window":
            value = self._values(value, timeline)
        if isinstance(value, float) and argument.kind == "window" and value.is_integer():
            value = int(value)
        problem = misfit(value, argument)
        if problem is not None:
            raise InputError(f"{argument.name} of {operator.name} {problem[0]}", value, self._where, problem[1])
        if argument.kind == "window":
            return ALL if value == ALL_WRITTEN else value
        if argument.kind == "date":
            day = np.datetime64(str(value))
            if argument.latest:
                return int(np.searchsorted(timeline.calendar.dates, day, side="right")) - 1
            return int(np.searchsorted(timeline.calendar.dates, day))
        return value

    def check_least(self, operator: Operator, arguments: Mapping[str, Any]) -> None:
        """Raises InputError where ``min`` values are asked of a window that holds fewer."""
        if MIN_VALUES not in operator.arguments or arguments["min"] is None:
            return
        if arguments["min"] > arguments["n"]:
            rule, remedy = f"min of {operator.name} must be at most its window n", "Lower it, or raise n"
            raise InputError(rule, f"min={arguments['min']} with n={arguments['n']}", self._where, remedy)

    def _plain(self, at: int, timeline: Timeline) -> Any:
        """A scalar formula in Python's numbers, so that whole numbers stay whole."""
        node = self._graph.nodes[at]
        if node.kind in ("number", "text"):
            return node.value
        if node.kind == "parameter":
            return self._chosen[node.name]
        parts = [self._plain(one, timeline) for one in node.operands]
        parts = [self._values(one, timeline) if is_duration(one) else one for one in parts]
        if any(isinstance(one, str) for one in parts):
            rule, remedy = "a formula of a window has numbers and durations", "Write the window itself"
            raise InputError(rule, self._graph.text(at), self._where, remedy)
        if node.kind == "negative":
            return -parts[0]
        if node.kind == "arithmetic":
            try:
                return _ARITHMETIC[node.name](*parts)
            except (ZeroDivisionError, OverflowError):
                rule, remedy = "a formula of a window is a number", "Correct it"
                raise InputError(rule, self._graph.text(at), self._where, remedy) from None
        return self._computed(at)

    def _values(self, duration: str, timeline: Timeline) -> int:
        return Duration.parse(duration).values(timeline.calendar.periods, self._days)
