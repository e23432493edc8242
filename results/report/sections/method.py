"""How the statistics were computed, in one sentence each."""

from __future__ import annotations

from gridproof.results.report.number_format import format_trials
from gridproof.results.run.record import Record


def bootstrap_line(statistics: Record) -> str:
    """Resamples, block length and seed of the bootstrap; what is not known is left out."""
    method = statistics.get("method") or {}
    parts = []
    if method.get("resamples") is not None:
        parts.append(f"{method['resamples']:,} resamples")
    if method.get("block_length") is not None:
        parts.append(f"mean block length {format_trials(method['block_length'])} days")
    if method.get("seed") is not None:
        parts.append(f"seed {method['seed']}")
    return f"Stationary bootstrap: {', '.join(parts)}." if parts else ""


def sample_line(statistics: Record, searched: bool = False) -> str:
    """Which variants the tests used: all, or a random sample. searched: of those that a search evaluated."""
    method = statistics.get("method") or {}
    used, distinct = method.get("used"), method.get("distinct_choices")
    if searched:
        if not method.get("sample"):
            return ""
        different = "" if used is None else f"; {used:,} of them have different returns, base and best included"
        return f"The tests use {method['sample']}{different}."
    if used is None or distinct is None:
        return ""
    if not method.get("sampled"):
        return (
            f"The tests use all {used:,} choices with different returns." if used > 1 else "There is only one choice."
        )
    return (
        f"The tests use a random sample of {used:,} of the {distinct:,} choices with different returns, "
        "base and best included."
    )


def confidence(statistics: Record) -> str:
    """The confidence level: "95%"."""
    level = (statistics.get("method") or {}).get("confidence")
    return f"{100 * (0.95 if level is None else level):g}%"
