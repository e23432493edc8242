"""A monitor: a checked file of readings, each with the signal that it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.data.source import Source
from gridproof.signals.expression.duration import Duration, is_duration
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.language import Language
from gridproof.signals.expression.user_operators.file import OperatorFile
from gridproof.sweeps.monitor.board_signals import board_signals
from gridproof.sweeps.monitor.spec import MonitorSpec, ReadingSpec
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.models import check_models
from gridproof.sweeps.study.named_file import find_document
from gridproof.sweeps.study.own_operators import open_operators
from gridproof.sweeps.study.shipped import SHIPPED, shipped_names
from gridproof.sweeps.study.signal import Signal, build_signal, check_signal
from gridproof.sweeps.study.signal_set import SignalSet, series_sources
from gridproof.sweeps.study.space import Space
from gridproof.sweeps.study.spec import SignalSpec
from gridproof.sweeps.study.study import Study, load_study
from gridproof.sweeps.study.validation_errors import did_you_mean, first_fault

SHIPPED_MONITORS = SHIPPED.parent / "monitors"


@dataclass(frozen=True, slots=True)
class MonitorReading:
    """One reading. ``owner``: the monitor, or the study of its signal. ``stated``: whether it has states."""

    name: str
    spec: ReadingSpec
    owner: SignalSet
    signal: Signal
    stated: bool

    @property
    def study(self) -> Study | None:
        return self.owner if isinstance(self.owner, Study) else None


@dataclass(frozen=True, eq=False)
class Monitor:
    """A checked monitor file. Its own readings are signals of it, as those of a study are.

    ``cells``: the readings of the boards, by board, row and column; those of a path by across and up.
    """

    document: Document
    spec: MonitorSpec
    signals: tuple[Signal, ...]
    graph: Graph
    space: Space
    operators: OperatorFile | None  # the user's own
    readings: list[MonitorReading] = field(default_factory=list, repr=False)
    cells: dict[tuple[str, str, str], list[MonitorReading]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.spec.name

    @cached_property
    def base(self) -> dict[str, Value]:
        """The value shown of every parameter."""
        return self.space.parameters(self.space.base_index)

    def where(self, *path: str) -> str:
        """The place of a key; of a signal that of its reading."""
        if path[:1] == ("signals",):
            board = path[1].split("/")
            path = ("boards", *board) if len(board) > 1 else ("readings", *path[1:])
        return self.document.where(path)

    def sources(self) -> list[Source]:
        return series_sources(self.spec.series, self.document)


def shipped_monitors() -> list[str]:
    """Returns the names of the monitors included in gridproof."""
    return sorted(path.stem for path in SHIPPED_MONITORS.glob("*.yaml"))


def load_monitor(source: str | Path | Mapping[str, Any]) -> Monitor:
    """Read and check a monitor: a file, the name of a shipped monitor, or a mapping. Raises InputError."""
    return build_monitor(find_document(source, SHIPPED_MONITORS, "monitor", "FILE"))


def build_monitor(document: Document) -> Monitor:
    """Check a parsed monitor file. Raises InputError if it is invalid."""
    try:
        spec = MonitorSpec.model_validate(document.raw)
    except ValidationError as error:
        raise first_fault(error, document, MonitorSpec) from None
    if not spec.readings:
        where = document.where(("readings",))
        raise InputError("a monitor needs readings", "none", where, "Write `name: {title: …, value: …}` lines")
    _check_names(spec, document)
    check_models(spec, document)
    table = AxisTable(document)
    operators = open_operators(spec.operators, document)
    expressions = StudyExpressions(spec, table, document, Language(operators))
    signals, found, studies = [], {}, dict[Path | str, Study]()
    for name, one in spec.readings.items():
        if one.study is not None:
            found[name] = _of_study(name, one, document, studies)
            continue
        own = _signal_spec(name, one, document)
        signal = build_signal(name, own, spec, table, document, expressions, section="readings")
        check_signal(signal, table)
        signals.append(signal)
    cells = board_signals(spec, table, document, expressions)
    signals += [signal for each in cells.values() for signal in each]
    expressions.check_values()
    space = table.space({signal.name: signal.axes for signal in signals}, [], spec.base)
    monitor = Monitor(document, spec, tuple(signals), expressions.graph, space, operators)
    for signal in signals:
        if signal.name not in spec.readings:
            continue
        one = spec.readings[signal.name]
        stated = one.when is not None or one.latch is not None
        found[signal.name] = MonitorReading(signal.name, one, monitor, signal, stated)
    for name in spec.readings:
        _check_reading(found[name], document)
        monitor.readings.append(found[name])
    monitor.cells.update({key: [_cell(monitor, signal) for signal in each] for key, each in cells.items()})
    return monitor


def _cell(monitor: Monitor, signal: Signal) -> MonitorReading:
    return MonitorReading(signal.name, ReadingSpec(title=signal.name), monitor, signal, False)


def _signal_spec(name: str, one: ReadingSpec, document: Document) -> SignalSpec:
    if one.signal is not None:
        where = document.where(("readings", name, "signal"))
        raise InputError("signal names one of a study", one.signal, where, "Add study:, or write value:")
    return SignalSpec(value=one.value, when=one.when, latch=one.latch, missing=one.missing, **(one.model_extra or {}))


def _of_study(name: str, one: ReadingSpec, document: Document, studies: dict[Path | str, Study]) -> MonitorReading:
    """The signal of a study as a reading. ``studies``: those loaded already.

    Raises InputError where there is none, or the reading has keys of its own.
    """
    path = ("readings", name)
    for key in ("value", "when", "latch", "missing", *(one.model_extra or {})):
        if getattr(one, key, None) is not None:
            rule = "a reading is a signal of a study or has an expression of its own"
            raise InputError(rule, f"study and {key}", document.where((*path, key)), f"Remove study or {key}")
    beside = Path(document.name).parent / str(one.study)
    known = one.study in shipped_names()
    if not beside.is_file() and not known:
        rule = "study names a file beside the monitor, or a shipped study"
        remedy = did_you_mean(str(one.study), shipped_names())
        raise InputError(rule, one.study, document.where((*path, "study")), remedy)
    place = beside if beside.is_file() else str(one.study)
    if place not in studies:
        studies[place] = load_study(place)
    study = studies[place]
    names = [signal.name for signal in study.signals if signal.nodes]
    if one.signal is None and len(names) > 1:
        rule = "signal names one of the signals of the study"
        raise InputError(rule, "none", document.where((*path, "signal")), f"Use one of {', '.join(names)}")
    chosen = names[0] if one.signal is None else one.signal
    if chosen not in names:
        rule = "signal names one of the signals of the study"
        raise InputError(rule, chosen, document.where((*path, "signal")), did_you_mean(chosen, names))
    signal = next(signal for signal in study.signals if signal.name == chosen)
    if any(study.graph.facts[at].columns for at in signal.nodes):
        rule, remedy = "a reading is made of series", "Choose a signal that reads no panel"
        raise InputError(rule, f"{chosen}, which reads the panel", document.where((*path, "signal")), remedy)
    return MonitorReading(name, one, study, signal, True)


def _check_reading(reading: MonitorReading, document: Document) -> None:
    one, path = reading.spec, ("readings", reading.name)
    if one.percentile is not None:
        percentile_window(reading, document)
    if one.underlying is not None and one.underlying not in reading.signal.series:
        rule = "underlying is a series of the reading's expression"
        remedy = did_you_mean(one.underlying, reading.signal.series)
        raise InputError(rule, one.underlying, document.where((*path, "underlying")), remedy)
    if one.states is not None and not reading.stated:
        rule, remedy = "states name the states of a latch or of when:", "Add latch:, or remove states"
        raise InputError(rule, "a value alone", document.where((*path, "states")), remedy)


def percentile_window(reading: MonitorReading, document: Document) -> int | None:
    """Returns the trading days of the percentile; None: all. Raises InputError where the text is no duration."""
    text, periods = str(reading.spec.percentile), reading.owner.spec.market.periods
    if text == "all":
        return None
    if not is_duration(text) or (days := Duration.parse(text).values(periods, periods)) < 1:
        where = document.where(("readings", reading.name, "percentile"))
        raise InputError("percentile is a duration or all", text, where, "Write for example 6y, 18m, 250d or all")
    return days


def _check_names(spec: MonitorSpec, document: Document) -> None:
    """Check that the calendar and the series of ``current`` are series, and that groups exist."""
    if spec.market.calendar not in spec.series:
        rule = "market.calendar names the series whose dates are the trading days"
        remedy = did_you_mean(spec.market.calendar, spec.series)
        raise InputError(rule, spec.market.calendar, document.where(("market", "calendar")), remedy)
    for section, entries in (("readings", spec.readings), ("unavailable", spec.unavailable)):
        for name, one in entries.items():
            if one.group is not None and one.group not in spec.groups:
                where = document.where((section, name, "group"))
                raise InputError("group is a key of groups", one.group, where, did_you_mean(one.group, spec.groups))
