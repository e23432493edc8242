"""A signal of a study: expressions, and how their values become states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import ends
from gridproof.signals.data.source import Release
from gridproof.signals.expression.grammar import Scope
from gridproof.signals.expression.graph import Graph
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.earlier_form import check_new_form
from gridproof.sweeps.study.expressions import StudyExpressions, bounds_of
from gridproof.sweeps.study.limits import AxisLimits, limits_of_key
from gridproof.sweeps.study.spec import OFF as OFF
from gridproof.sweeps.study.spec import ON as ON
from gridproof.sweeps.study.spec import LatchSpec, SignalSpec, StudySpec

# Name of the signal that chooses one of several rules, and of its axis.
RULE = "rule"


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal, its expressions as nodes of the study's graph.

    One of four is given. ``value``: a number that goes through a latch of levels. ``when``: for each state its name
    ('' for the only one) and condition. ``switch``: the conditions that turn it on and off. ``alternatives``: the names
    among which the axis RULE chooses; its states are the bits of the chosen one's number.

    ``parameters``: the axes of its parameters: its own, then those of the named values that it uses. ``releases``: for
    each of ``series`` the axis of its release; None: known at the close of its date. ``latch``: the axes of
    on_above and of off_below or off_gap. ``gap``: whether the second is off_gap. ``use``: the axis with the values on
    and off; None: always on. ``missing``: what an unknown value is: off, hold the last known one, or None: an error.
    """

    name: str
    series: tuple[str, ...]
    parameters: tuple[str, ...]
    releases: tuple[str | None, ...]
    value: int | None = None
    when: tuple[tuple[str, int], ...] = ()
    switch: tuple[int, int] | None = None
    alternatives: tuple[str, ...] = ()
    latch: tuple[str, str] | None = None
    gap: bool = False
    use: str | None = None
    missing: str | None = None

    @property
    def bits(self) -> tuple[str, ...]:
        if self.alternatives:
            return tuple(f"{self.name}.{at}" for at in range(max(1, (len(self.alternatives) - 1).bit_length())))
        return tuple(f"{self.name}.{bit}" if bit else self.name for bit, _ in self.when) or (self.name,)

    @property
    def nodes(self) -> tuple[int, ...]:
        """The nodes of its expressions."""
        value = () if self.value is None else (self.value,)
        return (*value, *(at for _, at in self.when), *(self.switch or ()))

    @property
    def axes(self) -> tuple[str, ...]:
        use = (self.use,) if self.use is not None else ()
        releases = (axis for axis in self.releases if axis)
        return (*use, *self.parameters, *(self.latch or ()), *releases)

    @property
    def deciding(self) -> set[str]:
        """The axes that affect its values; the others are the levels of the latch."""
        return set(self.axes) - set(self.latch or ())


