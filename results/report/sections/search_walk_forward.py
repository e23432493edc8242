"""Section 1 of a search: the search repeated on the past of each fold, its result held over the days after."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pandas as pd

from gridproof.results.report.figures import NULL, TICK, Figure
from gridproof.results.report.number_format import format_count, format_trials, format_value
from gridproof.results.report.search_record import SearchRecord, merge_switched_off, redundant_switch
from gridproof.results.report.sections.cross_validation import navs_figure
from gridproof.results.report.sections.lookup import lookup, not_computable, with_keys
from gridproof.results.run.record import Record

NOT_RUN = "not computable: the search was not repeated on parts of the days"


def search_walk_forward(searched: SearchRecord, curves: pd.DataFrame, summary: Record) -> Record:
    """The stitched NAV with base and legs, the folds as rows with the parameters that changed, and the finding."""
    walk = lookup(searched.record, "walk_forward")
    reason = searched.record.get("walk_forward_why") or (searched.record.get("walk_forward") or {}).get("why")
    section: Record = {
        "figure": not_computable(searched.record, "walk_forward") if reason else NOT_RUN,
        "finding": search_walk_forward_sentence(walk),
    }
    if walk is None:
        return section | {"axes": [], "shared": [], "rows": [], "label": "", "moved": ""}
    folds = walk.get("folds") or []
    if with_keys(walk.get("curve"), "date", "nav"):
        lines = [("search repeated in each fold", walk["curve"]["nav"], NULL, 2.0)]
        section["figure"] = navs_figure(walk["curve"]["date"], lines, curves, summary)
        section["figure"]["layout"]["shapes"] += [_border(fold["test_from"]) for fold in folds]
    else:
        section["figure"] = not_computable(searched.record, "walk_forward", "curve")
    return section | _folds(searched, walk, folds)


def search_walk_forward_sentence(walk: Record | None) -> str:
    """The out-of-sample result of repeating the search; empty where it is not known."""
    if walk is None or walk.get("sharpe") is None:
        return ""
    text = f"Walk-forward of the whole search: Sharpe ratio {format_value(walk['sharpe'], 'ratio')}"
    if walk.get("t_statistic") is not None:
        text += f" (t-statistic {format_value(walk['t_statistic'], 'ratio')})"
    if walk.get("cagr") is not None:
        text += f", CAGR {format_value(walk['cagr'], 'percent')}"
    if walk.get("days") is not None:
        text += f" over {format_trials(walk['days'])} out-of-sample days"
    folds = len(walk.get("folds") or [])
    if folds:
        text += f"; the search was repeated {'once' if folds == 1 else f'{folds} times'} on past days only"
        text += f", with {format_trials(walk['trials'])} trials each" if walk.get("trials") is not None else ""
    return f"{text}."


def _folds(searched: SearchRecord, walk: Record, folds: list[Record]) -> Record:
    """Rows of (spans, trial, [(text, change)], values), constant parameters once, and how many changed."""
    objective = searched.objective(str(walk.get("objective") or searched.record.get("objective")))
    chosen = [fold.get("parameters") or {} for fold in folds]
    texts = {name: [searched.text(name, one) for one in chosen] for name in searched.parameters}
    columns = [name for name in texts if len(set(texts[name])) > 1 and not redundant_switch(name, texts)]
    rows: list[Any] = []
    changes = []
    for number, fold in enumerate(folds):
        spans = [f"{fold[f'{part}_from']} to {fold[f'{part}_to']}" for part in ("train", "test")]
        cells = [(texts[name][number], _change(texts[name], number)) for name in columns]
        values = [format_value(fold.get(key), objective.unit) for key in ("in_sample", "out_of_sample")]
        rows.append((spans, format_count(fold.get("number")), cells, values))
        changes.append(sum(change == "moved" for _, change in cells))
    constant = [name for name in texts if len(set(texts[name])) == 1 and not redundant_switch(name, texts)]
    return {
        "axes": columns,
        "shared": merge_switched_off([(name, texts[name][0]) for name in constant]),
        "rows": rows,
        "label": objective.label,
        "moved": _stability(texts, changes, len(columns) + len(constant)),
    }


def _change(texts: list[str], number: int) -> str:
    """Whether a fold's parameter equals that of the fold before: "same" or "moved"; empty for the first fold."""
    return "" if number == 0 else "same" if texts[number] == texts[number - 1] else "moved"


def _stability(texts: dict[str, list[str]], changes: list[int], parameters: int) -> str:
    """How many parameters changed between folds; empty for a single fold. parameters: how many there are."""
    folds = len(changes)
    if folds < 2:
        return ""
    text = f"On average {fmean(changes[1:]):.1f} of {parameters} parameters changed from one fold to the next"
    structure = [values for name, values in texts.items() if name == "rule" or name.endswith(".use")]
    turned = sum(any(values[number] != values[number - 1] for values in structure) for number in range(1, folds))
    if structure:
        text += f"; the rule or the set of signals changed {turned} of {folds - 1} times"
    return f"{text}. A real effect would be found again in each fold."


def _border(day: str) -> Figure:
    line: Figure = {"type": "line", "x0": day, "x1": day, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return line | {"line": {"color": TICK, "width": 1, "dash": "dot"}}
