"""Evaluates the nodes of a graph on a market: each node once under each choice of its parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.signals.data.plausible import is_placeholder
from gridproof.signals.data.source import Release
from gridproof.signals.expression.duration import Duration, is_duration
from gridproof.signals.expression.graph import Graph, Step
from gridproof.signals.expression.operators.declaration import ALL, ALL_WRITTEN, Argument, Operator
from gridproof.signals.expression.timeline import Timeline, calendar_of, observation_timeline, sampled
from gridproof.signals.expression.units import misfit

Value: TypeAlias = int | float | str

# Bytes of results that are kept for other choices of parameters, and of the windows computed in one pass.
_KEPT_BYTES, _PASS_BYTES = 256 * 2**20, 32 * 2**20

# A node's values and where they stand; None: one number for all days.
_Result = tuple[Any, Timeline | None]
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


class ExpressionEvaluator:
    """The nodes of one graph on one market. Days are the T days of the market's calendar.

    ``periods``: trading days a year. ``last``: the calendar day after which nothing counts: values of slower series
    known later are left out. ``axes``: the values that each parameter has in the grid; the windows of an operator that
    can are computed in one pass. ``places``: where each series stands in the study, for faults of its data.
    """

    def __init__(
        self,
        graph: Graph,
        market: Market,
        periods: float,
        last: int,
        axes: Mapping[str, Sequence[Value]] | None = None,
        places: Mapping[str, str] | None = None,
    ) -> None:
        self.graph, self.market, self.last = graph, market, last
        self.axes, self.places = axes or {}, places or {}
        self.days = Timeline("day", calendar_of(market.calendar, periods))
        self._sampled: dict[str, Timeline] = {}
        self._observed: dict[tuple[str, Release, bool], _Result] = {}
        self._kept: OrderedDict[tuple[object, ...], _Result] = OrderedDict()
        self._bytes = 0

    def daily(
        self,
        at: int,
        chosen: Mapping[str, Value],
        releases: Mapping[str, Release],
        where: str,
        hindsight: bool = False,
    ) -> Floats:
        """Returns (T,) float64: the value of a node as known at each close; of a condition 0, 1 or NaN (unknown).

        ``chosen``: by full name the value of each parameter below it. ``releases``: of each series that has one.
        ``hindsight``: events count when they happened; not tradable. Raises InputError, at ``where``.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values, timeline = _Evaluation(self, chosen, releases, where, hindsight).of(at)
        if timeline is None:
            return np.full(len(self.market.calendar), float(values))
        return timeline.daily(values, len(self.market.calendar), hindsight and self.graph.facts[at].events)

    def sampled(self, of: str) -> Timeline:
        if of not in self._sampled:
            self._sampled[of] = sampled(self.days, of)
        return self._sampled[of]

    def series(self, name: str, release: Release, hindsight: bool = False) -> _Result:
        key = name, release, hindsight
        if key not in self._observed:
            if self.market.series[name].monthly:
                last = None if hindsight else self.last
                where = self.places.get(name, name)
                timeline, values = observation_timeline(self.market, name, release, last, where)
                self._observed[key] = values, timeline
            else:
                self._observed[key] = self.market.aligned(name, release), self.days
        return self._observed[key]

    def missing(self, name: str, release: Release) -> str:
        """Says which period of a slower series has no value; empty where none is missing."""
        values, timeline = self.series(name, release)
        if timeline is None or timeline.observed is None or len(timeline.observed) == len(values):
            return ""
        gap = int(np.setdiff1d(np.arange(len(values)), timeline.observed)[0])
        return f"{name} has no value in {timeline.calendar.dates[gap].astype('datetime64[M]')}"

    def kept(self, key: tuple[object, ...], compute: Callable[[], _Result]) -> _Result:
        """The result under a key, computed once; results not used for long are dropped where they fill the memory."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        result = compute()
        self._kept[key] = result
        self._bytes += getattr(result[0], "nbytes", 0)
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= getattr(self._kept.popitem(last=False)[1][0], "nbytes", 0)
        return result


class _Evaluation:
    """One choice of parameters."""

    def __init__(
        self,
        evaluator: ExpressionEvaluator,
        chosen: Mapping[str, Value],
        releases: Mapping[str, Release],
        where: str,
        hindsight: bool,
    ) -> None:
        self.evaluator, self.graph = evaluator, evaluator.graph
        self.chosen, self.releases, self.where, self.hindsight = chosen, releases, where, hindsight

    def of(self, at: int) -> _Result:
        node = self.graph.nodes[at]
        if node.kind == "number":
            return node.value, None
        if node.kind == "parameter":
            return self.chosen[node.name], None
        if node.kind == "series":
            return self.evaluator.series(node.name, self.releases.get(node.name, Release()), self.hindsight)
        return self.evaluator.kept(self.key(at), lambda: self.compute(at, node))

    def key(self, at: int, without: str | None = None) -> tuple[object, ...]:
        """What the result of a node depends on. ``without``: a parameter whose values are computed together."""
        facts = self.graph.facts[at]
        parameters = tuple(self.chosen[name] for name in facts.parameters if name != without)
        kinds = tuple(type(value) for value in parameters)
        releases = tuple(self.releases.get(name) for name in facts.series)
        return at, parameters, kinds, releases, self.hindsight, without

    def compute(self, at: int, node: Step) -> _Result:
        if node.kind == "call":
            return self.call(at, node)
        arrays, timeline = self.together([self.of(at) for at in node.operands], node.operands)
        if node.kind == "arithmetic":
            return _finite(_ARITHMETIC[node.name](*map(_float, arrays))), timeline
        if node.kind == "negative":
            return -arrays[0], timeline
        if node.kind == "compare":
            return _unknown(_COMPARISONS[node.name](*arrays), arrays), timeline
        if node.kind == "not":
            return 1.0 - arrays[0], timeline
        if node.kind == "where":
            chosen = np.where(arrays[0] != 0, arrays[1], arrays[2])
            return np.where(np.isnan(arrays[0]), np.nan, chosen), timeline
        decide = np.logical_and if node.kind == "and" else np.logical_or
        result = arrays[0] != 0
        for one in arrays[1:]:
            result = decide(result, one != 0)
        return _unknown(result, arrays), timeline

    def together(self, results: Sequence[_Result], nodes: Sequence[int]) -> tuple[list[Any], Timeline | None]:
        """Returns arrays on one timeline: their own where all have the same, else the trading days as known."""
        timelines = dict.fromkeys(timeline for _, timeline in results if timeline is not None)
        if len(timelines) <= 1:
            return [values for values, _ in results], next(iter(timelines), None)
        days = len(self.evaluator.market.calendar)
        arrays = []
        for (values, timeline), at in zip(results, nodes, strict=True):
            early = self.hindsight and self.graph.facts[at].events
            arrays.append(values if timeline is None else timeline.daily(values, days, early))
        return arrays, self.evaluator.days

    def call(self, place: int, node: Step) -> _Result:
        operator = self.graph.operators[node.name]
        pairs = list(zip(operator.arguments, node.operands, strict=True))
        nodes = [at for argument, at in pairs if argument.is_array]
        arrays, timeline = self.together([self.of(at) for at in nodes], nodes)
        timeline = timeline or self.evaluator.days
        arrays = [
            values if isinstance(values, np.ndarray) else np.full(len(timeline.calendar.dates), float(values))
            for values in arrays
        ]
        if operator.samples is not None:
            return self.sample(operator, arrays[0], timeline)
        self.check_signs(operator, arrays, nodes, timeline)
        values = iter(arrays)
        arguments: dict[str, Any] = {
            argument.name: next(values) if argument.is_array else self.scalar(at, argument, operator, timeline)
            for argument, at in pairs
        }
        function = operator.function
        if self.hindsight and operator.hindsight is not None:
            function = operator.hindsight
        calendar = {"calendar": timeline.calendar} if operator.calendar else {}
        if operator.many is not None:
            return self.windows(place, operator, arguments, calendar, timeline), timeline
        return _finite(function(*arguments.values(), **calendar)), timeline

    def sample(self, operator: Operator, values: Floats, timeline: Timeline) -> _Result:
        inner = self.evaluator.sampled(str(operator.samples))
        if timeline is inner:
            return values, inner
        assert inner.known is not None
        return timeline.daily(values, len(self.evaluator.market.calendar))[inner.known], inner

    def windows(
        self, at: int, operator: Operator, arguments: dict[str, Any], calendar: dict[str, Any], timeline: Timeline
    ) -> Floats:
        """One row of an operator that computes many windows in one pass: all that the grid has, or this one."""
        name = str(operator.many)
        position = [argument.name for argument in operator.arguments].index(name)
        wanted = int(arguments[name])
        operand = self.graph.nodes[at].operands[position]
        parameter = self.graph.nodes[operand] if operand >= 0 else None
        several = {wanted}
        if parameter is not None and parameter.kind == "parameter":
            argument = operator.arguments[position]
            offered = self.evaluator.axes.get(parameter.name, ())
            every = {self.number(value, argument, operator, timeline) for value in offered}
            several = every if wanted in every else several
        count = max(1, _PASS_BYTES // max(1, 8 * len(timeline.calendar.dates)))
        ordered = sorted(several)
        begin = ordered.index(wanted) // count * count
        chunk = np.array(ordered[begin : begin + count], dtype=np.int64)

        def compute() -> _Result:
            function = operator.function
            return _finite(function(*{**arguments, name: chunk}.values(), **calendar)), timeline

        key = (*self.key(at, parameter.name if parameter is not None and len(several) > 1 else None), begin, len(chunk))
        rows, _ = self.evaluator.kept(key, compute)
        return np.asarray(rows[int(np.searchsorted(chunk, wanted))])

    def scalar(self, at: int, argument: Argument, operator: Operator, timeline: Timeline) -> Any:
        """The value of a scalar argument: as the function expects it."""
        if at < 0:
            return 0 if argument.kind == "date" and argument.default is None else argument.default
        return self.number(self.plain(at, timeline), argument, operator, timeline)

    def number(self, value: Any, argument: Argument, operator: Operator, timeline: Timeline) -> Any:
        if is_duration(value) and argument.kind == "window":
            value = self.values(value, timeline)
        if isinstance(value, float) and argument.kind == "window" and value == int(value):
            value = int(value)
        problem = misfit(value, argument)
        if problem is not None:
            raise InputError(f"{argument.name} of {operator.name} {problem[0]}", value, self.where, problem[1])
        if argument.kind == "window":
            return ALL if value == ALL_WRITTEN else value
        if argument.kind == "date":
            day = np.datetime64(str(value))
            if argument.latest:
                return int(np.searchsorted(timeline.calendar.dates, day, side="right")) - 1
            return int(np.searchsorted(timeline.calendar.dates, day))
        return value

    def plain(self, at: int, timeline: Timeline) -> Any:
        """A scalar formula in Python's numbers, so that whole numbers stay whole."""
        node = self.graph.nodes[at]
        if node.kind in ("number", "text"):
            return node.value
        if node.kind == "parameter":
            return self.chosen[node.name]
        parts = [self.plain(one, timeline) for one in node.operands]
        parts = [self.values(one, timeline) if is_duration(one) else one for one in parts]
        if any(isinstance(one, str) for one in parts):
            rule, remedy = "a formula of a window has numbers and durations", "Write the window itself"
            raise InputError(rule, self.graph.text(at), self.where, remedy)
        if node.kind == "negative":
            return -parts[0]
        if node.kind == "arithmetic":
            try:
                return _PLAIN[node.name](*parts)
            except (ZeroDivisionError, OverflowError):
                rule, remedy = "a formula of a window is a number", "Correct it"
                raise InputError(rule, self.graph.text(at), self.where, remedy) from None
        return float(self.of(at)[0])

    def values(self, duration: str, timeline: Timeline) -> int:
        return Duration.parse(duration).values(timeline.calendar.periods, self.evaluator.days.calendar.periods)

    def check_signs(self, operator: Operator, arrays: list[Floats], nodes: list[int], timeline: Timeline) -> None:
        """Raises InputError where an operator needs values above 0 and one is below, up to the last day that counts."""
        given = [argument for argument in operator.arguments if argument.is_array]
        until = self.evaluator.last + 1 if timeline is self.evaluator.days else None
        for argument, values, at in zip(given, arrays, nodes, strict=True):
            if not argument.positive or not (values[:until] < 0).any():
                continue
            day = int(np.argmax(values[:until] < 0))
            remedy = "Use a difference, such as diff, or a series without values below 0"
            if is_placeholder(values[day]):
                remedy = f"If it stands for a missing value, empty its cell and write missing: drop. {remedy}"
            raise InputError(
                f"{operator.name} needs values of {argument.name} above 0",
                f"{values[day]:g} of {self.graph.text(at)}, the value known on {timeline.calendar.dates[day]}",
                self.where,
                remedy,
            )


_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def _float(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else float(value)


def _finite(values: Any) -> Any:
    """An infinite value, such as a division by 0, is unknown."""
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values


def _unknown(result: Any, operands: Sequence[Any]) -> Any:
    """A condition is unknown while one of its operands is."""
    values: Any = result.astype(np.float64) if isinstance(result, np.ndarray) else float(result)
    for one in operands:
        unknown = np.isnan(one)
        if np.any(unknown):
            values = np.where(unknown, np.nan, values)
    return values
