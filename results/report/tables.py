"""The report's tables; every cell is text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import ReportAxis, plain
from gridproof.results.report.number_format import format_metric, format_percentile, format_value, metric_order
from gridproof.results.report.search_record import SearchRecord
from gridproof.results.run.conclusion_record import MIX
from gridproof.results.run.record import Record
from gridproof.results.run.summary_record import ENTRY, NAV

TOP_ROWS = 20

_KERNEL = {
    NAV: "daily: positions depend on the NAV, so variants are evaluated day by day",
    ENTRY: "daily: weights drift from the day of entry, so variants are evaluated day by day",
}


def facts_table(
    summary: Record, axes: Sequence[ReportAxis], searched: SearchRecord | None = None
) -> list[tuple[str, str]]:
    """What was evaluated, over which days and with what. searched: where a search found the base."""
    window = summary["window"]
    evaluated = f"{summary['variants']:,}, all evaluated"
    if summary["sample"] is not None:
        evaluated = f"{summary['variants']:,}; a random sample of {summary['evaluated']:,} was evaluated"
    distinct = "all; each differs in the path of a signal or in execution"
    if summary["distinct"] < summary["variants"]:
        distinct = (
            f"{summary['distinct']:,} differ in the path of a signal or in execution; the others repeat one of these"
        )
    days = f"{window['from']} to {window['to']}: {window['days_in_sample']:,} days in sample"
    if window["published"] is not None:
        days += f", {window['days_after_publication']:,} after publication ({window['published']})"
    fixed = [axis for axis in axes if not axis.varied]
    if searched is not None:
        evaluated += ": the base, which the search found, and the variants around it"
        days += f"; the search used the days in sample only{', which are all days' * (window['published'] is None)}"
        fixed = [axis for axis in fixed if searched.is_used(axis.name, summary["base"]["parameters"])]
    ranked = f"{BY_NAME[summary['objective']].label} in sample; {plain(summary['periods_per_year'])} days a year"
    computed = f"backend {summary['backend']}, code {summary['code'][:12]}, data {summary['data_hash'][:12]}"
    facts = [
        ("Variants" if searched is None else "Swept", evaluated),
        ("Distinct", distinct),
        ("Window", days),
        ("Ranked by", ranked),
        ("Computed by", computed),
    ]
    if summary.get("kernel") == "daily":
        facts += [("Kernel", _KERNEL[reason]) for reason in summary.get("kernel_for", [NAV])]
    if summary["choices"] < summary["variants"]:
        imposed = [axis for axis in axes if axis.varied and axis.name in summary["environment"]]
        where = ", ".join(f"{axis.name} {axis.text(axis.base)}" for axis in imposed)
        text = f"{summary['choices']:,} variants have the base's environment: {where}"
        drawn = f"; {summary['evaluated_choices']:,} of them were evaluated"
        text += drawn if summary["evaluated_choices"] < summary["choices"] else ""
        facts.insert(1, ("Choices", f"{text}. Base and best are compared among these"))
    values = ", ".join(f"{axis.name} {axis.text(axis.base)}" for axis in fixed)
    return [*facts, *([("Not varied", values)] if values else [])]


def comparison_table(summary: Record, statistics: Record | None = None, alone: bool = False) -> dict[str, Any]:
    """Metrics as rows; base, best, ensemble and legs as columns for each segment. Blank: not computed.

    alone: the base is the only variant, so there is no best and no rank.
    """
    who = {"Base": summary["base"]} | ({} if alone else {"Best": summary["best"]})
    ensemble = ((statistics or {}).get("who") or {}).get("ensemble")
    if ensemble:
        who["Ensemble"] = {key: ensemble.get(key) or {} for key in ("in_sample", "after_publication")}
    who |= {f"Hold {leg}": held for leg, held in summary["hold"].items()}
    mix = ((statistics or {}).get("who") or {}).get(MIX)
    if mix:
        who["Constant mix"] = {key: mix.get(key) or {} for key in ("in_sample", "after_publication")}
    groups = [("In sample", "in_sample", "percentile")]
    if summary["base"]["after_publication"] is not None:
        groups.append(("After publication", "after_publication", "percentile_after_publication"))
    parts = [[one[key] for one in who.values()] for _, key, _ in groups]
    rows = [
        (
            BY_NAME[name].label,
            [[format_metric(metrics, name) if name in metrics else "" for metrics in part] for part in parts],
        )
        for name in metric_order(summary["objective"])
    ]
    for leg in summary["base"]["in_sample"]["exposure_by_leg"]:
        shares = [[one.get("exposure_by_leg") for one in part] for part in parts]
        weights = [["" if one is None else format_value(one[leg], "percent") for one in part] for part in shares]
        rows.append((f"Weight in {leg}", weights))
    ranks = [[one.get(key) for one in who.values()] for _, _, key in groups]
    if not alone:
        rows.insert(1, ("Better than", [["" if p is None else format_percentile(p) for p in part] for part in ranks]))
    return {"who": list(who), "groups": [title for title, _, _ in groups], "rows": rows}


def top_table(summary: Record, top: pd.DataFrame, axes: Sequence[ReportAxis]) -> dict[str, Any]:
    """The first rows of top.parquet. Axes on which all rows have one value are listed once, in ``shared``.

    A row is (rank, equal, [(value, whether it is the base's)], metrics, whether it is the base).
    """
    first = top.head(TOP_ROWS)
    varied = [axis for axis in axes if axis.varied]
    columns = [axis for axis in varied if first[axis.name].nunique() > 1]
    inside = list(dict.fromkeys([summary["objective"], "sharpe", "cagr", "max_drawdown", "switches"]))
    after = [] if summary["base"]["after_publication"] is None else inside[: inside.index("switches")]
    names = [*inside, *(f"after.{name}" for name in after)]
    metrics = [BY_NAME[name.removeprefix("after.")] for name in names]
    rows = []
    for row in first.to_dict("records"):
        positions = [(axis, axis.values.index(row[axis.name])) for axis in columns]
        parameters = [(axis.texts[position], position == axis.base) for axis, position in positions]
        values = [format_value(row[name], metric.unit) for name, metric in zip(names, metrics, strict=True)]
        is_base = int(row["index"]) == summary["base"]["index"]
        rows.append((int(row["rank"]), f"{int(row['equal']):,}", parameters, values, is_base))
    shared = []
    for axis in varied if rows else []:
        if axis not in columns:
            position = axis.values.index(first[axis.name].iloc[0])
            same = "as the base" if position == axis.base else f"base {axis.texts[axis.base]}"
            shared.append(f"{axis.name} {axis.text(position)} ({same})")
    return {
        "axes": columns,
        "shared": shared,
        "labels": [metric.label for metric in metrics],
        "inside": len(inside),
        "after": len(after),
        "rows": rows,
        "all": len(top),
    }
