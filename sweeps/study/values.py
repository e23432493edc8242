"""Parses an axis of a study file: a value, a list of values, a range, or a tie to another axis."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gridproof.results.axis_range import AxisRange, AxisValues, Value, axis_values

# The most values that an axis may have; more are usually a mistake in the step.
_MOST = 1_000_000
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class SameAs:
    """An axis tied to another one: both always have the same value."""

    axis: str


def parse_axis(raw: Any) -> AxisValues | SameAs:
    """Parse an axis entry: a value, a list of values, {from, to, step}, {from, to, count} or {same_as: axis}.

    A range with ``count`` may have ``scale: log``. ``search: continuous`` or ``integer``: the numbers that a search may
    choose between the ends. Raises ValueError with a message 'rule; remedy' if the entry is invalid.
    """
    if isinstance(raw, dict):
        if set(raw) == {"same_as"}:
            return SameAs(str(raw["same_as"]))
        return _parse_range(raw)
    values = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    if not values:
        raise ValueError("an axis has at least one value; write a value, a list or a range")
    for value in values:
        check_value(value)
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise ValueError(f"each value of an axis occurs once; remove the second {twice}")
    return axis_values(values)


def check_value(value: Any) -> Value:
    """Returns a valid value of an axis unchanged. Raises ValueError with a message 'rule; remedy' otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("an axis value is a number or text; write one, text such as 'true' in quotes")
    if not isinstance(value, str) and not abs(value) < _LARGEST:
        raise ValueError(f"a number is between -{_LARGEST:.0e} and {_LARGEST:.0e}; correct it")
    return value


def _parse_range(raw: dict[str, Any]) -> AxisValues:
    numbers = dict(raw)
    scale, search = numbers.pop("scale", "linear"), numbers.pop("search", None)
    keys = set(numbers)
    if keys not in ({"from", "to", "step"}, {"from", "to", "count"}):
        raise ValueError("a range has the keys `from`, `to` and `step`, or `from`, `to` and `count`; correct its keys")
    if any(isinstance(check_value(value), str) for value in numbers.values()):
        raise ValueError("`from`, `to`, `step` and `count` of a range are numbers; correct them")
    if search not in (None, "continuous", "integer"):
        raise ValueError("`search` of a range is continuous or integer; choose one, or remove the key")
    whole = all(isinstance(numbers[key], int) for key in keys)
    if search == "integer" and not whole:
        raise ValueError("a range with `search: integer` has whole numbers; write whole numbers, or search: continuous")
    if scale not in ("linear", "log"):
        raise ValueError("`scale` of a range is log; write log, or remove the key")
    first, last = numbers["from"], numbers["to"]
    if scale == "log" and ("count" not in keys or first <= 0):
        raise ValueError("a log range has `from` above 0 and `count`, no `step`; correct it")
    if last < first:
        raise ValueError("`from` of a range must not be above `to`; swap them")
    size = numbers["count"] if "count" in keys else _size_by_step(numbers)
    if not isinstance(size, int) or not 2 <= size <= _MOST or first == last:
        if size == 1 and "step" in keys:
            return (first if whole else float(first),)
        raise ValueError(f"a range with `count` has `from` below `to` and 2 to {_MOST} values; correct it")
    if scale == "log":
        whole = isinstance(first, int) and isinstance(last, int)
    else:
        whole = whole and (last - first) % (size - 1) == 0
    first, last = (first, last) if whole else (float(first), float(last))
    return AxisRange(first, last, size, scale, search)


def _size_by_step(numbers: dict[str, Any]) -> int:
    first, last, step = (Decimal(str(numbers[key])) for key in ("from", "to", "step"))
    if step <= 0:
        raise ValueError("`step` of a range is above 0; correct it")
    if (last - first) / step >= _MOST:
        raise ValueError(f"an axis has at most {_MOST} values; raise the step")
    if rest := (last - first) % step:
        raise ValueError(f"a range ends on one of its steps; end it at {last - rest}, or change the step")
    return int((last - first) / step) + 1
