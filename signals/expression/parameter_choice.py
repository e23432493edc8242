"""The nodes of a graph under one choice of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.signals.data.release import Release
from gridproof.signals.expression.column_wise import column_wise
from gridproof.signals.expression.elementwise import elementwise, finite
from gridproof.signals.expression.graph import Step
from gridproof.signals.expression.operators.argument import WHERE, Argument
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.result_cache import Result
from gridproof.signals.expression.scalars import ScalarArguments, Value
from gridproof.signals.expression.shared_results import SharedResults
from gridproof.signals.expression.signs import (
    check_above_0,
    check_flag,
    check_ratio,
    check_signs,
    relative_base,
    stock_flag,
)
from gridproof.signals.expression.stock_days import StockDays
from gridproof.signals.expression.timeline import Timeline

# Bytes of the windows computed in one pass.
_PASS_BYTES = 32 * 2**20


class ParameterChoice:
    """The nodes of a graph under one choice of its parameters."""

    def __init__(
        self,
        shared: SharedResults,
        chosen: Mapping[str, Value],
        releases: Mapping[str, Release],
        where: str,
        hindsight: bool,
    ) -> None:
        self.shared, self.graph, self.series = shared, shared.graph, shared.series
        self.chosen, self.releases, self.where, self.hindsight = chosen, releases, where, hindsight
        periods = self.series.days.calendar.periods
        self.scalars = ScalarArguments(self.graph, chosen, periods, where, lambda at: float(self.of(at)[0]))

    @property
    def stock_days(self) -> StockDays:
        """The days of the panel, which every formula over its columns has."""
        assert self.series.stock_days is not None
        return self.series.stock_days

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the stocks; none without a panel."""
        return () if self.series.stock_days is None else self.stock_days.panel.codes

    def of(self, at: int) -> Result:
        node = self.graph.nodes[at]
        if node.kind == "number":
            return node.value, None
        if node.kind == "parameter":
            return self.chosen[node.name], None
        if node.kind == "series":
            return self.series.of(node.name, self.releases.get(node.name, Release()), self.hindsight)
        kept = self.shared.kept_stocks if self.graph.facts[at].stocks else self.shared.kept
        return kept.result(self.key(at), lambda: self.compute(at, node))

    def key(self, at: int, without: str | None = None) -> tuple[object, ...]:
        """What the result of a node depends on. ``without``: a parameter whose values are computed together."""
        facts = self.graph.facts[at]
        parameters = tuple(self.chosen[name] for name in facts.parameters if name != without)
        kinds = tuple(type(value) for value in parameters)
        releases = tuple(self.releases.get(name) for name in facts.series)
        return at, parameters, kinds, releases, self.hindsight, without

    def compute(self, at: int, node: Step) -> Result:
        if node.kind == "call":
            return self.call(at, node)
        if node.kind == "cross":
            return self.cross(self.graph.operator(node), node)
        if node.kind == "column":
            return self.stock_days.column(node.name), self.stock_days.timeline
        arrays, timeline = self.together([self.of(at) for at in node.operands], node.operands)
        if node.kind == "arithmetic":
            self.check_ratio(at)
        if node.kind == "flag":
            assert timeline is not None
            text, dates = self.graph.text(at), timeline.calendar.dates[: timeline.counted(self.series.last)]
            if timeline.stocks:
                return stock_flag(arrays[0], text, dates, self.codes, self.where), timeline
            check_flag(arrays[0], text, dates, self.where)
            return arrays[0], timeline
        return elementwise(node, arrays), timeline

    def check_ratio(self, at: int) -> None:
        """Raises InputError where a quotient is relative to a level of values below 0."""
        bases = self.shared.relative_bases
        if at not in bases:
            bases[at] = relative_base(self.graph, at)
        if (base := bases[at]) is None:
            return
        values, timeline = self.of(base)
        if timeline is not None:
            dates = timeline.calendar.dates[: timeline.counted(self.series.last)]
            check_ratio(self.graph.text(at), values, self.graph.text(base), dates, self.codes, self.where)

    def together(self, results: Sequence[Result], nodes: Sequence[int]) -> tuple[list[Any], Timeline | None]:
        """Returns arrays on one timeline: their own where all have the same, else the trading days as known.

        With values of stocks among them those are the days of the panel, and a series is (n, 1).
        """
        timelines = dict.fromkeys(timeline for _, timeline in results if timeline is not None)
        if len(timelines) <= 1:
            return [values for values, _ in results], next(iter(timelines), None)
        if any(timeline.stocks for timeline in timelines):
            events = [self.hindsight and self.graph.facts[at].events for at in nodes]
            beside = self.stock_days.beside
            return [beside(*one, each) for one, each in zip(results, events, strict=True)], self.stock_days.timeline
        bars = [timeline.name for timeline in timelines if timeline.stamps is not None]
        if len(bars) > 1:
            rule = "intraday bars in one formula must have the same stamps"
            remedy = "Write daily(…) around each, its value at the close, or bring files of the same bars"
            raise InputError(rule, f"{' and '.join(bars)}, which differ", self.where, remedy)
        days = len(self.series.market.calendar)
        arrays = []
        for (values, timeline), at in zip(results, nodes, strict=True):
            early = self.hindsight and self.graph.facts[at].events
            arrays.append(values if timeline is None else timeline.daily(values, days, early))
        return arrays, self.series.days

    def call(self, place: int, node: Step) -> Result:
        operator = self.graph.operators[node.name]
        if operator.samples is not None:
            return self.sample(operator, *self.of(node.operands[0]))
        arguments, timeline = self.arguments(node)
        function = operator.function
        if self.hindsight and operator.hindsight is not None:
            function = operator.hindsight
        calendar = {"calendar": timeline.calendar} if operator.calendar else {}
        if timeline.stocks:
            return finite(column_wise(replace(operator, function=function), arguments, calendar)), timeline
        if operator.many is not None:
            return self.windows(place, operator, arguments, calendar, timeline), timeline
        return finite(function(*arguments.values(), **calendar)), timeline

    def cross(self, operator: Operator, node: Step) -> Result:
        """The result of an operator over the stocks of each day: a value of each stock, or a series."""
        days, inside, given = self.stock_days, self.inside(), []
        for argument, at in operator.placed(node.operands):
            if not argument.is_array:
                given.append(self.scalars.of(at, argument, operator, days.timeline))
                continue
            values = None if at < 0 else self.by_stock(at, argument)
            if argument is WHERE:
                inside = inside if values is None else inside & (values == 1.0)
                continue
            if values is not None and argument.positive:
                check_above_0(operator, argument, values, self.graph.text(at), days.timeline, self.codes, self.where)
            given.append(values)
        result = finite(operator.function(*given, inside=inside))
        if operator.across == "stocks":
            return result, days.timeline
        return days.series(result), self.series.days

    def stocks(self, at: int) -> Floats:
        """(n, S): the value of a node for each stock. It may be a view that must not be changed."""
        values = np.asarray(self.stock_days.beside(*self.of(at)), dtype=np.float64)
        return np.broadcast_to(values, self.stock_days.shape)

    def inside(self) -> Bools:
        """(n, S) bool: whether a stock has a row and a price above 0 on a day of the panel, under every choice."""
        if self.shared.inside is None:
            if self.graph.close is None:
                rows = np.zeros(self.stock_days.panel.shape, dtype=np.bool_)
                rows.flat[self.stock_days.panel.place] = True
                self.shared.inside = rows[: self.stock_days.count]
            else:
                self.shared.inside = ParameterChoice(self.shared, {}, {}, "", False).stocks(self.graph.close) > 0.0
        return self.shared.inside

    def by_stock(self, at: int, argument: Argument) -> Floats:
        """(n, S): the value of a node for each stock; of a column that is a group it may be a text."""
        node = self.graph.nodes[at]
        if argument.kind == "group" and node.kind == "column":
            return self.stock_days.group(node.name)
        return self.stocks(at)

    def arguments(self, node: Step) -> tuple[dict[str, Any], Timeline]:
        """What the function of a call gets, by name, and the days of its arrays."""
        operator = self.graph.operators[node.name]
        pairs = list(zip(operator.arguments, node.operands, strict=True))
        nodes = [at for argument, at in pairs if argument.is_array]
        arrays, timeline = self.together([self.of(at) for at in nodes], nodes)
        timeline = timeline or self.series.days
        arrays = [self.spread(values, timeline) for values in arrays]
        dates = timeline.calendar.dates[: timeline.counted(self.series.last)]
        texts = [self.graph.text(at) for at in nodes]
        check_signs(operator, arrays, texts, dates, self.codes, self.where)
        values = iter(arrays)
        arguments: dict[str, Any] = {
            argument.name: next(values) if argument.is_array else self.scalars.of(at, argument, operator, timeline)
            for argument, at in pairs
        }
        self.scalars.check_least(operator, arguments)
        return arguments, timeline

    def spread(self, values: Any, timeline: Timeline) -> Floats:
        """A number as (n,) values of a timeline, of stocks (n, 1); an array stays as it is."""
        if isinstance(values, np.ndarray):
            return values
        days = len(timeline.calendar.dates)
        return np.full((days, 1) if timeline.stocks else days, float(values))

    def sample(self, operator: Operator, values: Any, timeline: Timeline | None) -> Result:
        timeline = timeline or self.series.days
        days = self.stock_days.timeline if timeline.stocks else self.series.days
        inner, values = self.series.sampled(str(operator.samples), days), self.spread(values, timeline)
        if timeline is inner:
            return values, inner
        calendar = {"calendar": days.calendar} if operator.calendar else {}
        values = timeline.daily(values, len(days.calendar.dates))
        if timeline.stocks:
            values = column_wise(operator, {operator.arguments[0].name: values}, calendar)
        else:
            values = operator.function(values, **calendar)
        return (values if inner.known is None else values[inner.known]), inner

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
            offered = self.shared.axes.get(parameter.name, ())
            every = {self.scalars.number(value, argument, operator, timeline) for value in offered}
            several = every if wanted in every else several
        count = max(1, _PASS_BYTES // max(1, 8 * len(timeline.calendar.dates)))
        ordered = sorted(several)
        begin = ordered.index(wanted) // count * count
        chunk = np.array(ordered[begin : begin + count], dtype=np.int64)

        def compute() -> Result:
            function = operator.function
            return finite(function(*{**arguments, name: chunk}.values(), **calendar)), timeline

        key = (*self.key(at, parameter.name if parameter is not None and len(several) > 1 else None), begin, len(chunk))
        rows, _ = self.shared.kept.result(key, compute)
        return np.asarray(rows[int(np.searchsorted(chunk, wanted))])
