"""Section 5: the probability of backtest overfitting, and where the winner of one half ended in the other."""

from __future__ import annotations

import numpy as np

from gridproof.results.report.figures import BEST, Figure, axis, layout, typed
from gridproof.results.report.sections.absence import absence, found, whole
from gridproof.results.report.wording import count, number, probability
from gridproof.results.run.record import Record

_GAP = 0.05


def overfitting_section(statistics: Record) -> Record:
    """The logits of each number of blocks side by side, the numbers as rows, and the finding."""
    parts = found(statistics, "overfitting")
    if parts is None:
        return {"rows": absence(statistics, "overfitting"), "figure": None, "finding": ""}
    rows = []
    for part in parts:
        row = [f"{part['blocks']}", count(part.get("splits")), probability(part.get("probability"))]
        row += [probability(part.get("mid_p")), number(part.get("median_rank"), "percent")]
        rows.append([*row, number(part.get("loss"), "percent"), probability(part.get("rank_error"))])
    drawn = [part for part in parts if whole(part.get("logits"), "edges", "counts")]
    return {"rows": rows, "figure": logits_figure(drawn) if drawn else None, "finding": _finding(parts[-1])}


def logits_figure(parts: list[Record]) -> Figure:
    """A histogram of logits for each number of blocks, on one scale; red is at or left of 0."""
    edges = np.concatenate([np.asarray(part["logits"]["edges"], dtype=float) for part in parts])
    reach = [float(min(edges.min(), -0.5)), float(max(edges.max(), 0.5))]
    width = (1.0 - _GAP * (len(parts) - 1)) / len(parts)
    figure = layout(250, margin={"t": 30, "b": 46, "l": 70, "r": 12})
    figure |= {"bargap": 0, "showlegend": False, "annotations": [], "shapes": []}
    data = []
    for place, part in enumerate(parts):
        side = "" if place == 0 else str(place + 1)
        data.append(_bars(part["logits"]) | {"xaxis": f"x{side}", "yaxis": f"y{side}"})
        domain = [place * (width + _GAP), place * (width + _GAP) + width]
        figure[f"xaxis{side}"] = axis("logit of the rank") | {"domain": domain, "anchor": f"y{side}", "range": reach}
        figure[f"xaxis{side}"]["showgrid"] = False
        figure[f"yaxis{side}"] = axis("" if place else "Share of splits") | {"anchor": f"x{side}", "tickformat": ".0%"}
        figure[f"yaxis{side}"] |= {"matches": "y", "showticklabels": not place} if place else {"nticks": 5}
        zero = {"type": "line", "xref": f"x{side}", "yref": f"y{side} domain", "x0": 0, "x1": 0, "y0": 0, "y1": 1}
        figure["shapes"].append(zero | {"line": {"color": "#1c1c1e", "width": 1}})
        note = {"text": f"{part['blocks']} blocks: PBO {probability(part.get('probability'))}", "x": domain[0]}
        note |= {"xref": "paper", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 6}
        figure["annotations"].append(note | {"showarrow": False})
    return {"data": data, "layout": figure}


def _bars(logits: Record) -> Figure:
    """Bars as shares of all splits."""
    edges, counts = np.asarray(logits["edges"], dtype=float), np.asarray(logits["counts"], dtype=float)
    centres, whole = edges[:-1] + np.diff(edges) / 2, counts.sum()
    colours = [BEST if centre <= 0 else "#b9c3cf" for centre in centres]
    bars: Figure = {"type": "bar", "x": typed(centres, "<f8"), "width": typed(np.diff(edges), "<f8")}
    bars |= {"y": typed(counts / whole if whole else counts, "<f8"), "hovertemplate": "%{y:.1%}<extra></extra>"}
    return bars | {"marker": {"color": colours, "line": {"color": "#ffffff", "width": 0.5}}}


def _finding(part: Record) -> str:
    """Of the finest division."""
    if part.get("probability") is None:
        return ""
    lower = number(part["probability"], "percent")
    text = (
        f"Of {count(part.get('splits'))} ways to cut the days into two halves, {lower} put the winner of one half into \
the lower half of the ranking in the other"
    )
    if part.get("loss") is not None:
        text += f", and in {number(part['loss'], 'percent')} it lost money there"
    low = part["probability"] <= 0.05
    verdict = (
        "Pure noise seldom gives so little."
        if low
        else "That is no evidence against overfitting: it takes 5 % or less."
    )
    return f"{text}. {verdict}"
