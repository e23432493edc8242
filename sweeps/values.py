"""Grid values as decimals: 0.10 + 10 × 0.02 is 0.30, and the base hits it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Value: TypeAlias = int | float | str

# The most values one axis may have; more is a slip of the step.
MOST = 1_000_000
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class SameAs:
    """An axis tied to another: it always takes the other's value."""

    axis: str


def expand(raw: Any) -> tuple[Value, ...] | SameAs:
    """The values an axis entry stands for: a value, a list, {from, to, step}, {from, to, count} or {same_as: axis}.

    Raises ValueError with the rule and the remedy.
    """
    if isinstance(raw, dict):
        if set(raw) == {"same_as"}:
            return SameAs(str(raw["same_as"]))
        return _expand_range(raw)
    values = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    if not values:
        raise ValueError("an axis needs at least one value; write a value, a list or a range")
    for value in values:
        choice(value)
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise ValueError(f"an axis names each value once; remove the second {twice}")
    return values


def choice(value: Any) -> Value:
    """One value of an axis. Raises ValueError with the rule and the remedy."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("an axis value is a number or a word; write one, in quotes if it is a word")
    if not isinstance(value, str) and not abs(value) < _LARGEST:
        raise ValueError(f"a number lies within ±{_LARGEST:.0e}; correct it")
    return value


def _expand_range(raw: dict[str, Any]) -> tuple[Value, ...]:
    keys = set(raw)
    if keys not in ({"from", "to", "step"}, {"from", "to", "count"}):
        raise ValueError("a range has from, to and step, or from, to and count; correct its keys")
    if any(isinstance(choice(value), str) for value in raw.values()):
        raise ValueError("from, to, step and count of a range are numbers; correct them")
    first, last = Decimal(str(raw["from"])), Decimal(str(raw["to"]))
    if last < first:
        raise ValueError("a range must not run backwards; swap from and to")
    if "count" in raw:
        count = raw["count"]
        if not isinstance(count, int) or count < 2 or count > MOST or last == first:
            raise ValueError(
                f"a range with count needs from below to and 2 to {MOST} values; correct them, or write one value"
            )
        steps = [first + (last - first) * i / (count - 1) for i in range(count)]
    else:
        step = Decimal(str(raw["step"]))
        if step <= 0:
            raise ValueError("the step of a range must be above 0; correct it")
        if (last - first) / step >= MOST:
            raise ValueError(f"an axis has at most {MOST} values; raise the step")
        if (last - first) % step:
            landing = last - (last - first) % step
            raise ValueError(f"the step of a range must land on its end; end it at {landing}, or change the step")
        steps = [first + step * i for i in range(int((last - first) / step) + 1)]
    whole = all(value == value.to_integral_value() for value in steps) and all(
        isinstance(raw[key], int) for key in keys
    )
    return tuple(int(value) if whole else float(value) for value in steps)
