"""The histogram of the objective over the choices, with base, best and legs marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import Metric
from gridproof.results.report.figures import BAR, BEST, INK, PAPER, SOFT, Figure, axis, base64_array, layout
from gridproof.results.report.number_format import d3_format
from gridproof.results.run.record import Record

# A bar more than this many times as tall as the next one is cut off, so that the others stay visible.
_DOMINANT = 3.0
_FEWEST_BARS = 20

Mark = tuple[str, float | None, str, str]


def histogram_figure(histogram: Record, marks: Sequence[Mark], metric: Metric) -> Figure | None:
    """Bars for the counts, a line and a label for each mark.

    histogram: edges (B + 1) and counts (B). marks: (text, value, colour, dash); the label of the first is lowest.
    None where the counts are all zero. Edges of zero width (a single variant) are widened.
    """
    label, form = metric.label, d3_format(metric.unit)
    edges, counts = _bars(histogram)
    if not counts.sum():
        return None
    width = np.diff(edges)
    width = np.where(width > 0, width, max(abs(edges[0]) * 0.02, 1e-3))
    centres = edges[:-1] + np.diff(edges) / 2
    ends = f"{label} %{{customdata[0]:{form}}} to %{{customdata[1]:{form}}}"
    bars: Figure = {
        "type": "bar",
        "x": base64_array(centres, "<f8"),
        "y": base64_array(counts, "<f8"),
        "width": base64_array(width, "<f8"),
        "marker": {"color": BAR, "line": {"color": PAPER, "width": 0.5}},
        "customdata": base64_array(np.stack([edges[:-1], edges[:-1] + width], axis=1), "<f8"),
        "hovertemplate": ends + "<br>%{y:,.0f} variants<extra></extra>",
    }
    drawn = [(text, value, colour, dash) for text, value, colour, dash in marks if value is not None]
    filled = np.flatnonzero(counts)
    values = [value for _, value, _, _ in drawn]
    low, high = min([edges[filled[0]], *values]), max([edges[filled[-1] + 1], *values])
    pad = 0.03 * (high - low) or float(width[0])
    shapes: list[Figure] = []
    notes: list[Figure] = []
    for level, (text, value, colour, dash) in enumerate(drawn):
        top = 1.02 + 0.08 * level  # of the 222 pixels of the plot
        line = {"color": colour, "width": 2 if level == 0 else 1.5, "dash": dash}
        shapes.append({"type": "line", "x0": value, "x1": value, "yref": "paper", "y0": 0, "y1": top + 0.06})
        shapes[-1]["line"] = line
        notes.append({"text": f" {text} ", "x": value, "yref": "paper", "y": top, "yanchor": "bottom"})
        notes[-1] |= {"xanchor": "right" if value > (low + high) / 2 else "left", "showarrow": False}
        # The colours of legs are too pale for letters.
        notes[-1]["font"] = {"size": 12, "color": colour if colour in (INK, BEST) else SOFT}
        notes[-1]["bgcolor"] = PAPER
    above = 24 + 18 * len(drawn)
    figure = layout(222 + 46 + above, margin={"t": above, "b": 46, "l": 70, "r": 12})
    figure |= {
        "bargap": 0,
        "showlegend": False,
        "shapes": shapes,
        "annotations": notes,
        "xaxis": axis(label) | {"range": [low - pad, high + pad], "tickformat": form, "showgrid": False},
        "yaxis": axis("Choices") | {"tickformat": ",d", "rangemode": "tozero", "nticks": 6},
    }
    if counts.max() <= 5:
        figure["yaxis"]["dtick"] = 1
    if (height := height_of_cut_bar(histogram)) is not None:
        figure["yaxis"]["range"] = [0, height]
        cut = {"text": f"↑ {counts.max():,.0f} ", "x": float(centres[counts.argmax()]), "y": 0.99 * height}
        notes.append(cut | {"xanchor": "right", "yanchor": "top", "showarrow": False})
    return {"data": [bars], "layout": figure}


def _bars(histogram: Record) -> tuple[Floats, Floats]:
    """Edges (B + 1) and heights (B) of the bars: bins are joined where few were counted.

    Of n there are about two bars for each of √n, at least twenty: thinner ones are lost on paper.
    """
    edges, counts = np.asarray(histogram["edges"], dtype=float), np.asarray(histogram["counts"], dtype=float)
    most = max(_FEWEST_BARS, 2.0 * counts.sum() ** 0.5)
    joined = next(k for k in range(1, len(counts) + 1) if len(counts) % k == 0 and len(counts) / k <= most)
    return edges[::joined], counts.reshape(-1, joined).sum(axis=1)


def height_of_cut_bar(histogram: Record) -> float | None:
    """The height at which the tallest bar is cut off, so that the others stay visible; None where it is not."""
    tallest, next_one = (*sorted(_bars(histogram)[1].tolist(), reverse=True)[:2], 0, 0)[:2]
    return 1.25 * next_one if next_one > 0 and tallest > _DOMINANT * next_one else None


def rank_figure(histogram: Record, marks: Sequence[Mark], metric: Metric) -> Figure | None:
    """The histogram in little room, for the first screen: as high as the first picture, without a y axis."""
    figure = histogram_figure(histogram, marks, metric)
    if figure is None:
        return None
    figure["layout"] |= {"height": 330, "margin": figure["layout"]["margin"] | {"l": 8, "r": 8, "b": 40}}
    plot_height = 330 - 40 - figure["layout"]["margin"]["t"]
    for level, (line, note) in enumerate(
        zip(figure["layout"]["shapes"], figure["layout"]["annotations"], strict=False)
    ):
        note["y"] = 1.02 + 18 * level / plot_height
        line["y1"] = note["y"] + 14 / plot_height
    figure["layout"]["yaxis"] |= {"showticklabels": False, "ticks": "", "title": {"text": ""}}
    return figure
