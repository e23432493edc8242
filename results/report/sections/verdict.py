"""Section 9: the gates, each passed, failed or not computable; and their summary under the headline."""

from __future__ import annotations

from gridproof.results.gates import NOT_COVERED
from gridproof.results.report.number_format import UNDEFINED, plural
from gridproof.results.report.sections.data_snooping import null_best_sentence
from gridproof.results.report.sections.lookup import lookup, not_computable
from gridproof.results.report.sections.sensitivity import most_important_axis
from gridproof.results.report.sections.years import base_activity
from gridproof.results.run.record import Record

GROUPS = {"base": "Base", "sweep": "Sweep", "time": "Stability over time", "trading": "Trading"}
# What the list of NOT_COVERED says of a run, and what it says of a search instead.
_OF_A_SEARCH = {
    NOT_COVERED[0]: "How the signals, rules and ranges of the search were found: earlier trials are in no count here."
}
RESULTS = ("pass", "fail", "not computable")


def verdict_section(statistics: Record, searched: bool = False) -> Record:
    """The gates by group in the given order, counts of results, what failed gates found, and what is not covered.

    searched: a search found base and best.
    """
    gates = lookup(statistics, "gates")
    not_covered = lookup(statistics, "not_covered") or not_computable(statistics, "not_covered")
    if searched and isinstance(not_covered, list):
        not_covered = [_OF_A_SEARCH.get(text, text) for text in not_covered]
    sentences = [_activity(statistics, searched), null_best_sentence(statistics, searched)]
    section: Record = {"not_covered": not_covered, "sentences": [text for text in sentences if text]}
    if gates is None:
        return section | {"groups": not_computable(statistics, "gates"), "summary": "", "failing": [], "unknown": []}
    order = dict.fromkeys([*GROUPS, *(gate["group"] for gate in gates)])
    titles = GROUPS | {"sweep": "Search, and the variants around the base"} if searched else GROUPS
    grouped = [(titles.get(key, key), [gate for gate in gates if gate["group"] == key]) for key in order]
    named = {result: [gate["name"] for gate in gates if gate["result"] == result] for result in RESULTS}
    groups = [(title, [_row(gate) for gate in members]) for title, members in grouped if members]
    section |= {"groups": groups, "summary": _summary(len(gates), {key: len(names) for key, names in named.items()})}
    failed = [_found(gate) for gate in gates if gate["result"] == "fail"]
    return section | {"failing": failed, "unknown": named["not computable"]}


def _found(gate: Record) -> str:
    """A failed gate by what was found: "Walk-forward t-statistic (t 1.59, needs ≥ 1.645)"."""
    return f"{gate['name']} ({_text(gate.get('number'))}, needs {_text(gate.get('threshold'))})"


def _row(gate: Record) -> list[str]:
    texts = [gate["name"], gate["result"]]
    return texts + [_text(gate.get(key)) for key in ("number", "threshold", "uncertainty", "why")]


def _text(value: object) -> str:
    if value is None or value == "":
        return UNDEFINED
    return str(value).replace("-", "−") if _is_number(value) else str(value)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _summary(gates: int, counts: dict[str, int]) -> str:
    parts = [f"{counts['pass']} passed", f"{counts['fail']} failed"]
    if counts["not computable"]:
        parts.append(f"{counts['not computable']} not computable")
    return f"{plural(gates, 'gate')}: {', '.join(parts)}."


def _activity(statistics: Record, searched: bool) -> str:
    """How often the base traded, in how many years it gained, and the axis that matters most."""
    activity, axis = base_activity(statistics), most_important_axis(statistics)
    if not activity:
        return ""
    where = "The results around it depend" if searched else "The results of the sweep depend"
    return f"The base: {activity}." + (f" {where} most on {axis}." if axis else "")
