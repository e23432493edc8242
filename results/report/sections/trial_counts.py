"""Section 1: how many trials the sweep stands for, by several ways of counting."""

from __future__ import annotations

from gridproof.results.report.number_format import format_trials, join_words
from gridproof.results.report.sections.lookup import lookup, not_computable
from gridproof.results.report.sections.method import sample_line
from gridproof.results.run.record import Record

EFFECTIVE = {
    "entropy_rank": "by the entropy of the correlation spectrum",
    "participation_ratio": "by its participation ratio",
    "implied": "implied by the bootstrap maximum",
}


def trial_counts(statistics: Record, searched: bool = False) -> list[tuple[str, str]]:
    """The ledger's total, the effective number of independent trials, and for a search which variants were tested."""
    ledger = lookup(statistics, "counts", "ledger")
    sets = "parameter set" if ledger == 1 else "different parameter sets"
    total = f"{format_trials(ledger)} {sets} evaluated on this market so far, all runs together"
    facts = [("Ledger", not_computable(statistics, "counts", "ledger") if ledger is None else total)]
    known = {key: value for key in EFFECTIVE if (value := lookup(statistics, "counts", key)) is not None}
    effective = join_words([f"{format_trials(value)} {EFFECTIVE[key]}" for key, value in known.items()])
    sampled = lookup(statistics, "counts", "correlation_sample")
    if sampled is not None and known:
        effective += f"; correlations of {format_trials(sampled)} variants"
    facts.append(("Effective trials", effective if known else not_computable(statistics, "counts")))
    if searched:
        sample = sample_line(statistics, searched=True) or "Which variants the tests use is not known."
        what = "Data snooping, deflation, PBO and cross-validation are computed from these"
        facts.append(("Tested", f"{sample} {what}; percentiles, surfaces, plateau and sensitivity from the sweep."))
    return facts
