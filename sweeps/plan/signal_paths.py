"""From a signal and its parameters to values, states and distinct packed paths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import merge, pack
from gridproof.results.axis_range import Value
from gridproof.signals.data.market import Market
from gridproof.signals.data.source import Release
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.study.signal import OFF, RULE, Alternatives, Levels, Signal, Switch
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.study import Study

# Threshold pairs latched at once: bounds the memory of paths that are not merged yet.
_PAIRS = 65_536


class UndefinedSignalError(InputError):
    """A signal is not defined on a day on which it is needed, under some choice of its axes."""


class LateSignalError(UndefinedSignalError):
    """A signal is first defined after the first day on which it is needed, under some choice of its axes."""


@dataclass(frozen=True, slots=True)
class PathTable:
    """``index``: int32, shaped like the signal's axes in grid order, into ``distinct`` (p, bits, W)."""

    index: Ints
    distinct: Words


@dataclass(frozen=True, slots=True)
class Reading:
    """A signal under one choice of its parameters, on all T days of the calendar.

    ``values``: (T,) float64, which go through a latch of levels; or ``states``: (bits, T) bool. ``first``: the first
    day on which the signal is defined; T where it never is.
    """

    values: Floats | None
    states: Bools | None
    first: int


@dataclass(frozen=True, slots=True)
class StateDays:
    """States are needed on calendar days [start, stop); every signal must be defined on day ``needed``."""

    start: int
    stop: int
    needed: int


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
) -> Reading:
    """Evaluate a signal under one choice of its axes, on every day of the calendar.

    ``hindsight``: events count when they happened, before anyone could know them. Raises UndefinedSignalError where it
    is unknown on a later day of the window than the first on which it is known, and nothing says what that means.
    """
    owners, days = study.space.owners, len(evaluator.market.calendar)
    if isinstance(signal.form, Alternatives):
        number = signal.form.names.index(str(chosen[owners[RULE]]))
        states = np.array([[bool(number >> at & 1)] * days for at in range(len(signal.bits))])
        return Reading(None, states, 0)
    if signal.use is not None and chosen[owners[signal.use]] == OFF:
        return Reading(None, np.zeros((len(signal.bits), days), dtype=np.bool_), 0)
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
        elif isinstance(signal.form, Levels):
            daily[number] = np.where(unknown, -np.inf, values)  # below every level: the latch is off
        unknown_days |= unknown
    if isinstance(signal.form, Levels):
        return Reading(daily[0], None, first)
    if isinstance(signal.form, Switch):
        off = daily[1] == 1.0
        if signal.missing == "off":
            off |= unknown_days
        return Reading(None, _switched(daily[0] == 1.0, off)[None], first)
    return Reading(None, np.stack(daily) == 1.0, first)


def shown_values(study: SignalSet, signal: Signal, evaluator: ExpressionEvaluator) -> dict[str, Floats]:
    """The numbers behind a signal at the base, (T,) float64 each, NaN where unknown: its value, by the name ``value``;
    of conditions every number that they compare, by its formula. Empty for a signal that is off."""
    base, owners, graph = study.base, study.space.owners, study.graph
    if signal.use is not None and base[owners[signal.use]] == OFF:
        return {}
    named = {"value": signal.form.value} if isinstance(signal.form, Levels) else {}
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
    releases, where = releases_of(study, signal, chosen), study.where("signals", signal.name)
    return [evaluator.daily(at, parameters, releases, where, hindsight) for at in nodes]


def releases_of(study: SignalSet, signal: Signal, chosen: Mapping[str, Value]) -> dict[str, Release]:
    """The release of each series of a signal that has one. ``chosen``: the value of each axis, by name."""
    return {
        series: Release.parse(chosen[study.space.owners[axis]], study.where("series", series))
        for series, axis in zip(signal.series, signal.releases, strict=True)
        if axis
    }


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
    causes = [evaluator.missing(name, releases.get(name, Release())) for name in signal.series]
    named = [cause for cause in causes if cause]
    read = [*signal.series, *(["the panel"] if any(study.graph.facts[at].columns for at in signal.nodes) else [])]
    remedy = f"Check {' and '.join(read)} on that day and before: a value of 0 may divide"
    if named:
        remedy = f"{named[0]}: complete the file"
    return UndefinedSignalError(
        "a signal must stay defined once it is",
        f"{signal.name} is not a number on {evaluator.market.calendar[day]} ({_choice_text(chosen)})",
        study.where("signals", signal.name),
        f"{remedy}; or write missing: hold or missing: off under the signal",
    )


def latch_pairs(study: SignalSet, signal: Signal, chosen: dict[str, Array]) -> tuple[Floats, Floats]:
    """The latch's thresholds to switch on and off, (P,) each, from arrays of axis values."""
    assert isinstance(signal.form, Levels)
    on, other = (chosen[study.space.owners[axis]].astype(np.float64) for axis in signal.levels)
    return on, on - other if signal.form.gap else other


