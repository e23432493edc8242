"""Section 1, data: how each series was read, and the warnings about the data."""

from __future__ import annotations

from gridproof.results.run.record import Record, data_warnings


def data_section(summary: Record) -> Record:
    """Returns a row for each series (name, file, how it was read) and all warnings; empty for a run without them."""
    series = (summary.get("data") or {"series": []})["series"]
    rows = [[one["name"], one["file"], one["understood"]] for one in series]
    return {"rows": rows, "warnings": data_warnings(summary)}
