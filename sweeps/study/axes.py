"""The axes of a study during its check: their values, ties and places in the file; builds the space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values
from gridproof.sweeps.study.document import Document
from gridproof.sweeps.study.limits import NO_LIMITS, AxisLimits
from gridproof.sweeps.study.space import Axis, Space
from gridproof.sweeps.study.validation_errors import did_you_mean, one_line
from gridproof.sweeps.study.values import SameAs, parse_axis


class AxisTable:
    """The axes by name. ``places``: for every name that can be set, an axis or not, its keys in the file."""

    def __init__(self, document: Document) -> None:
        self.places: dict[str, tuple[str, ...]] = {}
        self._document = document
        self._values: dict[str, AxisValues | SameAs] = {}
        self._limits: dict[str, AxisLimits] = {}

    def place(self, name: str, path: tuple[str, ...]) -> None:
        if self.places.setdefault(name, path) != path:
            raise InputError(
                "an axis name must be unique",
                name,
                self._document.where(path),
                f"Rename it, or the one at {self._document.where(self.places[name])}",
            )

    def where(self, name: str) -> str:
        return self._document.where(self.places[name])

    def add_raw(self, name: str, path: tuple[str, ...], raw: Any, limits: AxisLimits) -> None:
        """Parse an entry of the file and add it as an axis. Raises InputError."""
        try:
            values = parse_axis(raw)
        except ValueError as error:
            raise one_line(str(error), raw, self._document.where(path)) from None
        self.add(name, path, values, limits)

    def add(
        self, name: str, path: tuple[str, ...], values: AxisValues | SameAs, limits: AxisLimits = NO_LIMITS
    ) -> None:
        self.place(name, path)
        self._values[name] = values if isinstance(values, SameAs) else limits.check(name, values, self.where(name))
        self._limits[name] = limits

    def given(self, name: str) -> AxisValues | SameAs:
        """Returns what the file gives for an axis: its values, or its tie."""
        return self._values[name]

    def owner(self, name: str) -> str:
        """Returns the axis that gives this one its values: itself, or the one it is tied to. Raises InputError."""
        values = self._values[name]
        if not isinstance(values, SameAs):
            return name
        target = self._values.get(values.axis)
        if target is None or isinstance(target, SameAs):
            untied = [other for other, each in self._values.items() if not isinstance(each, SameAs)]
            rule, remedy = "same_as names another axis that has values", f"Use one of {', '.join(untied)}"
            raise InputError(rule, values.axis, self.where(name), remedy)
        self._limits[name].check(name, target, self.where(name))
        return values.axis

    def values(self, name: str) -> AxisValues:
        values = self._values[self.owner(name)]
        assert not isinstance(values, SameAs)
        return values

    def find(self, given: str, axes: Sequence[Axis], key: str, where: str) -> str:
        """Returns the full name of the axis that a name under ``key`` of the file means; of a tied one its owner.

        Raises InputError where it means none, or several.
        """
        names = [axis.name for axis in axes]
        matches = full_names(given, {axis.name: len(axis.values) > 1 for axis in axes})
        if given in self._values and given not in names:
            matches = [self.owner(given)]
        if not matches:
            raise InputError(f"{key} names axes of the study", given, where, did_you_mean(given, names))
        if len(matches) > 1:
            rule = f"a short name in {key} must be the ending of one axis"
            raise InputError(rule, given, where, f"Use {' or '.join(matches)}")
        return matches[0]

    def space(self, uses: Mapping[str, Sequence[str]], executing: Sequence[str], base: Mapping[str, Value]) -> Space:
        """Order the axes and find the base. ``uses``: each signal's axes; ``executing``: those of the execution."""
        owners = {signal: tuple(dict.fromkeys(self.owner(name) for name in names)) for signal, names in uses.items()}
        execution = tuple(dict.fromkeys(self.owner(name) for name in executing))
        seen = [name for names in owners.values() for name in names]
        shared = tuple(dict.fromkeys(name for name in seen if seen.count(name) > 1))
        for name in (*(name for names in uses.values() for name in names), *executing):
            if name != self.owner(name) and (name in executing) != (self.owner(name) in executing):
                raise InputError(
                    "an axis of the execution cannot be tied to an axis of a signal",
                    f"{name} same_as {self.owner(name)}",
                    self.where(name),
                    "Give it values of its own",
                )
        order = [*shared, *(name for name in seen if name not in shared), *execution]
        axes = [Axis(name, self.places[name], values, searched_range(values))
                for name in order for values in [self.values(name)]]  # fmt: skip
        chosen = self._base(axes, base)
        position = {name: index for index, name in enumerate(order)}
        return Space(
            axes=tuple(axes),
            uses={signal: tuple(sorted(position[name] for name in names)) for signal, names in owners.items()},
            shared=len(shared),
            executing=len(execution),
            owners={name: self.owner(name) for name in self._values},
            base=chosen,
        )

    def _base(self, axes: list[Axis], base: Mapping[str, Value]) -> tuple[int, ...]:
        """Returns the base's position on each axis. On a searched range a base between two values is added to them."""
        chosen: dict[str, tuple[str, Value]] = {}
        for given, value in base.items():
            where = self._document.where(("base", given))
            name = self.find(given, axes, "base", where)
            if chosen.setdefault(name, (given, value))[1] != value:
                both = f"{given}: {value!r} beside {chosen[name][0]}: {chosen[name][1]!r}"
                raise InputError("base gives an axis one value", both, where, "Remove one")
        digits = []
        for number, axis in enumerate(axes):
            if axis.name not in chosen:
                if len(axis.values) > 1:
                    raise InputError(
                        "base must give a value for every axis with more than one",
                        f"no {axis.name}",
                        self._document.where(("base",)),
                        f"Add {axis.name}: with one of {_few(axis.values)}",
                    )
                digits.append(0)
                continue
            given, value = chosen[axis.name]
            if axis.searched is not None and value not in axis.values and axis.searched.allows(value):
                own = type(axis.values[0])(value)  # 1 on an axis of decimals is 1.0
                joined = (*axis.values, own) if own == value else axis.values
                axes[number] = axis = replace(axis, values=axis_values(sorted(joined, key=float)))
            if value not in axis.values:
                raise InputError(
                    "base must lie in the grid",
                    f"{given}: {value!r}",
                    self._document.where(("base", given)),
                    f"Use one of {_few(axis.values)}, or add it to the axis",
                )
            digits.append(axis.values.index(value))
        return tuple(digits)


def full_names(given: str, names: Mapping[str, bool]) -> list[str]:
    """Returns the full names that a short name may mean.

    That is the name itself if it is a full name, else the names that end with it. If exactly one of these has several
    values, only that one. ``names``: for each full name whether it has several values.
    """
    if given in names:
        return [given]
    ending = [name for name in names if name.endswith(f".{given}")]
    several = [name for name in ending if names[name]]
    return several if len(several) == 1 else ending


def searched_range(values: AxisValues) -> AxisRange | None:
    """Returns the range in which a search may choose any number; None if it chooses among the values."""
    return values if isinstance(values, AxisRange) and values.search is not None else None


def _few(values: AxisValues) -> str:
    if len(values) <= 8:
        return ", ".join(map(str, values))
    return f"{', '.join(map(str, values[:3]))} … {values[-1]}"
