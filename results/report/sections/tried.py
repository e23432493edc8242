"""Section 1: how many trials the sweep stands for, however one counts."""

from __future__ import annotations

from gridproof.results.report.sections.absence import absence, found
from gridproof.results.report.sections.method import sample_line
from gridproof.results.report.wording import listing, trials
from gridproof.results.run.record import Record

EFFECTIVE = {
    "entropy_rank": "by the entropy of the correlations' spectrum",
    "participation_ratio": "by its participation ratio",
    "implied": "by the best that the bootstrap gives under luck alone",
}


def trials_facts(statistics: Record, searched: bool = False) -> list[tuple[str, str]]:
    """Ledger total and effective counts as facts, to stand below the counts of variants; which cells were tested."""
    ledger = found(statistics, "counts", "ledger")
    ever = f"{trials(ledger)} distinct variants were ever evaluated against this market, other runs included"
    facts = [("Ledger", absence(statistics, "counts", "ledger") if ledger is None else ever)]
    known = {key: value for key in EFFECTIVE if (value := found(statistics, "counts", key)) is not None}
    effective = listing([f"{trials(value)} {EFFECTIVE[key]}" for key, value in known.items()])
    sampled = found(statistics, "counts", "correlation_sample")
    if sampled is not None and known:
        effective += f"; correlations of {trials(sampled)} variants"
    text = f"{effective}" if known else absence(statistics, "counts")
    facts.append(("Independent", text))
    if searched:
        drawn = sample_line(statistics, searched=True).removeprefix("Tested are ") or "Which cells is not known."
        over = "Luck, SPA, StepM, deflation, PBO and cross-validation are over these"
        facts.append(("Tested", f"{drawn} {over}; percentile, surfaces, plateau and sensitivity over what was swept."))
    return facts
