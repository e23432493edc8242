"""A study: one checked experiment, from its file to signals, legs, rule and space."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gridproof.kernels.errors import InputError
from gridproof.signals.catalogue import MEASURES, Measure
from gridproof.signals.source import Source
from gridproof.signals.stamp import CHINA, StampTax
from gridproof.sweeps.axes import AxisTable
from gridproof.sweeps.document import Document, parse_value, read_document
from gridproof.sweeps.faults import first_fault, one_line
from gridproof.sweeps.rule import Rule, parse_rule
from gridproof.sweeps.space import Space
from gridproof.sweeps.spec import LatchSpec, LegSpec, SignalSpec, StudySpec
from gridproof.sweeps.values import Value

SHIPPED = Path(__file__).resolve().parent.parent / "studies"

_SETTINGS = ("window.from", "window.to", "window.published", "objective", "risk_free", "market.periods")
_STEPS = re.compile(r"^([^:,\[{]+):([^:]+):([^:]+)$")


@dataclass(frozen=True, slots=True)
class Signal:
    """A measure of some series and its latch. ``parameters``: for each parameter of the measure its axis.

    ``latch``: the axes of on_above and of off_below or off_gap; None where the measure decides by itself.
    """

    name: str
    measure: Measure
    series: tuple[str, ...]
    parameters: Mapping[str, str]
    releases: tuple[str | None, ...]  # for each series the axis of its release, None: known at the close of its date
    latch: tuple[str, str] | None = None
    gap: bool = False

    @property
    def bits(self) -> tuple[str, ...]:
        return tuple(f"{self.name}.{bit}" if bit else self.name for bit in self.measure.bits or ("",))

    @property
    def axes(self) -> tuple[str, ...]:
        return (*self.parameters.values(), *(self.latch or ()), *(axis for axis in self.releases if axis))


@dataclass(frozen=True, slots=True)
class Leg:
    """Something that can be held. ``terms``: the axes of interest, carry and cost, where the study gives them."""

    name: str
    series: str | None  # None: cash
    terms: Mapping[str, str]
    stamp_tax: StampTax


@dataclass(frozen=True)
class Study:
    """A checked study. Build it with ``load_study``; ``set`` answers a changed copy, checked again."""

    document: Document
    spec: StudySpec
    signals: tuple[Signal, ...]
    legs: tuple[Leg, ...]
    rule: Rule
    space: Space
    places: Mapping[str, tuple[str, ...]]  # every name that ``set`` accepts, and where it stands in the file

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def base(self) -> dict[str, Value]:
        """The published variant by axis name."""
        return self.space.parameters(self.space.base_index)

    def sources(self) -> list[Source]:
        """The series to read, as ``signals.market.load_market`` takes them."""
        return [
            Source(
                name, one.file, one.field, one.code, one.date, one.missing == "drop", self.where("series", name)
            )
            for name, one in self.spec.series.items()
        ]

    def where(self, *path: str) -> str:
        return self.document.where(path)

    def resolve(self, name: str) -> str:
        """The full name of an axis or setting: given whole, or by an ending that is no other's, e.g. lag."""
        if name in self.places:
            return name
        ending = [place for place in self.places if place.endswith(f".{name}")]
        in_grid = [place for place in ending if place in self.space.names]
        if len(in_grid) == 1 or len(ending) == 1:
            return (in_grid if len(in_grid) == 1 else ending)[0]
        near = ending or difflib.get_close_matches(name, self.places, 3, 0.5) or list(self.space.names)
        raise InputError("a name must be one axis of the study", name, self.document.name, f"Use {', '.join(near)}")

    def set(self, changes: Mapping[str, Any]) -> Study:
        """A copy with other values on some axes (a value, list or range each) or settings.

        An axis set to one value has its base there. Raises InputError where the result is no valid study.
        """
        raw = copy.deepcopy(self.document.raw)
        for given, value in changes.items():
            name = self.resolve(given)
            *parents, last = self.places[name]
            place: dict[str, Any] = raw
            for key in parents:
                if isinstance(place.get(key), str):
                    place[key] = {"series": place[key]}
                place = place.setdefault(key, {})
            place[last] = value
            if name not in _SETTINGS and not isinstance(value, list | tuple | dict):
                base = raw.setdefault("base", {})
                for other in [key for key in base if self.resolve(key) == name]:
                    del base[other]
                base[name] = value
        return build_study(Document(self.document.name, raw, self.document.lines))

    def at(self, point: Mapping[str, Any]) -> Study:
        """The study of one variant: every axis at its base, or at the value given (on the grid or not)."""
        return self.set({**self.base, **{self.resolve(name): value for name, value in point.items()}})

    def to_yaml(self) -> str:
        return yaml.safe_dump(self.document.raw, sort_keys=False, allow_unicode=True, width=110)


