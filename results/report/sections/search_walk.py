"""Section 1, of a search: the search repeated on each past alone, and what it found held for the days after."""

from __future__ import annotations

import statistics as numbers
from typing import Any

import pandas as pd

from gridproof.results.report.figures import LUCK, Figure
from gridproof.results.report.search_record import SearchRecord, together, told
from gridproof.results.report.sections.absence import absence, found, whole
from gridproof.results.report.sections.walks import navs_figure
from gridproof.results.report.wording import count, number, trials
from gridproof.results.run.record import Record

NEVER = "not computable: the search was not repeated on parts of the days"


def searched_walk(searched: SearchRecord, curves: pd.DataFrame, summary: Record) -> Record:
    """The stitched NAV beside base and legs, the folds as rows with what they changed, and the finding."""
    walk = found(searched.record, "walk_forward")
    said = searched.record.get("walk_forward_why") or (searched.record.get("walk_forward") or {}).get("why")
    section: Record = {
        "figure": absence(searched.record, "walk_forward") if said else NEVER,
        "finding": walk_line(walk),
    }
    if walk is None:
        return section | {"axes": [], "shared": [], "rows": [], "label": "", "moved": ""}
    folds = walk.get("folds") or []
    if whole(walk.get("curve"), "date", "nav"):
        lines = [("searched anew each fold", walk["curve"]["nav"], LUCK, 2.0)]
        section["figure"] = navs_figure(walk["curve"]["date"], lines, curves, summary)
        section["figure"]["layout"]["shapes"] += [_border(fold["test_from"]) for fold in folds]
    else:
        section["figure"] = absence(searched.record, "walk_forward", "curve")
    return section | _folds(searched, walk, folds)


def walk_line(walk: Record | None) -> str:
    """What searching anew would have earned, in a sentence; empty where it is not known."""
    if walk is None or walk.get("sharpe") is None:
        return ""
    folds = len(walk.get("folds") or [])
    text = "Searched anew on the past alone"
    if folds:
        text += f", {folds} time{'s' * (folds != 1)}"
        text += f" with {trials(walk['trials'])} trials each" if walk.get("trials") is not None else ""
    text += f", and each finding held until the next, it would have had Sharpe {number(walk['sharpe'], 'ratio')}"
    if walk.get("t_statistic") is not None:
        text += f" (t = {number(walk['t_statistic'], 'ratio')})"
    if walk.get("cagr") is not None:
        text += f" and CAGR {number(walk['cagr'], 'percent')}"
    if walk.get("days") is not None:
        text += f" over {trials(walk['days'])} days that its search did not see"
    return f"{text}."


def _folds(searched: SearchRecord, walk: Record, folds: list[Record]) -> Record:
    """Rows of (spans, trial, [(text, its move)], numbers), parameters that no fold changed once, and how many moved."""
    aim = searched.objective(str(walk.get("objective") or searched.record.get("objective")))
    chosen = [fold.get("parameters") or {} for fold in folds]
    picked = {name: [searched.text(name, one) for one in chosen] for name in searched.parameters}
    apart = [name for name in picked if len(set(picked[name])) > 1 and not told(name, picked)]
    rows: list[Any] = []
    changes = []
    for place, fold in enumerate(folds):
        spans = [f"{fold[f'{part}_from']} to {fold[f'{part}_to']}" for part in ("train", "test")]
        cells = [(picked[name][place], _move(picked[name], place)) for name in apart]
        values = [number(fold.get(key), aim.kind) for key in ("in_sample", "out_of_sample")]
        rows.append((spans, count(fold.get("number")), cells, values))
        changes.append(sum(move == "moved" for _, move in cells))
    still = [name for name in picked if len(set(picked[name])) == 1 and not told(name, picked)]
    shared = together([(name, picked[name][0]) for name in still])
    moved = _moved(picked, changes, len(apart) + len(still))
    return {
        "axes": apart,
        "shared": shared,
        "rows": rows,
        "label": aim.label,
        "moved": moved,
    }


def _move(texts: list[str], place: int) -> str:
    """How a fold's parameter stands to the fold before."""
    return "" if place == 0 else "same" if texts[place] == texts[place - 1] else "moved"


def _moved(picked: dict[str, list[str]], changes: list[int], among: int) -> str:
    """How steadily the search found the same; empty of a single fold. among: parameters in all."""
    folds = len(changes)
    if folds < 2:
        return ""
    text = f"From one fold to the next {numbers.fmean(changes[1:]):.1f} of {among} parameters changed on average"
    structure = [texts for name, texts in picked.items() if name == "rule" or name.endswith(".use")]
    turned = sum(any(texts[place] != texts[place - 1] for texts in structure) for place in range(1, folds))
    if structure:
        text += f", and {turned} of {folds - 1} times the rule or which signals are on"
    return f"{text}. What holds of the market would be found again and again."


def _border(day: str) -> Figure:
    line: Figure = {"type": "line", "x0": day, "x1": day, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return line | {"line": {"color": "#b5b5b0", "width": 1, "dash": "dot"}}
