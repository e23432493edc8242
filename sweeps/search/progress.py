"""Where a search stands."""

from __future__ import annotations

from dataclasses import dataclass, field

# A trial's values, and what it violation.
Rank = tuple[tuple[float, ...], float]


@dataclass
class SearchProgress:
    """Where a search stands, for progress and the record."""

    trials: int  # to be finished in all
    finished: int = 0
    empty: int = 0  # trials that say nothing
    repeated: int = 0
    cells: int = 0
    new_cells: int = 0
    front: list[Rank] = field(default_factory=list)  # the best by the first aim in front
    since: int = 0  # finished trials since the front moved
    complaints: dict[str, int] = field(default_factory=dict)  # why trials said nothing, and how often

    def detail(self, seconds: float) -> str:
        """The best so far, how long ago it was found, and cells per second of this call, which took ``seconds``."""
        best = f"best {', '.join(f'{value:.4g}' for value in self.front[0][0])}" if self.front else "none yet"
        front = f", front {len(self.front)}" if self.front and len(self.front[0][0]) > 1 else ""
        rate = f", {self.new_cells / seconds:,.0f} cells/s" if self.new_cells and seconds else ""
        return f"{best}{front}, {self.since} trials since it was found, {self.cells:,} cells{rate}"
