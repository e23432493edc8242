"""One piece of evidence: a number, what it is compared with, and the question that it serves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from gridproof.results.conclusion import LEVEL, text
from gridproof.results.report.number_format import UNDEFINED, minus
from gridproof.results.run.evidence_record import EvidenceRecord, Kind, Question


def evidence(
    question: Question,
    name: str,
    against: str,
    *,
    value: Any,
    met: bool | None,
    number: str,
    why: str,
    threshold: str = "",
    uncertainty: str = "",
    missing: str = "the value is undefined",
    kind: Kind = "evidence",
) -> EvidenceRecord:
    """met: whether the value meets the threshold. missing: the reason where there is no value."""
    known = value is not None and (met is not None or kind == "information")
    return {
        "name": name,
        "question": question,
        "kind": kind,
        "against": against,
        "value": value if known else None,
        "met": met if known else None,
        "number": number if known else UNDEFINED,
        "threshold": threshold,
        "uncertainty": uncertainty if known else "",
        "why": why if known else f"{why} Not computable: {missing}.",
    }


def p_evidence(
    question: Question,
    name: str,
    against: str,
    *,
    p_value: float | None,
    uncertainty: str,
    why: str,
    beside: str = "",
    missing: str = "the value is undefined",
    kind: Kind = "evidence",
) -> EvidenceRecord:
    """A test with its p-value. beside: what is shown after it."""
    return evidence(
        question,
        name,
        against,
        value=p_value,
        met=None if p_value is None else p_value <= LEVEL,
        number=f"p {text(p_value, 3)}{beside}",
        threshold=f"≤ {LEVEL}",
        uncertainty=uncertainty,
        why=why,
        missing=missing,
        kind=kind,
    )


# What answers none of the four questions: it is compared with cash, with itself, or has no error rate.
information = partial(evidence, kind="information")


def finding(one: Mapping[str, Any]) -> str:
    """What a piece of evidence shows, in the words of terminal and page."""
    if one.get("value") is None:
        return "not computable"
    if one["kind"] == "information":
        return "information"
    return "supports it" if one.get("met") else "not shown"


def percent(value: float | None, digits: int = 1) -> str:
    return UNDEFINED if value is None else minus(f"{100 * value:.{digits}f}%")
