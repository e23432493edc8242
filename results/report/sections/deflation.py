"""Section 4: the deflated Sharpe ratio against the number of trials, and the Sharpe ratios cut for multiple tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridproof.results.report.figures import BEST, INK, SOFT, Figure, axis, layout
from gridproof.results.report.sections.absence import absence, found, whole
from gridproof.results.report.wording import number, probability, trials
from gridproof.results.run.record import Record

LEVEL = 0.95
_CELLS = {"all variants": "all cells"}
_PLOT, _LABEL = 240, 17  # pixels: the plot, a line of labels above it


def deflation_section(statistics: Record, searched: bool = False) -> Record:
    """The curve over N with its marks, the marks as rows, the haircuts as rows, and the finding.

    searched: the trials are cells of a search, of which no one counted how many differ.
    """
    curve, marks = (
        whole(found(statistics, "deflated", "curve"), "trials", "best", "base"),
        found(statistics, "deflated", "marks"),
    )
    if searched and marks is not None:
        marks = [
            mark | {"name": _CELLS.get(mark["name"], mark["name"])} for mark in marks if mark["name"] != "distinct"
        ]
    cuts = found(statistics, "haircut")
    rows: Any = absence(statistics, "deflated", "marks")
    if marks is not None:
        rows = [
            [mark["name"], trials(mark["trials"]), number(mark["threshold"], "ratio")]
            + [probability(mark.get(who)) for who in ("best", "base")]
            for mark in marks
        ]
    return {
        "figure": absence(statistics, "deflated") if curve is None else trials_figure(curve, marks or []),
        "marks": rows,
        "finding": _finding(curve, marks or [], "search" if searched else "sweep"),
        "haircut": absence(statistics, "haircut") if cuts is None else _haircuts(cuts),
        "tests": None if cuts is None else trials(cuts.get("tests")),
    }


def trials_figure(curve: Record, marks: list[Record]) -> Figure:
    """DSR of best and base over N on a log axis; a line and a dot on either curve at each count."""
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
    for place, mark in enumerate(ordered):
        level = 1.0 + _LABEL * (len(ordered) - place - 1) / _PLOT
        line = {"type": "line", "x0": mark["trials"], "x1": mark["trials"], "yref": "paper", "y0": 0, "layer": "below"}
        shapes.append(line | {"y1": level + _LABEL / _PLOT, "line": {"color": "#b5b5b0", "width": 1, "dash": "dot"}})
        note = {"text": f" {mark['name']}: {trials(mark['trials'])} ", "x": math.log10(mark["trials"]), "y": level}
        note |= {"yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 11, "color": SOFT}}
        notes.append(note | {"xanchor": "left", "bgcolor": "#fdfdfc", "borderpad": 0})
    top_decade = max(2, math.ceil(math.log10(max(float(one) for one in curve["trials"]))))
    decades = [*range(0, top_decade + 1, 1 if top_decade <= 6 else 3)]
    figure |= {"shapes": shapes, "annotations": notes, "legend": {"x": 1.01, "y": 0.75, "xanchor": "left"}}
    figure["xaxis"] = axis("N, independent trials (log scale)") | {"type": "log", "showgrid": False}
    figure["xaxis"] |= {"tickvals": [10.0**decade for decade in decades], "range": [0, top_decade]}
    figure["xaxis"]["ticktext"] = [f"10<sup>{decade}</sup>" if decade > 3 else f"{10**decade:,}" for decade in decades]
    figure["yaxis"] = axis("Deflated Sharpe ratio") | {"range": [-0.02, 1.03], "dtick": 0.25, "tickformat": ".2f"}
    return {"data": data, "layout": figure}


def most_trials(curve: Record, who: str) -> float | None:
    """The N up to which a curve stays at 0.95 or above, between points on the log of N; 0 if nowhere.

    None where it never falls below, as far as the curve goes, or holds an undefined value.
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
    said = []
    for who in ("best", "base") if curve is not None else ():
        assert curve is not None
        if None in curve[who]:
            continue
        most = most_trials(curve, who)
        if most is None:
            said.append(f"the {who} stays above {LEVEL} whatever the count")
        elif most < 1.05:
            said.append(f"the {who} is below {LEVEL} even for a single trial")
        else:
            said.append(f"the {who} stays above {LEVEL} for up to {trials(round(most, 1))} independent trials")
    if not said:
        return ""
    text = "; ".join(said)
    counts = [float(mark["trials"]) for mark in marks if mark["trials"] is not None]
    if counts:
        text += f". Counted in one way or another this {what} amounts to {trials(min(counts))} to {trials(max(counts))}"
    return f"{text[0].upper()}{text[1:]}."


def _haircuts(cuts: Record) -> list[list[str]]:
    """Who, Sharpe, then Sharpe and p by Bonferroni, Holm and BHY."""
    rows = []
    for who in ("base", "best"):
        one = cuts.get(who)
        if one is not None:
            row = [who.capitalize(), number(one.get("sharpe"), "ratio")]
            for name in ("bonferroni", "holm", "bhy"):
                row += [number(one.get(name), "ratio"), probability(one.get(f"p_{name}"))]
            rows.append(row)
    return rows
