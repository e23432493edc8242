"""A range of axis values, exact in decimals: the one form from the study file to search, ledger, summary and report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, Inexact, localcontext
from functools import cached_property
from math import exp, floor, isfinite, log, log10, ulp
from typing import Any, Literal, SupportsIndex, TypeAlias, overload

from gridproof.results.run.summary_record import RangeRecord

Value: TypeAlias = int | float | str

Scale: TypeAlias = Literal["linear", "log"]
Search: TypeAlias = Literal["continuous", "integer"]


@dataclass(frozen=True)
class AxisRange(Sequence[Value]):
    """``size`` numbers from ``first`` to ``last``, both included, in ascending order.

    The values are int where both ends are int, else float. A linear range has values at equal distances, computed in
    decimals: value 10 of 0.10, 0.12, … is 0.30. A log range has equal ratios, rounded to five significant digits (to
    whole numbers where the ends are int); values that become equal by rounding occur once, so ``len`` may be below
    ``size``.

    ``search``: what a search may choose between the ends, besides the values: any number, or any whole number. It
    does not take part in comparison. Nothing is expanded before the values are iterated over; for a linear range
    ``len``, indexing, ``index``, ``in``, ``==`` and ``hash`` take constant time. A range never equals a tuple: use
    ``axis_values`` to give equal values the same form.

    >>> tuple(AxisRange(0.1, 0.3, 3))
    (0.1, 0.2, 0.3)
    """

    first: int | float
    last: int | float
    size: int
    scale: Scale = "linear"
    search: Search | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Raises ValueError where there is no such range; the message is 'rule; remedy'."""
        if self.size < 2 or not self.first < self.last or not isfinite(self.last - self.first):
            raise ValueError("a range has `from` below `to` and at least two values; correct them")
        if self.scale == "log" and self.first <= 0:
            raise ValueError("a log range has `from` above 0; correct it")
        if self.scale == "linear":
            if self.whole and (self.last - self.first) % (self.size - 1):
                raise ValueError("a range of whole numbers has a whole step; change its ends or its step")
            if not self.whole and (self.last - self.first) / (self.size - 1) < ulp(max(-self.first, self.last)):
                raise ValueError("neighbouring values of a range are different numbers; raise the step")

    @classmethod
    def of(cls, values: Sequence[Value]) -> AxisRange | None:
        """The linear range with exactly these values, all int or all float; None where there is none."""
        if len(values) < 2 or type(values[0]) not in (int, float) or type(values[-1]) is not type(values[0]):
            return None
        kind = type(values[0])
        try:
            found = cls(values[0], values[-1], len(values))  # type: ignore[arg-type]
        except ValueError:
            return None
        if found[1] != values[1]:
            return None
        same = all(type(one) is kind and one == other for one, other in zip(values, found, strict=True))
        return found if same else None

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers (int)."""
        return isinstance(self.first, int) and isinstance(self.last, int)

    @property
    def step(self) -> Decimal | None:
        """The distance between neighbouring values; None for a log range, or where no decimal number is the step."""
        if self.scale == "log":
            return None
        try:
            with localcontext() as context:
                context.traps[Inexact] = True
                return (Decimal(str(self.last)) - Decimal(str(self.first))) / (self.size - 1)
        except Inexact:
            return None

    def as_floats(self) -> AxisRange:
        """The same range with values of type float."""
        return self if not self.whole else replace(self, first=float(self.first), last=float(self.last))

    def allows(self, value: Value) -> bool:
        """Whether a search may choose this value, on the range or between its values."""
        if isinstance(value, str) or not self.first <= value <= self.last:
            return False
        return self.search != "integer" or value == int(value)

    def rounded(self, value: float) -> int | float:
        """A number that a search chose: five significant digits of the range's width, on a log scale of the value."""
        return round(value) if self.search == "integer" else self._five_digits(value)

    def record(self) -> RangeRecord:
        """The range for a JSON file; ``read`` is its inverse but for ``search``."""
        step = self.step
        number = None if step is None else int(step) if self.whole else float(step)
        return {"from": self.first, "to": self.last, "step": number, "count": self.size, "scale": self.scale}

    @classmethod
    def read(cls, record: RangeRecord) -> AxisRange:
        return cls(record["from"], record["to"], record["count"], record["scale"])

    def __len__(self) -> int:
        return self.size if self.scale == "linear" else len(self._values)

    @overload
    def __getitem__(self, position: SupportsIndex) -> Value: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Value, ...]: ...
    def __getitem__(self, position: SupportsIndex | slice) -> Value | tuple[Value, ...]:
        if isinstance(position, slice):
            return tuple(self._values[position])
        return self._at(range(self.size)[position]) if self.scale == "linear" else self._values[int(position)]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    def __contains__(self, value: object) -> bool:
        return self._position(value) is not None

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The position of a value. Raises ValueError where it is not on the range."""
        at = self._position(value)
        if at is None or at not in range(len(self))[start:stop]:
            raise ValueError(f"{value!r} is not on the range")
        return at

    def _position(self, value: object) -> int | None:
        if not isinstance(value, int | float) or not self.first <= value <= self.last:
            return None
        if self.scale == "log":
            return self._values.index(value) if value in self._values else None
        at = round((value - self.first) / (self.last - self.first) * (self.size - 1))
        return at if self._at(at) == value else None

    def _at(self, position: int) -> int | float:
        if isinstance(self.first, int) and isinstance(self.last, int):
            return self.first + (self.last - self.first) // (self.size - 1) * position
        first, last = Decimal(str(self.first)), Decimal(str(self.last))
        return float(first + (last - first) * position / (self.size - 1))

    @cached_property
    def _values(self) -> Sequence[int | float]:
        gaps = self.size - 1
        if self.scale == "log":
            ratio = log(self.last) - log(self.first)
            inner = [self._five_digits(exp(log(self.first) + ratio * at / gaps)) for at in range(1, gaps)]
            ends = (self.first, self.last) if self.whole else (float(self.first), float(self.last))
            return tuple(dict.fromkeys((ends[0], *inner, ends[1])))
        if isinstance(self.first, int) and isinstance(self.last, int):
            return range(self.first, self.last + 1, (self.last - self.first) // gaps)
        first, last = Decimal(str(self.first)), Decimal(str(self.last))
        return tuple(float(first + (last - first) * at / gaps) for at in range(self.size))

    def _five_digits(self, value: float) -> int | float:
        if self.scale == "log" and self.whole:
            return round(value)
        digits = 4 - floor(log10(abs(value) if self.scale == "log" else self.last - self.first))
        return min(max(round(float(value), digits), float(self.first)), float(self.last))


# The values of an axis: a range where they are one, else each by itself.
AxisValues: TypeAlias = tuple[Value, ...] | AxisRange


def axis_values(values: Sequence[Value]) -> AxisValues:
    """Values in the one form that equal values share: an AxisRange where ``AxisRange.of`` finds one, else a tuple.

    >>> axis_values([20, 40, 60])
    AxisRange(first=20, last=60, size=3, scale='linear', search=None)
    >>> axis_values([20, 40, 90])
    (20, 40, 90)
    """
    if isinstance(values, AxisRange):
        return values
    return AxisRange.of(values) or tuple(values)


def ends(values: AxisValues) -> tuple[Value, ...]:
    """The values that bound all others: the ends of a range, or every value of a list."""
    return (values.first, values.last) if isinstance(values, AxisRange) else values
