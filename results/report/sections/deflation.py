"""Section 4: the deflated Sharpe ratio against the number of trials, and multiple-testing haircuts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridproof.results.report.figures import BEST, INK, PAPER, SOFT, TICK, Figure, axis, layout
from gridproof.results.report.number_format import format_probability, format_trials, format_value
from gridproof.results.report.sections.lookup import lookup, not_computable, with_keys
from gridproof.results.run.record import Record

LEVEL = 0.95
_PLOT, _LABEL = 240, 17  # pixels: the plot, a line of labels above it


def deflation_section(statistics: Record, searched: bool = False) -> Record:
    """The curve over N with its marks, the marks as rows, the haircuts as rows, and the finding.

    searched: the trials are the variants of a search; how many of them differ is not known.
    """
    curve, marks = (
        with_keys(lookup(statistics, "deflated", "curve"), "trials", "best", "base"),
        lookup(statistics, "deflated", "marks"),
    )
    if searched and marks is not None:
        marks = [mark for mark in marks if mark["name"] != "distinct choices"]
    cuts = lookup(statistics, "haircut")
    rows: Any = not_computable(statistics, "deflated", "marks")
    if marks is not None:
        rows = [
            [mark["name"], format_trials(mark["trials"]), format_value(mark["threshold"], "ratio")]
            + [format_probability(mark.get(who)) for who in ("best", "base")]
            for mark in marks
        ]
    return {
        "figure": not_computable(statistics, "deflated") if curve is None else trials_figure(curve, marks or []),
        "marks": rows,
        "finding": _finding(curve, marks or [], "search" if searched else "sweep"),
        "haircut": not_computable(statistics, "haircut") if cuts is None else _haircuts(cuts),
        "tests": None if cuts is None else format_trials(cuts.get("tests")),
    }


def trials_figure(curve: Record, marks: list[Record]) -> Figure:
    """DSR of best and base over N on a log axis, with a line and two dots at each count of trials."""
    data: list[Figure] = []
    for who, colour in (("best", BEST), ("base", INK)):
        line: Figure = {"type": "scatter", "mode": "lines", "name": who, "x": curve["trials"], "y": curve[who]}
        line |= {"line": {"color": colour, "width": 2}}
        data.append(line | {"hovertemplate": f"{who}: N = %{{x:,.3g}}, DSR %{{y:.3f}}<extra></extra>"})
        dots = {"type": "scatter", "mode": "markers", "x": [mark["trials"] for mark in marks], "showlegend": False}
        dots |= {"y": [mark.get(who) for mark in marks], "text": [mark["name"] for mark in marks]}
        dots |= {"marker": {"color": colour, "size": 8}, "cliponaxis": False}
        data.append(dots | {"hovertemplate": f"{who}, %{{text}}: N = %{{x:,.3g}}, DSR %{{y:.3f}}<extra></extra>"})
    ordered = sorted((mark for mark in marks if mark["trials"] is not None), key=lambda mark: float(mark["trials"]))
    top = 8 + _LABEL * max(len(ordered), 1)
    figure = layout(_PLOT + top + 46, margin={"t": top, "b": 46, "l": 70, "r": 70})
    shapes: list[Figure] = [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": LEVEL, "y1": LEVEL}]
    shapes[0]["line"] = {"color": SOFT, "width": 1, "dash": "dash"}
    notes: list[Figure] = [{"text": f" {LEVEL}", "xref": "paper", "x": 1, "xanchor": "left", "y": LEVEL}]
    notes[0] |= {"showarrow": False, "font": {"color": SOFT, "size": 12}}
    for position, mark in enumerate(ordered):
        level = 1.0 + _LABEL * (len(ordered) - position - 1) / _PLOT
        line = {"type": "line", "x0": mark["trials"], "x1": mark["trials"], "yref": "paper", "y0": 0, "layer": "below"}
        shapes.append(line | {"y1": level + _LABEL / _PLOT, "line": {"color": TICK, "width": 1, "dash": "dot"}})
        note = {"text": f" {mark['name']}: {format_trials(mark['trials'])} ", "y": level}
        note["x"] = math.log10(mark["trials"])
        note |= {"yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 11, "color": SOFT}}
        notes.append(note | {"xanchor": "left", "bgcolor": PAPER, "borderpad": 0})
    top_decade = max(2, math.ceil(math.log10(max(float(one) for one in curve["trials"]))))
    decades = [*range(0, top_decade + 1, 1 if top_decade <= 6 else 3)]
    figure |= {"shapes": shapes, "annotations": notes, "legend": {"x": 1.01, "y": 0.75, "xanchor": "left"}}
    figure["xaxis"] = axis("N, independent trials (log scale)") | {"type": "log", "showgrid": False}
    figure["xaxis"] |= {"tickvals": [10.0**decade for decade in decades], "range": [0, top_decade]}
    figure["xaxis"]["ticktext"] = [f"10<sup>{decade}</sup>" if decade > 3 else f"{10**decade:,}" for decade in decades]
    figure["yaxis"] = axis("Deflated Sharpe ratio") | {"range": [-0.02, 1.03], "dtick": 0.25, "tickformat": ".2f"}
    return {"data": data, "layout": figure}


def most_trials(curve: Record, who: str) -> float | None:
    """The largest N at which a curve is at least 0.95, interpolated in log N; 0 where it is below 0.95 at N = 1.

    None where the curve never falls below 0.95 or has an undefined value.
    """
    if None in curve[who]:
        return None
    count, values = np.log(np.asarray(curve["trials"], dtype=float)), np.asarray(curve[who], dtype=float)
    low = np.flatnonzero(values < LEVEL)
    if not low.size:
        return None
    if low[0] == 0:
        return 0.0
    before, after = int(low[0]) - 1, int(low[0])
    part = (values[before] - LEVEL) / (values[before] - values[after])
    return float(np.exp(count[before] + part * (count[after] - count[before])))


def _finding(curve: Record | None, marks: list[Record], what: str) -> str:
    sentences = []
    for who in ("best", "base") if curve is not None else ():
        assert curve is not None
        if None in curve[who]:
            continue
        most = most_trials(curve, who)
        if most is None:
            sentences.append(f"the {who} is above {LEVEL} at every count")
        elif most < 1.05:
            sentences.append(f"the {who} is below {LEVEL} even for a single trial")
        else:
            sentences.append(f"the {who} is above {LEVEL} up to {format_trials(round(most, 1))} independent trials")
    if not sentences:
        return ""
    text = "deflated Sharpe ratio: " + "; ".join(sentences)
    counts = [float(mark["trials"]) for mark in marks if mark["trials"] is not None]
    if counts:
        between = f"{format_trials(min(counts))} to {format_trials(max(counts))}"
        text += f". Depending on how they are counted, this {what} has {between} trials"
    return f"{text[0].upper()}{text[1:]}."


def _haircuts(cuts: Record) -> list[list[str]]:
    """Who, Sharpe ratio, then the adjusted Sharpe ratio and p of Bonferroni, Holm and BHY."""
    rows = []
    for who in ("base", "best"):
        one = cuts.get(who)
        if one is not None:
            row = [who.capitalize(), format_value(one.get("sharpe"), "ratio")]
            for name in ("bonferroni", "holm", "bhy"):
                row += [format_value(one.get(name), "ratio"), format_probability(one.get(f"p_{name}"))]
            rows.append(row)
    return rows
