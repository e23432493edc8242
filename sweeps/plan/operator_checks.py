"""Checks a study's own operators for look-ahead on the series that its expressions give them."""

from __future__ import annotations

from collections.abc import Iterator

from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.expression.user_operators.look_ahead import check_call
from gridproof.sweeps.plan.signal_paths import evaluator_of, releases_of
from gridproof.sweeps.plan.window import last_day
from gridproof.sweeps.study.study import Study


def check_operators(study: Study, market: Market) -> None:
    """Check every call of an operator of the study's own: at the base, and at both ends of its parameters' axes.

    Raises InputError for the first fault: a value that uses later days, other values in a second call, and so on.
    """
    file = study.operators
    if file is None:
        return
    evaluator = evaluator_of(study, market, last_day(study, market), swept=False)
    graph, checked = study.graph, set()
    for signal in study.signals:
        releases, where = releases_of(study, signal, study.base), study.where("signals", signal.name)
        for root in signal.nodes:
            for at in graph.below(root):
                node = graph.nodes[at]
                if node.kind != "call" or node.name not in file.operators():
                    continue
                for chosen in _choices(study, graph.facts[at].parameters):
                    if (key := (at, *chosen.items())) not in checked:
                        checked.add(key)
                        given, calendar = evaluator.call_of(at, chosen, releases, where)
                        check_call(graph.operators[node.name], file, given, calendar, where)


def _choices(study: Study, parameters: tuple[str, ...]) -> Iterator[dict[str, Value]]:
    """The base's values of these parameters, then the first and the last of their axes."""
    owners, space = study.space.owners, study.space
    yield {name: study.base[owners[name]] for name in parameters}
    for end in (0, -1):
        yield {name: space.axes[space.position(owners[name])].values[end] for name in parameters}
