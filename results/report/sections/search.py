"""Section 1, of a search: what could be chosen, how the search went, and what it found."""

from __future__ import annotations

import statistics as numbers
from typing import Any

import pandas as pd

from gridproof.results.report.axis import ReportAxis, plain, split_units
from gridproof.results.report.search_record import OFF, UNUSED, SearchRecord, Trial, together, told
from gridproof.results.report.sections.absence import found
from gridproof.results.report.sections.search_figures import (
    best_so_far,
    front_figure,
    importance_figure,
    progress_figure,
)
from gridproof.results.report.sections.search_walk import searched_walk
from gridproof.results.report.wording import METRICS, count, listing, number, trials
from gridproof.results.run.record import Record

SAMPLERS = {
    "tpe": "TPE, a tree-structured Parzen estimator",
    "nsga2": "NSGA-II, a genetic algorithm",
    "qmc": "quasi-random points",
    "gp": "a Gaussian process",
    "cmaes": "CMA-ES, an evolution strategy",
    "random": "points drawn at random",
}
FEWEST_ROWS, MOST_ROWS = 10, 30
NO_TRIALS = "not computable: the folder holds no trials that say something"
NO_SHARES = "not computable: too few trials, or none that differ"
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def search_section(searched: SearchRecord, curves: pd.DataFrame, summary: Record) -> Record:
    """Facts, dimensions as rows, figures and tables with their findings; what is not known is its reason."""
    shares = _shares(searched)
    drawn = bool(searched.objectives)
    return {
        "facts": search_facts(searched),
        "dimensions": _dimensions(searched),
        "progress": (drawn and progress_figure(searched)) or NO_TRIALS,
        "progress_finding": _progress(searched) if drawn else "",
        "several": len(searched.objectives) > 1,
        "front": front_figure(searched) or NO_TRIALS,
        "front_finding": _front(searched),
        "further": [one.label for one in searched.objectives[3:]],
        "importances": importance_figure(shares) if shares else NO_SHARES,
        "importances_finding": _share_finding(shares),
        "trials": trials_table(searched),
        "walk": searched_walk(searched, curves, summary),
    }


def search_facts(searched: SearchRecord) -> list[tuple[str, str]]:
    record, done = searched.record, found(searched.record, "trials") or {}
    off = searched.switched_off(found(record, "best", "chosen") or {})
    facts = [("Switched off", f"{listing(off)}: never on in the rule")] if off else []
    facts += [("Searched", _searched(record, done)), ("Space", _space(record))]
    aims = [f"{one.label}, {one.better}{': ' * bool(one.meaning)}{one.meaning}" for one in searched.objectives]
    facts.append(("Objective" + "s" * (len(aims) > 1), "; ".join(aims) or "–"))
    facts.append(("Required", listing(record.get("require") or []) or "nothing"))
    held = found(record, "space", "held")
    imposed = "what the market imposes is no choice"
    if held:
        values = [f"{name} {'–' if value is None else plain(value)}" for name, value in held.items()]
        text = f"{', '.join(values)}, as at the base: {imposed}"
    else:
        text = f"nothing that has several values in the study; {imposed}, be it cost, lag, carry or release"
    facts.append(("Held", text))
    asked = f" ({count(done.get('finished'))} of {count(done.get('asked'))} trials)"
    facts.append(("Stopped", f"{record.get('stopped') or 'why is not known'}{asked if done else ''}"))
    return [*facts, ("Said nothing", _empty(record, done))]


def _searched(record: Record, done: Record) -> str:
    seed = "" if record.get("seed") is None else f", seed {record['seed']}"
    text = f"{trials(record.get('cells'))} cells in {count(done.get('finished'))} trials"
    if record.get("sampler") is not None:
        text += f", proposed by {SAMPLERS.get(str(record['sampler']), record['sampler'])}{seed}"
    if record.get("cells_a_trial") is not None:
        return f"{text}; each with its threshold levels as a dense grid of at most {record['cells_a_trial']:,} cells"
    if record.get("points_a_batch") is not None:
        near = ", each with those one and two steps from it" if record.get("around") else ""
        return f"{text}; single points, {record['points_a_batch']:,} a batch{near}"
    return text


def _space(record: Record) -> str:
    digits, cells = found(record, "space", "digits"), record.get("cells")
    if digits is None:
        return "its size is not known"
    text = f"about {power(digits)} different variants, a continuous range counted as 10,000"
    return f"{text}; searched was one in {power(digits, cells)}" if cells and 10**digits > 10 * cells else text


def power(digits: float, over: float = 1.0) -> str:
    """10^digits / over with two digits: "8.1 × 10¹⁶"; in full below a million."""
    value = 10.0**digits / over
    if value < 100:
        return f"{value:.0f}"
    if value < 1e6:
        return f"{float(f'{value:.2g}'):,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e+")
    return f"{mantissa} × 10{exponent.lstrip('0').translate(_SUPERSCRIPT)}"


def _empty(record: Record, done: Record) -> str:
    text = f"{count(done.get('empty'))} of {count(done.get('finished'))} trials"
    complaints = record.get("complaints") or {}
    if complaints:
        why, times = max(complaints.items(), key=lambda each: float(each[1] or 0))
        text += f"; the commonest complaint, {count(times)} times: {why}"
    repeated = done.get("repeated")
    return text + (f"; {count(repeated)} more repeated an earlier trial, which took no cells" if repeated else "")


