"""Grid values as decimals: 0.10 + 10 × 0.02 is 0.30, and the base hits it. And what a search may choose besides."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import exp, floor, log, log10
from typing import Any, TypeAlias

Value: TypeAlias = int | float | str

# The most values one axis may have; more is a slip of the step.
MOST = 1_000_000
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class SameAs:
    """An axis tied to another: it always takes the other's value."""

    axis: str


@dataclass(frozen=True, slots=True)
class SearchRange:
    """What a search may choose on an axis besides its own values: anything from ``low`` to ``high``.

    ``whole``: whole numbers. ``log``: as many between 1 and 10 as between 10 and 100.
    """

    low: int | float
    high: int | float
    whole: bool
    log: bool

    def reaches(self, value: Value) -> bool:
        """Whether a search may choose it."""
        if isinstance(value, str) or not self.low <= value <= self.high:
            return False
        return not self.whole or value == int(value)

    def rounded(self, value: float) -> Value:
        """To four digits of the range, or of the value where the scale is logarithmic: what a person would write."""
        if self.whole:
            return round(value)
        digits = 4 - floor(log10(abs(value) if self.log else self.high - self.low))
        return min(max(round(float(value), digits), float(self.low)), float(self.high))


def expand(raw: Any) -> tuple[Value, ...] | SameAs:
    """The values an axis entry stands for: a value, a list, {from, to, step}, {from, to, count} or {same_as: axis}.

    A range with count may have ``scale: log``; ``search: continuous`` or ``integer`` says what a search may choose.
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


def draw_of(raw: Any) -> SearchRange | None:
    """What a search may choose besides the values of an entry that ``expand`` accepts; None: those alone."""
    if not isinstance(raw, dict) or "search" not in raw:
        return None
    return SearchRange(raw["from"], raw["to"], raw["search"] == "integer", raw.get("scale") == "log")


def _expand_range(raw: dict[str, Any]) -> tuple[Value, ...]:
    raw = dict(raw)
    scale, search = raw.pop("scale", "linear"), raw.pop("search", None)
    keys = set(raw)
    if keys not in ({"from", "to", "step"}, {"from", "to", "count"}):
        raise ValueError("a range has from, to and step, or from, to and count; correct its keys")
    if any(isinstance(choice(value), str) for value in raw.values()):
        raise ValueError("from, to, step and count of a range are numbers; correct them")
    if search not in (None, "continuous", "integer"):
        raise ValueError("search of a range is continuous or integer; write one, or leave it out for its values alone")
    whole = all(isinstance(raw[key], int) for key in keys)
    if search == "integer" and not whole:
        raise ValueError("a range that is searched by whole numbers has whole numbers; write them, or continuous")
    if scale == "log":
        return _expand_log(raw)
    if scale != "linear":
        raise ValueError("scale of a range is log; write it, or leave it out")
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
    whole = whole and all(value == value.to_integral_value() for value in steps)
    return tuple(int(value) if whole else float(value) for value in steps)


def _expand_log(raw: dict[str, Any]) -> tuple[Value, ...]:
    """Evenly spaced ratios, to four digits; whole where both ends are, those that meet once."""
    first, last, count = raw["from"], raw["to"], raw.get("count")
    if not isinstance(count, int) or not 2 <= count <= MOST or not 0 < first < last:
        raise ValueError(f"a log range has from above 0, below to, and a count of 2 to {MOST}; correct them")
    draw = SearchRange(first, last, isinstance(first, int) and isinstance(last, int), True)
    inner = [draw.rounded(exp(log(first) + (log(last) - log(first)) * at / (count - 1))) for at in range(1, count - 1)]
    ends = (first, last) if draw.whole else (float(first), float(last))
    return tuple(dict.fromkeys((ends[0], *inner, ends[1])))
