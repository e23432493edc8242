"""The dimensions of a search: the axes that Optuna may choose, their form in Optuna, and when each is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import log10, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisRange, Value
from gridproof.sweeps.study.selection import SELECTING
from gridproof.sweeps.study.signal import RULE
from gridproof.sweeps.study.space import Axis
from gridproof.sweeps.study.spec import OFF
from gridproof.sweeps.study.study import Study

if TYPE_CHECKING:  # Optuna is slow to import, and a verdict does not need it
    from optuna.trial import Trial

# A choice: a value for every axis of the study, active or not.
Choice = dict[str, Value]


class Dimensions:
    """The free axes of a study.

    The axes of the environment stay at the base, because a trader cannot choose them: releases, lag, costs, interest
    and carry, except those that the study names among its choices. An axis of a signal is active under a choice if the
    chosen rule uses one of its signals and that signal is on; axes of the execution are always active.

    ``dense``: the levels of latches are not dimensions; each trial evaluates a grid of them with at most ``cells``
    cells. ``executing``: the dimensions of the execution: what legs select, and lag, costs, carry and interest that the
    study names as choices. Raises InputError if no dimension is left.
    """

    def __init__(self, study: Study, dense: bool, cells: int) -> None:
        space = study.space
        self._study, self.dense = study, dense
        environment = set(study.environment)
        levels = {space.owners[name] for one in study.signals for name in one.levels}
        levels -= {space.owners[name] for one in study.signals for name in one.deciding}
        several = [axis for axis in space.axes if len(axis.values) > 1]
        self.held = [axis.name for axis in several if axis.name in environment]
        free = [axis for axis in several if axis.name not in environment]
        self.levels = [axis.name for axis in free if axis.name in levels]
        self.free = [axis for axis in free if not (dense and axis.name in levels)]
        # The axes that decide which others are active come first.
        self.free.sort(key=lambda axis: (axis.name != RULE, not axis.name.endswith(".use")))
        self._users = {
            axis.name: [one for one in study.signals if axis.name in {space.owners[name] for name in one.axes}]
            for axis in free
        }
        self._axes = {axis.name: axis for axis in space.axes}
        self.base: Choice = study.base
        executing = {axis.name for axis in space.axes[len(space.axes) - space.executing :]}
        self.executing = [axis.name for axis in free if axis.name in executing]
        selecting = {space.owners[axis] for leg in study.legs for term, axis in leg.terms.items() if term in SELECTING}
        # Which stocks a leg selects is a choice in every study.
        self.selecting = [name for name in self.executing if name in selecting]
        if not free:
            rule, remedy = "a search needs an axis with several values", "Give one axis several values"
            raise InputError(rule, "none that may be chosen", study.document.name, remedy)
        if dense and not self.free:
            remedy = "Run the study, whose levels are a grid, or search it with --points"
            raise InputError("a search needs an axis besides the levels", "levels only", study.document.name, remedy)
        self.cells = cells

    @property
    def conditional(self) -> str | None:
        """Why some dimensions are not always active; None if all of them are."""
        for axis in self.free:
            if axis.name.endswith(".use"):
                return f"{axis.name} switches a signal off"
        uses = list(self._study.rule.uses.values())
        if any(axis.name == RULE for axis in self.free) and any(one != uses[0] for one in uses):
            return "the rules use different signals"
        return None

    @property
    def unordered(self) -> list[str]:
        """The dimensions that are a choice among texts, or among numbers without a constant step."""
        return [axis.name for axis in self.free if axis.searched is None and _step(axis) is None]

    @property
    def digits(self) -> float:
        """log10 of the number of variants to choose from; a continuous range counts as 10,000 values."""
        total = 0.0
        for name in self._users:
            axis = self._axes[name]
            free = axis.searched if name in {one.name for one in self.free} else None
            whole = free is not None and free.search == "integer"
            total += log10(len(axis.values) if free is None else free.last - free.first + 1 if whole else 10_000)
        return total

    def active_signals(self, choice: Mapping[str, Value]) -> set[str]:
        """Returns the names of the signals that the chosen rule uses and that are on."""
        alternative = str(choice[RULE]) if RULE in self._axes else ""
        named = self._study.rule.uses[alternative]
        return {
            one.name
            for one in self._study.signals
            if set(one.bits) & named and (one.use is None or choice[self._study.space.owners[one.use]] != OFF)
        }

    def suggest(self, trial: Trial, include_inactive: bool = False) -> Choice:
        """Returns the sampler's proposal. Dimensions that are not active stay at the base and are not suggested.

        ``include_inactive``: they are suggested as well, and the suggestion is ignored.
        """
        choice = dict(self.base)
        for axis in self.free:
            active = self.is_active(axis.name, choice)
            if active or include_inactive:
                value = _suggest(trial, axis)
                choice[axis.name] = value if active else choice[axis.name]
        return choice

    @property
    def uses(self) -> dict[str, list[str]]:
        """For each rule the signals that it uses. The key is '' if the study has one rule."""
        rules = self._study.rule.uses
        return {name: [one.name for one in self._study.signals if set(one.bits) & named and one.name != RULE]
                for name, named in rules.items()}  # fmt: skip

    def opening(self) -> dict[str, Value]:
        """Returns the base as Optuna parameters: the first trial of a search."""
        return {axis.name: self.base[axis.name] for axis in self.free if self.is_active(axis.name, self.base)}

    def completed(self, parameters: Mapping[str, Value]) -> Choice:
        """Returns the choice of a trial from its Optuna parameters; all other axes are at the base."""
        choice = dict(self.base)
        for axis in self.free:
            if axis.name in parameters and self.is_active(axis.name, choice):
                choice[axis.name] = _value(axis, parameters[axis.name])
        return choice

    def is_active(self, name: str, choice: Mapping[str, Value]) -> bool:
        """Whether an axis is active under a choice. Only the values of ``rule`` and ``use`` are read."""
        if name == RULE or name in self.executing:
            return True
        named = self._study.rule.uses[str(choice[RULE]) if RULE in self._axes else ""]
        users = [one for one in self._users[name] if set(one.bits) & named]
        if name.endswith(".use"):
            return bool(users)
        return any(one.name in self.active_signals(choice) for one in users)

    def grid(self, choice: Mapping[str, Value]) -> dict[str, tuple[Value, ...]]:
        """Returns the grid of a trial: values for every axis; levels have as many values as ``cells`` allows."""
        values: dict[str, tuple[Value, ...]] = {name: (value,) for name, value in choice.items()}
        levels = [self._axes[name] for name in self.levels if self.dense and self.is_active(name, choice)]
        counts = [len(axis.values) for axis in levels]
        while counts and prod(counts) > self.cells and max(counts) > 1:
            counts[int(np.argmax(counts))] -= 1
        for axis, count in zip(levels, counts, strict=True):
            places = np.linspace(0, len(axis.values) - 1, count).round().astype(int)
            values[axis.name] = tuple(axis.values[place] for place in places)
        return values

    def around(self, choice: Mapping[str, Value]) -> list[Choice]:
        """Returns the points one and two steps from a choice along each active numeric axis, within its range."""
        points = []
        for axis in self.free:
            if self.is_active(axis.name, choice) and axis.numeric:
                points += [{**choice, axis.name: value} for value in steps_from(axis, choice[axis.name])]
        return points

    def describe(self) -> list[dict[str, Any]]:
        """Returns for display each dimension with the values that may be chosen."""
        rows = []
        for axis in self.free:
            switched = [one.use not in (None, axis.name) for one in self._users[axis.name]]
            users = [one.name for one in self._users[axis.name]] if all(switched) else []
            row: dict[str, Any] = {"name": axis.name, "only_if_on": users}
            if axis.searched is not None:
                free = axis.searched
                row |= {"low": free.first, "high": free.last, "kind": free.search, "log": free.scale == "log"}
            else:
                row |= {"values": list(axis.values), "kind": "step" if _step(axis) else "choice"}
            rows.append(row)
        return rows


def steps_from(axis: Axis, value: Value, steps: Sequence[int] = (-2, -1, 1, 2)) -> list[Value]:
    """Returns the values of an axis at these numbers of steps from ``value``; those outside its range are left out.

    ``value`` may lie between the values of a searched range.
    """
    free = axis.searched
    if free is None:
        position = axis.values.index(value)
        return [axis.values[position + step] for step in steps if 0 <= position + step < len(axis.values)]
    gaps = len(axis.values) - 1
    found: list[Value] = []
    for step in steps:
        if free.scale == "log":
            moved = float(value) * (free.last / free.first) ** (step / gaps)
        else:
            moved = float(value) + step * (free.last - free.first) / gaps
        near = free.rounded(moved)
        if free.first <= moved <= free.last and near != value and near not in found:
            found.append(near)
    return found


def _suggest(trial: Trial, axis: Axis) -> Value:
    """Ask Optuna for a value, with the name and units of the axis, so that Optuna's own record is readable."""
    free, step = axis.searched, _step(axis)
    if free is not None and free.search == "integer":
        return trial.suggest_int(axis.name, int(free.first), int(free.last), log=free.scale == "log")
    if free is not None:
        return _value(axis, trial.suggest_float(axis.name, free.first, free.last, log=free.scale == "log"))
    if step is None:
        chosen = trial.suggest_categorical(axis.name, list(axis.values))
        assert chosen is not None
        return chosen
    first, last = axis.values[0], axis.values[-1]
    if isinstance(first, int) and isinstance(last, int):
        return trial.suggest_int(axis.name, first, last, step=int(step))
    return _value(axis, trial.suggest_float(axis.name, float(first), float(last), step=float(step)))


def _value(axis: Axis, value: Value) -> Value:
    """Returns Optuna's number as a value of the axis: rounded in a searched range, else the nearest on the axis."""
    if axis.searched is not None:
        return axis.searched.rounded(float(value))
    step = _step(axis)
    if step is None:
        return value
    return axis.values[round((float(value) - float(axis.values[0])) / float(step))]


def _step(axis: Axis) -> Decimal | None:
    """Returns the exact step of a linear range; None for a list, a log range or text."""
    return axis.values.step if isinstance(axis.values, AxisRange) else None
