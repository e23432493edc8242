"""Grid values as decimals: 0.10 + 10 × 0.02 is 0.30, and the base hits it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Value: TypeAlias = int | float | str

# The most values one axis may have; more is a slip of the step.
MOST = 1_000_000


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
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"an axis value is a number or a word, not {value!r}; quote it if it is a word")
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise ValueError(f"an axis names each value once, {twice!r} is there twice; remove one")
    return values


def _expand_range(raw: dict[str, Any]) -> tuple[Value, ...]:
    keys = set(raw)
    if keys not in ({"from", "to", "step"}, {"from", "to", "count"}):
        raise ValueError("a range has from, to and step, or from, to and count; correct its keys")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in raw.values()):
        raise ValueError("from, to, step and count of a range are numbers; correct them")
    first, last = Decimal(str(raw["from"])), Decimal(str(raw["to"]))
    if last < first:
        raise ValueError(f"a range must not run backwards, from {first} to {last}; swap from and to")
    if "count" in raw:
        count = raw["count"]
        if not isinstance(count, int) or count < 2 or count > MOST or last == first:
            raise ValueError(f"a range with count needs from below to and 2 to {MOST} values; write one value alone")
        steps = [first + (last - first) * i / (count - 1) for i in range(count)]
    else:
        step = Decimal(str(raw["step"]))
        if step <= 0:
            raise ValueError(f"the step of a range must be above 0, not {step}; correct it")
        if (last - first) / step >= MOST:
            raise ValueError(f"an axis has at most {MOST} values; raise the step")
        if (last - first) % step:
            raise ValueError(
                f"the step {step} does not land on {last}: the last would be {last - (last - first) % step}; "
                "end the range there, or change the step"
            )
        steps = [first + step * i for i in range(int((last - first) / step) + 1)]
    whole = all(value == value.to_integral_value() for value in steps) and all(
        isinstance(raw[key], int) for key in keys
    )
    return tuple(int(value) if whole else float(value) for value in steps)
