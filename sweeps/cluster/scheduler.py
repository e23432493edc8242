"""The scheduler of a run on a cluster: which pieces are submitted next, and how many in a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

# A batch over which so many workers died is given up; it would end further workers too.
DEATHS = 3
# Seconds that a batch should take: a compromise between what a lost worker costs and what a batch costs the driver.
BATCH_SECONDS = 5.0
# The share of its time that the driver may spend on finished batches; beyond it batches are made longer.
DRIVER_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class PieceBatch:
    """Pieces [low, high) for one worker, evaluated as one tile. ``deaths``: how many workers died over them."""

    low: int
    high: int
    deaths: int = 0

    @property
    def pieces(self) -> int:
        return self.high - self.low


class Scheduler:
    """Hands out the missing pieces of a run, ascending. A batch that a lost worker returns goes first."""

    def __init__(self, missing: Iterable[tuple[int, int]]) -> None:
        self._fresh = deque(missing)
        self._returned: deque[PieceBatch] = deque()
        self.left = sum(high - low for low, high in self._fresh)

    def take(self, most: int) -> PieceBatch | None:
        """At most ``most`` ≥ 1 adjoining pieces, or a returned batch as it was; None where nothing is left."""
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
        """Return a batch that is not finished. died: its worker died over it. False where the batch is given up."""
        if died:
            batch = PieceBatch(batch.low, batch.high, batch.deaths + 1)
            if batch.deaths >= DEATHS:
                return False
        self._returned.append(batch)
        self.left += batch.pieces
        return True


def batch_pieces(seconds_per_piece: float | None, driver_seconds: float, left: int, workers: int) -> int:
    """How many pieces a worker's next batch should have, at least 1.

    seconds_per_piece: of this worker; None before its first batch. driver_seconds: what a finished batch costs the
    driver. left: pieces that are not handed out. Towards the end batches shrink, so that the run does not wait for a
    slow worker.
    """
    if seconds_per_piece is None:
        return 1
    seconds = max(BATCH_SECONDS, driver_seconds * workers / DRIVER_SHARE)
    fair_share = -(-left // (2 * workers))
    return max(1, min(int(seconds / max(seconds_per_piece, 1e-6)), fair_share))
