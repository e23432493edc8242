"""Section 8: the Sharpe ratio of base and best with longer lag, higher cost, later release, other parameters."""

from __future__ import annotations

from typing import Any

from gridproof.results.report.axis import plain, split_units
from gridproof.results.report.figures import BEST, EDGE, INK, PAPER, Figure, axis, layout
from gridproof.results.report.number_format import UNDEFINED, format_count, format_value
from gridproof.results.report.sections.lookup import lookup, missing_of_two, not_computable
from gridproof.results.run.record import Record

COLOURS = {"base": INK, "best": BEST}
_GAP = 0.05
_HEADS = ("cost, same return", "cost, same Sharpe ratio", "lag, days")


def stress_section(statistics: Record) -> Record:
    """Charts against lag, cost and release, break-even costs and neighbours as rows, and the finding."""
    parts = {who: one for who in COLOURS if (one := lookup(statistics, "stress", who)) is not None}
    panels = _panels(parts)
    against = list(
        dict.fromkeys(one["against"] for part in parts.values() for one in part.get("break_even_cost") or [])
    )
    break_even = [[text, *(cell for part in parts.values() for cell in _break_even(part, text))] for text in against]
    return {
        "figure": stress_figure(panels) if panels else not_computable(statistics, "stress"),
        "heads": [f"{who.capitalize()}: {what}" for who in parts for what in _HEADS],
        "capacity_heads": [f"{who.capitalize()}: capital" for who in parts],
        "break_even": break_even or not_computable(statistics, "stress", "base", "break_even_cost"),
        "capacity": _capacity(parts),
        "neighbours": _neighbours(statistics, parts) or not_computable(statistics, "stress", "base", "neighbours"),
        "missing": missing_of_two(statistics, "stress"),
        "finding": _finding(parts.get("base")),
    }


def stress_figure(panels: dict[str, dict[str, list[Record]]]) -> Figure:
    """A panel for each title, with a line for base and best over its points; the base's own value is ringed.

    All panels share the axis of Sharpe ratios. Values stand in ascending order, evenly spaced.
    """
    width = (1.0 - _GAP * (len(panels) - 1)) / len(panels)
    figure = layout(270, margin={"t": 46, "b": 46, "l": 70, "r": 12}) | {"annotations": []}
    data: list[Figure] = []
    for number, (title, lines) in enumerate(panels.items()):
        side = "" if number == 0 else str(number + 1)
        names, unit = _ascending([point["value"] for points in lines.values() for point in points])
        for who, points in lines.items():
            line = _line(who, sorted(points, key=lambda point: list(names).index(point["value"])), names)
            data.append(line | {"xaxis": f"x{side}", "yaxis": f"y{side}", "showlegend": number == 0})
        domain = [number * (width + _GAP), number * (width + _GAP) + width]
        ticks: Figure = {"type": "category", "categoryorder": "array", "categoryarray": list(names.values())}
        ticks |= {"domain": domain, "anchor": f"y{side}", "showgrid": False, "range": [-0.4, len(names) - 0.6]}
        figure[f"xaxis{side}"] = axis(f"{title}, {unit}" if unit else title) | ticks
        figure[f"yaxis{side}"] = axis("" if number else "Sharpe ratio") | {"anchor": f"x{side}", "nticks": 6}
        figure[f"yaxis{side}"] |= {"matches": "y", "showticklabels": False} if number else {}
        figure[f"yaxis{side}"] |= {"zeroline": True, "zerolinecolor": EDGE}
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {"data": data, "layout": figure}


def _line(who: str, points: list[Record], names: dict[Any, str]) -> Figure:
    colour = COLOURS[who]
    rings = [bool(point.get("base")) for point in points]
    hover = [
        f"{who}: Sharpe ratio {format_value(point.get('sharpe'), 'ratio')}, "
        f"CAGR {format_value(point.get('cagr'), 'percent')}"
        for point in points
    ]
    line: Figure = {"type": "scatter", "mode": "lines+markers", "name": who, "legendgroup": who, "text": hover}
    line |= {"x": [names[point["value"]] for point in points], "y": [point.get("sharpe") for point in points]}
    line |= {"line": {"color": colour, "width": 1.6}, "hovertemplate": "%{x}<br>%{text}<extra></extra>"}
    style: Figure = {"color": [PAPER if ring else colour for ring in rings], "opacity": 1}
    style |= {"size": [11 if ring else 6 for ring in rings], "line": {"color": colour, "width": 2}}
    return line | {"marker": style, "cliponaxis": False}


