"""Section 1, data: how each series was read, and the warnings about the data."""

from __future__ import annotations

from gridproof.results.run.record import Record, data_warnings


def data_section(summary: Record) -> Record:
    """Returns a row for each series (name, file, column, how it was read) and all warnings; none in an old folder."""
    series = (summary.get("data") or {"series": []})["series"]
    rows = [[one["name"], one["file"], one.get("column", ""), one["understood"]] for one in series]
    return {"rows": rows, "warnings": data_warnings(summary)}
