"""The variants of a factor study: a factor with its parameters, a universe and what it is neutralised by."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisValues, Value
from gridproof.sweeps.factors.spec import FactorSpec, NeutralSpec
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.selection import StudyPanel
from gridproof.sweeps.study.validation_errors import one_line
from gridproof.sweeps.study.values import SameAs, parse_axis


@dataclass(frozen=True, slots=True)
class Control:
    """What a factor is neutralised by: names of groups, and nodes of formulas."""

    label: str
    groups: tuple[str, ...]
    exposures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Universe:
    """``condition``: the node of its condition; None for every stock with a row and a close."""

    name: str
    condition: int | None


@dataclass(frozen=True, slots=True)
class FactorVariant:
    """``node``: of its formula. ``where``: its place in the file."""

    factor: str
    parameters: tuple[tuple[str, Value], ...]
    node: int
    universe: Universe
    control: Control
    where: str

    @property
    def settings(self) -> str:
        """Its parameters in words, such as "n 20, m 5"; empty without any."""
        return ", ".join(f"{name} {value}" for name, value in self.parameters)


def build_control(
    one: NeutralSpec, groups: Sequence[str], panel: StudyPanel, path: tuple[str, ...], document: Document
) -> Control:
    """Check what a factor is neutralised by. Raises InputError for a name that is neither a group nor a formula."""
    where = document.where(path)
    named = tuple(text for text in one.by if text in groups)
    if len(named) > 1:
        rule, remedy = "a factor is neutralised by at most one group", "Name one, or make one column of the two"
        raise InputError(rule, ", ".join(named), where, remedy)
    formulas = tuple(panel.formulas.of_fields(text, where) for text in one.by if text not in groups)
    return Control(one.label, named, formulas)


def build_factor(
    name: str, one: FactorSpec, panel: StudyPanel, document: Document
) -> list[tuple[tuple[tuple[str, Value], ...], int]]:
    """Every combination of a factor's parameters, with the node of its formula. Raises InputError."""
    path = ("factors", name)
    where = document.where((*path, "value"))
    given = one.model_extra or {}
    axes = {key: _axis(key, raw, one.value, panel, (*path, key), document) for key, raw in given.items()}
    found = []
    for values in itertools.product(*axes.values()):
        parameters = dict(zip(axes, values, strict=True))
        node = panel.formulas.of_fields(_with_values(one.value, parameters), where)
        if panel.formulas.graph.facts[node].boolean:
            rule, remedy = "a factor is a number", "Write where(condition, 1, 0)"
            raise InputError(rule, one.value, where, remedy)
        found.append((tuple(parameters.items()), node))
    return found


def _axis(key: str, raw: Any, text: str, panel: StudyPanel, path: tuple[str, ...], document: Document) -> AxisValues:
    where = document.where(path)
    if not key.isidentifier():
        raise InputError("a parameter is named by letters, digits and underscores", key, where, "Rename it")
    if key in panel.formulas.fields:
        raise InputError("a parameter has a name of its own", f"{key}, which is a field", where, "Rename it")
    if not re.search(rf"\b{re.escape(key)}\b", text):
        raise InputError("a parameter must stand in the formula of its factor", key, where, "Use it, or remove it")
    try:
        values = parse_axis(raw)
    except ValueError as error:
        raise one_line(str(error), raw, where) from None
    if isinstance(values, SameAs):
        raise InputError("a parameter of a factor has values of its own", f"same_as {values.axis}", where, "List them")
    return values


def _with_values(text: str, parameters: Mapping[str, Value]) -> str:
    """The formula with each parameter replaced by its value.

    >>> _with_values("mean(x, n) * shift", {"n": 20, "shift": -1})
    'mean(x, 20) * (-1)'
    """
    for name, value in parameters.items():
        negative = not isinstance(value, str) and value < 0
        text = re.sub(rf"\b{re.escape(name)}\b", f"({value})" if negative else str(value), text)
    return text
