"""How a monitor writes values, changes and shares."""

from __future__ import annotations

from gridproof.results.monitor.record import Unit
from gridproof.results.monitor.texts import Language, text
from gridproof.results.report.number_format import UNDEFINED, minus


def format_value(value: float | None, unit: Unit) -> str:
    """0.0512 is "5.12%" as percent, "0.05" as number, "0" as count; an index has thousands separators."""
    if value is None:
        return UNDEFINED
    if unit == "percent":
        digits = 2 if abs(value) < 0.1 else 1
        return minus(f"{100 * value:z,.{digits}f}%")
    digits = 0 if unit == "count" else 2
    return minus(f"{value:z,.{digits}f}")


def format_change(value: float | None, unit: Unit, lang: Language) -> str:
    """A change with its sign: percentage points of a percentage, percent of an index, else the difference."""
    if value is None:
        return UNDEFINED
    if unit == "percent":
        return minus(f"{100 * value:+z,.2f}") + f" {text('points', lang)}"
    if unit == "index":
        return minus(f"{100 * value:+z.1f}%")
    return minus(f"{value:+z,.{0 if unit == 'count' else 2}f}")


def format_share(value: float | None) -> str:
    """A share as a whole percentage; what is not 0 or 1 is not written as 0% or 100%."""
    if value is None:
        return UNDEFINED
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 < value < 1:
        return ">99%"
    return f"{100 * value:.0f}%"
