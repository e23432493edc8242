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