def load_study(path: str | Path) -> Study:
    """Read and check a study file, or one of the shipped studies by name. Raises InputError."""
    file = Path(path)
    if not file.exists() and (SHIPPED / f"{path}.yaml").is_file():
        file = SHIPPED / f"{path}.yaml"
    return build_study(read_document(file))


def parse_changes(texts: list[str]) -> dict[str, Any]:
    """'axis=value' texts to changes for ``Study.set``: a value, 'a,b,c', 'from:to:step', or YAML."""
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError("a change is written axis=value", text, "command line", "Write for example lag=2")
        if steps := _STEPS.match(value):
            changes[name.strip()] = dict(
                zip(("from", "to", "step"), map(parse_value, steps.groups()), strict=True)
            )
        elif "," in value and value.strip()[0] not in "[{":
            changes[name.strip()] = [parse_value(part) for part in value.split(",")]
        else:
            changes[name.strip()] = parse_value(value)
    return changes


def build_study(document: Document) -> Study:
    """Check a study's tree, from its keys to its meaning. Raises InputError."""
    try:
        spec = StudySpec.model_validate(document.raw)
    except ValidationError as error:
        raise first_fault(error, document) from None
    table = AxisTable(document)
    signals = tuple(_signal(name, one, spec, table, document) for name, one in spec.signals.items())
    legs = tuple(_leg(name, one, spec, table, document) for name, one in spec.legs.items())
    table.add("execution.lag", ("execution", "lag"), spec.execution.lag, int, 1)
    table.add("execution.cost", ("execution", "cost"), spec.execution.cost, float, 0, 1)
    bits = {bit for signal in signals for bit in signal.bits}
    try:
        rule = parse_rule(spec.rule, [leg.name for leg in legs], bits)
    except ValueError as error:
        raise one_line(str(error), spec.rule, document.where(("rule",))) from None
    for signal in signals:
        if not set(signal.bits) & set(rule.bits):
            raise InputError(
                "every signal must be used by the rule",
                signal.name,
                document.where(("signals", signal.name)),
                f"Name {' or '.join(signal.bits)} in the rule, or remove the signal",
            )
        _check_latch(signal, table, document)
    window = spec.window
    days = [day for day in (window.from_, window.published, window.to) if day is not None]
    if any(later <= earlier for earlier, later in zip(days, days[1:], strict=False)):
        raise InputError(
            "a window runs from `from` over `published` to `to`",
            " then ".join(map(str, days)),
            document.where(("window",)),
            "Put the dates in order",
        )
    executing = ["execution.lag", "execution.cost", *(axis for leg in legs for axis in leg.terms.values())]
    space = table.space({signal.name: signal.axes for signal in signals}, executing, spec.base)
    places = {**table.places, **{name: tuple(name.split(".")) for name in _SETTINGS}}
    return Study(document, spec, signals, legs, rule, space, places)


