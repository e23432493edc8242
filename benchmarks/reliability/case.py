"""What is tried, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# What may come of a case; the last ones are faults.
SAME = "same result"
ONE_LINE = "one-line error"
WARNED = "different result with a warning"
OTHER_INPUT = "another valid input"
SILENT = "SILENT DIFFERENT"
TRACEBACK = "TRACEBACK"
HANG = "HANG"
MEMORY = "MEMORY"
LOST = "LOST"
FAULTS = (SILENT, TRACEBACK, HANG, MEMORY, LOST)


@dataclass
class Case:
    """group: what kind of case. number: within the group; with the seed it repeats the case. what: in words. verdict:
    one of the above. phases: of each kill, where it hit. seen: numbers to be added up over all cases."""

    group: str
    number: int
    what: str
    verdict: str = SAME
    detail: str = ""
    kept: str = ""
    phases: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def fault(self) -> bool:
        return self.verdict in FAULTS

    def record(self) -> dict[str, Any]:
        return asdict(self)


def summary(cases: Sequence[Case]) -> dict[str, Any]:
    """Counts over cases: verdicts, kills by phase, and the numbers seen."""
    seen: Counter[str] = Counter()
    for case in cases:
        seen.update(case.seen)
    return {
        "cases": len(cases),
        "verdicts": dict(Counter(case.verdict for case in cases).most_common()),
        "kills_by_phase": dict(Counter(phase for case in cases for phase in case.phases).most_common()),
        "seen": dict(seen),
        "faults": [case.record() for case in cases if case.fault],
    }
