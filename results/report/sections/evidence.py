"""The evidence by question, and what no test covers. Nothing is counted: the four answers alone are the conclusion."""

from __future__ import annotations

from gridproof.results.conclusion import QUESTIONS
from gridproof.results.evidence.evidence import NOT_COVERED
from gridproof.results.evidence.item import finding
from gridproof.results.report.number_format import UNDEFINED
from gridproof.results.report.sections.conclusion import ASKED
from gridproof.results.report.sections.lookup import lookup, not_computable
from gridproof.results.report.sections.sensitivity import most_important_axis
from gridproof.results.report.sections.years import base_activity
from gridproof.results.run.record import Record

# What the list of NOT_COVERED says of a run, and what it says of a search instead.
_OF_A_SEARCH = {
    NOT_COVERED[0]: "How the signals, rules and ranges of the search were found: earlier trials are in no count here."
}
# The mark and the class of each finding. Not to reach a threshold is no evidence of the contrary.
_MARKS = {
    "supports it": ("✓", "pass"),
    "not shown": ("–", "unknown"),
    "information": ("", "unknown"),
    "not computable": ("", "absent"),
}


def evidence_section(statistics: Record, searched: bool = False) -> Record:
    """The evidence by question in the order of the answers, how often the base traded, and what is not covered.

    searched: a search found base and best.
    """
    found = lookup(statistics, "evidence")
    not_covered = lookup(statistics, "not_covered") or not_computable(statistics, "not_covered")
    if searched and isinstance(not_covered, list):
        not_covered = [_OF_A_SEARCH.get(text, text) for text in not_covered]
    section: Record = {"not_covered": not_covered, "activity": _activity(statistics, searched)}
    if found is None:
        return section | {"groups": not_computable(statistics, "evidence")}
    members = {question: [one for one in found if one["question"] == question] for question in QUESTIONS}
    groups = [(ASKED[question], [_row(one) for one in several]) for question, several in members.items() if several]
    return section | {"groups": groups}


def _row(one: Record) -> list[str]:
    """Name, mark, class, finding, number, threshold, what it is compared with, uncertainty, what it measures."""
    found = finding(one)
    mark, kind = _MARKS[found]
    texts = [one.get(key) or UNDEFINED for key in ("number", "threshold", "against", "uncertainty", "why")]
    return [one["name"], mark, kind, found, *map(str, texts)]


def _activity(statistics: Record, searched: bool) -> str:
    """How often the base traded, in how many years it gained, and the axis that matters most."""
    activity, axis = base_activity(statistics), most_important_axis(statistics)
    if not activity:
        return ""
    where = "The results around it depend" if searched else "The results of the sweep depend"
    return f"The base: {activity}." + (f" {where} most on {axis}." if axis else "")
