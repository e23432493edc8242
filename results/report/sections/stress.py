"""Section 8: what later, dearer and slightly different trading leaves of base and best."""

from __future__ import annotations

from typing import Any

from gridproof.results.report.axis import plain, split_units
from gridproof.results.report.figures import BEST, INK, Figure, axis, layout
from gridproof.results.report.sections.absence import absence, found, one_missing
from gridproof.results.report.wording import count, number
from gridproof.results.run.record import Record

COLOURS = {"base": INK, "best": BEST}
_GAP = 0.05


def stress_section(statistics: Record) -> Record:
    """Small charts of Sharpe against lag, cost and release, break-even costs and neighbours as rows, the finding."""
    parts = {who: one for who in COLOURS if (one := found(statistics, "stress", who)) is not None}
    panels = _panels(parts)
    against = list(
        dict.fromkeys(one["against"] for part in parts.values() for one in part.get("break_even_cost") or [])
    )
    even = [
        [text if text != "zero" else "nothing: a return of 0", *(_cost(parts.get(who), text) for who in COLOURS)]
        for text in against
    ]
    return {
        "figure": stress_figure(panels) if panels else absence(statistics, "stress"),
        "break_even": even or absence(statistics, "stress", "base", "break_even_cost"),
        "neighbours": _neighbours(statistics, parts) or absence(statistics, "stress", "base", "neighbours"),
        "missing": one_missing(statistics, "stress"),
        "finding": _finding(parts.get("base")),
    }


def stress_figure(panels: dict[str, dict[str, list[Record]]]) -> Figure:
    """panels: title to who to points; one Sharpe axis for all, values evenly spaced, the base's own value ringed."""
    width = (1.0 - _GAP * (len(panels) - 1)) / len(panels)
    figure = layout(270, margin={"t": 46, "b": 46, "l": 70, "r": 12}) | {"annotations": []}
    data: list[Figure] = []
    for place, (title, lines) in enumerate(panels.items()):
        side = "" if place == 0 else str(place + 1)
        values = list(dict.fromkeys(point["value"] for points in lines.values() for point in points))
        if all(isinstance(value, int | float) for value in values):
            values.sort()
        texts, unit = split_units(tuple(values))
        names = dict(zip(values, texts, strict=True))
        for who, points in lines.items():
            rings = [11 if point.get("base") else 6 for point in points]
            hover = [
                f"{who}: Sharpe {number(point.get('sharpe'), 'ratio')}, CAGR {number(point.get('cagr'), 'percent')}"
                for point in points
            ]
            line: Figure = {"type": "scatter", "mode": "lines+markers", "name": who, "legendgroup": who, "text": hover}
            line |= {"x": [names[point["value"]] for point in points], "y": [point.get("sharpe") for point in points]}
            line |= {"line": {"color": COLOURS[who], "width": 1.6}, "hovertemplate": "%{x}<br>%{text}<extra></extra>"}
            line["marker"] = {
                "color": ["#fdfdfc" if size > 6 else COLOURS[who] for size in rings],
                "size": rings,
                "opacity": 1,
            }
            line["marker"]["line"] = {"color": COLOURS[who], "width": 2}
            data.append(line | {"xaxis": f"x{side}", "yaxis": f"y{side}", "showlegend": not place, "cliponaxis": False})
        domain = [place * (width + _GAP), place * (width + _GAP) + width]
        ticks: Figure = {"type": "category", "categoryorder": "array", "categoryarray": texts}
        figure[f"xaxis{side}"] = (
            axis(f"{title}, {unit}" if unit else title)
            | ticks
            | {"domain": domain, "anchor": f"y{side}", "showgrid": False}
        )
        figure[f"xaxis{side}"]["range"] = [-0.4, len(values) - 0.6]
        figure[f"yaxis{side}"] = axis("" if place else "Sharpe") | {"anchor": f"x{side}", "nticks": 6}
        figure[f"yaxis{side}"] |= {"matches": "y", "showticklabels": False} if place else {}
        figure[f"yaxis{side}"] |= {"zeroline": True, "zerolinecolor": "#8a8a85"}
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {"data": data, "layout": figure}


def _panels(parts: dict[str, Record]) -> dict[str, dict[str, list[Record]]]:
    panels: dict[str, dict[str, list[Record]]] = {}
    for who, part in parts.items():
        named = [("lag, days", part.get("lag")), ("one-way cost", part.get("cost"))]
        named += [(f"release of {one['signal']}", one["values"]) for one in part.get("release") or []]
        for title, points in named:
            if points and all(point.get("value") is not None for point in points):
                panels.setdefault(title, {})[who] = points
    return panels


def _cost(part: Record | None, against: str) -> str:
    for one in (part or {}).get("break_even_cost") or []:
        if one["against"] == against and one.get("cost") is not None:
            return f"{100 * one['cost']:.2f}\u00a0%"
    return "–"


def _neighbours(statistics: Record, parts: dict[str, Record]) -> list[list[str]]:
    """Who, its own Sharpe, how many neighbours, the worst, middle and best of them."""
    rows = []
    for who, part in parts.items():
        near = part.get("neighbours")
        if near:
            own: Any = found(statistics, "who", who, "in_sample", "sharpe")
            spread = [number(near.get(key), "ratio") for key in ("worst", "median", "best")]
            rows.append([who.capitalize(), number(own, "ratio"), count(near.get("count")), *spread])
    return rows


def _finding(base: Record | None) -> str:
    said = []
    for key, name in (("lag", "a lag of"), ("cost", "a one-way cost of")):
        points = [
            point for point in (base or {}).get(key) or [] if None not in (point.get("sharpe"), point.get("value"))
        ]
        own = [point for point in points if point.get("base")]
        if own and points[-1]["value"] > own[0]["value"]:
            moved = f"from {number(own[0]['sharpe'], 'ratio')} to {number(points[-1]['sharpe'], 'ratio')}"
            said.append(f"{name} {plain(points[-1]['value'])} instead of {plain(own[0]['value'])} takes it {moved}")
    return f"The base's Sharpe: {'; '.join(said)}." if said else ""
