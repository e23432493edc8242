"""Additions to the histogram: the null distribution of the best over it, rows for placebo sweeps and shifts below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gridproof.results.report.figures import NULL, SOFT, Figure, axis, base64_array
from gridproof.results.report.number_format import minus
from gridproof.results.run.record import Record

_ROW, _GAP, _PLOT = 34, 16, 222  # pixels: a row, the space above the rows, the histogram


class FigureRow(NamedTuple):
    """A row below the histogram: single values, or a bar from low to high with its median."""

    name: str
    colour: str
    values: tuple[float, ...]
    ends: tuple[float, float, float] | None  # low, median, high


def with_null(figure: Figure, null: Record) -> Figure:
    """The histogram with the null distribution of the best over it, as steps with their own y axis at the right."""
    edges, counts = np.asarray(null["edges"], dtype=float), np.asarray(null["counts"], dtype=float)
    filled = np.flatnonzero(counts)
    if not filled.size:
        return figure
    kept = slice(filled[0], filled[-1] + 1)
    inner, heights = edges[filled[0] : filled[-1] + 2], counts[kept]
    steps: Figure = {"type": "scatter", "mode": "lines", "x": base64_array(np.repeat(inner, 2), "<f8"), "yaxis": "y2"}
    steps |= {"y": base64_array(np.concatenate([[0.0], np.repeat(heights, 2), [0.0]]), "<f8"), "fill": "tozeroy"}
    steps |= {"line": {"color": NULL, "width": 1.5}, "fillcolor": "rgba(106,81,163,0.22)"}
    steps |= {"hovertemplate": "best without any edge %{x:.2f}: %{y:,.0f} resamples<extra></extra>"}
    layout = dict(figure["layout"])
    right = axis("Resamples") | {"overlaying": "y", "side": "right", "rangemode": "tozero", "showgrid": False}
    right |= {"tickfont": {"color": NULL}, "tickmode": "auto", "nticks": 5, "tickformat": ",d"}
    right["title"] = right["title"] | {"font": {"size": 12, "color": NULL}}
    layout |= {"yaxis2": right, "margin": layout["margin"] | {"r": 62}}
    layout["xaxis"] = _including(layout["xaxis"], [float(inner[0]), float(inner[-1])])
    return {"data": [*figure["data"], steps], "layout": layout}


def with_rows(figure: Figure, rows: Sequence[FigureRow]) -> Figure:
    """The histogram with rows below it on the same x axis; the lines of the marks run through all rows."""
    if not rows:
        return figure
    below, form = _ROW * len(rows), figure["layout"]["xaxis"]["tickformat"]
    total = _PLOT + _GAP + below
    layout = dict(figure["layout"])
    layout["height"] += _GAP + below
    layout["margin"] = layout["margin"] | {"l": 118}
    layout["shapes"] = [shape | {"y1": _height_in(shape["y1"], total)} for shape in layout["shapes"]]
    layout["annotations"] = [
        note | {"y": _height_in(note["y"], total)} if note.get("yref") == "paper" else note
        for note in layout["annotations"]
    ]
    layout["yaxis"] = layout["yaxis"] | {"domain": [(below + _GAP) / total, 1.0]}
    if "yaxis2" in layout:
        layout["yaxis2"] = layout["yaxis2"] | {"domain": layout["yaxis"]["domain"]}
    style = {"domain": [0.0, below / total], "range": [len(rows) - 0.5, -0.5], "showgrid": False, "ticks": ""}
    style |= {"tickvals": list(range(len(rows))), "ticktext": [row.name for row in rows], "ticklabelstandoff": 5}
    layout["yaxis3"] = axis() | style | {"tickfont": {"size": 11}}
    values = [value for row in rows for value in (*row.values, *(row.ends or ()))]
    layout["xaxis"] = _including(layout["xaxis"], values) | {"anchor": "y3"}
    data = [trace for position, row in enumerate(rows) for trace in _traces(row, position, form)]
    return {"data": [*figure["data"], *data], "layout": layout}


def _traces(row: FigureRow, position: int, form: str) -> list[Figure]:
    name = row.name.replace("<br>", " ")
    trace: Figure = {"type": "scatter", "mode": "markers", "yaxis": "y3", "showlegend": False}
    traces = []
    if row.values:
        points = trace | {"x": base64_array(row.values, "<f8"), "y": [position] * len(row.values)}
        points["marker"] = {"symbol": "line-ns-open", "size": 15, "color": row.colour, "opacity": 0.6}
        traces.append(points | {"hovertemplate": f"{name} %{{x:{form}}}<extra></extra>"})
    if row.ends is not None:
        low, median, high = row.ends
        bar = trace | {"mode": "lines", "x": [low, high], "y": [position, position], "hoverinfo": "skip"}
        traces.append(bar | {"line": {"color": row.colour, "width": 3}, "opacity": 0.55})
        text = f"median {median:.2f}, 5th to 95th percentile {low:.2f} to {high:.2f}"
        point = trace | {"x": [median], "y": [position], "hovertemplate": f"{name}: {minus(text)}<extra></extra>"}
        traces.append(point | {"marker": {"size": 8, "color": row.colour, "line": {"color": SOFT, "width": 0}}})
    return traces


def _including(x_axis: Figure, values: Iterable[float]) -> Figure:
    """The axis with a range that includes the values."""
    low, high = x_axis["range"]
    wanted = list(values)
    pad = 0.02 * (max([high, *wanted]) - min([low, *wanted]))
    limits = [min([low, *(value - pad for value in wanted)]), max([high, *(value + pad for value in wanted)])]
    return x_axis | {"range": limits}


def _height_in(height: float, total: float) -> float:
    """A height above the plot, as a share of a taller plot."""
    return 1.0 + (height - 1.0) * _PLOT / total
