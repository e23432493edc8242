"""The monthly heat map of a series: years down, months across, as a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.results.report.number_format import UNDEFINED, minus

# The colours of the largest negative and positive mean, and of none.
_LOW, _HIGH = (179, 57, 47), (44, 110, 64)


def month_rows(dates: Array, values: Floats) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each year its twelve months and the year: the mean as text, and a background colour (empty: none).

    dates: (T,) datetime64[D]. values: (T,), NaN days are left out.
    """
    known = ~np.isnan(values)
    months = dates.astype("datetime64[M]").astype(np.int64)
    years = months // 12
    found: dict[Any, float] = {}
    for key in np.unique(months[known]):
        found[int(key)] = float(values[known & (months == key)].mean())
    largest = max((abs(value) for value in found.values()), default=0.0)
    rows = []
    for year in np.unique(years):
        cells = [_cell(found.get(int(year) * 12 + month), largest) for month in range(12)]
        own = values[known & (years == year)]
        rows.append((str(1970 + int(year)), [*cells, _cell(float(own.mean()) if len(own) else None, largest)]))
    return rows


def _cell(value: float | None, largest: float) -> tuple[str, str]:
    if value is None:
        return UNDEFINED, ""
    share = 0.75 * min(abs(value) / largest, 1.0) if largest > 0.0 else 0.0
    red, green, blue = (round(253 + (end - 253) * share) for end in (_HIGH if value > 0.0 else _LOW))
    return minus(f"{100 * value:.1f}"), f"#{red:02x}{green:02x}{blue:02x}"
