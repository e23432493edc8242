"""From a signal and its parameters to values, states and distinct packed paths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints, Words
from gridproof.kernels.backend import Backend
from gridproof.kernels.errors import InputError
from gridproof.kernels.paths import merge, pack
from gridproof.results.axis_range import Value
from gridproof.signals.catalogue import Reading, call
from gridproof.signals.data.frequency import PERIODS, months_apart, positions
from gridproof.signals.data.market import Market, as_of
from gridproof.signals.data.source import Dates, Observations, Release
from gridproof.sweeps.plan.window import Window
from gridproof.sweeps.study.signal import OFF, Signal
from gridproof.sweeps.study.study import Study

# Threshold pairs latched at once: bounds the memory of paths that are not merged yet.
_PAIRS = 65_536


class UndefinedSignalError(InputError):
    """A signal is not defined on a day on which it is needed, under some choice of its axes."""


@dataclass(frozen=True, slots=True)
class PathTable:
    """``index``: int32, shaped like the signal's axes in grid order, into ``distinct`` (p, bits, W)."""

    index: Ints
    distinct: Words


def signal_states(study: Study, signal: Signal, market: Market, chosen: dict[str, Value], window: Window) -> Reading:
    """Measure a signal under one choice of its axes, on every day of the calendar.

    A daily series is aligned first and measured by day. A monthly series is measured by observation, and a value is
    known from the release of the last observation that it uses. Raises UndefinedSignalError for a gap in its values.
    """
    space = study.space

    def value(parameter: str) -> Any:
        return chosen[space.owners[parameter]]

    releases = [
        Release.parse(value(axis), study.where("series", series)) if axis else Release()
        for series, axis in zip(signal.series, signal.releases, strict=True)
    ]
    parameters = {name: value(axis) for name, axis in signal.parameters.items()}
    monthly = [series for series in signal.series if market.series[series].monthly]
    if signal.use is not None and value(signal.use) == OFF:
        reading = Reading({}, np.zeros((len(signal.bits), len(market.calendar)), dtype=np.bool_))
    elif not signal.series:
        reading = call(signal.measure, [], parameters)
        assert reading.states is not None
        reading = Reading({}, np.repeat(reading.states, len(market.calendar), axis=1))
    elif not monthly:
        inputs = [market.aligned(series, release) for series, release in zip(signal.series, releases, strict=True)]
        for series, values in zip(signal.series, inputs, strict=True):
            check_sign(study, signal, series, parameters, market.calendar, values[: window.last + 1])
        reading = call(signal.measure, inputs, parameters)
    elif len(signal.series) == 1:
        reading = _monthly(study, signal, market, releases[0], parameters, window)
    else:
        raise InputError(
            f"{signal.measure.name} of two series needs daily ones",
            monthly[0],
            study.where("signals", signal.name, "of"),
            "Name daily series",
        )
    for values in reading.values.values():
        defined = np.isfinite(values[: window.last + 1])
        begin = int(defined.argmax())
        if defined.any() and not defined[begin:].all():
            gap = begin + int(np.flatnonzero(~defined[begin:])[0])
            raise UndefinedSignalError(
                "a signal must stay defined once it is",
                f"{signal.name} is not a number on {market.calendar[gap]} ({_choice_text(chosen)})",
                study.where("signals", signal.name),
                f"Check {' and '.join(signal.series)} on that day and before: a value of 0 may divide",
            )
    return reading


def _monthly(
    study: Study, signal: Signal, market: Market, release: Release, parameters: dict[str, Any], window: Window
) -> Reading:
    """Measures a series by observation. A month without a value is a month: windows count months, not observations."""
    name = signal.series[0]
    observations = market.series[name]
    known, days = market.known(name, release), len(market.calendar)
    used = int(np.searchsorted(known, window.last, side="right"))
    check_sign(study, signal, name, parameters, observations.dates[:used], observations.values[:used])
    reading = call(signal.measure, [observations.values], parameters)
    months = months_apart(observations.dates)
    if months is not None and used:
        at = positions(observations.dates[:used], months, study.where("series", name))
        if at[-1] >= used:
            reading = _by_month(study, signal, observations, parameters, at)

    def spread(states: Bools | None, since: Ints) -> Bools | None:
        return None if states is None else (as_of(states.T.astype(np.float64), since, days) == 1.0).T

    return Reading(
        {name: as_of(values, known, days) for name, values in reading.values.items()},
        spread(reading.states, known),
        spread(reading.hindsight, market.known(name, Release())),
    )


def _by_month(
    study: Study, signal: Signal, observations: Observations, parameters: dict[str, Any], at: Ints
) -> Reading:
    """Measures the first observations of a series with missing months on the axis of all months.

    ``at``: (n,), the position of each of these observations on that axis. The values of later observations are NaN.
    Raises InputError if a result needs a month that is missing.
    """
    months = months_apart(observations.dates) or 1
    period, first = PERIODS[months], observations.dates[0].astype("datetime64[M]")
    where = study.where("signals", signal.name)
    if not signal.measure.single:
        missing = np.setdiff1d(np.arange(at[-1]), at)
        raise InputError(
            f"{signal.measure.name} needs a value in each {period}",
            f"no value of {observations.source.name} in {first + months * int(missing[0])}, {len(missing)} missing",
            where,
            "Complete the file, or use measure: change over whole years",
        )
    axis = np.full(at[-1] + 1, np.nan)
    axis[at] = observations.values[: len(at)]
    measured = call(signal.measure, [axis], parameters).values["value"][at]
    defined = np.isfinite(measured)
    begin = int(defined.argmax())
    if defined.any() and not defined[begin:].all():
        gap = begin + int(np.flatnonzero(~defined[begin:])[0])
        before = first + months * (int(at[gap]) - int(parameters["window"]))
        raise UndefinedSignalError(
            f"a change over {parameters['window']} {period}s compares with a {period} that has a value",
            f"the value of {observations.dates[gap]}, none in {before}",
            where,
            f"Complete the file, or use a window that leads to a {period} with a value",
        )
    values = np.full(len(observations.values), np.nan)
    values[: len(at)] = measured
    return Reading({"value": values})


