"""The type of the evidence in ``statistics.json``."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

Question: TypeAlias = Literal["timing", "worth", "search", "since"]
Kind: TypeAlias = Literal["evidence", "information"]


class EvidenceRecord(TypedDict):
    """A number beside an answer. It decides nothing.

    kind: "information" is compared with cash or with itself, or has no error rate: it answers none of the questions.
    """

    name: str
    question: Question
    kind: Kind
    against: str  # what it is compared with
    value: Any  # null: not computable
    met: bool | None  # whether the value meets the threshold; null: not computable, or there is none
    number: str  # as text
    threshold: str
    uncertainty: str
    why: str  # what it measures; the reason where it is not computable
