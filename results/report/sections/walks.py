"""Section 7: choosing anew from the past (walk-forward), and from every other part of it (combinatorial purged CV)."""

from __future__ import annotations

import statistics as numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridproof.results.report.axis import plain
from gridproof.results.report.curves import log_axis, publication_ground
from gridproof.results.report.figures import INK, LUCK, Figure, axis, layout, leg_colours, typed
from gridproof.results.report.search_record import SearchRecord, together, told
from gridproof.results.report.sections.absence import absence, found, whole
from gridproof.results.report.wording import METRICS, count, number, trials
from gridproof.results.run.record import Record

LEGEND: Figure = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"}
_PATHS = "#4fa3a5"


def walks_section(
    statistics: Record, curves: pd.DataFrame, summary: Record, searched: SearchRecord | None = None
) -> Record:
    """Two figures of NAV beside base and legs over the same days, the folds as rows, and the findings.

    searched: the folds choose among cells of a search, which differ in more than the axes swept around the base.
    """
    walk, paths = found(statistics, "walk_forward"), found(statistics, "combinatorial")
    section: Record = {"walk_finding": _walk_finding(walk, summary), "paths_finding": _paths_finding(paths)}
    section["folds"] = _folds(walk, summary, searched) if walk is not None else {"axes": [], "shared": [], "rows": []}
    section["walk"], section["paths"] = (absence(statistics, key) for key in ("walk_forward", "combinatorial"))
    if walk is not None and whole(walk.get("curve"), "date", "nav"):
        lines = [("chosen anew each fold", walk["curve"]["nav"], LUCK, 2.0)]
        section["walk"] = navs_figure(walk["curve"]["date"], lines, curves, summary)
        for fold in walk.get("folds") or []:
            start: Figure = {"type": "line", "x0": fold["test_from"], "x1": fold["test_from"], "yref": "paper"}
            start |= {"y0": 0, "y1": 1, "line": {"color": "#b5b5b0", "width": 1, "dash": "dot"}, "layer": "below"}
            section["walk"]["layout"]["shapes"].append(start)
    if paths is not None and whole(paths.get("curves"), "date", "nav"):
        fan = [(f"path {place + 1}", nav, _PATHS, 1.2) for place, nav in enumerate(paths["curves"]["nav"])]
        section["paths"] = navs_figure(paths["curves"]["date"], fan, curves, summary)
    return section


