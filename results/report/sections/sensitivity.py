"""Section 6: on which axes the result depends, and whether base and best stand on a plateau or on a spike."""

from __future__ import annotations

import math

from gridproof.results.report.axis import plain
from gridproof.results.report.figures import Figure, axis, layout
from gridproof.results.report.sections.absence import absence, found, one_missing, whole
from gridproof.results.report.wording import METRICS, count, listing, number, share
from gridproof.results.run.record import Record

FIRST, TOTAL = "#4d78a8", "#c9d5e3"
MOST_PAIRS = 5
_ROW = 34  # pixels


def sensitivity_section(statistics: Record) -> Record:
    """Bars an axis, the largest pairs, the plateau as rows, and the findings."""
    parts = whole(found(statistics, "sensitivity"), "axes", "first_order")
    drawn = parts is not None
    return {
        "figure": sensitivity_figure(parts) if drawn else absence(statistics, "sensitivity"),
        "pairs": _pairs(parts) if drawn else [],
        "finding": _dependence(parts) if drawn else "",
        "undefined": (parts.get("undefined") or 0) if drawn else 0,
        "no_totals": drawn and None in _totals(parts),
        "plateau": _plateau(statistics) or absence(statistics, "plateau"),
        "missing": one_missing(statistics, "plateau"),
        "standing": _standing(statistics),
    }


def sensitivity_figure(parts: Record) -> Figure:
    """Shares of the variance over the grid: an axis alone (dark) within everything it takes part in (light)."""
    order = _order(parts)
    totals = _totals(parts)
    names = [parts["axes"][place] for place in order]
    data = []
    for values, name, colour, width in (
        (totals, "with all its interactions", TOTAL, 0.7),
        (parts["first_order"], "alone", FIRST, 0.34),
    ):
        heights = [values[place] for place in order]
        bar: Figure = {"type": "bar", "orientation": "h", "x": heights, "y": names, "name": name, "width": width}
        data.append(bar | {"marker": {"color": colour}, "hovertemplate": f"%{{y}} {name}: %{{x:.1%}}<extra></extra>"})
    figure = layout(_ROW * len(names) + 84, margin={"t": 34, "b": 46, "l": 170, "r": 12})
    figure |= {"barmode": "overlay", "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}}
    figure["legend"]["traceorder"] = "reversed"
    figure["xaxis"] = axis("Share of the variance over the grid") | {"tickformat": ".0%", "rangemode": "tozero"}
    figure["yaxis"] = axis() | {"autorange": "reversed", "ticks": "", "ticklabelstandoff": 5, "showgrid": False}
    return {"data": data, "layout": figure}


def dependence(statistics: Record) -> str:
    """The axis that decides most, for the headline: "rate.window (41 % of the grid's variance)"; may be empty."""
    parts = whole(found(statistics, "sensitivity"), "axes", "first_order")
    if parts is None:
        return ""
    place = _order(parts)[0]
    return f"{parts['axes'][place]} ({number(_weight(parts, place), 'percent')} of the grid's variance)"


def _totals(parts: Record) -> list[float | None]:
    return parts.get("total") or [None] * len(parts["axes"])


def _order(parts: Record) -> list[int]:
    """Axes by their total index, or by their own where there is none, largest first."""
    return sorted(range(len(parts["axes"])), key=lambda place: -_weight(parts, place))


def _weight(parts: Record, place: int) -> float:
    total = _totals(parts)[place]
    value = parts["first_order"][place] if total is None else total
    return -math.inf if value is None else float(value)


def _dependence(parts: Record) -> str:
    alone = [value for value in parts["first_order"] if value is not None]
    if not alone:
        return ""
    named = [f"{parts['axes'][place]} {number(_weight(parts, place), 'percent')}" for place in _order(parts)[:3]]
    rest = number(max(0.0, 1.0 - sum(alone)), "percent")
    return f"The result depends most on {listing(named)} of the variance. {rest} of it belongs to no axis alone but to \
combinations."


def _pairs(parts: Record) -> list[str]:
    pairs = [pair for pair in parts.get("pairs") or [] if pair.get("index") is not None]
    pairs.sort(key=lambda pair: -float(pair["index"]))
    return [f"{one['x']} × {one['y']} {number(one['index'], 'percent')}" for one in pairs[:MOST_PAIRS]]


def _plateau(statistics: Record) -> list[list[str]]:
    """Who, score, neighbours, distance, share within one standard error, edges, the deepest step down."""
    rows = []
    kind = METRICS[(statistics.get("method") or {}).get("objective") or "sharpe"][1]
    for who in ("base", "best"):
        one: Record | None = found(statistics, "plateau", who)
        if one is None:
            continue
        cliff = whole(one.get("cliff"), "axis", "step")
        fall = "–"
        if cliff:
            steps = plain(cliff["step"]) if cliff["step"] < 0 else f"+{plain(cliff['step'])}"
            fall = f"{number(cliff.get('drop'), kind)} at {cliff['axis']} {steps} step{'s' * (abs(cliff['step']) != 1)}"
        near = "–" if one.get("share") is None else share(100 * one["share"])
        edges = ", ".join(one.get("edges") or []) or "none"
        row = [who.capitalize(), number(one.get("score"), "ratio"), count(one.get("neighbours"))]
        rows.append([*row, number(one.get("distance"), "ratio"), near, fall, edges])
    return rows


def _standing(statistics: Record) -> str:
    """Each point's score in words."""
    said = []
    for who in ("base", "best"):
        score = found(statistics, "plateau", who, "score")
        if score is not None:
            ground = "on a plateau" if score >= 0.8 else "on a slope" if score >= 0.5 else "on a spike"
            kept = f"its neighbours keep {number(score, 'percent')} of its value in the middle case"
            said.append(f"the {who} stands {ground}: {kept}")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""