def _dimensions(searched: SearchRecord) -> list[tuple[str, str, str, str]]:
    """Name, what may be chosen, only where which signals are on, what was found."""
    chosen = found(searched.record, "best", "chosen") or {}
    known = {str(one["name"]): one for one in searched.dimensions}
    rows = []
    for name in searched.parameters:
        one = known.get(name)
        span = "levels, densely in each trial" if one is None else _span(one)
        users = [f"{name.split('.')[0]}"] if one is None else one.get("only_if_on") or []
        where = " or ".join(f"{user} on" for user in users if f"{user}.use" in known)
        rows.append((name, span, where, searched.text(name, chosen)))
    return rows


def _span(one: Record) -> str:
    values = one.get("values")
    if values:
        return ReportAxis(one["name"], tuple(values), *split_units(tuple(values)), 0, 0).span()
    if one.get("low") is None or one.get("high") is None:
        return "–"
    whole = "whole numbers" if one.get("kind") == "integer" else "any number"
    return f"{plain(one['low'])} to {plain(one['high'])}, {whole}{', on a log scale' if one.get('log') else ''}"


def _progress(searched: SearchRecord) -> str:
    """Which trial was the last to improve, whether the search had settled, and how the middle one stands."""
    steps, aim = best_so_far(searched), searched.objectives[0]
    if not steps:
        return ""
    last, value = steps[-1]
    known = searched.trials or ()
    text = f"Of {len(known):,} trials, counted from {known[0].number}, the last to better all before it was {last}"
    text += f": {aim.label} {number(value, aim.kind)}"
    met = [one.values[0] for one in known if one.values and not one.violation]
    if met:
        text += f", where the middle one of {len(met):,} that meet what is required has" if searched.record.get(
            "require") else f", where the middle one of {len(met):,} has"  # fmt: skip
        text += f" {number(numbers.median(met), aim.kind)}"
    late = last - known[0].number >= 0.8 * len(known)
    more = "It was still improving when it stopped: more trials would likely find more" if late else (
        f"The {known[-1].number - last:,} after it found nothing better")  # fmt: skip
    return f"{text}. {more}."


def _front(searched: SearchRecord) -> str:
    """How many trials no other betters in all objectives, and which of them the base is."""
    aims, size = searched.objectives, len(searched.front)
    if len(aims) < 2 or not size:
        return ""
    best = f"the one with the best {aims[0].label}, which stands first, is swept and judged below"
    if size == 1:
        which = "every other that meets what is required" if searched.record.get("require") else "every other"
        return f"One trial is at least as good as {which} in all objectives: the front is that trial alone."
    return f"{size} trials make the front: no other trial is at least as good in all objectives. Of them {best}."


def _shares(searched: SearchRecord) -> list[Any]:
    parts = found(searched.record, "importances") or []
    return [(searched.objective(one["objective"]), one["shares"]) for one in parts if one.get("shares")]


def _share_finding(shares: list[Any]) -> str:
    said = []
    for aim, part in shares:
        first = [name for name in sorted(part, key=lambda name: -float(part[name] or 0.0)) if part[name]][:3]
        if first:
            named = [f"{name} {number(part[name], 'percent')}" for name in first]
            said.append(f"for {aim.label} {listing(named)}")
    return f"What most tells the better trials from the others: {'; '.join(said)}." if said else ""


def trials_table(searched: SearchRecord) -> Record:
    """The front, then the best of the others, ten to thirty rows. Parameters on which all agree are named once.

    A row is (trial, objectives, [parameters], metrics, whether it is the base). Where parameters of a signal that is
    switched off read off, its switch has no column.
    """
    aims, ranked = searched.objectives, searched.ranked()
    ahead = [one for one in ranked if one.number in searched.front]
    rows = [*ahead, *(one for one in ranked if one not in ahead)][: min(max(FEWEST_ROWS, len(ahead)), MOST_ROWS)]
    texts = {name: [searched.text(name, one.chosen) for one in rows] for name in searched.parameters}
    apart = [name for name in texts if len(set(texts[name])) > 1 and not told(name, texts)]
    shared = [name for name in texts if rows and len(set(texts[name])) == 1 and not told(name, texts)]
    objective = str(searched.record.get("objective"))
    names = [name for name in dict.fromkeys([objective, "sharpe", "cagr", "max_drawdown", "switches", "turnover"])
             if name in METRICS and name not in {aim.name for aim in aims}]  # fmt: skip
    return {
        "aims": [aim.label for aim in aims],
        "names": apart,
        "shared": together([(name, texts[name][0]) for name in shared]),
        "labels": [METRICS[name][0] for name in names],
        "rows": [_row(searched, one, [texts[name][place] for name in apart], names) for place, one in enumerate(rows)],
        "off": any(OFF in texts[name] for name in apart),
        "unused": any(UNUSED in texts[name] for name in apart),
        "short": any(one.violation for one in rows),
        "front": len(ahead),
        "all": len(ranked),
    }


def _row(searched: SearchRecord, one: Trial, parameters: list[str], names: list[str]) -> Record:
    values = [number(value, aim.kind) for value, aim in zip(one.values, searched.objectives, strict=False)]
    metrics = [number(one.metrics.get(name), METRICS[name][1]) for name in names]
    marks = "*" * (one.number in searched.front and len(searched.objectives) > 1) + "†" * bool(one.violation)
    row: Record = {"trial": f"{one.number}{marks}", "values": values, "parameters": parameters, "metrics": metrics}
    return row | {"found": one.number == searched.number}
