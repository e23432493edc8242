"""Section 7: walk-forward and combinatorial purged cross-validation (CPCV)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

import numpy as np
import pandas as pd

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import plain
from gridproof.results.report.curves import log_axis, publication_shading, time_axis
from gridproof.results.report.figures import (
    INK,
    MIX_COLOUR,
    NULL,
    TICK,
    Figure,
    base64_array,
    layout,
    leg_colours,
    thinned,
)
from gridproof.results.report.number_format import (
    UNDEFINED,
    format_count,
    format_probability,
    format_trials,
    format_value,
)
from gridproof.results.report.search_record import SearchRecord, merge_switched_off, redundant_switch
from gridproof.results.report.sections.lookup import lookup, not_computable, with_keys
from gridproof.results.run.conclusion_record import MIX
from gridproof.results.run.record import Record

LEGEND: Figure = {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"}
_PATHS = "#4fa3a5"


def cross_validation_section(
    statistics: Record, curves: pd.DataFrame, summary: Record, searched: SearchRecord | None = None
) -> Record:
    """Two figures of NAV with base and legs over the same days, the folds as rows, and the findings.

    searched: the folds choose among the variants of a search, which have parameters beyond the axes of the sweep.
    """
    walk, paths = lookup(statistics, "walk_forward"), lookup(statistics, "combinatorial")
    section: Record = {"walk_finding": _walk_finding(walk, summary), "paths_finding": _paths_finding(paths)}
    section["against"] = _against(walk)
    section["folds"] = _folds(walk, summary, searched) if walk is not None else {"axes": [], "shared": [], "rows": []}
    section["walk"], section["paths"] = (not_computable(statistics, key) for key in ("walk_forward", "combinatorial"))
    if walk is not None and with_keys(walk.get("curve"), "date", "nav"):
        lines = [("walk-forward", walk["curve"]["nav"], NULL, 2.0)]
        if walk["curve"].get("mix"):
            lines.insert(0, ("constant mix of its weights", walk["curve"]["mix"], MIX_COLOUR, 1.2))
        section["walk"] = navs_figure(walk["curve"]["date"], lines, curves, summary)
        for fold in walk.get("folds") or []:
            start: Figure = {"type": "line", "x0": fold["test_from"], "x1": fold["test_from"], "yref": "paper"}
            start |= {"y0": 0, "y1": 1, "line": {"color": TICK, "width": 1, "dash": "dot"}, "layer": "below"}
            section["walk"]["layout"]["shapes"].append(start)
    if paths is not None and with_keys(paths.get("curves"), "date", "nav"):
        fan = [(f"path {number + 1}", nav, _PATHS, 1.2) for number, nav in enumerate(paths["curves"]["nav"])]
        section["paths"] = navs_figure(paths["curves"]["date"], fan, curves, summary, mix=True)
    return section


def navs_figure(
    dates: Sequence[str],
    lines: Sequence[tuple[str, Sequence[float], str, float]],
    curves: pd.DataFrame,
    summary: Record,
    mix: bool = False,
) -> Figure:
    """NAV of base, legs and lines on a log axis, 1 at the close before the first day.

    dates: D days. lines: (name, NAV on each of the days, colour, width). mix: with the constant mix of the base.
    """
    days = [str(day)[:10] for day in dates]
    known = curves.set_index(pd.to_datetime(curves["date"]).dt.strftime("%Y-%m-%d"))
    colours = leg_colours(summary["legs"])
    reference = [(f"hold {leg}", f"hold.{leg}.nav", colours[leg], 1.0) for leg in summary["legs"]]
    if mix:
        reference.append((MIX, f"{MIX}.nav", MIX_COLOUR, 1.2))
    drawn: list[tuple[str, Any, str, float]] = []
    for name, column, colour, width in [*reference, ("base", "base.nav", INK, 1.6)]:
        part = _rebased(known, column, days)
        if part is not None:
            drawn.append((name, part, colour, width))
    drawn += [(name, np.asarray(nav, dtype=float), colour, width) for name, nav, colour, width in lines]
    data, kept = [], thinned(len(days))
    shown = [days[at] for at in kept]
    for name, nav, colour, width in drawn:
        trace: Figure = {"type": "scatter", "mode": "lines", "name": name, "x": shown, "y": base64_array(nav[kept])}
        trace |= {"line": {"color": colour, "width": width}, "hovertemplate": "%{y:.3g}"}
        data.append(trace)
    figure = layout(320, margin={"t": 52, "b": 36, "l": 70, "r": 12}) | {"hovermode": "x unified", "shapes": []}
    published = summary["window"]["published"]
    if published is not None and days[0] <= published <= days[-1]:
        figure |= publication_shading(published, days[-1], late=published > days[len(days) // 2])
    figure["legend"] = LEGEND | {"y": 1.07, "traceorder": "normal"}
    figure["xaxis"] = time_axis() | {"range": [days[0], days[-1]]}
    figure["yaxis"] = log_axis(np.concatenate([nav for _, nav, _, _ in drawn]), "NAV, log scale")
    return {"data": data, "layout": figure}


def _rebased(known: pd.DataFrame, column: str, days: Sequence[str]) -> Any:
    """A curve of the run over these days, 1 at the close before them; None where a day is not in the run."""
    positions = known.index.get_indexer(pd.Index(days))
    if column not in known or (positions < 0).any():
        return None
    nav = known[column].to_numpy(dtype=float)
    return nav[positions] / (nav[positions[0] - 1] if positions[0] else 1.0)


def _folds(walk: Record, summary: Record, searched: SearchRecord | None) -> Record:
    """The folds as rows of text; a parameter with one value in every fold is listed once, in ``shared``."""
    folds = walk.get("folds") or []
    chosen = [fold.get("parameters") or {} for fold in folds]
    unit = BY_NAME[summary["objective"]].unit
    names = [one["name"] for one in summary["axes"] if len(one["values"]) > 1]
    base = summary["base"]["parameters"]
    base_texts = {name: plain(base[name]) for name in names}
    texts = {name: [UNDEFINED if one.get(name) is None else plain(one[name]) for one in chosen] for name in names}
    if searched is not None:
        base_texts = {name: searched.text(name, base) for name in searched.parameters}
        texts = {name: [searched.text(name, one) for one in chosen] for name in base_texts}
    columns = [name for name in texts if len(set(texts[name])) > 1]
    constant = [(name, texts[name][0]) for name in texts if folds and name not in columns]
    shared = [f"{name} {text}" for name, text in constant]
    if searched is not None:
        columns = [name for name in columns if not redundant_switch(name, texts)]
        shared = merge_switched_off([(name, text) for name, text in constant if not redundant_switch(name, texts)])
    rows = []
    for number, fold in enumerate(folds):
        spans = [f"{fold[f'{part}_from']} to {fold[f'{part}_to']}" for part in ("train", "test")]
        cells = [(texts[name][number], texts[name][number] == base_texts[name]) for name in columns]
        rows.append((spans, cells, [format_value(fold.get(key), unit) for key in ("in_sample", "out_of_sample")]))
    return {"axes": columns, "shared": shared, "rows": rows}


def _walk_finding(walk: Record | None, summary: Record) -> str:
    if walk is None or walk.get("sharpe") is None:
        return ""
    text = f"Walk-forward Sharpe ratio {format_value(walk['sharpe'], 'ratio')}"
    if walk.get("t_statistic") is not None:
        text += f" (t-statistic {format_value(walk['t_statistic'], 'ratio')})"
    if walk.get("days") is not None:
        text += f" over {format_trials(walk['days'])} out-of-sample days"
    text += ": each fold holds the variant that was best in the days before it"
    expected = [fold["in_sample"] for fold in walk.get("folds") or [] if fold.get("in_sample") is not None]
    if expected:
        metric = BY_NAME[summary["objective"]]
        mean = format_value(fmean(expected), metric.unit)
        text += f". When chosen, these variants had an average in-sample {metric.label} of {mean}"
    return f"{text}."


def _paths_finding(paths: Record | None) -> str:
    known = sorted(value for value in (paths or {}).get("sharpe") or [] if value is not None)
    if paths is None or not known:
        return ""
    low, middle, high = (format_value(value, "ratio") for value in (known[0], median(known), known[-1]))
    design = [
        f"{format_count(paths.get('groups'))} groups, {format_count(paths.get('test'))} of them tested at a time",
        f"{format_count(paths.get('splits'))} splits",
        f"purge {format_count(paths.get('purge'))} days",
        f"embargo {format_count(paths.get('embargo'))} days",
    ]
    text = f"{len(known)} out-of-sample paths: Sharpe ratio {low} to {high}, median {middle} ({', '.join(design)})"
    held = [one for one in paths.get("holdings") or [] if one.get("sharpe") is not None]
    mixes = [value for value in paths.get("mix") or [] if value is not None]
    if not held:
        return f"{text}."
    hardest = max(held, key=lambda one: float(one["sharpe"]))
    above = sum(value > hardest["sharpe"] for value in known)
    text += (
        f". {hardest['name'].capitalize()} had {format_value(hardest['sharpe'], 'ratio')} on the same days: {above} of "
    )
    text += f"{len(known)} paths are above it"
    return (
        f"{text}; the mixes of their mean weights had {format_value(median(mixes), 'ratio')}." if mixes else f"{text}."
    )


def _against(walk: Record | None) -> list[list[str]]:
    """The walk-forward against each static holding of its days: Sharpe ratio, difference with bounds, p, return."""
    rows = []
    for one in (walk or {}).get("holdings") or []:
        difference, lower, upper = (format_value(one.get(key), "ratio") for key in ("difference", "lower", "upper"))
        numbers = [format_value(one.get("sharpe"), "ratio"), difference, f"{lower} to {upper}"]
        numbers.append(format_probability(one.get("p_value")))
        rows.append([one["name"], *numbers, format_value(one.get("return_difference"), "percent")])
    return rows
