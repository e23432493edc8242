"""The expressions of a study: its named values, the scope of each signal, and the axes of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.signals.expression import units
from gridproof.signals.expression.graph import Graph
from gridproof.signals.expression.operators.declaration import Operator
from gridproof.signals.expression.operators.quantity import Quantity
from gridproof.signals.expression.panel import PanelFormulas
from gridproof.signals.expression.parser import Parser
from gridproof.signals.expression.scope import Scope, Use
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.limits import AxisLimits
from gridproof.sweeps.study.panel_spec import SelectSpec
from gridproof.sweeps.study.series_spec import SeriesFileSpec, ValueSpec
from gridproof.sweeps.study.spec import SignalSpec, StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean

# By the first of the keys under which expressions stand: what has them, and its keys that are not parameters.
_KEYS = {
    "signals": ("signal", tuple(SignalSpec.model_fields)),
    "values": ("value", tuple(ValueSpec.model_fields)),
    "legs": ("selection", tuple(SelectSpec.model_fields)),
}


class StudyExpressions:
    """All expressions of one study, in one graph. Named values are parsed when they are first used.

    ``panel``: the fields of the study's panel, None where it has none.
    """

    def __init__(
        self, spec: SeriesFileSpec, table: AxisTable, document: Document, operators: Mapping[str, Operator]
    ) -> None:
        self.graph = Graph(operators)
        self._parser = Parser(self.graph)
        self._spec, self._table, self._document = spec, table, document
        self._values: dict[tuple[str, int | None], int] = {}  # by name and universe
        self._open: list[str] = []
        for name in spec.values:
            if name in spec.series:
                rule = "a value and a series have different names"
                raise InputError(rule, name, document.where(("values", name)), "Rename one")
        self.panel: PanelFormulas | None = None
        if isinstance(spec, StudySpec) and spec.panel is not None:
            places = {name: document.where(("panel", "fields", name)) for name in spec.panel.fields}
            for name, where in places.items():
                kind = "a series" if name in spec.series else "a value" if name in spec.values else None
                if kind is not None:
                    rule = "a field of the panel has a name of its own"
                    raise InputError(rule, f"{name}, which is {kind} too", where, "Rename one")
            self.panel = PanelFormulas(spec.panel.fields, places, self._parser)

    def scope(self, path: tuple[str, ...], given: Mapping[str, object]) -> Scope:
        """The names that the expressions under these keys may use. ``given``: the further keys there, the parameters.

        ``path``: of a signal or value, or of the selection of a leg. The axis of a parameter has the name of that
        signal, value or leg, a dot, and its own.
        """
        fields = {} if self.panel is None else self.panel.names
        for key in given:
            where = self._document.where((*path, key))
            kinds: dict[str, Mapping[str, object]]
            kinds = {"a series": self._spec.series, "a value": self._spec.values, "a field of the panel": fields}
            kind = next((kind for kind, names in kinds.items() if key in names), None)
            if kind is not None:
                rule = "a parameter has a name of its own"
                raise InputError(rule, f"{key}, which is {kind}", where, "Rename the parameter")
        values: dict[str, Callable[[], int]] = {name: self._reference(name) for name in self._spec.values}
        values |= fields
        parameters = {key: f"{path[1]}.{key}" for key in given}
        return Scope(frozenset(self._spec.series), values, parameters, "")

    def parse(self, text: str, scope: Scope, path: tuple[str, ...], boolean: bool | None) -> int:
        """The node of an expression of a signal. Raises InputError, also where it has a value for each stock."""
        at = self.parse_stocks(text, scope, path, boolean)
        if self.graph.facts[at].stocks:
            rule = "a signal has one value a day, and a formula of the panel's fields has one for each stock"
            raise InputError(rule, text, self._document.where(path), "Use series, or select stocks by it in a leg")
        return at

    def parse_stocks(self, text: str, scope: Scope, path: tuple[str, ...], boolean: bool | None) -> int:
        """The node of an expression, which may have a value for each stock of the panel. Raises InputError."""
        return self._parser.parse(text, replace(scope, where=self._document.where(path)), boolean)

    def check_values(self) -> None:
        """Parse the values that no signal uses, so that their faults show."""
        for name in self._spec.values:
            self._reference(name)()

    @property
    def names(self) -> dict[int, str]:
        """The names of the values by their nodes, without those that are a series or a number under another name."""
        formulas = {at: name for (name, universe), at in self._values.items() if universe is None}
        return {at: name for at, name in formulas.items() if self.graph.nodes[at].operands}

    def add_parameters(self, path: tuple[str, ...], given: Mapping[str, Any]) -> None:
        """Add an axis for each parameter. Raises InputError for one that no expression names."""
        for key, raw in given.items():
            full = f"{path[1]}.{key}"
            uses = self._parser.uses.get(full)
            if not uses:
                kind, known = _KEYS[path[0]]
                rule = f"a key of a {kind} is {', '.join(known[:-1])}{' or ' if len(known) > 1 else ''}{known[-1]}"
                rule += ", or a parameter that its expression names"
                remedy = did_you_mean(key, known)
                remedy = remedy if remedy.startswith("Did") else f"Use {key} in the expression, or remove it"
                raise InputError(rule, key, self._document.where((*path, key)), remedy)
            if raw is None:
                where = self._document.where((*path, key))
                raise InputError("a parameter has a value", f"no {key}", where, "Write a value, a list or a range")
            self._table.add_raw(full, (*path, key), raw, limits_of(uses))

    def _reference(self, name: str) -> Callable[[], int]:
        def node() -> int:
            key = name, self._parser.universe
            if key not in self._values:
                path = ("values", name)
                if name in self._open:
                    circle = " uses ".join([*self._open[self._open.index(name) :], name])
                    rule = "a value must not use itself"
                    raise InputError(rule, circle, self._document.where(path), "Remove one of these uses")
                one = self._spec.values[name]
                text = one.value if isinstance(one, ValueSpec) else one
                given = (one.model_extra or {}) if isinstance(one, ValueSpec) else {}
                self._open.append(name)
                place = (*path, "value") if isinstance(one, ValueSpec) else path
                scope = replace(self.scope(path, given), universe=self._parser.universe)
                self._values[key] = self.parse_stocks(text, scope, place, None)
                self._open.pop()
                self.add_parameters(path, given)
            return self._values[key]

        return node


def limits_of(uses: list[Use]) -> AxisLimits:
    """The values that a parameter may have, from all its uses."""
    arguments = [use.argument for use in uses if use.argument is not None]
    windows = any(argument.kind == "window" for argument in arguments)
    if not windows and not any(argument.kind in ("choice", "date") or argument.whole for argument in arguments):
        return AxisLimits(float, fits=lambda value: _first_problem(value, uses))
    return AxisLimits(fits=lambda value: _first_problem(value, uses), whole=windows)


def _first_problem(value: Value, uses: list[Use]) -> tuple[str, str] | None:
    for use in uses:
        if use.argument is not None and use.whole:
            problem = units.misfit(value, use.argument)
            if problem is not None:
                return problem
        elif use.argument is not None:
            continue
        elif isinstance(value, str):
            return "must be a number", "Write a number"
        elif not use.low <= value <= use.high:
            unit = Quantity(use.unit, use.low, use.high)
            return f"is compared with {use.unit}, which lies {units.between(unit)}", units.remedy(unit, float(value))
    return None


def bounds_of(graph: Graph, value: int) -> Callable[[Value], tuple[str, str] | None]:
    """Returns the check of a level of the latch that a value goes through; see ``AxisLimits.fits``."""
    unit = graph.facts[value].unit

    def check(level: Value) -> tuple[str, str] | None:
        if isinstance(level, str) or unit.low <= level <= unit.high:
            return None
        rule = f"is a level of {graph.text(value)}, {unit.name}, which lies {units.between(unit)}"
        return rule, units.remedy(unit, float(level))

    return check