def _signal(name: str, one: SignalSpec, spec: StudySpec, table: AxisTable, document: Document) -> Signal:
    where = ("signals", name)
    measure = MEASURES.get(one.measure)
    if measure is None:
        near = difflib.get_close_matches(one.measure, MEASURES, 1)
        remedy = f"Did you mean {near[0]}?" if near else f"Use one of {', '.join(MEASURES)}"
        raise InputError("a measure must be in the catalogue", one.measure, document.where((*where, "measure")), remedy)
    series = (one.of,) if isinstance(one.of, str) else tuple(one.of)
    for each in series:
        if each not in spec.series:
            raise InputError(
                "a signal is measured on series of the study",
                each,
                document.where((*where, "of")),
                f"Use {', '.join(spec.series)}",
            )
    if len(series) not in measure.inputs:
        counts = " or ".join(map(str, measure.inputs))
        raise InputError(
            f"{measure.name} measures {counts} series", len(series), document.where((*where, "of")), "Correct `of`"
        )
    given = one.model_extra or {}
    for key in given:
        if key not in measure.parameters:
            known = ", ".join(measure.parameters)
            raise InputError(
                f"{measure.name} has the parameters {known}", key, document.where((*where, key)), "Correct the name"
            )
    parameters = {}
    for key, parameter in measure.parameters.items():
        raw = given.get(key, parameter.default)
        if raw is None:
            raise InputError(
                f"{measure.name} needs its parameter {key}: {parameter.meaning}",
                "nothing",
                document.where(where),
                f"Add {key}: with a value, a list or a range",
            )
        parameters[key] = f"{name}.{key}"
        table.add_raw(parameters[key], (*where, key), raw, parameter.kind, parameter.least, parameter.choices)
    latch, gap = None, False
    if measure.latched:
        latch, gap = _latch(name, one.latch or LatchSpec(), table, document)
    elif one.latch is not None:
        raise InputError(
            f"{measure.name} decides by itself and takes no latch",
            "latch",
            document.where((*where, "latch")),
            "Remove the latch",
        )
    releases = []
    for each in series:
        release = spec.series[each].release
        if release is not None and f"{each}.release" not in table.places:
            table.add(f"{each}.release", ("series", each, "release"), release)
        releases.append(f"{each}.release" if release is not None else None)
    return Signal(name, measure, series, parameters, tuple(releases), latch, gap)


def _latch(name: str, latch: LatchSpec, table: AxisTable, document: Document) -> tuple[tuple[str, str], bool]:
    where = ("signals", name, "latch")
    if latch.off_below is not None and latch.off_gap is not None:
        raise InputError(
            "a latch goes off below a level or by a gap, not both",
            "off_below and off_gap",
            document.where(where),
            "Remove one",
        )
    on = f"{name}.on_above"
    table.add(on, (*where, "on_above"), latch.on_above, float)
    if latch.off_gap is not None:
        table.add(f"{name}.off_gap", (*where, "off_gap"), latch.off_gap, float, 0)
        return (on, f"{name}.off_gap"), True
    off = f"{name}.off_below"
    table.place(off, (*where, "off_below"))
    if latch.off_below is None:
        return (on, on), False
    table.add(off, (*where, "off_below"), latch.off_below, float)
    return (on, off), False


def _check_latch(signal: Signal, table: AxisTable, document: Document) -> None:
    if signal.latch is None or signal.gap or table.values(signal.latch[0]) is table.values(signal.latch[1]):
        return
    lowest, highest = min(table.values(signal.latch[0])), max(table.values(signal.latch[1]))
    if highest > lowest:  # type: ignore[operator]
        raise InputError(
            "off_below must not lie above on_above anywhere in the grid",
            f"off_below {highest} with on_above {lowest}",
            document.where(("signals", signal.name, "latch", "off_below")),
            f"End off_below at {lowest}, start on_above at {highest}, or use off_gap",
        )


def _leg(name: str, one: str | LegSpec, spec: StudySpec, table: AxisTable, document: Document) -> Leg:
    where = ("legs", name)
    leg = LegSpec(series=one) if isinstance(one, str) else one
    if (leg.series is None) == (leg.interest is None):
        raise InputError(
            "a leg is either a series, or cash with its interest",
            "both" if leg.series else "neither",
            document.where(where),
            "Write series: NAME, or interest: 0.0",
        )
    terms = {}
    for term in ("interest",) if leg.series is None else ("carry", "cost"):
        if term in leg.model_fields_set:
            terms[term] = f"{name}.{term}"
            table.add(terms[term], (*where, term), getattr(leg, term), float, 0 if term == "cost" else -1, 1)
        table.place(f"{name}.{term}", (*where, term))
    if leg.series is None and leg.model_fields_set - {"interest"}:
        extra = ", ".join(sorted(leg.model_fields_set - {"interest"}))
        raise InputError("cash has interest alone", extra, document.where(where), "Remove the other keys")
    if leg.series is not None and leg.series not in spec.series:
        raise InputError(
            "a leg earns a series of the study", leg.series, document.where(where), f"Use {', '.join(spec.series)}"
        )
    tax = leg.stamp_tax
    if isinstance(tax, dict):
        return Leg(name, leg.series, terms, tuple((day, 0.0, rate) for day, rate in sorted(tax.items())))
    return Leg(name, leg.series, terms, CHINA if tax == "china" else ())
