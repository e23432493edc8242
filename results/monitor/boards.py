"""The boards of a monitor as its page shows them: tables, releases, and a path through four quadrants."""

from __future__ import annotations

from typing import Any

import markupsafe

from gridproof.results.monitor.number_format import format_value
from gridproof.results.monitor.record import BoardRecord, MonitorRecord, Unit
from gridproof.results.monitor.texts import Language, text
from gridproof.results.report.number_format import UNDEFINED

_ARROWS = {1: "↑", -1: "↓", 0: "→"}
# The figure of a path, in pixels.
_SIZE, _EDGE = 340, 44


def boards(record: MonitorRecord, lang: Language) -> list[dict[str, Any]]:
    """Returns each board with its texts, cells and figure, for the template."""
    groups = {group["name"]: group["title_zh" if lang == "zh" else "title"] for group in record["groups"]}
    return [_board(one, groups, lang) for one in record["boards"]]


def _board(one: BoardRecord, groups: dict[str, str], lang: Language) -> dict[str, Any]:
    key, place = ("title_zh" if lang == "zh" else "title"), int(lang == "zh")
    rows, above = [], None
    for row in one["rows"]:
        group = None if row["group"] is None or row["group"] == above else groups[row["group"]]
        above = row["group"]
        rows.append(
            {
                "group": group,
                "title": row[key],  # type: ignore[literal-required]
                "cells": [format_value(cell["value"], cell["unit"]) for cell in row["cells"]],
                "directions": [UNDEFINED if each is None else _ARROWS[each] for each in row["directions"]],
                "why": row["why_zh" if lang == "zh" else "why"],
            }
        )
    return {
        "title": one[key],  # type: ignore[literal-required]
        "source": one["source_zh" if lang == "zh" else "source"],
        "columns": [title[place] for title in one["columns"]],
        "assets": [title[place] for title in one["assets"]],
        "rows": rows,
        "width": 1 + len(one["columns"]) + len(one["assets"]),
        "releases": [
            text("release_next" if each["next"] else "release_past", lang, date=each["date"], month=each["month"],
                 title=each[key], value=format_value(each["value"], "number"))  # type: ignore[literal-required]
            for each in one["releases"]
        ],
        "figure": markupsafe.Markup(_figure(one, lang)),
        "empty": text("path_none", lang) if not one["rows"] and len(one["path"]) < 2 else None,
    }  # fmt: skip


def _figure(one: BoardRecord, lang: Language) -> str:
    """An SVG of a path: the latest point is filled, the first and the latest have their dates."""
    path = one["path"]
    if len(path) < 2:
        return ""
    titles = [markupsafe.escape(title[int(lang == "zh")]) for title in one["columns"]]
    reach = [max(map(abs, side)) or 1.0 for side in ([x for _, x, _ in path], [y for _, _, y in path])]
    middle = _SIZE / 2

    def at(value: float, side: int) -> float:
        return round(middle + (middle - _EDGE) * value / reach[side] * (1 if side == 0 else -1), 1)

    points = [(at(x, 0), at(y, 1)) for _, x, y in path]
    line = " ".join(f"{x},{y}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="1.8"/>' for x, y in points[:-1])
    (x, y), (first_x, first_y) = points[-1], points[0]
    return (
        f'<svg class="path" viewBox="0 0 {_SIZE} {_SIZE}" role="img"><title>{path[0][0]} – {path[-1][0]}</title>'
        f'<line x1="0" x2="{_SIZE}" y1="{middle}" y2="{middle}"/>'
        f'<line x1="{middle}" x2="{middle}" y1="0" y2="{_SIZE}"/>'
        f'<polyline points="{line}"/>{dots}<circle class="last" cx="{x}" cy="{y}" r="4"/>'
        f'<text x="{first_x}" y="{first_y - 6}">{path[0][0]}</text><text x="{x}" y="{y - 8}">{path[-1][0]}</text>'
        f'<text class="end" x="{_SIZE}" y="{middle - 6}">{titles[0]} {_reach(reach[0], one["units"][0])}</text>'
        f'<text x="{middle + 6}" y="12">{titles[1]} {_reach(reach[1], one["units"][1])}</text></svg>'
    )


def _reach(value: float, unit: Unit) -> str:
    return "+" + format_value(value, unit)
