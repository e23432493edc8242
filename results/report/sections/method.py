"""How the statistics were computed, in one line a section."""

from __future__ import annotations

from gridproof.results.report.wording import trials
from gridproof.results.run.record import Record


def bootstrap_line(statistics: Record) -> str:
    """Resamples, block length and seed; what is not known is left out."""
    method = statistics.get("method") or {}
    parts = []
    if method.get("resamples") is not None:
        parts.append(f"{method['resamples']:,} resamples")
    if method.get("block_length") is not None:
        parts.append(f"mean block {trials(method['block_length'])} days")
    if method.get("seed") is not None:
        parts.append(f"seed {method['seed']}")
    return f"Stationary bootstrap: {', '.join(parts)}." if parts else ""


def sample_line(statistics: Record, searched: bool = False) -> str:
    """Whether the tests of the sweep saw all of its variants; searched: which cells of the search they saw."""
    method = statistics.get("method") or {}
    used, distinct = method.get("used"), method.get("distinct")
    if searched:
        if not method.get("sample"):
            return ""
        apart = "" if used is None else f": {used:,} that trade differently, base and best among them"
        return f"Tested are {method['sample']}{apart}."
    if used is None or distinct is None:
        return ""
    if not method.get("sampled"):
        return f"All {used:,} distinct variants enter."
    return f"A random sample of {used:,} of the {distinct:,} distinct variants enters, base and best among them."


def confidence(statistics: Record) -> str:
    """ "95 %"."""
    level = (statistics.get("method") or {}).get("confidence")
    return f"{100 * (0.95 if level is None else level):g}\u00a0%"
