"""How the report writes numbers. Labels and units come from the table of metrics.

Undefined numbers (None, NaN, infinite) are a dash. Minus signs are typographic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridproof.kernels.metrics import BY_NAME, METRICS, Unit
from gridproof.results.run.record import Record

UNDEFINED = "–"


def format_value(value: float | None, unit: Unit, digits: int = 1) -> str:
    """A value of a unit: 0.381 is "38.1%" as percent, "0.38" as ratio, "0" as count. digits: of a percentage.

    A ratio of 10,000 or more is only bounded (">9,999"): its denominator is close to zero.
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if unit == "percent":
        return minus(f"{100 * value:z,.{digits}f}%")
    if unit == "ratio" and abs(value) >= 10_000:
        return "<−9,999" if value < 0 else ">9,999"
    return minus(f"{value:z,.{0 if unit == 'count' else 2}f}")


def minus(text: str) -> str:
    """A formatted number with typographic minus signs."""
    return text.replace("-", "−")


def format_metric(metrics: Record, name: str) -> str:
    """The metric of that name, in its unit."""
    return format_value(metrics[name], BY_NAME[name].unit)


def metric_order(objective: str) -> list[str]:
    """The metrics as the tables list them: the objective first."""
    return list(dict.fromkeys([objective, *METRICS]))


def d3_format(unit: Unit) -> str:
    """The unit as a d3 format, for axes and hover texts."""
    return {"percent": ".1%", "ratio": ".2f", "count": ",.0f"}[unit]


def format_probability(value: float | None) -> str:
    """A probability with three decimals, or up to six where three would show 0 or 1."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if 0 < value < 1e-6:
        return "<0.000001"
    if 1 - 1e-6 < value < 1:
        return ">0.999999"
    digits = next((d for d in range(3, 7) if 0 < float(f"{value:.{d}f}") < 1), 3)
    return f"{value:.{digits}f}"


def format_with_error(value: float | None, error: float | None) -> str:
    """A p-value and its Monte Carlo error: "0.020 ± 0.004"."""
    text = format_probability(value)
    return text if value is None or error is None else f"{text}\u00a0±\u00a0{error:.{4 if 0 < error < 0.001 else 3}f}"


def format_interval(ends: Sequence[float | None] | None) -> str:
    """The two ends of an interval of ratios: "0.90 to 1.90"."""
    if ends is None or any(end is None for end in ends):
        return UNDEFINED
    return f"{format_value(ends[0], 'ratio')}\u00a0to\u00a0{format_value(ends[1], 'ratio')}"


def format_trials(value: float | None) -> str:
    """A number of trials, which need not be an integer: 3.2, 1,107,288. Rounded from 100 on."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def format_count(value: int | None) -> str:
    """An integer with thousands separators."""
    return format_value(value, "count")


def format_percentile(percentile: float) -> str:
    """A percentile, 0 to 100, with as many decimals as it needs not to show 0 or 100."""
    digits = next((d for d in range(1, 8) if 0 < float(f"{percentile:.{d}f}") < 100), 1)
    return f"{percentile:.{digits}f}%"


def capitalize_first(name: str) -> str:
    """ "hold cash" as the tables write it: Hold cash."""
    return name[:1].upper() + name[1:]


def join_words(words: Sequence[str]) -> str:
    """a, b and c."""
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def plural(number: int, noun: str) -> str:
    """ "1 day", "1,200 days"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
