"""Evidence on timing: the mean beside the Sharpe ratio, the size of the effect, the number of positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridproof.results.conclusion import text
from gridproof.results.evidence.item import evidence, information, p_evidence, percent
from gridproof.results.run.evidence_record import EvidenceRecord

_NEVER = "it never switches, or its returns are constant"

# By null: what the mean is compared with.
_AGAINST = {
    "shifts": ("Mean return under shifted positions", "the same positions at another time"),
    "signs": ("Mean return under random signs", "markets with random signs of the days' returns"),
}


def timing_evidence(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    timing = statistics["questions"]["timing"]
    name, against = _AGAINST[timing["null"]]
    error = timing["p_mean_error"]
    lower, spells = timing["lower"], timing["spells"]
    return [
        p_evidence(
            "timing",
            name,
            against,
            p_value=timing["p_mean"],
            uncertainty="exact: all shifts" if error is None else f"± {text(error, 3)}",
            why="Whether it times return. The Sharpe ratio, which decides, also rises where only risk is timed.",
            missing=_NEVER,
        ),
        evidence(
            "timing",
            "Timing effect",
            "no difference between days held and others",
            value=lower,
            met=None if lower is None else lower > 0.0,
            number=f"{percent(timing['effect'])} a year, whole leg",
            threshold="lower bound > 0%",
            uncertainty=f"95% bounds {percent(lower)} and {percent(timing['upper'])}, one-sided each",
            why="How much more a leg returns on days on which the whole of it is held than on days without it, by "
            "inverting the test of the mean. A weight that moves by a tenth has a tenth of this.",
            missing=_NEVER,
        ),
        information(
            "timing",
            "Independent positions",
            "nothing: a count",
            value=spells,
            met=None,
            number=text(spells, 1),
            uncertainty=f"{timing['switches']} switches; {percent(timing['largest_weight'])} of days in one leg",
            why="T / Σρ² of the positions: how many separate bets they amount to, whatever the number of days.",
            missing=_NEVER,
        ),
    ]
