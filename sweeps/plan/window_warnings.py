"""The warning about windows that count trading days of values which change weekly or monthly.

Two monthly series in one formula stand at trading days, each as known there, and a window around them counts days:
``mean(baa - aaa, 12)`` is a mean of twelve days, most of them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridproof.signals.data.frequency import WORDS, months_apart
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.graph import Graph
from gridproof.sweeps.study.signal_set import SignalSet

# Calendar days between observations: of values that change weekly at least the first, monthly the second.
_WEEKLY, _MONTHLY = 5.0, 20.0
_DAYS, _DAILY = "day", "daily"


@dataclass(frozen=True, slots=True)
class _Pace:
    """``timeline``: of what the values are counted; None of a number. ``change``: how often they change."""

    timeline: str | None = None
    change: str | None = None


def window_warnings(study: SignalSet, market: Market) -> list[str]:
    """One warning for each such window of a signal, outermost operators of it not counted again."""
    if _gap(market.calendar) >= _WEEKLY:
        return []
    found = []
    for signal in study.signals:
        paces: dict[int, _Pace] = {}
        for root in signal.nodes:
            for at in study.graph.below(root):
                if at not in paces:
                    paces[at] = _pace(at, study.graph, market, paces)
                    if (change := _counted(at, study, paces)) is not None:
                        found.append(_text(signal.name, study.graph.text(at), change))
                        paces[at] = _Pace(_DAYS, _DAILY)
    return list(dict.fromkeys(found))


def _text(signal: str, formula: str, change: str) -> str:
    outer = "weekly" if change == "weekly" else "monthly"
    units = "weeks" if outer == "weekly" else "months"
    counted = f"{signal}: {formula} counts trading days of values that change {change}"
    return f"{counted}: write {outer}(…) around them to count {units}, or daily(…) if days are meant"


def _pace(at: int, graph: Graph, market: Market, paces: dict[int, _Pace]) -> _Pace:
    node = graph.nodes[at]
    if node.kind == "series":
        return _series_pace(node.name, market)
    if node.kind in ("column", "cross"):
        return _Pace(_DAYS, _DAILY)
    if node.kind == "call" and (sampled := graph.operators[node.name].samples) is not None:
        return _Pace(sampled, {"day": _DAILY, "week": "weekly", "month": "monthly"}[sampled])
    below = [paces[one] for one in _arrays(at, graph)]
    timelines = dict.fromkeys(one.timeline for one in below if one.timeline is not None)
    if not timelines:
        return _Pace()
    changes = [one.change for one in below if one.change is not None]
    order = [_DAILY, "weekly", *WORDS.values()]
    return _Pace(next(iter(timelines)) if len(timelines) == 1 else _DAYS, min(changes, key=order.index))


def _series_pace(name: str, market: Market) -> _Pace:
    """A monthly series is counted by its own observations, a weekly one by trading days."""
    series = market.series[name]
    if series.stamps is not None:
        return _Pace(name, _DAILY)
    if series.monthly:
        return _Pace(name, WORDS[months_apart(series.dates) or 1])
    return _Pace(_DAYS, "weekly" if _WEEKLY <= _gap(series.dates) < _MONTHLY else _DAILY)


def _gap(dates: Dates) -> float:
    """The usual number of calendar days between the first dates."""
    return float(np.median(np.diff(dates[:12]).astype(float))) if len(dates) > 1 else 0.0


def _counted(at: int, study: SignalSet, paces: dict[int, _Pace]) -> str | None:
    """How often the values change whose days a call counts; None where it counts none, or they change daily."""
    if study.graph.nodes[at].kind != "call" or paces[at].timeline != _DAYS or paces[at].change in (None, _DAILY):
        return None
    return paces[at].change if any(_numbers(at, study)) else None


def _numbers(at: int, study: SignalSet) -> Iterator[bool]:
    """For each window of a call whether it is, or may be, a number of values: a duration means the same on days."""
    graph, node = study.graph, study.graph.nodes[at]
    for argument, one in graph.operator(node).placed(node.operands):
        if argument.kind == "window" and one >= 0:
            operand = graph.nodes[one]
            values = study.space.values_of(operand.name) if operand.kind == "parameter" else [operand.value]
            yield any(not isinstance(value, str) for value in values)


def _arrays(at: int, graph: Graph) -> list[int]:
    node = graph.nodes[at]
    if node.kind == "call":
        return [one for argument, one in graph.operator(node).placed(node.operands) if argument.is_array and one >= 0]
    return [one for one in node.operands if one >= 0]
