"""A signal under one choice of its parameters: its numbers, or its states, on every day of the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.release import Release
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.plan.decision_days import DecisionDays, decision_days
from gridproof.sweeps.study.latch import Levels, Switch
from gridproof.sweeps.study.signal import RULE, Alternatives, MixChoice, SharesChoice, Signal
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.spec import OFF


class UndefinedSignalError(InputError):
    """A signal is not defined on a day on which it is needed, under some choice of its axes."""


@dataclass(frozen=True, slots=True)
class SignalValues:
    """A signal under one choice of its parameters, on all T days of the calendar.

    ``values``: (T,) float64, which go through a latch of levels; or ``states``: (bits, T) bool. ``first``: the first
    day on which the signal is defined; T where it never is. ``decided``: the days whose states count, each until the
    next one; None: every day. ``first`` is one of them, and ``states`` are held between them; those of a latch of
    levels must still be.
    """

    values: Floats | None
    states: Bools | None
    first: int
    decided: DecisionDays | None = None


def evaluator_of(study: SignalSet, market: Market, last: int, swept: bool = True) -> ExpressionEvaluator:
    """The evaluator of a study's expressions on a market, up to calendar day ``last``.

    ``swept``: the whole grid will be asked for, so the windows of an operator are computed together; else the base
    alone.
    """
    space, axes = study.space, {}
    for signal in study.signals if swept else ():
        for axis in signal.parameters:
            axes[axis] = space.values_of(axis)
    places = {name: study.where("series", name) for name in study.spec.series}
    return ExpressionEvaluator(study.graph, market, study.spec.market.periods, last, axes, places)


def read_signal(
    study: SignalSet, signal: Signal, evaluator: ExpressionEvaluator, chosen: dict[str, Value], hindsight: bool = False
) -> SignalValues:
    """Evaluate a signal under one choice of its axes, on every day of the calendar.

    ``hindsight``: events count when they happened, before anyone could know them. Raises UndefinedSignalError where it
    is unknown on a later day of the window than the first on which it is known, and nothing says what that means.
    """
    found = _read_daily(study, signal, evaluator, chosen, hindsight)
    if signal.decide is None:
        return found
    decided = decision_days(evaluator.market.calendar, chosen[study.space.owners[signal.decide]])
    if decided is None:
        return found
    states = None if found.states is None else decided.of(found.states)
    return SignalValues(found.values, states, decided.first_from(found.first), decided)


def _read_daily(
    study: SignalSet, signal: Signal, evaluator: ExpressionEvaluator, chosen: dict[str, Value], hindsight: bool
) -> SignalValues:
    """As ``read_signal``, with a decision on every day."""
    owners, days = study.space.owners, len(evaluator.market.calendar)
    if isinstance(signal.form, Alternatives):
        number = signal.form.names.index(str(chosen[owners[RULE]]))
        return SignalValues(None, _bits(np.full(days, number), len(signal.bits)), 0)
    if isinstance(signal.form, SharesChoice):
        number = signal.form.shares.number(chosen, owners)
        return SignalValues(None, _bits(np.full(days, number), len(signal.bits)), 0)
    if isinstance(signal.form, MixChoice) and signal.form.mix.graded is None:
        mix = signal.form.mix
        (number,) = mix.numbers[tuple(chosen[owners[axis]] for axis in mix.axes)]
        return SignalValues(None, _bits(np.full(days, number), len(signal.bits)), 0)
    if signal.use is not None and chosen[owners[signal.use]] == OFF:
        return SignalValues(None, np.zeros((len(signal.bits), days), dtype=np.bool_), 0)
    daily = daily_values(study, signal, evaluator, signal.nodes, chosen, hindsight)
    first, until = 0, evaluator.last + 1
    unknown_days = np.zeros(days, dtype=np.bool_)
    for number, values in enumerate(daily):
        unknown = ~np.isfinite(values)
        begin = days if unknown.all() else int(unknown.argmin())
        first = max(first, begin)
        unknown[:begin] = False
        if not unknown.any():
            continue
        if signal.missing is None and unknown[:until].any():
            raise _unknown_error(study, signal, evaluator, chosen, int(unknown.argmax()))
        if signal.missing == "hold":
            latest = np.maximum.accumulate(np.where(unknown, 0, np.arange(days)))
            daily[number] = values[latest]
        elif isinstance(signal.form, Levels | MixChoice):
            # Below every level: the latch is off, and a weight the least.
            daily[number] = np.where(unknown, -np.inf, values)
        unknown_days |= unknown
    if isinstance(signal.form, Levels):
        return SignalValues(daily[0], None, first)
    if isinstance(signal.form, MixChoice):
        mix = signal.form.mix
        values = np.stack(daily)
        values = np.where(np.isnan(values), -np.inf, values)  # the days before one is known
        numbers = mix.steps(tuple(chosen[owners[axis]] for axis in mix.axes), values)
        return SignalValues(None, _bits(numbers, len(signal.bits)), first)
    if isinstance(signal.form, Switch):
        off = daily[1] == 1.0
        if signal.missing == "off":
            off |= unknown_days
        return SignalValues(None, _switched(daily[0] == 1.0, off)[None], first)
    return SignalValues(None, np.stack(daily) == 1.0, first)


def shown_values(study: SignalSet, signal: Signal, evaluator: ExpressionEvaluator) -> dict[str, Floats]:
    """The numbers behind a signal at the base, (T,) float64 each, NaN where unknown: its value, by the name ``value``;
    of conditions every number that they compare, by its formula. Empty for a signal that is off."""
    base, owners, graph = study.base, study.space.owners, study.graph
    if signal.use is not None and base[owners[signal.use]] == OFF:
        return {}
    named = {"value": signal.form.value} if isinstance(signal.form, Levels) else {}
    if isinstance(signal.form, MixChoice) and signal.form.mix.graded is not None:
        graded = signal.form.mix.graded
        named = dict(zip(graded.legs if len(graded.legs) > 1 else ("value",), graded.nodes, strict=True))
    for root in () if named else signal.nodes:
        for at in graph.below(root):
            compared = graph.nodes[at].operands if graph.nodes[at].kind == "compare" else ()
            named |= {graph.text(one): one for one in compared if not graph.facts[one].scalar}
    return dict(zip(named, daily_values(study, signal, evaluator, tuple(named.values()), base), strict=True))


def daily_values(
    study: SignalSet,
    signal: Signal,
    evaluator: ExpressionEvaluator,
    nodes: Sequence[int],
    chosen: Mapping[str, Value],
    hindsight: bool = False,
) -> list[Floats]:
    """(T,) float64 for each node of a signal, under one choice of its axes."""
    parameters = {axis: chosen[study.space.owners[axis]] for axis in signal.parameters}
    releases, where = releases_of(study, signal, chosen), study.where(*signal.place)
    return [evaluator.daily(at, parameters, releases, where, hindsight) for at in nodes]


def releases_of(study: SignalSet, signal: Signal, chosen: Mapping[str, Value]) -> dict[str, Release]:
    """The release of each series of a signal that has one. ``chosen``: the value of each axis, by name."""
    return {
        series: Release.parse(chosen[study.space.owners[axis]], study.where("series", series))
        for series, axis in zip(signal.series, signal.releases, strict=True)
        if axis
    }


def _bits(numbers: Ints, bits: int) -> Bools:
    """(bits, T) bool: the bits of the numbers of each day, (T,), bit 0 first."""
    states: Bools = (numbers[None] >> np.arange(bits)[:, None] & 1).astype(np.bool_)
    return states


def _switched(on: Bools, off: Bools) -> Bools:
    """(T,) bool: True from each ``on`` to the next ``off``; where both are true it is off; False at first."""
    latest = np.maximum.accumulate(np.where(on | off, np.arange(len(on)), -1))
    return np.where(latest >= 0, on[latest] & ~off[latest], False)


def _unknown_error(
    study: SignalSet,
    signal: Signal,
    evaluator: ExpressionEvaluator,
    chosen: dict[str, Value],
    day: int,
) -> UndefinedSignalError:
    """The error for a signal that becomes unknown within the window; it names a missing month if there is one."""
    releases = releases_of(study, signal, chosen)
    causes = [evaluator.series.missing(name, releases.get(name, Release())) for name in signal.series]
    named = [cause for cause in causes if cause]
    read = [*signal.series, *(["the panel"] if any(study.graph.facts[at].columns for at in signal.nodes) else [])]
    remedy = f"Check {' and '.join(read)} on that day and before: a value of 0 may divide"
    if named:
        remedy = f"{named[0]}: complete the file"
    return UndefinedSignalError(
        "a signal must stay defined once it is",
        f"{signal.name} is not a number on {evaluator.market.calendar[day]} ({choice_text(chosen)})",
        study.where(*signal.place),
        f"{remedy}; or write missing: hold or missing: off under the signal",
    )


def choice_text(chosen: dict[str, Value]) -> str:
    return ", ".join(f"{name}={value}" for name, value in chosen.items()) or "as it is"
