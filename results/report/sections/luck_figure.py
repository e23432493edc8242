"""What joins the sweep's histogram: the null maximum's distribution over it, strips of shifted runs below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gridproof.results.report.figures import LUCK, SOFT, Figure, axis, typed
from gridproof.results.run.record import Record

_ROW, _GAP, _PLOT = 34, 16, 222  # pixels: a strip, the space above the strips, the histogram


class FigureRow(NamedTuple):
    """A row below the histogram: single values, or a bar from low to high with its middle."""

    name: str
    colour: str
    values: tuple[float, ...]
    ends: tuple[float, float, float] | None  # low, middle, high


def with_null(figure: Figure, null: Record) -> Figure:
    """The histogram with the null maximum's distribution over it, as steps on an axis of its own at the right."""
    edges, counts = np.asarray(null["edges"], dtype=float), np.asarray(null["counts"], dtype=float)
    filled = np.flatnonzero(counts)
    if not filled.size:
        return figure
    kept = slice(filled[0], filled[-1] + 1)
    inner, heights = edges[filled[0] : filled[-1] + 2], counts[kept]
    steps: Figure = {"type": "scatter", "mode": "lines", "x": typed(np.repeat(inner, 2), "<f8"), "yaxis": "y2"}
    steps |= {"y": typed(np.concatenate([[0.0], np.repeat(heights, 2), [0.0]]), "<f8"), "fill": "tozeroy"}
    steps |= {"line": {"color": LUCK, "width": 1.5}, "fillcolor": "rgba(106,81,163,0.22)"}
    steps |= {"hovertemplate": "best of the sweep by luck alone %{x:.2f}: %{y:,.0f} resamples<extra></extra>"}
    layout = dict(figure["layout"])
    right = axis("Resamples") | {"overlaying": "y", "side": "right", "rangemode": "tozero", "showgrid": False}
    right |= {"tickfont": {"color": LUCK}, "tickmode": "auto", "nticks": 5, "tickformat": ",d"}
    right["title"] = right["title"] | {"font": {"size": 12, "color": LUCK}}
    layout |= {"yaxis2": right, "margin": layout["margin"] | {"r": 62}}
    layout["xaxis"] = _reaching(layout["xaxis"], [float(inner[0]), float(inner[-1])])
    return {"data": [*figure["data"], steps], "layout": layout}


def with_strips(figure: Figure, strips: Sequence[FigureRow]) -> Figure:
    """The histogram figure with a row a strip below it, on the same axis; the marks run through all rows."""
    if not strips:
        return figure
    below, form = _ROW * len(strips), figure["layout"]["xaxis"]["tickformat"]
    total = _PLOT + _GAP + below
    layout = dict(figure["layout"])
    layout["height"] += _GAP + below
    layout["margin"] = layout["margin"] | {"l": 118}
    layout["shapes"] = [shape | {"y1": _risen(shape["y1"], total)} for shape in layout["shapes"]]
    layout["annotations"] = [
        note | {"y": _risen(note["y"], total)} if note.get("yref") == "paper" else note
        for note in layout["annotations"]
    ]
    layout["yaxis"] = layout["yaxis"] | {"domain": [(below + _GAP) / total, 1.0]}
    if "yaxis2" in layout:
        layout["yaxis2"] = layout["yaxis2"] | {"domain": layout["yaxis"]["domain"]}
    rows = {"domain": [0.0, below / total], "range": [len(strips) - 0.5, -0.5], "showgrid": False, "ticks": ""}
    rows |= {"tickvals": list(range(len(strips))), "ticktext": [strip.name for strip in strips], "ticklabelstandoff": 5}
    layout["yaxis3"] = axis() | rows | {"tickfont": {"size": 11}}
    values = [value for strip in strips for value in (*strip.values, *(strip.ends or ()))]
    layout["xaxis"] = _reaching(layout["xaxis"], values) | {"anchor": "y3"}
    data = [trace for row, strip in enumerate(strips) for trace in _traces(strip, row, form)]
    return {"data": [*figure["data"], *data], "layout": layout}


def _traces(strip: FigureRow, row: int, form: str) -> list[Figure]:
    name = strip.name.replace("<br>", " ")
    trace: Figure = {"type": "scatter", "mode": "markers", "yaxis": "y3", "showlegend": False}
    traces = []
    if strip.values:
        points = trace | {"x": typed(strip.values, "<f8"), "y": [row] * len(strip.values)}
        points["marker"] = {"symbol": "line-ns-open", "size": 15, "color": strip.colour, "opacity": 0.6}
        traces.append(points | {"hovertemplate": f"{name} %{{x:{form}}}<extra></extra>"})
    if strip.ends is not None:
        low, middle, high = strip.ends
        bar = trace | {"mode": "lines", "x": [low, high], "y": [row, row], "hoverinfo": "skip"}
        traces.append(bar | {"line": {"color": strip.colour, "width": 3}, "opacity": 0.55})
        text = f"{name}: middle {middle:.2f}, nine of ten from {low:.2f} to {high:.2f}<extra></extra>"
        point = trace | {"x": [middle], "y": [row], "hovertemplate": text.replace("-", "−")}
        traces.append(point | {"marker": {"size": 8, "color": strip.colour, "line": {"color": SOFT, "width": 0}}})
    return traces


def _reaching(x_axis: Figure, values: Iterable[float]) -> Figure:
    """The axis with a range that takes in the values too."""
    low, high = x_axis["range"]
    wanted = list(values)
    pad = 0.02 * (max([high, *wanted]) - min([low, *wanted]))
    reach = [min([low, *(value - pad for value in wanted)]), max([high, *(value + pad for value in wanted)])]
    return x_axis | {"range": reach}


def _risen(height: float, total: float) -> float:
    """A height above the plot, in shares of a taller plot."""
    return 1.0 + (height - 1.0) * _PLOT / total
