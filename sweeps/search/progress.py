"""The progress of a search."""

from __future__ import annotations

from dataclasses import dataclass, field

from gridproof.sweeps.search.pareto_front import Outcome


@dataclass
class SearchProgress:
    """How far a search is, for displays and for its record."""

    trials: int  # to be finished in all
    finished: int = 0
    pruned: int = 0  # trials whose objective is undefined
    repeated: int = 0  # trials that propose what an earlier one did
    cells: int = 0  # evaluated in all
    new_cells: int = 0  # evaluated by this call
    front: list[Outcome] = field(default_factory=list)  # best by the first objective first
    since_improvement: int = 0  # finished trials since the front last changed
    pruned_reasons: dict[str, int] = field(default_factory=dict)  # how many trials were pruned for each reason

    def detail(self, seconds: float) -> str:
        """The best so far, how long ago it was found, and cells per second of this call, which took ``seconds``."""
        best = f"best {', '.join(f'{value:.4g}' for value in self.front[0][0])}" if self.front else "none yet"
        front = f", front {len(self.front)}" if self.front and len(self.front[0][0]) > 1 else ""
        rate = f", {self.new_cells / seconds:,.0f} cells/s" if self.new_cells and seconds else ""
        return f"{best}{front}, {self.since_improvement} trials since it was found, {self.cells:,} cells{rate}"
