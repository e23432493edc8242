"""One piece of evidence: a number, what it is compared with, and the question that it serves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from gridproof.results.run.evidence_record import EvidenceRecord, Question


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
    kind: Literal["evidence", "information"] = "evidence",
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
        "number": number if known else "–",
        "threshold": threshold,
        "uncertainty": uncertainty if known else "",
        "why": why if known else f"{why} Not computable: {missing}.",
    }


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
    return "–" if value is None else f"{100 * value:.{digits}f}%".replace("-", "−")
