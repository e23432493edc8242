"""A reading on every day of the calendar: its value, its states, and since when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.backend import Backend
from gridproof.kernels.paths import unpack
from gridproof.results.monitor.record import StateRecord
from gridproof.signals.data.source import Dates
from gridproof.signals.expression.evaluate import ExpressionEvaluator
from gridproof.sweeps.monitor.monitor import MonitorReading
from gridproof.sweeps.monitor.spec import StatesSpec
from gridproof.sweeps.plan.signal_paths import latch_pairs
from gridproof.sweeps.plan.signal_values import daily_values, read_signal, shown_values
from gridproof.sweeps.study.latch import Levels
from gridproof.sweeps.study.spec import OFF


@dataclass(frozen=True, slots=True)
class Measured:
    """A reading on the T days of a calendar.

    ``values``: (T,) float64, NaN where unknown; of a condition the first number that it compares. ``states``: (bits, T)
    bool, None where it has none; they count from day ``first``.
    """

    values: Floats
    states: Bools | None
    first: int


def measure(reading: MonitorReading, evaluator: ExpressionEvaluator, backend: Backend) -> Measured:
    """Evaluate a reading at its base. Raises InputError where the expression cannot be computed."""
    owner, signal = reading.owner, reading.signal
    base, owners = owner.base, owner.space.owners
    if not reading.stated:
        (values,) = daily_values(owner, signal, evaluator, signal.nodes, base)
        return Measured(values, None, 0)
    chosen = {owners[axis]: base[owners[axis]] for axis in signal.axes}
    if signal.use is not None and base[owners[signal.use]] == OFF:
        (values,) = daily_values(owner, signal, evaluator, signal.nodes[:1], base)
        return Measured(values, np.zeros((len(signal.bits), len(values)), dtype=np.bool_), 0)
    found = read_signal(owner, signal, evaluator, dict(chosen))
    if isinstance(signal.form, Levels):
        assert found.values is not None
        (values,) = daily_values(owner, signal, evaluator, signal.nodes, base)
        levels = {owners[axis]: np.array([base[owners[axis]]], dtype=object) for axis in signal.levels}
        on, off = latch_pairs(owner, signal, levels)
        states = unpack(backend.latch_paths(found.values, on, off, 0), len(values))
        return Measured(values, states, found.first)
    assert found.states is not None
    shown = shown_values(owner, signal, evaluator)
    values = next(iter(shown.values()), found.states[0].astype(float))
    return Measured(values, found.states, found.first)


def codes(states: Bools) -> Ints:
    """(T,) int64: the bits of each day as one number."""
    weights = np.int64(1) << np.arange(len(states), dtype=np.int64)
    return np.asarray(weights @ states.astype(np.int64), dtype=np.int64)


def state_name(reading: MonitorReading, code: int) -> tuple[str, str]:
    """The state of a reading in words, in English and in Chinese."""
    bits, named = reading.signal.bits, reading.spec.states
    on = [bit.rpartition(".")[2] for at, bit in enumerate(bits) if code >> at & 1]
    if len(bits) > 1:
        return (", ".join(on) or "none"), ("、".join(on) or "无")
    states = StatesSpec(on="on", off="off", on_zh="触发", off_zh="未触发") if named is None else named
    name, name_zh = (states.on, states.on_zh) if on else (states.off, states.off_zh)
    return name, name_zh or name


def state_record(reading: MonitorReading, measured: Measured, calendar: Dates, at: int) -> StateRecord | None:
    """The state on day ``at`` of the calendar, and since when; None where the reading has none yet."""
    if measured.states is None or at < measured.first:
        return None
    code = codes(measured.states[:, measured.first : at + 1])
    changes = np.flatnonzero(np.diff(code))
    begin = measured.first + (int(changes[-1]) + 1 if len(changes) else 0)
    name, name_zh = state_name(reading, int(code[-1]))
    bits = reading.signal.bits
    return {
        "on": [bit for place, bit in enumerate(bits) if int(code[-1]) >> place & 1],
        "name": name,
        "name_zh": name_zh,
        "since": str(calendar[begin]),
        "since_start": not len(changes),
        "days": at - begin + 1,
    }


def percentile(values: Floats, at: int, window: int | None) -> float | None:
    """The share of the last known values up to day ``at`` that are at or below that day's; None where it is unknown.

    ``window``: so many days, the day itself included; None: all.
    """
    part = values[: at + 1] if window is None else values[max(0, at + 1 - window) : at + 1]
    known = part[np.isfinite(part)]
    return float((known <= part[-1]).mean()) if np.isfinite(part[-1]) else None


def known_days(values: Floats, at: int, window: int | None) -> int:
    """How many values a percentile is of: fewer than the window where the history is shorter."""
    return int(np.isfinite(values[: at + 1] if window is None else values[max(0, at + 1 - window) : at + 1]).sum())


def change(values: Floats, at: int, before: int, relative: bool) -> float | None:
    """The change from day ``before`` to day ``at``; relative to the earlier value, or the difference."""
    if before < 0 or not np.isfinite(values[[at, before]]).all():
        return None
    if not relative:
        return float(values[at] - values[before])
    return float(values[at] / values[before] - 1.0) if values[before] != 0 else None
