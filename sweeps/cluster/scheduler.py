"""Which pieces are handed out next, and how many: every missing piece to one worker, until it is done or given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

# A tile in whose course so many workers died is given up: it would take the others down too.
DEATHS = 3
# A tile is meant to last so many seconds: what a lost worker costs, against what a tile costs the driver.
TILE_SECONDS = 5.0
# The share of its time that the driver may spend on finished tiles before tiles are made longer.
DRIVER_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class PieceBatch:
    """Pieces [low, high) for one worker. ``deaths``: how many workers died over them."""

    low: int
    high: int
    deaths: int = 0

    @property
    def pieces(self) -> int:
        return self.high - self.low


class Scheduler:
    """The missing pieces of a run, ascending; what a lost worker had comes back and goes first."""

    def __init__(self, missing: Iterable[tuple[int, int]]) -> None:
        self._fresh = deque(missing)
        self._returned: deque[PieceBatch] = deque()
        self.left = sum(high - low for low, high in self._fresh)

    def take(self, most: int) -> PieceBatch | None:
        """At most ``most`` ≥ 1 adjoining pieces, or what came back, as it was; None where nothing is left."""
        if self._returned:
            batch = self._returned.popleft()
        elif self._fresh:
            low, high = self._fresh.popleft()
            batch = PieceBatch(low, min(high, low + most))
            if batch.high < high:
                self._fresh.appendleft((batch.high, high))
        else:
            return None
        self.left -= batch.pieces
        return batch

    def give_back(self, batch: PieceBatch, died: bool) -> bool:
        """Take back what is not done. ``died``: its worker died over it. False where it is given up."""
        if died:
            batch = PieceBatch(batch.low, batch.high, batch.deaths + 1)
            if batch.deaths >= DEATHS:
                return False
        self._returned.append(batch)
        self.left += batch.pieces
        return True


def tile_pieces(seconds_a_piece: float | None, driver_seconds: float, left: int, workers: int) -> int:
    """How many pieces the next tile of a worker should have, at least 1.

    seconds_a_piece: of this worker, None before its first tile. driver_seconds: what a finished tile costs the
    driver. left: pieces not handed out. Towards the end tiles shrink, so that a slow worker does not hold up the rest.
    """
    if seconds_a_piece is None:
        return 1
    seconds = max(TILE_SECONDS, driver_seconds * workers / DRIVER_SHARE)
    fair = -(-left // (2 * workers))
    return max(1, min(int(seconds / max(seconds_a_piece, 1e-6)), fair))
