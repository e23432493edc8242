"""Section 5: the probability of backtest overfitting (PBO), and the rank out of sample of the best in sample."""

from __future__ import annotations

import numpy as np

from gridproof.results.report.figures import BAR, BEST, INK, PAPER, Figure, axis, base64_array, layout
from gridproof.results.report.number_format import format_count, format_probability, format_value
from gridproof.results.report.sections.lookup import lookup, not_computable, with_keys
from gridproof.results.run.record import Record

_GAP = 0.05


def overfitting_section(statistics: Record) -> Record:
    """The distribution of the logits for each number of blocks, the statistics as rows, and the finding."""
    parts = lookup(statistics, "overfitting")
    if parts is None:
        return {"rows": not_computable(statistics, "overfitting"), "figure": None, "finding": ""}
    rows = []
    for part in parts:
        row = [f"{part['blocks']}", format_count(part.get("splits")), format_probability(part.get("probability"))]
        row += [format_probability(part.get("mid_p")), format_value(part.get("median_rank"), "percent")]
        rows.append([*row, format_value(part.get("loss"), "percent"), format_probability(part.get("rank_error"))])
    drawn = [part for part in parts if with_keys(part.get("logits"), "edges", "counts")]
    return {"rows": rows, "figure": logits_figure(drawn) if drawn else None, "finding": _finding(parts[-1])}


def logits_figure(parts: list[Record]) -> Figure:
    """A histogram of the logits for each number of blocks, on one scale; red is at or below 0."""
    edges = np.concatenate([np.asarray(part["logits"]["edges"], dtype=float) for part in parts])
    reach = [float(min(edges.min(), -0.5)), float(max(edges.max(), 0.5))]
    width = (1.0 - _GAP * (len(parts) - 1)) / len(parts)
    figure = layout(250, margin={"t": 30, "b": 46, "l": 70, "r": 12})
    figure |= {"bargap": 0, "showlegend": False, "annotations": [], "shapes": []}
    data = []
    for panel, part in enumerate(parts):
        side = "" if panel == 0 else str(panel + 1)
        data.append(_bars(part["logits"]) | {"xaxis": f"x{side}", "yaxis": f"y{side}"})
        domain = [panel * (width + _GAP), panel * (width + _GAP) + width]
        figure[f"xaxis{side}"] = axis("logit of the rank") | {"domain": domain, "anchor": f"y{side}", "range": reach}
        figure[f"xaxis{side}"]["showgrid"] = False
        figure[f"yaxis{side}"] = axis("" if panel else "Share of splits") | {"anchor": f"x{side}", "tickformat": ".0%"}
        figure[f"yaxis{side}"] |= {"matches": "y", "showticklabels": not panel} if panel else {"nticks": 5}
        zero = {"type": "line", "xref": f"x{side}", "yref": f"y{side} domain", "x0": 0, "x1": 0, "y0": 0, "y1": 1}
        figure["shapes"].append(zero | {"line": {"color": INK, "width": 1}})
        note = {"text": f"{part['blocks']} blocks: PBO {format_probability(part.get('probability'))}", "x": domain[0]}
        note |= {"xref": "paper", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 6}
        figure["annotations"].append(note | {"showarrow": False})
    return {"data": data, "layout": figure}


def _bars(logits: Record) -> Figure:
    """Bars as shares of all splits."""
    edges, counts = np.asarray(logits["edges"], dtype=float), np.asarray(logits["counts"], dtype=float)
    centres, total = edges[:-1] + np.diff(edges) / 2, counts.sum()
    colours = [BEST if centre <= 0 else BAR for centre in centres]
    bars: Figure = {"type": "bar", "x": base64_array(centres, "<f8"), "width": base64_array(np.diff(edges), "<f8")}
    bars |= {"y": base64_array(counts / total if total else counts, "<f8"), "hovertemplate": "%{y:.1%}<extra></extra>"}
    return bars | {"marker": {"color": colours, "line": {"color": PAPER, "width": 0.5}}}


def _finding(part: Record) -> str:
    """In words, for the largest number of blocks."""
    if part.get("probability") is None:
        return ""
    lower = format_value(part["probability"], "percent")
    text = (
        f"In {lower} of {format_count(part.get('splits'))} splits of the days into two halves, the best variant of one "
        "half ranked below the median in the other"
    )
    if part.get("loss") is not None:
        text += f"; in {format_value(part['loss'], 'percent')} it lost money there"
    if part["probability"] <= 0.05:
        return f"{text}. Without any edge, a PBO this low is rare."
    return f"{text}. A PBO above 5% does not rule out overfitting."
