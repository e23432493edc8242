"""Section 1 of a search: the search space, the progress of the search, its best trials."""

from __future__ import annotations

from statistics import median
from typing import Any

import pandas as pd

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.report.axis import ReportAxis, plain, split_units
from gridproof.results.report.number_format import (
    UNDEFINED,
    format_count,
    format_trials,
    format_value,
    join_words,
)
from gridproof.results.report.search_record import (
    OFF,
    UNUSED,
    SearchRecord,
    Trial,
    merge_switched_off,
    redundant_switch,
)
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.report.sections.search_figures import (
    best_so_far,
    front_figure,
    importance_figure,
    progress_figure,
)
from gridproof.results.report.sections.search_walk_forward import search_walk_forward
from gridproof.results.run.record import Record

SAMPLERS = {
    "tpe": "TPE, a tree-structured Parzen estimator",
    "nsga2": "NSGA-II, a genetic algorithm",
    "qmc": "quasi-random points",
    "gp": "a Gaussian process",
    "cmaes": "CMA-ES, an evolution strategy",
    "random": "random points",
}
FEWEST_ROWS, MOST_ROWS = 10, 30
NO_TRIALS = "not computable: the folder holds no trial with a defined objective"
NO_SHARES = "not computable: too few trials, or all have the same objective"
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def search_section(searched: SearchRecord, curves: pd.DataFrame, summary: Record) -> Record:
    """Facts, dimensions as rows, figures and tables with their findings; a missing part is its reason."""
    shares = _shares(searched)
    has_objective = bool(searched.objectives)
    return {
        "facts": search_facts(searched),
        "dimensions": _dimensions(searched),
        "progress": (has_objective and progress_figure(searched)) or NO_TRIALS,
        "progress_finding": _progress(searched) if has_objective else "",
        "several": len(searched.objectives) > 1,
        "front": front_figure(searched) or NO_TRIALS,
        "front_finding": _front(searched),
        "further": [one.label for one in searched.objectives[3:]],
        "importances": importance_figure(shares) if shares else NO_SHARES,
        "importances_finding": _share_finding(shares),
        "trials": trials_table(searched),
        "walk": search_walk_forward(searched, curves, summary),
    }


def search_facts(searched: SearchRecord) -> list[tuple[str, str]]:
    record, done = searched.record, lookup(searched.record, "trials") or {}
    off = searched.switched_off(lookup(record, "best", "chosen") or {})
    facts = [("Switched off", f"{join_words(off)}: never on in the rule")] if off else []
    facts += [("Searched", _searched(record, done)), ("Space", _space(record))]
    objectives = [
        f"{one.label}, {one.better}{f' ({one.meaning})' if one.meaning else ''}" for one in searched.objectives
    ]
    facts.append(("Objective" + "s" * (len(objectives) > 1), "; ".join(objectives) or UNDEFINED))
    facts.append(("Required", join_words(record.get("require") or []) or "nothing"))
    held = lookup(record, "space", "fixed")
    text = "no axis of the study; cost, lag, carry and release are never searched"
    if held:
        values = [f"{name} {UNDEFINED if value is None else plain(value)}" for name, value in held.items()]
        text = f"{', '.join(values)}, as at the base: cost, lag, carry and release are never searched"
    facts.append(("Held fixed", text))
    asked = f" ({format_count(done.get('finished'))} of {format_count(done.get('asked'))} trials)"
    facts.append(("Stopped", f"{record.get('stopped') or 'reason unknown'}{asked if done else ''}"))
    return [*facts, ("Pruned", _pruned(record, done))]


def _searched(record: Record, done: Record) -> str:
    seed = "" if record.get("seed") is None else f", seed {record['seed']}"
    text = f"{format_trials(record.get('cells'))} variants in {format_count(done.get('finished'))} trials"
    if record.get("sampler") is not None:
        text += f", proposed by {SAMPLERS.get(str(record['sampler']), record['sampler'])}{seed}"
    if record.get("cells_a_trial") is not None:
        return f"{text}; each trial is a grid of threshold levels, at most {record['cells_a_trial']:,} variants"
    if record.get("points_a_batch") is not None:
        near = ", each with its neighbours one and two steps away" if record.get("neighbours") else ""
        return f"{text}; single variants, {record['points_a_batch']:,} in a batch{near}"
    return text


def _space(record: Record) -> str:
    digits, evaluated = lookup(record, "space", "digits"), record.get("cells")
    if digits is None:
        return "size unknown"
    text = f"about {power(digits)} variants (a continuous range counts as 10,000 values)"
    if evaluated and 10**digits > 10 * evaluated:
        return f"{text}; one in {power(digits, evaluated)} was evaluated"
    return text


def power(digits: float, over: float = 1.0) -> str:
    """10^digits / over with two digits: "8.1 × 10¹⁶"; in full below a million."""
    value = 10.0**digits / over
    if value < 100:
        return f"{value:.0f}"
    if value < 1e6:
        return f"{float(f'{value:.2g}'):,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e+")
    return f"{mantissa} × 10{exponent.lstrip('0').translate(_SUPERSCRIPT)}"


def _pruned(record: Record, done: Record) -> str:
    text = f"{format_count(done.get('pruned'))} of {format_count(done.get('finished'))} trials: objective undefined"
    reasons = record.get("pruned_reasons") or {}
    if reasons:
        why, times = max(reasons.items(), key=lambda each: float(each[1] or 0))
        text += f"; most frequent reason ({format_count(times)} times): {why}"
    repeated = done.get("repeated")
    return text + (f"; {format_count(repeated)} more repeated an earlier trial at no cost" if repeated else "")


