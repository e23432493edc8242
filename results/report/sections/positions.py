"""The list of the base's positions: from, to, days, return, and what the benchmark made meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gridproof.results.performance.performance import Performance
from gridproof.results.report.figures import allocation_order
from gridproof.results.report.number_format import UNDEFINED, format_count, format_value
from gridproof.results.report.sections.rule import held_text
from gridproof.results.run.record import Record

SHOWN = 400  # positions of the page, the latest


def positions_section(performance: Performance, weights: Mapping[str, Mapping[str, float]]) -> Record:
    """The latest positions first, their number, and a row of averages for each allocation, steps in order.

    weights: of the base, by the name of each allocation of a mix its legs.
    """
    table = performance.positions()
    latest = table.iloc[::-1].head(SHOWN)
    rows = []
    for one in latest.to_dict("records"):
        own, other = float(one["return"]), float(one["benchmark"])
        returns = [format_value(value, "percent") for value in (own, other, own - other)]
        cells = [held_text(str(one["held"]), weights), _day(one["from"]), _day(one["to"])]
        rows.append([*cells, format_count(int(one["days"])), *returns, *([one["end"]] if "end" in one else [])])
    groups = table.groupby("held", sort=False)
    families = list(dict.fromkeys(allocation_order(str(leg))[0] for leg in table["held"]))
    legs = sorted(
        dict.fromkeys(table["held"]), key=lambda leg: (families.index(allocation_order(leg)[0]), allocation_order(leg))
    )
    return {
        "rows": rows,
        "count": len(table),
        "benchmark": performance.benchmark_name,
        "ends": "end" in table,
        "legs": [
            [held_text(leg, weights), *_of_leg(groups.get_group(leg), leg == performance.benchmark_name)]
            for leg in legs
        ],
    }


def _of_leg(part: pd.DataFrame, is_benchmark: bool) -> list[str]:
    """Number, mean days, share of gains, mean, worst and best return, share in which it was ahead of the benchmark."""
    own = part["return"]
    return [
        format_count(len(part)),
        format_value(float(part["days"].mean()), "count"),
        format_value(float((own > 0).mean()), "percent"),
        format_value(float(own.mean()), "percent"),
        format_value(float(own.min()), "percent"),
        format_value(float(own.max()), "percent"),
        UNDEFINED if is_benchmark else format_value(float((own > part["benchmark"]).mean()), "percent"),
    ]


def _day(when: pd.Timestamp) -> str:
    return when.strftime("%Y-%m-%d")
