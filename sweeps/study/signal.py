"""A signal of a study: a measure of one or two series, and its latch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import ends
from gridproof.signals.catalogue import MEASURES, Measure, Parameter, Reading
from gridproof.signals.data.source import Release
from gridproof.sweeps.study.axes import AxisLimits, AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.spec import LatchSpec, SignalSpec, StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean

ON, OFF = "on", "off"
# Name of the signal that chooses one of several rules, and of its axis.
RULE = "rule"


@dataclass(frozen=True, slots=True)
class Signal:
    """A measure of one or two series, and its latch. ``parameters``: the axis of each parameter of the measure.

    ``latch``: the axes of on_above and of off_below or off_gap; None if the measure itself returns states. ``gap``:
    whether the second is off_gap.
    """

    name: str
    measure: Measure
    series: tuple[str, ...]
    parameters: Mapping[str, str]
    releases: tuple[str | None, ...]  # for each series the axis of its release; None: known at the close of its date
    latch: tuple[str, str] | None = None
    gap: bool = False
    use: str | None = None  # the axis with the values on and off; None: always on

    @property
    def bits(self) -> tuple[str, ...]:
        return tuple(f"{self.name}.{bit}" if bit else self.name for bit in self.measure.bits or ("",))

    @property
    def axes(self) -> tuple[str, ...]:
        use = (self.use,) if self.use is not None else ()
        releases = (axis for axis in self.releases if axis)
        return (*use, *self.parameters.values(), *(self.latch or ()), *releases)

    @property
    def deciding(self) -> set[str]:
        """The axes that affect the measure; the others are those of the latch."""
        return set(self.axes) - set(self.latch or ())


def build_signal(name: str, one: SignalSpec, spec: StudySpec, table: AxisTable, document: Document) -> Signal:
    """Check one signal and add its axes to the table. Raises InputError if it is invalid."""
    where = ("signals", name)
    measure = MEASURES.get(one.measure)
    if measure is None:
        remedy = did_you_mean(one.measure, MEASURES)
        raise InputError("a measure must be in the catalogue", one.measure, document.where((*where, "measure")), remedy)
    series = _series(one, measure, spec, document.where((*where, "of")))
    use = None
    if one.use is not None:
        use = f"{name}.use"
        table.add(use, (*where, "use"), one.use, AxisLimits(str, choices=(ON, OFF)))
    parameters = _parameters(name, one, measure, table, document)
    latch, gap = None, False
    if measure.latched:
        latch, gap = _latch(name, one.latch or LatchSpec(), table, document)
    elif one.latch is not None:
        raise InputError(
            f"{measure.name} returns states and takes no latch",
            "latch",
            document.where((*where, "latch")),
            "Remove the latch",
        )
    releases: list[str | None] = []
    for each in series:
        release = spec.series[each].release
        if release is not None and f"{each}.release" not in table.places:
            table.add(f"{each}.release", ("series", each, "release"), release)
        releases.append(f"{each}.release" if release is not None else None)
    return Signal(name, measure, series, parameters, tuple(releases), latch, gap, use)


def choice_signal(alternatives: Sequence[str]) -> Signal:
    """Returns the choice among several rules as a constant signal. Its bits are the number of the rule, bit 0 first."""
    bits = tuple(str(at) for at in range(max(1, (len(alternatives) - 1).bit_length())))
    read = partial(_read_choice, tuple(alternatives), len(bits))
    parameter = Parameter(str, None, "the name of the rule", choices=tuple(alternatives))
    measure = Measure("rule", (0,), {"name": parameter}, read, "the chosen rule", "the study", bits)
    return Signal(RULE, measure, (), {"name": RULE}, ())


def _read_choice(alternatives: tuple[str, ...], bits: int, _series: list[Floats], name: str) -> Reading:
    number = alternatives.index(name)
    return Reading({}, np.array([[bool(number >> at & 1)] for at in range(bits)]))


def check_signal(signal: Signal, table: AxisTable) -> None:
    """Check latch and releases once all axes are in the table. Raises InputError if one is invalid."""
    _check_latch(signal, table)
    for axis in signal.releases:
        if axis is None:
            continue
        values: dict[Release, object] = {}
        for value in table.values(axis):
            release = Release.parse(value, table.where(axis))
            if release in values:
                rule = "each release occurs once on its axis"
                raise InputError(rule, f"{values[release]!r} and {value!r}", table.where(axis), "Remove one")
            values[release] = value


def _series(one: SignalSpec, measure: Measure, spec: StudySpec, where: str) -> tuple[str, ...]:
    series = (one.of,) if isinstance(one.of, str) else tuple(one.of)
    for each in series:
        if each not in spec.series:
            rule = "a signal is measured on series of the study"
            raise InputError(rule, each, where, did_you_mean(each, spec.series))
    if len(series) not in measure.inputs:
        counts = " or ".join(map(str, measure.inputs))
        raise InputError(f"{measure.name} measures {counts} series", len(series), where, "Correct `of`")
    if len(set(series)) < len(series):
        raise InputError("a signal compares different series", ", ".join(series), where, "Name another")
    return series


def _parameters(name: str, one: SignalSpec, measure: Measure, table: AxisTable, document: Document) -> dict[str, str]:
    where = ("signals", name)
    given = one.model_extra or {}
    for key in given:
        if key not in measure.parameters:
            rule = f"a key of a signal is measure, of, latch or a parameter of its measure, here {measure.name}"
            raise InputError(
                rule,
                key,
                document.where((*where, key)),
                did_you_mean(key, [*measure.parameters, *(["latch"] if measure.latched else [])]),
            )
    parameters = {}
    for key, parameter in measure.parameters.items():
        raw = given.get(key, parameter.default)
        if raw is None:
            raise InputError(
                f"{measure.name} needs its parameter {key}: {parameter.meaning}",
                f"no {key}",
                document.where((*where, key)),
                f"Add {key}: with a value, a list or a range",
            )
        parameters[key] = f"{name}.{key}"
        limits = AxisLimits(parameter.kind, parameter.least, choices=parameter.choices)
        table.add_raw(parameters[key], (*where, key), raw, limits)
    return parameters


def _latch(name: str, latch: LatchSpec, table: AxisTable, document: Document) -> tuple[tuple[str, str], bool]:
    where = ("signals", name, "latch")
    if latch.off_below is not None and latch.off_gap is not None:
        raise InputError(
            "a latch has off_below or off_gap, not both",
            "off_below and off_gap",
            document.where((*where, "off_gap")),
            "Remove one",
        )
    on = f"{name}.on_above"
    table.add(on, (*where, "on_above"), latch.on_above, AxisLimits(float))
    if latch.off_gap is not None:
        table.add(f"{name}.off_gap", (*where, "off_gap"), latch.off_gap, AxisLimits(float, 0))
        return (on, f"{name}.off_gap"), True
    off = f"{name}.off_below"
    table.place(off, (*where, "off_below"))
    if latch.off_below is None:
        return (on, on), False
    table.add(off, (*where, "off_below"), latch.off_below, AxisLimits(float))
    return (on, off), False


def _check_latch(signal: Signal, table: AxisTable) -> None:
    if signal.latch is None or signal.gap or table.owner(signal.latch[0]) == table.owner(signal.latch[1]):
        return
    lowest, highest = min(ends(table.values(signal.latch[0]))), max(ends(table.values(signal.latch[1])))
    if highest > lowest:  # type: ignore[operator]
        raise InputError(
            "off_below must not lie above on_above anywhere in the grid",
            f"off_below {highest} with on_above {lowest}",
            table.where(signal.latch[1]),
            f"End off_below at {lowest}, start on_above at {highest}, or use off_gap",
        )
