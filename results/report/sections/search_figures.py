"""Section 1 of a search: figures of its progress, its Pareto front and the importance of its parameters."""

from __future__ import annotations

from gridproof.results.report.figures import BEST, INK, PAPER, SOFT, Figure, axis, base64_array, layout
from gridproof.results.report.number_format import d3_format
from gridproof.results.report.search_record import ObjectiveLabel, SearchRecord, Trial

DOTS, _GAP, _ROW = "#7f9cbc", 0.04, 24  # _ROW: pixels a bar


def best_so_far(searched: SearchRecord) -> list[tuple[int, float]]:
    """(number, first objective) of each trial that was better than every trial before it."""
    sign = -1.0 if searched.objectives[0].maximise else 1.0
    steps: list[tuple[int, float]] = []
    before: tuple[float, float] | None = None
    for trial in searched.trials or ():
        if trial.values and (before is None or (trial.violation, sign * trial.values[0]) < before):
            before = (trial.violation, sign * trial.values[0])
            steps.append((trial.number, trial.values[0]))
    return steps


def progress_figure(searched: SearchRecord) -> Figure | None:
    """The first objective of each trial in order, and the best so far; pruned trials below. None without trials."""
    trials, objective = searched.trials or (), searched.objectives[0]
    defined = [one for one in trials if one.values]
    if not defined:
        return None
    form = d3_format(objective.unit)
    valid, invalid = [one for one in defined if not one.violation], [one for one in defined if one.violation]
    data = []
    for part, name, style in ((valid, "trial", _dot(DOTS)), (invalid, "fails the requirements", _ring(SOFT))):
        if part:
            points = _points([one.number for one in part], [one.values[0] for one in part], style)
            data.append(points | {"name": name, "hovertemplate": f"trial %{{x}}: %{{y:{form}}}<extra></extra>"})
    steps = best_so_far(searched)
    line: Figure = {"type": "scatter", "mode": "lines", "name": "best so far", "hoverinfo": "skip"}
    line |= {"x": [*(number for number, _ in steps), trials[-1].number], "y": [*(v for _, v in steps), steps[-1][1]]}
    data.append(line | {"line": {"color": BEST, "width": 1.8, "shape": "hv"}})
    chosen = [one for one in defined if one.number == searched.base_trial]
    if chosen:
        data.append(_found(chosen[0].number, chosen[0].values[0], f"trial {chosen[0].number}, the base"))
    pruned = [one.number for one in trials if not one.values]
    if pruned:
        style = {"symbol": "line-ns-open", "size": 9, "color": SOFT}
        marks = _points(pruned, [0.0] * len(pruned), style) | {"yaxis": "y2", "name": "pruned: objective undefined"}
        data.append(marks | {"hovertemplate": "trial %{x}: objective undefined<extra></extra>"})
    figure = layout(310, margin={"t": 34, "b": 46, "l": 70, "r": 12})
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    figure["xaxis"] = axis("trial") | {"showgrid": False, "tickformat": "d", "anchor": "y2" if pruned else "y"}
    figure["yaxis"] = axis(objective.label) | {"tickformat": form, "domain": [0.1 if pruned else 0.0, 1.0]}
    figure["yaxis2"] = {"domain": [0.0, 0.06], "visible": False, "fixedrange": True}
    return {"data": data, "layout": figure}


