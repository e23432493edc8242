"""What the benchmark did after each level of the base's signals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridproof.results.performance.performance import Performance
from gridproof.results.performance.signal_levels import returns_by_level
from gridproof.results.report.number_format import UNDEFINED, format_count, format_value, minus

HORIZONS = (1, 5, 20)
_PREFIX = "base.value."


def signal_level_rows(performance: Performance) -> list[list[str]]:
    """Signal, level, days, mean return of the benchmark at each horizon, and the share above zero at the last.

    Empty for a run that recorded no values of signals.
    """
    rows = []
    for column in performance.curves.columns:
        if not column.startswith(_PREFIX):
            continue
        name = column.removeprefix(_PREFIX)
        levels = returns_by_level(performance.curves[column], performance.benchmark, HORIZONS)
        digits = _digits([end for one in levels for end in (one.low, one.high)])
        for number, one in enumerate(levels):
            ends = [minus(f"{end:z,.{digits}f}") for end in (one.low, one.high)]
            level = ends[0] if one.low == one.high else f"{ends[0]} to {ends[1]}"
            means = [format_value(value, "percent", digits=2) for value in one.forward]
            share = UNDEFINED if one.positive != one.positive else format_value(one.positive, "percent")
            rows.append(["" if number else name, level, format_count(one.days), *means, share])
    return rows


def _digits(ends: Sequence[float]) -> int:
    """Decimals of the bounds of one signal: four digits of the largest, none where all are whole numbers."""
    largest = max((abs(end) for end in ends), default=0.0)
    if largest == 0.0 or all(end == round(end) for end in ends):
        return 0
    return min(max(3 - math.floor(math.log10(largest)), 0), 10)