def navs_figure(
    dates: Sequence[str],
    lines: Sequence[tuple[str, Sequence[float], str, float]],
    curves: pd.DataFrame,
    summary: Record,
) -> Figure:
    """NAV on a log axis of D days, 1 before the first, of the lines (name, nav, colour, width) and of base and legs."""
    days = [str(day)[:10] for day in dates]
    known = curves.set_index(pd.to_datetime(curves["date"]).dt.strftime("%Y-%m-%d"))
    colours = leg_colours(summary["legs"])
    beside = [(f"hold {leg}", f"hold.{leg}.nav", colours[leg], 1.0) for leg in summary["legs"]]
    drawn: list[tuple[str, Any, str, float]] = []
    for name, column, colour, width in [*beside, ("base", "base.nav", INK, 1.6)]:
        part = _beside(known, column, days)
        if part is not None:
            drawn.append((name, part, colour, width))
    drawn += [(name, np.asarray(nav, dtype=float), colour, width) for name, nav, colour, width in lines]
    data = []
    for name, nav, colour, width in drawn:
        trace: Figure = {"type": "scatter", "mode": "lines", "name": name, "x": days, "y": typed(nav)}
        trace |= {"line": {"color": colour, "width": width}, "hovertemplate": "%{y:.3g}"}
        data.append(trace)
    figure = layout(320, margin={"t": 52, "b": 36, "l": 70, "r": 12}) | {"hovermode": "x unified", "shapes": []}
    published = summary["window"]["published"]
    if published is not None and days[0] <= published <= days[-1]:
        figure |= publication_ground(published, days[-1], late=published > days[len(days) // 2])
    figure["legend"] = LEGEND | {"y": 1.07, "traceorder": "normal"}
    figure["xaxis"] = axis() | {"type": "date", "hoverformat": "%Y-%m-%d", "range": [days[0], days[-1]]}
    figure["yaxis"] = log_axis(np.concatenate([nav for _, nav, _, _ in drawn]), "NAV, log scale")
    return {"data": data, "layout": figure}


def _beside(known: pd.DataFrame, column: str, days: Sequence[str]) -> Any:
    """A curve of the run over the same days, 1 at the close before them; None where a day is not in the run."""
    places = known.index.get_indexer(pd.Index(days))
    if column not in known or (places < 0).any():
        return None
    nav = known[column].to_numpy(dtype=float)
    return nav[places] / (nav[places[0] - 1] if places[0] else 1.0)


def _folds(walk: Record, summary: Record, searched: SearchRecord | None) -> Record:
    """Folds as rows of text; an axis on which every fold chose the same is named once."""
    folds = walk.get("folds") or []
    chosen = [fold.get("parameters") or {} for fold in folds]
    kind = METRICS[summary["objective"]][1]
    names = [one["name"] for one in summary["axes"] if len(one["values"]) > 1]
    base = summary["base"]["parameters"]
    own = {name: plain(base[name]) for name in names}
    picked = {name: ["–" if cell.get(name) is None else plain(cell[name]) for cell in chosen] for name in names}
    if searched is not None:
        own = {name: searched.text(name, base) for name in searched.parameters}
        picked = {name: [searched.text(name, cell) for cell in chosen] for name in own}
    apart = [name for name in picked if len(set(picked[name])) > 1]
    alike = [(name, picked[name][0]) for name in picked if folds and name not in apart]
    shared = [f"{name} {text}" for name, text in alike]
    if searched is not None:
        apart = [name for name in apart if not told(name, picked)]
        shared = together([(name, text) for name, text in alike if not told(name, picked)])
    rows = []
    for place, fold in enumerate(folds):
        span = [f"{fold[f'{part}_from']} to {fold[f'{part}_to']}" for part in ("train", "test")]
        cells = [(picked[name][place], picked[name][place] == own[name]) for name in apart]
        rows.append((span, cells, [number(fold.get(key), kind) for key in ("in_sample", "out_of_sample")]))
    return {"axes": apart, "shared": shared, "rows": rows}


def _walk_finding(walk: Record | None, summary: Record) -> str:
    if walk is None or walk.get("sharpe") is None:
        return ""
    text = (
        f"Whoever had held in each fold what was best before it would have had Sharpe {number(walk['sharpe'], 'ratio')}"
    )
    if walk.get("t_statistic") is not None:
        text += f" (t = {number(walk['t_statistic'], 'ratio')})"
    if walk.get("days") is not None:
        text += f" over {trials(walk['days'])} days that the choice did not see"
    promised = [fold["in_sample"] for fold in walk.get("folds") or [] if fold.get("in_sample") is not None]
    if promised:
        label, kind = METRICS[summary["objective"]]
        text += f"; when chosen these variants showed {label} {number(numbers.fmean(promised), kind)} on average"
    return f"{text}."


def _paths_finding(paths: Record | None) -> str:
    known = sorted(value for value in (paths or {}).get("sharpe") or [] if value is not None)
    if paths is None or not known:
        return ""
    text = f"{len(known)} paths, each put together from test groups that the choice did not see: Sharpe \
{number(known[0], 'ratio')} to {number(known[-1], 'ratio')}, {number(numbers.median(known), 'ratio')} in the middle"
    design = [
        f"{count(paths.get('groups'))} groups, {count(paths.get('test'))} of them tested at a time",
        f"{count(paths.get('splits'))} splits",
        f"purge {count(paths.get('purge'))} and embargo {count(paths.get('embargo'))} days",
    ]
    return f"{text} ({', '.join(design)})."
