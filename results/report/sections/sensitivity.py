"""Section 6: the axes on which the objective depends, and whether base and best lie on a plateau or a spike."""

from __future__ import annotations

import math

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import plain
from gridproof.results.report.figures import Figure, axis, layout
from gridproof.results.report.number_format import (
    UNDEFINED,
    format_count,
    format_percentile,
    format_value,
    join_words,
)
from gridproof.results.report.sections.lookup import lookup, missing_of_two, not_computable, with_keys
from gridproof.results.run.record import Record

FIRST, TOTAL = "#4d78a8", "#c9d5e3"
MOST_PAIRS = 5
_ROW = 34  # pixels


def sensitivity_section(statistics: Record) -> Record:
    """Bars for each axis, the largest pairs, the plateau as rows, and the findings."""
    parts = with_keys(lookup(statistics, "sensitivity"), "axes", "first_order")
    # Where all variants have one result, there is no variance to divide.
    drawn = parts is not None and any(math.isfinite(_weight(parts, k)) for k in range(len(parts["axes"])))
    return {
        "figure": sensitivity_figure(parts) if drawn else _missing(statistics, parts),
        "pairs": _pairs(parts) if drawn else [],
        "finding": _axes_finding(parts) if drawn else "",
        "undefined": (parts.get("undefined") or 0) if drawn else 0,
        "no_totals": drawn and None in _totals(parts),
        "plateau": _plateau(statistics) or not_computable(statistics, "plateau"),
        "missing": missing_of_two(statistics, "plateau"),
        "plateau_finding": _plateau_finding(statistics),
    }


def _missing(statistics: Record, parts: Record | None) -> str:
    if parts is None:
        return not_computable(statistics, "sensitivity")
    return "not computable: all variants have the same result"


def sensitivity_figure(parts: Record) -> Figure:
    """Shares of the variance over the grid: each axis alone (dark), and with all its interactions (light)."""
    order = _order(parts)
    totals = _totals(parts)
    names = [parts["axes"][number] for number in order]
    data = []
    for values, name, colour, width in (
        (totals, "with its interactions", TOTAL, 0.7),
        (parts["first_order"], "alone", FIRST, 0.34),
    ):
        heights = [values[number] for number in order]
        bar: Figure = {"type": "bar", "orientation": "h", "x": heights, "y": names, "name": name, "width": width}
        data.append(bar | {"marker": {"color": colour}, "hovertemplate": f"%{{y}} {name}: %{{x:.1%}}<extra></extra>"})
    figure = layout(_ROW * len(names) + 84, margin={"t": 34, "b": 46, "l": 170, "r": 12})
    figure |= {"barmode": "overlay", "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}}
    figure["legend"]["traceorder"] = "reversed"
    figure["xaxis"] = axis("Share of the variance over the grid") | {"tickformat": ".0%", "rangemode": "tozero"}
    figure["yaxis"] = axis() | {"autorange": "reversed", "ticks": "", "ticklabelstandoff": 5, "showgrid": False}
    return {"data": data, "layout": figure}


def most_important_axis(statistics: Record) -> str:
    """The axis with the largest share, for the headline: "rate.window (41.0% of the variance)"; may be empty."""
    parts = with_keys(lookup(statistics, "sensitivity"), "axes", "first_order")
    if parts is None:
        return ""
    number = _order(parts)[0]
    if not math.isfinite(_weight(parts, number)):
        return ""
    return f"{parts['axes'][number]} ({format_value(_weight(parts, number), 'percent')} of the variance)"


def _totals(parts: Record) -> list[float | None]:
    return parts.get("total") or [None] * len(parts["axes"])


def _order(parts: Record) -> list[int]:
    """Axes by their total index, or by their own where there is none, largest first."""
    return sorted(range(len(parts["axes"])), key=lambda number: -_weight(parts, number))


def _weight(parts: Record, number: int) -> float:
    total = _totals(parts)[number]
    value = parts["first_order"][number] if total is None else total
    return -math.inf if value is None else float(value)


def _axes_finding(parts: Record) -> str:
    alone = [value for value in parts["first_order"] if value is not None]
    if not alone:
        return ""
    named = [
        f"{parts['axes'][number]} {format_value(_weight(parts, number), 'percent')}" for number in _order(parts)[:3]
    ]
    rest = format_value(max(0.0, 1.0 - sum(alone)), "percent")
    return f"The largest shares of the variance are {join_words(named)}. Interactions between axes account for {rest}."


def _pairs(parts: Record) -> list[str]:
    pairs = [pair for pair in parts.get("pairs") or [] if pair.get("index") is not None]
    pairs.sort(key=lambda pair: -float(pair["index"]))
    return [f"{one['x']} × {one['y']} {format_value(one['index'], 'percent')}" for one in pairs[:MOST_PAIRS]]


def _plateau(statistics: Record) -> list[list[str]]:
    """Who, score, neighbours, distance, share within one standard error, largest drop in a step, edges."""
    rows = []
    unit = BY_NAME[(statistics.get("method") or {}).get("objective") or "sharpe"].unit
    for who in ("base", "best"):
        one: Record | None = lookup(statistics, "plateau", who)
        if one is None:
            continue
        cliff = with_keys(one.get("cliff"), "axis", "step")
        drop = UNDEFINED
        if cliff:
            steps = plain(cliff["step"]) if cliff["step"] < 0 else f"+{plain(cliff['step'])}"
            drop = f"{format_value(cliff.get('drop'), unit)} at {cliff['axis']} {steps} "
            drop += "step" if abs(cliff["step"]) == 1 else "steps"
        near = UNDEFINED if one.get("share") is None else format_percentile(100 * one["share"])
        edges = ", ".join(one.get("edges") or []) or "none"
        row = [who.capitalize(), format_value(one.get("score"), "ratio"), format_count(one.get("neighbours"))]
        rows.append([*row, format_value(one.get("distance"), "ratio"), near, drop, edges])
    return rows


def _plateau_finding(statistics: Record) -> str:
    """Each score in words."""
    parts = []
    for who in ("base", "best"):
        score = lookup(statistics, "plateau", who, "score")
        if score is not None:
            shape = "a plateau" if score >= 0.8 else "a slope" if score >= 0.5 else "a spike"
            kept = f"the median of its neighbours is {format_value(score, 'percent')} of its own value"
            parts.append(f"The {who} is on {shape}: {kept}.")
    return " ".join(parts)
