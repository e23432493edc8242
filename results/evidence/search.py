"""Evidence on search: whether choosing the best of so many variants pays; what has no error rate, or asks of cash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from gridproof.results.conclusion import LEVEL, hardest_holding, text
from gridproof.results.evidence.item import evidence, information, p_evidence
from gridproof.results.report.number_format import plural
from gridproof.results.run.evidence_record import EvidenceRecord, Kind


def search_evidence(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    return [
        *_best(statistics),
        *_active(statistics),
        *_walk_forward(statistics),
        *_paths(statistics),
        *_plateau(statistics),
        *_counted_trials(statistics),
        *_overfitting(statistics),
    ]


def _best(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    worst = max(statistics["data_snooping"]["benchmarks"], key=lambda row: row["spa"]["consistent"], default=None)
    placebo = statistics["data_snooping"]["placebo"]
    return [
        _spa(
            "Superior predictive ability (SPA) of the best",
            "each leg held and their equal mix" if worst is None else worst["name"],
            None if worst is None else worst["spa"],
            f"{statistics['method']['resamples']:,} resamples",
            why="Whether its mean exceeds that of every benchmark by more than the best of so many would by chance. "
            "The largest p counts.",
        ),
        p_evidence(
            "search",
            "Placebo sweeps on shifted signals",
            "the same choices at another time",
            p_value=placebo["p_value"],
            uncertainty=f"± {text(placebo['monte_carlo_error'], 3)}, {placebo['sweeps']} sweeps",
            **_by_shifts(
                statistics,
                "Share of the same sweeps on signals shifted in time whose best objective is at least as high.",
            ),
        ),
    ]


def _active(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    found = statistics["data_snooping"]["active"]
    return [
        _spa(
            "SPA of the active returns",
            "for each choice, the constant mix of its own mean weights",
            None if found is None else found["spa"],
            "" if found is None else f"{found['choices']:,} choices{' drawn at random' * found['sampled']}",
            missing="no choice switches often enough",
            **_by_shifts(
                statistics,
                "Whether any choice earns more by its timing, before cost, than the best of so many would by chance.",
            ),
        )
    ]


def _spa(name: str, against: str, spa: Mapping[str, Any] | None, of: str, **told: Any) -> EvidenceRecord:
    """of: from how many resamples or choices the p-value is."""
    return p_evidence(
        "search",
        name,
        against,
        p_value=None if spa is None else spa["consistent"],
        uncertainty="" if spa is None else f"± {text(spa['monte_carlo_error'], 3)}, {of}",
        **told,
    )


class _ByShifts(TypedDict):
    why: str
    kind: Kind


def _by_shifts(statistics: Mapping[str, Any], why: str) -> _ByShifts:
    """What a test is whose error rate holds only where the signals read no price of what is held."""
    if statistics["questions"]["timing"]["null"] == "shifts":
        return {"why": why, "kind": "evidence"}
    rate = "The signals read the price of what is held, so its error rate is not the promised one."
    return {"why": f"{why} {rate}", "kind": "information"}


def _walk_forward(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    walk = statistics["walk_forward"]
    hardest = None if walk is None else hardest_holding(walk["holdings"])
    return [
        p_evidence(
            "search",
            "Walk-forward",
            "every static holding of the same days" if hardest is None else f"{hardest['name']}, on the same days",
            p_value=None if hardest is None else hardest["p_value"],
            beside="" if hardest is None else f", Sharpe {_signed(hardest['difference'])}",
            uncertainty="" if walk is None else f"{len(walk['folds'])} windows, {walk['days']:,} days",
            why="The best choice of five years is held in the next year: the test of Worth on these years joined.",
            missing=_no_blocks(statistics, "fewer than seven years") if walk is None else "its returns are constant",
        )
    ]


def _paths(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    paths = statistics["combinatorial"]
    sharpes = [] if paths is None else [value for value in paths["sharpe"] if value is not None]
    holdings = [] if paths is None else [one for one in paths["holdings"] if one["sharpe"] is not None]
    held = max(holdings, key=lambda one: float(one["sharpe"]), default=None)
    above = 0 if held is None else sum(value > held["sharpe"] for value in sharpes)
    known = bool(sharpes) and held is not None
    return [
        evidence(
            "search",
            "Paths of the combinatorial cross-validation",
            "the static holding with the highest Sharpe ratio" if held is None else f"{held['name']}, on the same days",
            value=above if known else None,
            met=above == len(sharpes) if known else None,
            number=f"{above} of {len(sharpes)} above it",
            threshold="all",
            uncertainty=""
            if not sharpes or held is None
            else f"Sharpe {text(min(sharpes))} to {text(max(sharpes))}, holding {text(held['sharpe'])}",
            why="The best choice in training, held on days outside it. The paths share days: they are not independent.",
            missing=_no_blocks(statistics, "there are fewer than 120 days, or every path is constant"),
        )
    ]


def _plateau(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    found = statistics["plateau"]
    score = None if found is None else found["base"]["score"]
    edges = [] if found is None else found["base"]["edges"]
    missing = "its own Sharpe ratio is not above zero, or it has no neighbours"
    if found is None:
        missing = (statistics["plateau_why"] or missing).removeprefix("not computable: ")
    edge = f" It is at the edge of {', '.join(edges)}: values beyond were not evaluated." if edges else ""
    return [
        information(
            "search",
            "Plateau score of the base",
            "its neighbours",
            value=score,
            met=None if score is None else score >= 0.8,
            number=text(score),
            uncertainty="" if found is None else f"{found['base']['neighbours']} neighbours",
            why="Median of its neighbours one and two steps away, divided by its own value. They hold the same on most "
            "days, so a chance result shows in them too." + edge,
            missing=missing,
        )
    ]


def _counted_trials(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    marks = {mark["name"]: mark for mark in statistics["deflated"]["marks"]}
    distinct, implied = marks.get("distinct choices"), marks.get("implied by the bootstrap")
    deflated = None if distinct is None else distinct["best"]
    haircut = statistics["haircut"]["best"]["p_bhy"]
    return [
        information(
            "search",
            "Deflated Sharpe ratio (DSR) of the best",
            "cash, after so many trials",
            value=deflated,
            met=None if deflated is None else deflated >= 0.95,
            number=f"DSR {text(deflated, 3)}",
            uncertainty=""
            if implied is None
            else f"{text(implied['best'], 3)} with N = {implied['trials']:,.0f} as the bootstrap implies",
            why="Probability that its true Sharpe ratio is above what chance gives the best of N trials. It depends on "
            "N, and similar variants have a small spread, which makes it too high.",
            missing="all choices have the same Sharpe ratio",
        ),
        information(
            "search",
            "Multiple-testing haircut of the best",
            "cash, after so many trials",
            value=haircut,
            met=None if haircut is None else haircut <= LEVEL,
            number=f"p {text(haircut, 3)}",
            uncertainty=plural(statistics["haircut"]["tests"], "test"),
            why="p-value of its Sharpe ratio, adjusted for all choices tested (Benjamini–Hochberg–Yekutieli).",
            missing="no variant has a defined Sharpe ratio",
        ),
    ]


def _overfitting(statistics: Mapping[str, Any]) -> list[EvidenceRecord]:
    found = next((row for row in statistics["overfitting"] if row["blocks"] == 16), None)
    return [
        information(
            "search",
            "Probability of backtest overfitting (PBO)",
            "the median variant in the other half of the days",
            value=None if found is None else found["mid_p"],
            met=None if found is None else found["mid_p"] <= LEVEL,
            number="" if found is None else f"PBO {text(found['mid_p'], 3)}",
            uncertainty="without any edge: mean 0.5, standard deviation 0.13 to 0.27",
            why="Share of splits in which the best variant of one half ranks below the median in the other half. Among "
            "similar variants the rank means little.",
            missing=_no_blocks(statistics, "there are too few days for 16 blocks"),
        )
    ]


def _no_blocks(statistics: Mapping[str, Any], otherwise: str) -> str:
    return statistics["overfitting_why"] or otherwise


def _signed(value: float | None) -> str:
    return text(value) if value is None or value < 0 else f"+{text(value)}"
