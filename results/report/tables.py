"""The report's tables, every cell as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gridproof.results.report.axis import ReportAxis, plain
from gridproof.results.report.search_record import SearchRecord
from gridproof.results.report.wording import METRICS, metric, number, share
from gridproof.results.run.record import Record

TOP_ROWS = 20


def facts_table(
    summary: Record, axes: Sequence[ReportAxis], searched: SearchRecord | None = None
) -> list[tuple[str, str]]:
    """searched: where the variants are those around what a search found."""
    window = summary["window"]
    tried = f"{summary['variants']:,}, all evaluated"
    if summary["sample"] is not None:
        tried = f"{summary['variants']:,}, of which {summary['evaluated']:,} were drawn at random and evaluated"
    distinct = "all differ in a signal or in execution"
    if summary["distinct"] < summary["variants"]:
        distinct = f"{summary['distinct']:,} differ in a signal or in execution; the others repeat one of these"
    days = f"{window['from']} to {window['to']}: {window['days_in_sample']:,} days in sample"
    if window["published"] is not None:
        days += f", {window['days_after_publication']:,} after publication ({window['published']})"
    still = [axis for axis in axes if not axis.varied]
    if searched is not None:
        tried = f"{tried}: what the search found, which is the base, and what surrounds it"
        days += f"; the search saw only those in sample{', which are all' * (window['published'] is None)}"
        still = [axis for axis in still if searched.meant(axis.name, summary["base"]["parameters"])]
    fixed = ", ".join(f"{axis.name} {axis.text(axis.base)}" for axis in still)
    ranked = f"{METRICS[summary['objective']][0]}, in sample; {plain(summary['periods_per_year'])} days a year"
    computed = f"{summary['backend']}, code {summary['code'][:12]}, data {summary['data_hash'][:12]}"
    facts = [
        ("Variants" if searched is None else "Swept", tried),
        ("Distinct", distinct),
        ("Window", days),
        ("Ranked by", ranked),
    ]
    return [*facts, ("Computed by", computed), *([("Not varied", fixed)] if fixed else [])]


def comparison_table(summary: Record, statistics: Record | None = None) -> dict[str, Any]:
    """Metrics down, the same holdings across, once in sample and once after publication; blank: not computed."""
    who = {"Base": summary["base"], "Best": summary["best"]}
    ensemble = ((statistics or {}).get("who") or {}).get("ensemble")
    if ensemble:
        who["Ensemble"] = {key: ensemble.get(key) or {} for key in ("in_sample", "after_publication")}
    who |= {f"Hold {leg}": held for leg, held in summary["hold"].items()}
    groups = [("In sample", "in_sample", "percentile")]
    if summary["base"]["after_publication"] is not None:
        groups.append(("After publication", "after_publication", "percentile_after_publication"))
    parts = [[one[key] for one in who.values()] for _, key, _ in groups]
    rows = [
        (label, [[metric(metrics, name) if name in metrics else "" for metrics in part] for part in parts])
        for name, (label, _) in METRICS.items()
    ]
    for leg in summary["legs"]:
        shares = [[one.get("exposure_by_leg") for one in part] for part in parts]
        weights = [["" if one is None else number(one[leg], "percent") for one in part] for part in shares]
        rows.append((f"Weight in {leg}", weights))
    places = [[one.get(key) for one in who.values()] for _, _, key in groups]
    rows.insert(1, ("Better than", [["" if p is None else share(p) for p in part] for part in places]))
    return {"who": list(who), "groups": [title for title, _, _ in groups], "rows": rows}


def top_table(summary: Record, top: pd.DataFrame, axes: Sequence[ReportAxis]) -> dict[str, Any]:
    """The first rows of top.parquet. Axes on which all of them agree are named once, as ``shared``.

    A row is (rank, equal, [(value, whether it is the base's)], numbers, whether it is the base).
    """
    first = top.head(TOP_ROWS)
    varied = [axis for axis in axes if axis.varied]
    apart = [axis for axis in varied if first[axis.name].nunique() > 1]
    inside = list(dict.fromkeys([summary["objective"], "sharpe", "cagr", "max_drawdown", "switches"]))
    after = [] if summary["base"]["after_publication"] is None else inside[: inside.index("switches")]
    names = [*inside, *(f"after.{name}" for name in after)]
    rows = []
    for row in first.to_dict("records"):
        places = [(axis, axis.values.index(row[axis.name])) for axis in apart]
        parameters = [(axis.texts[place], place == axis.base) for axis, place in places]
        numbers = [number(row[name], METRICS[name.removeprefix("after.")][1]) for name in names]
        is_base = int(row["index"]) == summary["base"]["index"]
        rows.append((int(row["rank"]), f"{int(row['equal']):,}", parameters, numbers, is_base))
    shared = []
    for axis in varied if rows else []:
        if axis not in apart:
            place = axis.values.index(first[axis.name].iloc[0])
            same = "as the base" if place == axis.base else f"base {axis.texts[axis.base]}"
            shared.append(f"{axis.name} {axis.text(place)} ({same})")
    return {
        "axes": apart,
        "shared": shared,
        "labels": [METRICS[name.removeprefix("after.")][0] for name in names],
        "inside": len(inside),
        "after": len(after),
        "rows": rows,
        "all": len(top),
    }
