"""Executors evaluate tiles: the interface, and the executor that works in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gridproof.kernels.backend import Backend, resolve
from gridproof.kernels.errors import GpuError
from gridproof.kernels.problem import Evaluator
from gridproof.results.run.summary_record import ClusterTiming
from gridproof.results.run.tally import Tally
from gridproof.sweeps.execution.tile import TallyScale, TileResult, begin_tile, overlaps
from gridproof.sweeps.plan.grid import Grid

# Pieces [low, high).
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that determines the result of a tile, except the backend."""

    grid: Grid
    scale: TallyScale
    keep_rows: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """The result of pieces [low, high). ``rows``: every variant's metrics, (n, S, 12 + A), where they are kept."""

    low: int
    high: int
    tally: Tally
    rows: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class TileFault:
    """Evaluating pieces [low, high) failed; they stay missing. ``what``: the exception, on one line."""

    low: int
    high: int
    what: str


class ExecutionControl(Protocol):
    """What an executor reports to its run, and asks of it."""

    def advance(self, variants: int) -> None:
        """Reports the number of variants finished since the last call."""

    def nodes(self, rates: Mapping[str, float]) -> None:
        """Variants per second of each node by name."""

    def notice(self, text: str) -> None:
        """Reports one sentence for the user."""

    def enough(self, nodes: int) -> bool:
        """Whether to begin no more tiles. Asked before each tile and about once a second; nodes: those in use."""


class Executor(AbstractContextManager["Executor"], Protocol):
    """Evaluates ranges of pieces as tiles. It chooses the size and order of the tiles; each piece is in at most one.

    The result of a tile depends on the task and its range alone. A tile that raises an exception becomes a TileFault;
    the others are still evaluated. A failed GPU of this process raises GpuError. After KeyboardInterrupt every tile
    already yielded is valid.
    """

    def backend(self, name: str) -> Backend:
        """The backend of this name, to plan with. Raises InputError."""

    def prepare(self, grid: Grid, backend: Backend) -> Evaluator:
        """Called once, before ``tiles``. Returns the function that evaluates work of the grid's plan."""

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]: ...
    def timing(self) -> ClusterTiming:
        """Returns the entries that this executor adds to timing.json."""


class LocalExecutor:
    """Evaluates one tile after another in this process. tile_pieces: the number of pieces in a tile."""

    def __init__(self, tile_pieces: int) -> None:
        self._tile_pieces = tile_pieces

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None: ...

    def backend(self, name: str) -> Backend:
        return resolve(name)

    def prepare(self, grid: Grid, backend: Backend) -> Evaluator:
        self._evaluate = backend.bind(grid.plan.problem)
        return self._evaluate

    def tiles(self, task: Task, missing: Sequence[Range], control: ExecutionControl) -> Generator[Tile | TileFault]:
        """Where the backend works beside this process, a tile is begun before the one before it is waited for."""
        ahead = 1 if overlaps(task.grid, self._evaluate) else 0
        begun: deque[tuple[int, int, Callable[[], TileResult]]] = deque()
        for first, last in missing:
            for low in range(first, last, self._tile_pieces):
                if control.enough(1):
                    yield from (_outcome(*each) for each in begun)
                    return
                high, done = min(last, low + self._tile_pieces), control.advance
                tile = begin_tile(task.grid, self._evaluate, low, high, task.scale, task.keep_rows, done)
                begun.append((low, high, tile))
                if len(begun) > ahead:
                    yield _outcome(*begun.popleft())
        yield from (_outcome(*each) for each in begun)

    def timing(self) -> ClusterTiming:
        return {}


def _outcome(low: int, high: int, finish: Callable[[], TileResult]) -> Tile | TileFault:
    try:
        tally, rows = finish()
    except GpuError:
        raise  # every later tile would fail too
    except Exception as error:  # noqa: BLE001 - reported by the caller, with the tile's parameters
        return TileFault(low, high, describe(error))
    return Tile(low, high, tally, rows)


def describe(error: BaseException) -> str:
    """An exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
