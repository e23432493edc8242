"""The conclusion, first on the page: one sentence, then the four questions with their answers."""

from __future__ import annotations

from gridproof.results.conclusion import QUESTIONS
from gridproof.results.report.axis import plain
from gridproof.results.report.number_format import UNDEFINED, format_probability, format_value
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.run.record import Record

ASKED = {
    "timing": "Timing: does the base switch at better times than chance?",
    "worth": "Worth: is it better than simply holding?",
    "search": "Search: is the best of so many choices better than chance?",
    "since": "Since: did it hold after publication?",
}
_DECLARED = {
    True: "The study says that the base was declared before its results on these days were seen.",
    False: "The base was not declared before its results on these days were seen: timing and worth are too favourable.",
}
_STRICTER = (
    " For “yes”, Search by random signs needs p ≤ 0.025, because p ≤ 0.05 is wrong in more than 5% of markets there."
)
MARKS = {"yes": ("✓", "pass"), "no": ("✗", "fail")}


def conclusion_section(statistics: Record | None) -> Record | None:
    """The sentence, notes, and for each question its text, mark, class, answer, number, threshold and deciding test.

    None where no verdict was computed, or by a version without a conclusion.
    """
    conclusion = None if statistics is None else lookup(statistics, "conclusion")
    if conclusion is None:
        return None
    rows = []
    for question in QUESTIONS:
        one = lookup(conclusion, question) or {}
        answer = one.get("answer") or "cannot tell"
        mark, kind = MARKS.get(answer, ("–", "unknown"))
        test = str(one.get("test") or UNDEFINED)
        numbers = [number_text(one.get("number"), test), _threshold(one.get("threshold"), test)]
        rows.append([ASKED[question], mark, kind, answer, *numbers, test])
    sentence = lookup(conclusion, "sentence") or "No sentence was recorded."
    by_signs = lookup(statistics or {}, "questions", "search", "null") == "signs"
    return {
        "sentence": sentence,
        "declared": _DECLARED[conclusion.get("declared") is not False],
        "stricter": _STRICTER if by_signs else "",
        "rows": rows,
    }


def number_text(value: float | None, test: str) -> str:
    """The number that decides, as what it is: a p-value, or the upper bound that "no" needs."""
    if value is None:
        return UNDEFINED
    if test.startswith("upper bound of the timing effect"):
        return f"{format_value(value, 'percent')} a year"
    if test.startswith("upper bound of the difference"):
        return f"Sharpe {format_value(value, 'ratio')}"
    return f"p {format_probability(value)}"


def _threshold(value: float | None, test: str) -> str:
    if value is None:
        return UNDEFINED
    if test.startswith("upper bound of the timing effect"):
        return f"< {format_value(value, 'percent')} a year"
    return f"< {format_value(value, 'ratio')}" if test.startswith("upper bound") else f"≤ {plain(value)}"
