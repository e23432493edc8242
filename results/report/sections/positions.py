"""The list of the base's positions: from, to, days, return, and what the benchmark made meanwhile."""

from __future__ import annotations

import pandas as pd

from gridproof.results.performance.performance import Performance
from gridproof.results.performance.positions import list_positions
from gridproof.results.report.figures import allocation_order
from gridproof.results.report.number_format import format_count, format_value
from gridproof.results.run.record import Record

SHOWN = 400  # positions of the page, the latest


def positions_section(performance: Performance) -> Record:
    """The latest positions first, their number, and a row of averages for each allocation, steps in order."""
    table = list_positions(performance.held, performance.base, performance.benchmark)
    latest = table.iloc[::-1].head(SHOWN)
    rows = []
    for held, start, end, days, own, other in zip(*(latest[name] for name in latest.columns), strict=True):
        returns = [format_value(float(value), "percent") for value in (own, other, own - other)]
        rows.append([str(held), _day(start), _day(end), format_count(int(days)), *returns])
    groups = table.groupby("held", sort=False)
    families = list(dict.fromkeys(allocation_order(str(leg))[0] for leg in table["held"]))
    legs = sorted(
        dict.fromkeys(table["held"]), key=lambda leg: (families.index(allocation_order(leg)[0]), allocation_order(leg))
    )
    return {
        "rows": rows,
        "count": len(table),
        "benchmark": performance.benchmark_name,
        "legs": [_of_leg(leg, groups.get_group(leg)) for leg in legs],
    }


def _of_leg(leg: str, part: pd.DataFrame) -> list[str]:
    """Number, mean days, share of gains, mean, worst and best return, share in which it was ahead of the benchmark."""
    own = part["return"]
    return [
        leg,
        format_count(len(part)),
        format_value(float(part["days"].mean()), "count"),
        format_value(float((own > 0).mean()), "percent"),
        format_value(float(own.mean()), "percent"),
        format_value(float(own.min()), "percent"),
        format_value(float(own.max()), "percent"),
        format_value(float((own > part["benchmark"]).mean()), "percent"),
    ]


def _day(when: pd.Timestamp) -> str:
    return when.strftime("%Y-%m-%d")
