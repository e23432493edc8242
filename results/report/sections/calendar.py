"""Returns by month and year as a coloured table, with the benchmark's and the difference of each year."""

from __future__ import annotations

import math

from gridproof.results.performance.months import monthly_returns, yearly_returns
from gridproof.results.performance.performance import Performance
from gridproof.results.report.number_format import format_value
from gridproof.results.run.record import Record

# Tints of a gain and a loss, as red, green and blue; the strongest is that of a return of _STRONGEST and above.
_GAIN, _LOSS = (77, 120, 168), (179, 57, 47)
_STRONGEST = {"month": 0.10, "year": 0.40}


def calendar_section(performance: Performance, published: str | None) -> Record:
    """A row for each year: the year, 12 months, the year, the benchmark and the difference, each (text, colour).

    published_in: the year of publication, which has days on both sides; None where there is none.
    """
    months = monthly_returns(performance.base)
    years, others = yearly_returns(performance.base), yearly_returns(performance.benchmark)
    rows = []
    for year in months.index:
        cells = [_cell(float(value), "month") for value in months.loc[year]]
        totals = [float(years[year]), float(others[year]), float(years[year] - others[year])]
        rows.append((str(year), cells, [_cell(value, "year") for value in totals]))
    ahead = int((years > others).sum())
    return {
        "rows": rows,
        "benchmark": performance.benchmark_name,
        "ahead": ahead,
        "years": len(years),
        "published": None if published is None else published[:4],
    }


def _cell(value: float, kind: str) -> tuple[str, str]:
    if not math.isfinite(value):
        return "", ""
    red, green, blue = _GAIN if value > 0 else _LOSS
    share = min(abs(value) / _STRONGEST[kind], 1.0)
    return format_value(value, "percent"), f"rgba({red},{green},{blue},{0.5 * share:.2f})"
