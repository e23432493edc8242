"""The values that an axis may have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from gridproof.kernels.errors import InputError
from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values, ends


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """The values that an axis may have: of type ``kind``, at least ``least``, below ``below``, one of ``choices``.

    ``fits``: returns None for a value that may stand there, else the rule that it breaks and the remedy. ``whole``:
    whether a range must have whole numbers.
    """

    kind: type[int] | type[float] | type[str] | None = None
    least: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    fits: Callable[[Value], tuple[str, str] | None] | None = None
    whole: bool = False

    def check(self, name: str, values: AxisValues, where: str) -> AxisValues:
        """Returns the values, as float if the kind is float. Raises InputError if one is not allowed."""
        for value in ends(values):
            if self.fits is not None and (problem := self.fits(value)) is not None:
                raise InputError(f"{name} {problem[0]}", repr(value), where, problem[1])
            if self.choices and value not in self.choices:
                raise InputError(f"{name} is one of its choices", repr(value), where, f"Use {', '.join(self.choices)}")
            if self.kind is int and not isinstance(value, int):
                raise InputError(f"{name} must be an integer", repr(value), where, "Write integers, also in a range")
            if self.kind is float and isinstance(value, str):
                raise InputError(f"{name} must be a number", repr(value), where, "Write a number")
            if self.least is not None and not isinstance(value, str) and value < self.least:
                raise InputError(f"{name} must be at least {self.least}", value, where, "Raise it")
            if self.below is not None and not isinstance(value, str) and value >= self.below:
                remedy = "Lower it: it is a share, not %" if self.below == 1 else "Lower it"
                raise InputError(f"{name} must be below {self.below}", value, where, remedy)
        if isinstance(values, AxisRange):
            if (self.kind is int or self.whole) and values.search == "continuous":
                raise InputError(f"{name} must be an integer", "search: continuous", where, "Write search: integer")
            return values.as_floats() if self.kind is float else values
        return axis_values([float(value) for value in values]) if self.kind is float else values


NO_LIMITS = AxisLimits()


def limits_of_key(spec: type[BaseModel], key: str) -> AxisLimits:
    """Returns the limits that a key of a study declares; those of an axis that declares none allow every value."""
    return next((one for one in spec.model_fields[key].metadata if isinstance(one, AxisLimits)), NO_LIMITS)