def check_sign(
    study: Study, signal: Signal, series: str, parameters: Mapping[str, Any], days: Dates, values: Floats
) -> None:
    """Raises InputError if a measure divides by values of a series that are below 0. ``values``: (n,), on ``days``."""
    if not signal.measure.divides(parameters) or not (values < 0).any():
        return
    at = int(np.argmax(values < 0))
    change = "kind" in signal.measure.parameters
    raise InputError(
        f"{'a relative change' if change else signal.measure.name} needs values above 0",
        f"{values[at]:g} of {series} on {days[at]}",
        study.where("signals", signal.name),
        "Write kind: difference"
        if change
        else "Name a series without values below 0, or measure: change with kind: difference",
    )


def latch_pairs(study: Study, signal: Signal, chosen: dict[str, Array]) -> tuple[Floats, Floats]:
    """The latch's thresholds to switch on and off, (P,) each, from arrays of axis values."""
    assert signal.latch is not None
    on, other = (chosen[study.space.owners[axis]].astype(np.float64) for axis in signal.latch)
    return on, on - other if signal.gap else other


def path_table(
    study: Study,
    signal: Signal,
    market: Market,
    backend: Backend,
    start: int,
    stop: int,
    needed: int,
    window: Window,
    definedness: bool = False,
    hindsight: bool = False,
) -> PathTable:
    """Every path of a signal over calendar days [start, stop), equal paths merged.

    ``definedness`` adds one bit after the signal's own: whether the signal is defined yet. ``hindsight`` uses states
    dated when turning points happened, before anyone could know them. Raises UndefinedSignalError where the signal is
    not defined on calendar day ``needed`` under some choice of its axes.
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
        reading = signal_states(study, signal, market, chosen, window)
        if first_day(reading) > needed:
            raise _undefined_error(study, market, window)
        known = pack(np.arange(start, stop) >= first_day(reading))[None, None] if definedness else None
        local = []
        for paths in _paths(study, signal, backend, reading, chosen, latched, start, stop, hindsight):
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
    study: Study,
    signal: Signal,
    backend: Backend,
    reading: Reading,
    chosen: dict[str, Value],
    latched: Mapping[str, Array],
    start: int,
    stop: int,
    hindsight: bool,
) -> Iterator[Words]:
    """The paths of one reading in chunks (n, bits, W): its own states, or one path for each pair of thresholds."""
    states = reading.hindsight if hindsight and reading.hindsight is not None else reading.states
    if states is not None:
        yield pack(states[:, start:stop])[None]
        return
    sizes = [len(grid) for grid in latched.values()]
    pairs = np.indices(sizes).reshape(len(sizes), prod(sizes))
    for begin in range(0, pairs.shape[1], _PAIRS):
        part = pairs[:, begin : begin + _PAIRS]
        levels = {name: grid[digit] for (name, grid), digit in zip(latched.items(), part, strict=True)}
        levels |= {name: np.full(part.shape[1], value, dtype=object) for name, value in chosen.items()}
        on, off = latch_pairs(study, signal, levels)
        yield backend.latch_paths(reading.values["value"][:stop], on, off, start)[:, None]


def _measured(study: Study, signal: Signal) -> list[int]:
    """Positions, among the signal's own axes, of those that its reading depends on; the others are thresholds."""
    owners = study.space.owners
    deciding = {owners[name] for name in signal.deciding}
    names = [study.space.axes[position].name for position in study.space.uses[signal.name]]
    return [position for position, name in enumerate(names) if name in deciding]


def first_day(reading: Reading) -> int:
    """The first day on which all of a reading is defined; the number of days where it never is."""
    firsts = []
    for values in reading.values.values():
        defined = np.isfinite(values)
        firsts.append(int(defined.argmax()) if defined.any() else len(values))
    return max(firsts, default=0)


def _undefined_error(study: Study, market: Market, window: Window) -> UndefinedSignalError:
    """The error for a window that begins before every signal is defined; it names the signal defined last."""
    since, slowest = -1, ""
    for signal in study.signals:
        axes = [study.space.axes[position] for position in study.space.uses[signal.name]]
        axes = [axes[position] for position in _measured(study, signal)]
        for values in itertools.product(*(axis.values for axis in axes)):
            chosen = {axis.name: value for axis, value in zip(axes, values, strict=True)}
            first = first_day(signal_states(study, signal, market, chosen, window))
            if first > since:
                since, slowest = first, f"{signal.name} ({_choice_text(chosen)})"
    lag = max(int(value) for value in study.space.axes[study.space.position("execution.lag")].values)
    begin = since + lag
    if begin < len(market.calendar):
        remedy = f"Start the window on {market.calendar[begin]} or later, or narrow the axes"
    else:
        remedy = "Bring longer series, or shorten the windows and the lag"
    return UndefinedSignalError(
        "the window must begin after the slowest signal is defined",
        f"window.from {study.spec.window.from_}, {slowest} is defined from "
        f"{market.calendar[since] if since < len(market.calendar) else 'no day'}",
        study.where("window", "from"),
        remedy,
    )


def _choice_text(chosen: dict[str, Value]) -> str:
    return ", ".join(f"{name}={value}" for name, value in chosen.items()) or "as it is"
