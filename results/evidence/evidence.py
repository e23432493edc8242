"""All evidence of a verdict by the question that it serves. Nothing here decides an answer, and nothing is counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridproof.results.evidence.search import search_evidence
from gridproof.results.evidence.since import since_evidence
from gridproof.results.evidence.timing import timing_evidence
from gridproof.results.evidence.worth import worth_evidence
from gridproof.results.run.evidence_record import EvidenceRecord

NOT_COVERED = [
    "How the strategy was found: what its authors tried and did not publish is in no count here.",
    "Market impact and capacity beyond what the study states, and orders that do not fill.",
    "Errors and later revisions of the data, beyond the release dates that the study states.",
    "Dependence between days beyond the block length of the bootstrap, and the small number of switches.",
    "Whether the future resembles the sample: the days after publication are the only evidence, and they are few.",
]


def collect_evidence(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    """statistics: statistics.json without its evidence. By question, evidence before information."""
    parts = [timing_evidence, worth_evidence, search_evidence, since_evidence]
    return [one for part in parts for one in sorted(part(statistics), key=lambda each: each["kind"] == "information")]