def path_table(
    study: SignalSet,
    signal: Signal,
    evaluator: ExpressionEvaluator,
    backend: Backend,
    days: StateDays,
    hindsight: bool = False,
    holds: bool = False,
) -> PathTable:
    """Every path of a signal over the days on which states are needed, equal paths merged.

    ``holds``: one bit follows the signal's own: whether the signal is defined yet. ``hindsight`` uses states dated when
    turning points happened, before anyone could know them. Raises LateSignalError where the signal is not defined on
    day ``days.needed`` under some choice of its axes.
    """
    space = study.space
    axes = [space.axes[position] for position in space.uses[signal.name]]
    names = [axis.name for axis in axes]
    measured = _measured(study, signal)
    grids = [np.array(axis.values, dtype=object) for axis in axes]
    latched = {name: grids[position] for position, name in enumerate(names) if position not in measured}
    index = np.empty([len(grid) for grid in grids], dtype=np.int32)
    pool: list[Words] = []
    pooled = 0
    by_measure = np.moveaxis(
        index, measured, range(len(measured))
    )  # a view: measured axes first, latched axes after them
    for digits in itertools.product(*(range(len(grids[position])) for position in measured)):
        chosen = {names[position]: grids[position][digit] for position, digit in zip(measured, digits, strict=True)}
        reading = read_signal(study, signal, evaluator, chosen)
        if reading.first > days.needed:
            since = evaluator.market.calendar[reading.first : reading.first + 1]
            found = f"{signal.name} ({_choice_text(chosen)}) is defined from {since[0] if len(since) else 'no day'}"
            remedy = "Bring longer series, or shorten the windows; a division by 0 is never known"
            where, day = study.where("signals", signal.name), evaluator.market.calendar[days.needed]
            raise LateSignalError(f"a signal must be defined on {day}", found, where, remedy)
        known = None
        if holds:
            known = pack(np.arange(days.start, days.stop) >= reading.first)[None, None]
        if hindsight and any(study.graph.facts[at].events for at in signal.nodes):
            reading = read_signal(study, signal, evaluator, chosen, hindsight=True)
        local = []
        for paths in _paths(study, signal, backend, reading, chosen, latched, days):
            if known is not None:
                paths = np.concatenate([paths, np.broadcast_to(known, (len(paths), 1, known.shape[-1]))], axis=1)
            distinct, inverse = merge(paths)
            local.append(inverse + pooled)
            pool.append(distinct)
            pooled += len(distinct)
        paths_here = np.concatenate(local)
        # A signal that is off has one path, whatever its levels.
        by_measure[digits] = paths_here.reshape(by_measure[digits].shape) if len(paths_here) > 1 else paths_here[0]
    distinct, inverse = merge(np.concatenate(pool))
    return PathTable(inverse.astype(np.int32)[index], distinct)  # type: ignore[arg-type]


def _paths(
    study: SignalSet,
    signal: Signal,
    backend: Backend,
    reading: Reading,
    chosen: dict[str, Value],
    latched: Mapping[str, Array],
    days: StateDays,
) -> Iterator[Words]:
    """The paths of one reading in chunks (n, bits, W): its own states, or one path for each pair of thresholds."""
    if reading.states is not None:
        yield pack(reading.states[:, days.start : days.stop])[None]
        return
    assert reading.values is not None
    sizes = [len(grid) for grid in latched.values()]
    pairs = np.indices(sizes).reshape(len(sizes), prod(sizes))
    for begin in range(0, pairs.shape[1], _PAIRS):
        part = pairs[:, begin : begin + _PAIRS]
        levels = {name: grid[digit] for (name, grid), digit in zip(latched.items(), part, strict=True)}
        levels |= {name: np.full(part.shape[1], value, dtype=object) for name, value in chosen.items()}
        on, off = latch_pairs(study, signal, levels)
        yield backend.latch_paths(reading.values[: days.stop], on, off, days.start)[:, None]


def _measured(study: SignalSet, signal: Signal) -> list[int]:
    """Positions, among the signal's own axes, of those that its reading depends on; the others are thresholds."""
    owners = study.space.owners
    deciding = {owners[name] for name in signal.deciding}
    names = [study.space.axes[position].name for position in study.space.uses[signal.name]]
    return [position for position, name in enumerate(names) if name in deciding]


def late_window_error(study: Study, evaluator: ExpressionEvaluator) -> UndefinedSignalError:
    """The error for a window that begins before every signal is defined; it names the signal defined last."""
    since, slowest, market = -1, "", evaluator.market
    for signal in study.signals:
        axes = [study.space.axes[position] for position in study.space.uses[signal.name]]
        axes = [axes[position] for position in _measured(study, signal)]
        for values in itertools.product(*(axis.values for axis in axes)):
            chosen = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            first = read_signal(study, signal, evaluator, chosen).first
            if first > since:
                since, slowest = first, f"{signal.name} ({_choice_text(chosen)})"
    begin = since + study.longest_lag
    if begin < len(market.calendar):
        remedy = f"Start the window on {market.calendar[begin]} or later, or narrow the axes"
    else:
        remedy = "Bring longer series, or shorten the windows and the lag; a division by 0 is never known"
    return UndefinedSignalError(
        "the window must begin after the slowest signal is defined",
        f"window.from {study.spec.window.from_}, {slowest} is defined from "
        f"{market.calendar[since] if since < len(market.calendar) else 'no day'}",
        study.where("window", "from"),
        remedy,
    )


def _choice_text(chosen: dict[str, Value]) -> str:
    return ", ".join(f"{name}={value}" for name, value in chosen.items()) or "as it is"