def _dimensions(searched: SearchRecord) -> list[tuple[str, str, str, str]]:
    """Name, values that may be chosen, which signals must be on, the value found."""
    chosen = lookup(searched.record, "best", "chosen") or {}
    known = {str(one["name"]): one for one in searched.dimensions}
    rows = []
    for name in searched.parameters:
        one = known.get(name)
        span = "threshold levels: a grid in each trial" if one is None else _span(one)
        users = [f"{name.split('.')[0]}"] if one is None else one.get("only_if_on") or []
        where = " or ".join(f"{user} on" for user in users if f"{user}.use" in known)
        rows.append((name, span, where, searched.text(name, chosen)))
    return rows


def _span(one: Record) -> str:
    values = one.get("values")
    if values:
        return ReportAxis(one["name"], tuple(values), *split_units(tuple(values)), 0, 0).span()
    if one.get("low") is None or one.get("high") is None:
        return UNDEFINED
    kind = "integers" if one.get("kind") == "integer" else "continuous"
    return f"{plain(one['low'])} to {plain(one['high'])}, {kind}{', on a log scale' if one.get('log') else ''}"


def _progress(searched: SearchRecord) -> str:
    """The last trial that improved the objective, the median trial, and whether the search had converged."""
    steps, objective = best_so_far(searched), searched.objectives[0]
    if not steps:
        return ""
    last, value = steps[-1]
    known = searched.trials or ()
    text = f"The best of {len(known):,} trials is number {last}, counted from {known[0].number}: "
    text += f"{objective.label} {format_value(value, objective.unit)}"
    valid = [one.values[0] for one in known if one.values and not one.violation]
    if valid:
        met = " that meet the requirements" if searched.record.get("require") else ""
        text += f". The median of {len(valid):,} trials{met} is {format_value(median(valid), objective.unit)}"
    if last - known[0].number >= 0.8 * len(known):
        return f"{text}. The search was still improving when it stopped: more trials would probably find better ones."
    return f"{text}. The {known[-1].number - last:,} trials after it found nothing better."


def _front(searched: SearchRecord) -> str:
    """The size of the Pareto front, and which trial of it the base is."""
    objectives, size = searched.objectives, len(searched.front)
    if len(objectives) < 2 or not size:
        return ""
    if size == 1:
        which = "every other trial that meets the requirements" if searched.record.get("require") else "every other"
        return f"The Pareto front is a single trial: it is at least as good as {which} in all objectives."
    return (
        f"{size} trials are on the Pareto front: no other trial is at least as good in all objectives. "
        f"The one with the best {objectives[0].label} is the base of the sweep and of the verdict below."
    )


def _shares(searched: SearchRecord) -> list[Any]:
    parts = lookup(searched.record, "importances") or []
    return [(searched.objective(one["objective"]), one["shares"]) for one in parts if one.get("shares")]


def _share_finding(shares: list[Any]) -> str:
    parts = []
    for objective, part in shares:
        first = [name for name in sorted(part, key=lambda name: -float(part[name] or 0.0)) if part[name]][:3]
        if first:
            named = [f"{name} {format_value(part[name], 'percent')}" for name in first]
            parts.append(f"{join_words(named)} for {objective.label}")
    return f"The most important parameters are {'; '.join(parts)}." if parts else ""


def trials_table(searched: SearchRecord) -> Record:
    """The Pareto front, then the best other trials, ten to thirty rows. Constant parameters are listed once.

    A row is (trial, objectives, [parameters], metrics, whether it is the base). A switch has no column where the
    parameters of its signal show that it is off.
    """
    objectives, ranked = searched.objectives, searched.ranked()
    front = [one for one in ranked if one.number in searched.front]
    others = [one for one in ranked if one.number not in searched.front]
    rows = [*front, *others][: min(max(FEWEST_ROWS, len(front)), MOST_ROWS)]
    texts = {name: [searched.text(name, one.chosen) for one in rows] for name in searched.parameters}
    columns = [name for name in texts if len(set(texts[name])) > 1 and not redundant_switch(name, texts)]
    shared = [name for name in texts if rows and len(set(texts[name])) == 1 and not redundant_switch(name, texts)]
    objective = str(searched.record.get("objective"))
    names = [
        name
        for name in dict.fromkeys([objective, "sharpe", "cagr", "max_drawdown", "switches", "turnover"])
        if name in BY_NAME and name not in {one.name for one in objectives}
    ]
    return {
        "objectives": [one.label for one in objectives],
        "names": columns,
        "shared": merge_switched_off([(name, texts[name][0]) for name in shared]),
        "labels": [BY_NAME[name].label for name in names],
        "rows": [_row(searched, one, [texts[name][i] for name in columns], names) for i, one in enumerate(rows)],
        "off": any(OFF in texts[name] for name in columns),
        "unused": any(UNUSED in texts[name] for name in columns),
        "violation": any(one.violation for one in rows),
        "all": len(ranked),
    }


def _row(searched: SearchRecord, one: Trial, parameters: list[str], names: list[str]) -> Record:
    values = [
        format_value(value, objective.unit) for value, objective in zip(one.values, searched.objectives, strict=False)
    ]
    metrics = [format_value(one.metrics.get(name), BY_NAME[name].unit) for name in names]
    marks = "*" * (one.number in searched.front and len(searched.objectives) > 1) + "†" * bool(one.violation)
    row: Record = {"trial": f"{one.number}{marks}", "values": values, "parameters": parameters, "metrics": metrics}
    return row | {"found": one.number == searched.base_trial}
