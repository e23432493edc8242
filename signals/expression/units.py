"""Units: what a result of arithmetic measures, and which constants fit an argument or a comparison."""

from __future__ import annotations

import datetime
from math import inf, isinf

from gridproof.signals.expression.duration import is_duration
from gridproof.signals.expression.operators.argument import ALL_WRITTEN, Argument
from gridproof.signals.expression.operators.quantity import NUMBER, Quantity


def negative(unit: Quantity) -> Quantity:
    """The unit of −x: the bounds are mirrored."""
    return (
        NUMBER
        if isinf(unit.low) and isinf(unit.high)
        else Quantity(f"the negative of {unit.name}", -unit.high, -unit.low)
    )


def arithmetic(sign: str, left: Quantity, right: Quantity) -> Quantity:
    """The unit of a sum, difference, product, quotient or power: its bounds where both sides have bounds."""
    if sign == "-" and not any(map(isinf, (left.low, left.high, right.low, right.high))):
        return Quantity("a difference", left.low - right.high, left.high - right.low)
    if sign == "+" and not any(map(isinf, (left.low, left.high, right.low, right.high))):
        return Quantity("a sum", left.low + right.low, left.high + right.high)
    return NUMBER


def either(left: Quantity, right: Quantity) -> Quantity:
    """The unit of a number that is one or the other."""
    return left if left == right else NUMBER


def between(unit: Quantity) -> str:
    if isinf(unit.high):
        return f"at {unit.low:g} or above"
    return f"at {unit.high:g} or below" if isinf(unit.low) else f"between {unit.low:g} and {unit.high:g}"


def remedy(unit: Quantity, value: float) -> str:
    """What to write instead of a value beyond the bounds of a unit."""
    if unit.high in (0.0, 1.0) and unit.low <= value / 100 <= unit.high:
        return f"Write {value / 100:g}: it is a share, not %"
    if unit.high == 100.0 and 0 < value < 1:
        return f"Write {value * 100:g}"
    return f"Write a number {between(unit)}"


def misfit(value: object, argument: Argument) -> tuple[str, str] | None:
    """Returns the rule ("is …") and the remedy where a value does not fit a scalar argument, else None."""
    kind = argument.kind
    if kind == "choice":
        if value in argument.choices:
            return None
        return f"must be one of {', '.join(argument.choices)}", f"Write {argument.choices[0]}"
    if kind == "date":
        try:
            datetime.date.fromisoformat(str(value))
        except ValueError:
            return "must be a date", "Write it as 2005-01-31"
        return None
    if kind == "window":
        if is_duration(value):
            return None
        if value == ALL_WRITTEN:
            return None if argument.every else ("must be a number of values, not all", "Write a number or a duration")
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number of values or a duration", "Write one, such as 20 or 6m"
    elif isinstance(value, str | bool) or not isinstance(value, int | float):
        return "must be a number", "Write a number"
    elif argument.whole and not isinstance(value, int):
        return "must be a whole number", "Write one"
    least, most = -inf if argument.least is None else argument.least, inf if argument.most is None else argument.most
    if value < least:
        return f"must be at least {least:g}", "Raise it"
    if value > most:
        return f"must be at most {most:g}", "Lower it"
    return None
