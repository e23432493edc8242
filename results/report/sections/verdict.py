"""Section 9: the gates, each passed, failed or not computable; and their summary under the headline."""

from __future__ import annotations

from gridproof.results.gates import NOT_COVERED
from gridproof.results.report.sections.absence import absence, found
from gridproof.results.report.sections.luck import luck_alone
from gridproof.results.report.sections.sensitivity import dependence
from gridproof.results.report.sections.years import rests_on
from gridproof.results.run.record import Record

GROUPS = {"base": "The base", "sweep": "The sweep", "time": "Time", "trading": "Trading"}
_OF_A_SEARCH = {
    NOT_COVERED[
        0
    ]: "How the search came to its signals, rules and ranges: what was tried before it is in no count here."
}
RESULTS = ("pass", "fail", "not computable")


def verdict_section(statistics: Record, searched: bool = False) -> Record:
    """Gates by group in the order given, how many have which result, the failed by name, and what is not covered.

    searched: base and best come of a search.
    """
    gates = found(statistics, "gates")
    uncovered = found(statistics, "not_covered") or absence(statistics, "not_covered")
    if searched and isinstance(uncovered, list):
        uncovered = [_OF_A_SEARCH.get(text, text) for text in uncovered]
    section: Record = {"not_covered": uncovered}
    where = "around it the" if searched else "the sweep's"
    section["sentences"] = [text for text in (_rests(statistics, where), luck_alone(statistics, searched)) if text]
    if gates is None:
        return section | {"groups": absence(statistics, "gates"), "summary": "", "failing": [], "unknown": []}
    order = dict.fromkeys([*GROUPS, *(gate["group"] for gate in gates)])
    titles = GROUPS | {"sweep": "The search, and what surrounds the base"} if searched else GROUPS
    grouped = [(titles.get(key, key), [gate for gate in gates if gate["group"] == key]) for key in order]
    named = {result: [gate["name"] for gate in gates if gate["result"] == result] for result in RESULTS}
    groups = [(title, [_row(gate) for gate in held]) for title, held in grouped if held]
    section |= {"groups": groups, "summary": _summary(len(gates), {key: len(held) for key, held in named.items()})}
    return section | {"failing": named["fail"], "unknown": named["not computable"]}


def _row(gate: Record) -> list[str]:
    texts = [gate["name"], gate["result"]]
    return texts + [_text(gate.get(key)) for key in ("number", "threshold", "uncertainty", "why")]


def _text(value: object) -> str:
    return "–" if value is None or value == "" else str(value).replace("-", "−") if _is_number(value) else str(value)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _summary(gates: int, counts: dict[str, int]) -> str:
    known = [f"{counts['pass']} pass", f"{counts['fail']} fail"]
    if counts["not computable"]:
        known.append(f"{counts['not computable']} cannot be computed")
    return f"Of {gates} gate{'s' * (gates != 1)} {', '.join(known[:-1])} and {known[-1]}."


def _rests(statistics: Record, where: str) -> str:
    """What the base's result rests on: holdings, years, the axis it depends on most."""
    said = rests_on(statistics)
    axis = dependence(statistics)
    if not said:
        return ""
    return f"What the base rests on: {said}" + (f"; {where} result depends most on {axis}." if axis else ".")
