"""The latch of a signal: two levels, or two conditions, between which it keeps its state."""

from __future__ import annotations

from dataclasses import dataclass

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import ends
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.scope import Scope
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions, bounds_of
from gridproof.sweeps.study.limits import AxisLimits, limits_of_key
from gridproof.sweeps.study.spec import LatchSpec, SignalSpec


@dataclass(frozen=True, slots=True)
class Levels:
    """A number that goes through a latch. ``value``: its node. ``on``, ``off``: the axes of on_above, and of off_below
    or, with ``gap``, off_gap."""

    value: int
    on: str
    off: str
    gap: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """The nodes of the conditions that turn a signal on and off."""

    on: int
    off: int


def read_levels(
    place: tuple[str, ...], latch: LatchSpec, table: AxisTable, document: Document, graph: Graph, value: int
) -> Levels:
    name, where = place[-1], (*place, "latch")
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
        return Levels(value, on, f"{name}.off_gap", True)
    off = f"{name}.off_below"
    table.place(off, (*where, "off_below"))
    if latch.off_below is None:
        return Levels(value, on, on, False)
    table.add(off, (*where, "off_below"), latch.off_below, limits)
    return Levels(value, on, off, False)


def read_switch(
    one: SignalSpec,
    latch: LatchSpec,
    expressions: StudyExpressions,
    scope: Scope,
    where: tuple[str, ...],
    document: Document,
) -> Switch:
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
    return Switch(on, expressions.parse(latch.off, scope, (*where, "latch", "off"), boolean=True))


def check_levels(form: object, table: AxisTable) -> None:
    """Check that the level off does not lie above the level on, where a signal has such levels. Raises InputError."""
    if not isinstance(form, Levels) or form.gap or table.owner(form.on) == table.owner(form.off):
        return
    lowest, highest = min(ends(table.values(form.on))), max(ends(table.values(form.off)))
    if highest > lowest:  # type: ignore[operator]
        raise InputError(
            "off_below must not lie above on_above anywhere in the grid",
            f"off_below {highest} with on_above {lowest}",
            table.where(form.off),
            f"End off_below at {lowest}, start on_above at {highest}, or use off_gap",
        )