def build_signal(
    name: str, one: SignalSpec, spec: StudySpec, table: AxisTable, document: Document, expressions: StudyExpressions
) -> Signal:
    """Check one signal and add its axes to the table. Raises InputError if it is invalid."""
    where = ("signals", name)
    check_new_form(name, one, document)
    given = one.model_extra or {}
    scope = expressions.scope(where, given)
    value: int | None = None
    when: tuple[tuple[str, int], ...] = ()
    switch: tuple[int, int] | None = None
    latch_spec = one.latch
    if one.value is not None and one.when is not None:
        rule, remedy = "a signal has value: with a latch, or when:", "Remove one of the two"
        raise InputError(rule, "both", document.where((*where, "when")), remedy)
    if one.when is not None:
        if latch_spec is not None:
            rule, remedy = "a signal with when: has no latch, its condition is the state", "Remove the latch"
            raise InputError(rule, "latch", document.where((*where, "latch")), remedy)
        conditions = {"": one.when} if isinstance(one.when, str) else one.when
        if not conditions:
            rule, remedy = "when: is a condition or a mapping of conditions", "Write a condition"
            raise InputError(rule, "none", document.where((*where, "when")), remedy)
        when = tuple(
            (bit, expressions.parse(text, scope, (*where, "when", *([bit] if bit else [])), boolean=True))
            for bit, text in conditions.items()
        )
    elif latch_spec is not None and (latch_spec.on is not None or latch_spec.off is not None):
        switch = _switch(one, latch_spec, expressions, scope, where, document)
    elif one.value is not None:
        value = expressions.parse(one.value, scope, (*where, "value"), boolean=False)
    else:
        rule, remedy = "a signal has value: with a latch, or when:", "Add value: or when: with an expression"
        raise InputError(rule, "neither", document.where(where), remedy)
    use = None
    if one.use is not None:
        use = f"{name}.use"
        table.add(use, (*where, "use"), one.use, limits_of_key(SignalSpec, "use"))
    nodes: list[int] = [*([] if value is None else [value]), *(at for _, at in when), *(switch or ())]
    expressions.add_parameters(where, given)
    below = (full for at in nodes for full in expressions.graph.facts[at].parameters)
    parameters = tuple(dict.fromkeys([*(f"{name}.{key}" for key in given), *below]))
    latch, gap = None, False
    if value is not None:
        latch, gap = _latch(name, latch_spec or LatchSpec(), table, document, expressions.graph, value)
    series = tuple(dict.fromkeys(each for at in nodes for each in expressions.graph.facts[at].series))
    releases: list[str | None] = []
    for each in series:
        release = spec.series[each].release
        if release is not None and f"{each}.release" not in table.places:
            table.add(f"{each}.release", ("series", each, "release"), release)
        releases.append(f"{each}.release" if release is not None else None)
    return Signal(name, series, parameters, tuple(releases), value, when, switch, (), latch, gap, use, one.missing)


def choice_signal(alternatives: Sequence[str]) -> Signal:
    """Returns the choice among several rules as a constant signal. Its bits are the number of the rule, bit 0 first."""
    return Signal(RULE, (), (RULE,), (), alternatives=tuple(alternatives))


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


def _switch(
    one: SignalSpec,
    latch: LatchSpec,
    expressions: StudyExpressions,
    scope: Scope,
    where: tuple[str, ...],
    document: Document,
) -> tuple[int, int]:
    """Returns the conditions of a latch that has conditions instead of levels."""
    levels = [key for key in ("on_above", "off_below", "off_gap") if getattr(latch, key) is not None]
    if latch.on is None or latch.off is None or levels:
        rule, remedy = "a latch has levels, or the two conditions on and off", "Write on: and off:, or levels alone"
        found = ", ".join([*(key for key in ("on", "off") if getattr(latch, key) is not None), *levels])
        raise InputError(rule, found, document.where((*where, "latch")), remedy)
    if one.value is not None:
        rule = "a latch of conditions needs no value:"
        raise InputError(rule, "value", document.where((*where, "value")), "Remove it, and use it in the conditions")
    on = expressions.parse(latch.on, scope, (*where, "latch", "on"), boolean=True)
    return on, expressions.parse(latch.off, scope, (*where, "latch", "off"), boolean=True)


def _latch(
    name: str, latch: LatchSpec, table: AxisTable, document: Document, graph: Graph, value: int
) -> tuple[tuple[str, str], bool]:
    where = ("signals", name, "latch")
    if latch.off_below is not None and latch.off_gap is not None:
        raise InputError(
            "a latch has off_below or off_gap, not both",
            "off_below and off_gap",
            document.where((*where, "off_gap")),
            "Remove one",
        )
    on, limits = f"{name}.on_above", AxisLimits(float, fits=bounds_of(graph, value))
    table.add(on, (*where, "on_above"), (0.0,) if latch.on_above is None else latch.on_above, limits)
    if latch.off_gap is not None:
        table.add(f"{name}.off_gap", (*where, "off_gap"), latch.off_gap, limits_of_key(LatchSpec, "off_gap"))
        return (on, f"{name}.off_gap"), True
    off = f"{name}.off_below"
    table.place(off, (*where, "off_below"))
    if latch.off_below is None:
        return (on, on), False
    table.add(off, (*where, "off_below"), latch.off_below, limits)
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
