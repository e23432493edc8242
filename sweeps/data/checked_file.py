"""One file in the check of market data: what needs it, what it holds, until when it is current, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class CheckedFile:
    """One series or panel of a file. ``series``: which column and rows.

    ``needed_by``: studies and monitors, each with its name of the series.
    ``until``: the earliest date until which its last value is current for them, None where that is not known.
    ``state``: ok, missing, unreadable or stale.
    """

    file: str
    series: str
    needed_by: list[str] = field(default_factory=list)
    first: str | None = None
    last: str | None = None
    rows: int | None = None
    until: str | None = None
    state: str = "ok"
    understood: str | None = None
    warnings: list[str] = field(default_factory=list)
    error: str | None = None

    def add_need(self, name: str) -> None:
        self.needed_by += [name] if name not in self.needed_by else []

    def record(self) -> dict[str, Any]:
        return {**vars(self), "needed_by": list(self.needed_by), "warnings": list(self.warnings)}
