"""Evidence on the time since publication: what these days could have shown, and the Sharpe ratio against its past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridproof.results.conclusion import hardest_holding, text
from gridproof.results.evidence.item import information
from gridproof.results.run.evidence_record import EvidenceRecord


def since_evidence(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    since = statistics["questions"]["since"]
    hardest = None if since is None else hardest_holding(since["holdings"])
    same = hardest is not None and not hardest["detectable"]
    base = statistics["who"]["base"]
    after, interval = base["after_publication"], base["in_sample"]["interval"]
    kept = None if after is None or interval is None else after["sharpe"]
    no_date = "the study names no publication date"
    alike = "its returns are those of the holding" if same else "its returns are constant"
    return [
        information(
            "since",
            "Smallest difference that these days could show",
            "every static holding of the same days" if hardest is None else hardest["name"],
            value=None if hardest is None or same else hardest["detectable"],
            met=None,
            number="" if hardest is None or same else f"Sharpe {text(hardest['detectable'])}",
            uncertainty="" if since is None else f"{since['days']:,} days, {since['switches']} switches",
            why="Difference of Sharpe ratios that a test at 5% finds in four of five cases.",
            missing=no_date if since is None else alike,
        ),
        information(
            "since",
            "Sharpe ratio after publication",
            "the lower end of its own interval in sample",
            value=kept,
            met=None if kept is None or interval is None else kept >= interval[0],
            number=f"Sharpe {text(kept)}" + ("" if interval is None else f", lower end {text(interval[0])}"),
            uncertainty=""
            if after is None
            else f"{after['observations']:,} days, error {text(after['mertens_error'])}",
            why="It is compared with its own past, not with holding: a leg that keeps rising is enough.",
            missing=no_date if after is None else "its returns are constant",
        ),
    ]
