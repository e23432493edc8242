"""All paths of a signal: its states under every choice of its parameters and thresholds, packed, equal ones merged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.paths import merge, pack
from gridproof.results.axis_range import Value
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.plan.signal_values import (
    SignalValues,
    UndefinedSignalError,
    choice_text,
    read_signal,
)
from gridproof.sweeps.study.latch import Levels
from gridproof.sweeps.study.signal import Signal
from gridproof.sweeps.study.signal_set import SignalSet
from gridproof.sweeps.study.study import Study

# Threshold pairs latched at once: bounds the memory of paths that are not merged yet.
_PAIRS = 65_536


class LateSignalError(UndefinedSignalError):
    """A signal is first defined after the first day on which it is needed, under some choice of its axes."""


@dataclass(frozen=True, slots=True)
class PathTable:
    """``index``: int32, shaped like the signal's axes in grid order, into ``distinct`` (p, bits, W)."""

    index: Ints
    distinct: Words


@dataclass(frozen=True, slots=True)
class StateDays:
    """States are needed on calendar days [start, stop); every signal must be defined on day ``needed``."""

    start: int
    stop: int
    needed: int


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
            found = f"{signal.name} ({choice_text(chosen)}) is defined from {since[0] if len(since) else 'no day'}"
            remedy = "Bring longer series, or shorten the windows; a division by 0 is never known"
            where, day = study.where(*signal.place), evaluator.market.calendar[days.needed]
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
    reading: SignalValues,
    chosen: dict[str, Value],
    latched: Mapping[str, Array],
    days: StateDays,
) -> Iterator[Words]:
    """The paths of one reading in chunks (n, bits, W): its own states, or one path for each pair of thresholds."""
    if reading.states is not None:
        yield pack(reading.states[:, days.start : days.stop])[None]
        return
    sizes = [len(grid) for grid in latched.values()]
    pairs = np.indices(sizes).reshape(len(sizes), prod(sizes))
    for begin in range(0, pairs.shape[1], _PAIRS):
        part = pairs[:, begin : begin + _PAIRS]
        levels = {name: grid[digit] for (name, grid), digit in zip(latched.items(), part, strict=True)}
        levels |= {name: np.full(part.shape[1], value, dtype=object) for name, value in chosen.items()}
        on, off = latch_pairs(study, signal, levels)
        yield latched_paths(reading, backend, on, off, days.start, days.stop)[:, None]


def latched_paths(reading: SignalValues, backend: Backend, on: Floats, off: Floats, start: int, stop: int) -> Words:
    """The states of a reading that goes through a latch of levels, (P, W) packed, on calendar days [start, stop).

    on, off: (P,) pairs of levels. Between decision days the state of the last one is held.
    """
    assert reading.values is not None
    decided = reading.decided
    values, first = decisive_days(reading.values[:stop], start if decided is None else decided.begin(start))
    states = backend.latch_paths(values, on, off, first)
    return states if decided is None else decided.held(states, start, stop)


def decisive_days(values: Floats, start: int) -> tuple[Floats, int]:
    """``values`` without the days before ``start`` that decide no state from then on, and where ``start`` is in them.

    The state at ``start`` follows from the last day that is above or below a threshold. Such a day is a maximum or a
    minimum of the days from it up to ``start``, whatever the thresholds are; all other days are left out.
    """
    before = values[:start][::-1]
    kept = (before == np.fmax.accumulate(before)) | (before == np.fmin.accumulate(before))
    return np.concatenate([before[kept][::-1], values[start:]]), int(kept.sum())


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
                since, slowest = first, f"{signal.name} ({choice_text(chosen)})"
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
