"""Checks a study's own operators for look-ahead on the series that its expressions give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.signals.expression.user_operators.look_ahead import StudyCall, check_study
from gridproof.sweeps.plan.signal_values import evaluator_of, releases_of
from gridproof.sweeps.plan.window import last_day
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.study import Study

# Values of each axis, evenly spread over it, under which the calls are checked for look-ahead.
_BETWEEN = 32


def check_operators(study: Study, market: Market) -> None:
    """Check every call of an operator of the study's own: at the base, at both ends of its parameters' axes, and for
    look-ahead at values between.

    Raises InputError for the first fault: a value that uses later days, other values in a second call, and so on.
    """
    if study.operators is None:
        return
    roots = [_root(study, one) for one in study.signals]
    for leg in study.legs:
        if (one := leg.selection) is not None:
            roots.append((one.nodes, dict(one.releases), study.where("legs", leg.name, "select")))
    _check_roots(study, market, last_day(study, market), study.operators, roots)


def check_signal_operators(
    owner: SignalSet, signal: Signal, market: Market, last: int, file: OperatorFile | None
) -> None:
    """Check the calls of a user's own operators in one signal, up to calendar day ``last``; see ``check_operators``."""
    if file is not None:
        _check_roots(owner, market, last, file, [_root(owner, signal)])


def _root(owner: SignalSet, signal: Signal) -> tuple[tuple[int, ...], dict[str, Release], str]:
    return signal.nodes, releases_of(owner, signal, owner.base), owner.where(*signal.place)


def _check_roots(
    study: SignalSet,
    market: Market,
    last: int,
    file: OperatorFile,
    roots: Sequence[tuple[tuple[int, ...], dict[str, Release], str]],
) -> None:
    """``roots``: nodes, their releases, and their place for faults."""
    evaluator = evaluator_of(study, market, last, swept=False)
    graph = study.graph
    calls: dict[tuple[object, ...], StudyCall] = {}
    for nodes, releases, where in roots:
        for root in nodes:
            for at in graph.below(root):
                node = graph.nodes[at]
                if node.kind != "call" or node.name not in file.operators():
                    continue
                for chosen, whole in _choices(study, graph.facts[at].parameters):
                    if (key := (at, *chosen.items())) not in calls:
                        given, calendar = evaluator.call_of(at, chosen, releases, where)
                        calls[key] = StudyCall(graph.operators[node.name], given, calendar, where, whole)
    if calls:
        check_study(list(calls.values()), file)


def _choices(study: SignalSet, parameters: tuple[str, ...]) -> Iterator[tuple[dict[str, Value], bool]]:
    """Values of these parameters, and whether all checks are made under them: at the base, and at the first and the
    last of all axes; not at the values between, of one axis after the other."""
    owners, space = study.space.owners, study.space
    axes = {name: space.values_of(name) for name in parameters}
    base = {name: study.base[owners[name]] for name in parameters}
    yield base, True
    for end in (0, -1):
        yield {name: values[end] for name, values in axes.items()}, True
    for name, values in axes.items():
        for value in values[:: -(-len(values) // _BETWEEN)]:
            yield {**base, name: value}, False
