"""Where tiles are evaluated: the interface of every executor, and the one that works in this process."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gridproof.kernels.backend import Backend, Evaluate, resolve
from gridproof.results.run.summary_record import ClusterTiming
from gridproof.results.run.tally import Tally
from gridproof.sweeps.execution.tile import Yardstick, run_tile
from gridproof.sweeps.plan.grid import Grid

# Pieces [low, high).
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """All that decides what a tile comes to, besides the backend."""

    grid: Grid
    yardstick: Yardstick
    keep_rows: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """The finished pieces [low, high). ``rows``: every variant's metrics where they are kept."""

    low: int
    high: int
    tally: Tally
    rows: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class TileFault:
    """The pieces [low, high) raised; they stay missing."""

    low: int
    high: int
    what: str


class ExecutionControl(Protocol):
    """What an executor reports to the run that it works for, and asks of it."""

    def advance(self, variants: int) -> None:
        """So many more variants are finished."""

    def nodes(self, rates: Mapping[str, float]) -> None:
        """Variants per second of each node by name."""

    def notice(self, text: str) -> None:
        """One sentence that a person should read now."""

    def enough(self, nodes: int) -> bool:
        """Whether to begin no more tiles. Asked before each tile and about once a second; nodes: those in use."""


class Executor(AbstractContextManager["Executor"], Protocol):
    """Evaluates ranges of pieces as tiles of its own size, in its own order, each piece in one tile at most.

    What a tile comes to depends on the task and its range alone. A tile that raises is a Fault, and the others go on.
    KeyboardInterrupt leaves every tile that was yielded as good as any other.
    """

    def backend(self, name: str) -> Backend:
        """The backend of this name, for a plan that this executor will evaluate. Raises InputError."""

    def prepare(self, grid: Grid, backend: Backend) -> Evaluate:
        """To be called once, before tiles are asked for. Returns what evaluates work of the grid's plan."""

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]: ...
    def timing(self) -> ClusterTiming:
        """What to add to timing.json."""


class LocalExecutor:
    """Tile after tile in this process."""

    def __init__(self, tile_pieces: int) -> None:
        self._tile_pieces = tile_pieces

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None: ...

    def backend(self, name: str) -> Backend:
        return resolve(name)

    def prepare(self, grid: Grid, backend: Backend) -> Evaluate:
        self._evaluate = backend.bind(grid.plan.problem)
        return self._evaluate

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]:
        for first, last in missing:
            for low in range(first, last, self._tile_pieces):
                if control.enough(1):
                    return
                high = min(last, low + self._tile_pieces)
                try:
                    tally, rows = run_tile(
                        task.grid, self._evaluate, low, high, task.yardstick, task.keep_rows, control.advance
                    )
                except Exception as error:  # noqa: BLE001 - reported by the caller, with the tile's parameters
                    yield TileFault(low, high, describe(error))
                else:
                    yield Tile(low, high, tally, rows)

    def timing(self) -> ClusterTiming:
        return {}


def describe(error: BaseException) -> str:
    """An exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
