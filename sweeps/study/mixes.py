"""Reads the mixes of a study: their axes, and the allocations that these give."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import Value
from gridproof.sweeps.study.allocation import (
    MOST_ALLOCATIONS,
    REST,
    Allocation,
    GradedWeights,
    Mix,
    grades,
    room_of,
)
from gridproof.sweeps.study.axes import AxisTable
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.expressions import StudyExpressions
from gridproof.sweeps.study.leg import BORROWING, Leg
from gridproof.sweeps.study.limits import limits_of_key
from gridproof.sweeps.study.mix_spec import WEIGHT, MixSpec
from gridproof.sweeps.study.spec import StudySpec
from gridproof.sweeps.study.validation_errors import did_you_mean

# Weights that should sum to 1 may miss it by the rounding of decimals.
_CLOSE = 1e-9

_SETTINGS = tuple(MixSpec.model_fields)


def read_mixes(
    spec: StudySpec, legs: Sequence[Leg], expressions: StudyExpressions, table: AxisTable, document: Document
) -> tuple[Mix, ...]:
    """Check the mixes and add their axes to the table; they have no allocations yet. Raises InputError."""
    return tuple(_Reader(name, one, spec, legs, expressions, table, document).mix() for name, one in spec.mixes.items())


@dataclass(frozen=True, slots=True)
class _Reader:
    """One mix of the file."""

    name: str
    one: MixSpec
    spec: StudySpec
    legs: Sequence[Leg]
    expressions: StudyExpressions
    table: AxisTable
    document: Document

    def mix(self) -> Mix:
        given: Mapping[str, Any] = self.one.model_extra or {}
        self._check_name()
        weights: dict[str, str] = {}
        rest: list[str] = []
        formulas: dict[str, str] = {}
        names = [leg.name for leg in self.legs]
        for leg, raw in given.items():
            if leg not in names:
                rule = "a key of a mix is a leg of the study, or one of its settings"
                raise self._error(rule, leg, did_you_mean(leg, [*names, *_SETTINGS]), leg)
            if raw == REST:
                rest.append(leg)
            elif isinstance(raw, str):
                formulas[leg] = raw
            else:
                weights[leg] = f"{self.name}.{leg}"
                self.table.add_raw(weights[leg], ("mixes", self.name, leg), raw, WEIGHT)
                self._refuse_search(weights[leg])
        if not given:
            raise self._error("a mix has legs with their weights", "none", "Write `leg: weight` lines under it")
        if len(rest) > 1:
            rule, remedy = "one leg of a mix has the rest", "Give the others weights"
            raise self._error(rule, ", ".join(rest), remedy, rest[1])
        cash = next((leg.name for leg in self.legs if leg.cash and leg.name not in given), None)
        rebalance = self._setting("rebalance")
        graded = self._graded(formulas)
        return Mix(self.name, weights, rest[0] if rest else cash, rebalance, graded)

    def _check_name(self) -> None:
        for kind, names in (("leg", self.spec.legs), ("signal", self.spec.signals)):
            if self.name in names:
                rule = f"a mix and a {kind} have different names"
                raise self._error(rule, self.name, "Rename one")

    def _graded(self, formulas: Mapping[str, str]) -> GradedWeights | None:
        settings = [key for key in ("step", "min", "max", "missing") if key in self.one.model_fields_set]
        if not formulas:
            if settings:
                rule = f"{settings[0]} is of a weight that follows a formula"
                raise self._error(rule, "numbers only", "Remove it, or write a formula as a weight", settings[0])
            return None
        nodes = []
        for leg, text in formulas.items():
            path = ("mixes", self.name, leg)
            nodes.append(self.expressions.parse(text, self.expressions.scope(path, {}), path, boolean=False))
            if self.expressions.graph.facts[nodes[-1]].scalar:
                rule = "a weight is a number, several numbers, rest, or a formula that changes from day to day"
                raise self._error(rule, text, "Write a number without quotes", leg)
        axes = {key: self._setting(key) for key in ("step", "min", "max")}
        return GradedWeights(tuple(formulas), tuple(nodes), axes["step"], axes["min"], axes["max"], self.one.missing)

    def _setting(self, key: str) -> str:
        axis = f"{self.name}.{key}"
        self.table.add(axis, ("mixes", self.name, key), getattr(self.one, key), limits_of_key(MixSpec, key))
        self._refuse_search(axis)
        return axis

    def _refuse_search(self, axis: str) -> None:
        values = self.table.given(axis)
        if getattr(values, "search", None) is not None:
            rule, remedy = "a search chooses the weights of a mix from the values of their axis", "Remove search:"
            raise InputError(rule, axis, self.table.where(axis), remedy)

    def _error(self, rule: str, value: object, remedy: str, *keys: str) -> InputError:
        return InputError(rule, value, self.document.where(("mixes", self.name, *keys)), remedy)


def allocate(
    mixes: Sequence[Mix], legs: Sequence[Leg], table: AxisTable, document: Document
) -> tuple[tuple[Allocation, ...], tuple[Mix, ...]]:
    """Returns the allocations of the study: each leg alone, then those of each mix; and the mixes with theirs.

    All axes are in the table. Raises InputError where the weights of a mix do not sum to 1.
    """
    allocations = [
        Allocation(leg.name, tuple(float(at == place) for at in range(len(legs)))) for place, leg in enumerate(legs)
    ]
    found = []
    for mix in mixes:
        made = _allocations(mix, legs, table, document)
        found.append(replace(made, first=len(allocations)))
        allocations += made.allocations
    for leg in legs if not mixes else ():
        for term in BORROWING:
            if term in leg.terms:
                rule, remedy = f"{term} is paid in mixes, where a weight is below 0", "Remove it, or write a mix"
                raise InputError(rule, "no mixes", table.where(leg.terms[term]), remedy)
    return tuple(allocations), tuple(found)


def _allocations(mix: Mix, legs: Sequence[Leg], table: AxisTable, document: Document) -> Mix:
    axes = [table.values(axis) for axis in mix.axes]
    places: dict[tuple[tuple[float, ...], str], int] = {}
    named: list[Allocation] = []
    numbers: dict[tuple[Value, ...], Ints] = {}
    for cell in itertools.product(*axes):
        values = dict(zip(mix.axes, cell, strict=True))
        given = {leg: float(values[axis]) for leg, axis in mix.weights.items()}
        levels: Mapping[tuple[int, ...], tuple[float, ...]] = {(0,): ()}
        if mix.graded is not None:
            levels = _levels(mix.graded, sum(given.values()), values, table)
        found = np.full([1 + max(each) for each in zip(*levels, strict=True)], -1, dtype=np.int64)
        for steps, level in levels.items():
            own = given | ({} if mix.graded is None else dict(zip(mix.graded.legs, level, strict=True)))
            weights = _complete(mix, own, [leg.name for leg in legs], document)
            rebalance = str(values[mix.rebalance])
            key = weights, rebalance
            if key not in places:
                places[key] = len(named)
                name = " ".join([mix.name, *(["/".join(f"{weight:g}" for weight in level)] if level else [])])
                named.append(Allocation(name, weights, rebalance))
            found[steps] = places[key]
        numbers[cell] = found
    return replace(mix, allocations=tuple(named), numbers=numbers)


def _levels(
    graded: GradedWeights, given: float, values: Mapping[str, Value], table: AxisTable
) -> dict[tuple[int, ...], tuple[float, ...]]:
    """The weights that the legs may have together, by the steps of each; ``given``: the sum of the other weights.

    Raises InputError.
    """
    least, most, step = (float(values[axis]) for axis in (graded.least, graded.most, graded.step))
    count = len(graded.legs)
    if most < least:
        rule, remedy = "max of a weight must not lie below min", "Raise max or lower min"
        raise InputError(rule, f"min {least:g} with max {most:g}", table.where(graded.most), remedy)
    weights, room = grades(least, most, step), room_of(count, given, least, most, step)
    if room < 0:
        rule = "the least weights of a mix sum to at most 1, or to max where that is larger"
        raise InputError(rule, f"{given + count * least:g}", table.where(graded.least), "Lower min")
    found_steps: dict[tuple[int, ...], tuple[float, ...]] = {}
    for steps in itertools.product(range(len(weights)), repeat=count):
        if sum(steps) > room:
            continue
        found_steps[steps] = tuple(weights[at] for at in steps)
        if count > 1 and len(found_steps) > MOST_ALLOCATIONS:
            rule = f"a study has at most {MOST_ALLOCATIONS} allocations: legs, and the weights that mixes may have"
            remedy = "Take coarser steps, or fewer legs or weights"
            raise InputError(rule, f"more of {count} weights in {len(weights)} steps", table.where(graded.step), remedy)
    return found_steps


def _complete(mix: Mix, given: Mapping[str, float], legs: Sequence[str], document: Document) -> tuple[float, ...]:
    """The weights of all legs, (L,); the rest goes to the leg that has it. Raises InputError."""
    total = sum(given.values())
    weights = dict(given)
    where = document.where(("mixes", mix.name))
    if mix.rest is not None:
        left = 1.0 - total
        weights[mix.rest] = round(left, 12) if abs(left) > _CLOSE else 0.0
    elif abs(total - 1.0) > _CLOSE:
        text = " + ".join(f"{weight:g}" for weight in given.values())
        rule = "the weights of a mix sum to 1"
        remedy = "Correct them, write rest for one of them, or leave cash out: it then has the rest"
        raise InputError(rule, f"{text} = {total:g}", where, remedy)
    else:
        weights = {leg: weight / total for leg, weight in weights.items()}
    return tuple(weights.get(leg, 0.0) for leg in legs)