def front_figure(searched: SearchRecord) -> Figure | None:
    """All trials by their first two objectives, a third as colour; the front ringed. None with one objective."""
    objectives, trials = searched.objectives, searched.ranked()
    if len(objectives) < 2 or not trials:
        return None
    front = [one for one in trials if one.number in searched.front]
    valid, invalid = [one for one in trials if not one.violation], [one for one in trials if one.violation]
    hover = "trial %{text}<br>" + "<br>".join(
        f"{objective.label} %{{{where}:{d3_format(objective.unit)}}}"
        for objective, where in zip(objectives, ("x", "y", "marker.color"), strict=False)
    )
    data: list[Figure] = []
    if invalid:
        data.append(_spread(invalid, _ring("#a9a9a4")) | {"name": "fails the requirements"})
    style = _dot(DOTS)
    if len(objectives) > 2:
        bar = {"title": {"text": objectives[2].label, "side": "right"}, "thickness": 12, "outlinewidth": 0}
        style |= {"color": base64_array([one.values[2] for one in valid], "<f8"), "colorscale": "Viridis", "size": 8}
        style |= {
            "colorbar": bar | {"tickformat": d3_format(objectives[2].unit)},
            "reversescale": not objectives[2].maximise,
        }
    if valid:
        data.append(_spread(valid, style) | {"name": "trial", "hovertemplate": f"{hover}<extra></extra>"})
    if invalid:
        data[0]["hovertemplate"] = f"{hover.split('<br>%{marker')[0]}<extra>fails the requirements</extra>"
        if len(objectives) > 2:
            data[0]["hovertemplate"] = "trial %{text}<extra>fails the requirements</extra>"
    ring = _spread(front, {"symbol": "circle-open", "size": 13, "color": INK, "line": {"width": 1.5}})
    data.append(ring | {"name": "Pareto front", "hoverinfo": "skip"})
    if len(objectives) == 2:
        ordered = sorted(front, key=lambda one: (one.values[0], one.values[1]))
        steps: Figure = {"type": "scatter", "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
        steps |= {"x": [one.values[0] for one in ordered], "y": [one.values[1] for one in ordered]}
        data.append(steps | {"line": {"color": INK, "width": 1, "shape": "vh" if objectives[0].maximise else "hv"}})
    chosen = [one for one in trials if one.number == searched.base_trial]
    if chosen:
        data.append(_found(chosen[0].values[0], chosen[0].values[1], f"trial {chosen[0].number}, the base"))
    figure = layout(400, margin={"t": 34, "b": 46, "l": 80, "r": 12})
    figure["legend"] = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    for key, objective in (("xaxis", objectives[0]), ("yaxis", objectives[1])):
        figure[key] = axis(f"{objective.label}, {objective.better}") | {"tickformat": d3_format(objective.unit)}
    return {"data": data, "layout": figure}


def importance_figure(shares: list[tuple[ObjectiveLabel, dict[str, float | None]]]) -> Figure:
    """A panel of bars for each objective; parameters in the order of their share in the first."""
    names = list(dict.fromkeys(name for _, part in shares for name in part))
    names.sort(key=lambda name: (-(shares[0][1].get(name) or 0.0), name))
    width = (1.0 - _GAP * (len(shares) - 1)) / len(shares)
    figure = layout(_ROW * len(names) + 84, margin={"t": 34, "b": 46, "l": 150, "r": 12})
    figure |= {"showlegend": False, "annotations": [], "bargap": 0.35}
    top = max([0.0, *(value for _, part in shares for value in part.values() if value is not None)])
    data = []
    for panel, (objective, part) in enumerate(shares):
        side = "" if panel == 0 else str(panel + 1)
        bar: Figure = {"type": "bar", "orientation": "h", "y": names, "x": [part.get(name) for name in names]}
        bar |= {"xaxis": f"x{side}", "yaxis": f"y{side}", "marker": {"color": "#4d78a8"}}
        data.append(bar | {"hovertemplate": "%{y}: %{x:.1%}<extra></extra>"})
        domain = [panel * (width + _GAP), panel * (width + _GAP) + width]
        figure[f"xaxis{side}"] = axis("Share") | {"domain": domain, "anchor": f"y{side}", "tickformat": ".0%"}
        figure[f"xaxis{side}"] |= {"range": [0, 1.05 * top or 1.0], "nticks": 6}
        figure[f"yaxis{side}"] = axis() | {"anchor": f"x{side}", "autorange": "reversed", "ticks": ""}
        figure[f"yaxis{side}"] |= {"ticklabelstandoff": 5, "showgrid": False, "showticklabels": not panel}
        note = {"text": objective.label, "x": domain[0], "xref": "paper", "xanchor": "left", "y": 1, "yref": "paper"}
        figure["annotations"].append(note | {"yanchor": "bottom", "yshift": 6, "showarrow": False})
    return {"data": data, "layout": figure}


def _spread(trials: list[Trial], style: Figure) -> Figure:
    points = _points([one.values[0] for one in trials], [one.values[1] for one in trials], style)
    return points | {"text": [str(one.number) for one in trials]}


def _points(x: list[int] | list[float], y: list[float], style: Figure) -> Figure:
    points: Figure = {"type": "scatter", "mode": "markers", "x": base64_array(x, "<f8"), "y": base64_array(y, "<f8")}
    return points | {"marker": style}


def _found(x: float, y: float, name: str) -> Figure:
    style = {"symbol": "circle-open", "size": 15, "color": BEST, "line": {"width": 2.5}}
    return _points([x], [y], style) | {"name": name, "hoverinfo": "skip", "cliponaxis": False}


def _dot(colour: str) -> Figure:
    return {"color": colour, "size": 7, "line": {"color": PAPER, "width": 0.5}}


def _ring(colour: str) -> Figure:
    return {"symbol": "circle-open", "color": colour, "size": 6}