def _ascending(values: list[Any]) -> tuple[dict[Any, str], str]:
    """The different values in ascending order, each with its text without the unit they share; and that unit."""
    different = tuple(dict.fromkeys(values))
    texts, unit = split_units(different)
    names = dict(zip(different, texts, strict=True))
    if all(isinstance(value, int | float) for value in different):
        return {value: names[value] for value in sorted(different)}, unit
    if unit:
        return {value: names[value] for value in sorted(different, key=lambda value: int(names[value]))}, unit
    return names, unit


def _panels(parts: dict[str, Record]) -> dict[str, dict[str, list[Record]]]:
    panels: dict[str, dict[str, list[Record]]] = {}
    for who, part in parts.items():
        named = [("lag, days", part.get("lag")), ("one-way cost", part.get("cost"))]
        named += [(f"release of {one['signal']}", one["values"]) for one in part.get("release") or []]
        for title, points in named:
            if points and all(point.get("value") is not None for point in points):
                panels.setdefault(title, {})[who] = points
    return panels


def _break_even(part: Record | None, against: str) -> list[str]:
    """The costs at the same total return and the same Sharpe ratio, and the lag."""
    cost: Record = next((one for one in (part or {}).get("break_even_cost") or [] if one["against"] == against), {})
    lag: Record = next((one for one in (part or {}).get("break_even_lag") or [] if one["against"] == against), {})
    costs = [UNDEFINED if cost.get(key) is None else f"{100 * cost[key]:.2f}%" for key in ("total_return", "sharpe")]
    days = str(lag["lag"]) if lag.get("lag") else f"over {lag['tested']}" if lag.get("tested") else UNDEFINED
    return [*costs, days]


def _capacity(parts: dict[str, Record]) -> list[list[str]]:
    """For each holding the capital of base and best; empty where trades have no impact."""
    found = {who: {one["against"]: one for one in part.get("capacity") or []} for who, part in parts.items()}
    against = dict.fromkeys(name for rows in found.values() for name in rows)
    return [[name, *(_capital(found.get(who, {}).get(name)) for who in COLOURS)] for name in against]


def _capital(row: Record | None) -> str:
    if row is None:
        return UNDEFINED
    return f"over {row['tested']:.2g}" if row["capital"] is None else f"{row['capital']:.2g}"


def _neighbours(statistics: Record, parts: dict[str, Record]) -> list[list[str]]:
    """Who, own Sharpe ratio, number of neighbours; the lowest, median and highest of theirs."""
    rows = []
    for who, part in parts.items():
        near = part.get("neighbours")
        if near:
            own: Any = lookup(statistics, "who", who, "in_sample", "sharpe")
            spread = [format_value(near.get(key), "ratio") for key in ("worst", "median", "best")]
            rows.append([who.capitalize(), format_value(own, "ratio"), format_count(near.get("count")), *spread])
    return rows


def _finding(base: Record | None) -> str:
    """How far the base's Sharpe ratio falls at the largest lag and the highest cost."""
    parts = []
    for key, name in (("lag", "lag"), ("cost", "a one-way cost")):
        points = [
            point for point in (base or {}).get(key) or [] if None not in (point.get("sharpe"), point.get("value"))
        ]
        own = [point for point in points if point.get("base")]
        last = max(points, key=lambda point: float(point["value"]), default=None)
        if own and last is not None and last["value"] > own[0]["value"]:
            moved = f"from {format_value(own[0]['sharpe'], 'ratio')} to {format_value(last['sharpe'], 'ratio')}"
            parts.append(f"{moved} with {name} {plain(last['value'])} instead of {plain(own[0]['value'])}")
    return f"The base's Sharpe ratio goes {', and '.join(parts)}." if parts else ""
