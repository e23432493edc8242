"""The four answers under every other environment, as a table."""

from __future__ import annotations

from gridproof.kernels.metrics import BY_NAME
from gridproof.results.conclusion import QUESTIONS
from gridproof.results.environments import environments_sentence
from gridproof.results.report.axis import plain
from gridproof.results.report.number_format import UNDEFINED, format_value
from gridproof.results.report.sections.conclusion import MARKS, number_text
from gridproof.results.report.sections.lookup import lookup
from gridproof.results.run.record import Record


def environments_section(statistics: Record, summary: Record) -> Record | None:
    """The axes, a row for the base's environment and for each other one, and how many answers stay.

    None where the grid has no other environment. A row is: whether it is the base's, the value on each axis, Sharpe
    ratio and CAGR of base and best, and (class, text) of each answer.
    """
    others, conclusion = lookup(statistics, "environments"), lookup(statistics, "conclusion")
    if others is None or conclusion is None:
        return None
    names = list(others[0]["environment"])
    own = {"environment": {name: summary["base"]["parameters"][name] for name in names}, "conclusion": conclusion}
    own |= {who: summary[who]["in_sample"] for who in ("base", "best")}
    rows = [_row(own, names, True), *(_row(one, names, False) for one in others)]
    return {"axes": names, "rows": rows, "sentence": environments_sentence(conclusion, others)}


def _row(one: Record, names: list[str], is_base: bool) -> tuple[bool, list[str], list[str], list[tuple[str, str]]]:
    values = [_value(one["environment"].get(name)) for name in names]
    numbers = [
        format_value((one[who] or {}).get(metric), BY_NAME[metric].unit)
        for who in ("base", "best")
        for metric in ("sharpe", "cagr")
    ]
    return is_base, values, numbers, [_answer((one["conclusion"] or {}).get(question) or {}) for question in QUESTIONS]


def _value(value: object) -> str:
    return UNDEFINED if value is None else plain(value)


def _answer(one: Record) -> tuple[str, str]:
    answer, value = one.get("answer") or "cannot tell", one.get("number")
    mark, kind = MARKS.get(answer, ("–", "unknown"))
    return kind, f"{mark} {answer}" + ("" if value is None else f" ({number_text(value, str(one.get('test')))})")
