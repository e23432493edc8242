"""Tiles that are begun before the ones before them are waited for, on a backend that works beside this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import Backend
from gridproof.kernels.cpu import latch
from gridproof.kernels.cpu.backend import CpuReducer
from gridproof.kernels.errors import GpuError
from gridproof.kernels.problem import Problem, Work
from gridproof.sweeps.execution.executor import LocalExecutor, Task, Tile
from gridproof.sweeps.execution.tile import TallyScale, empty_tally, run_tile
from gridproof.sweeps.plan.grid import ProductGrid
from tests.support.demo import small_plan
from tests.support.executors import Listener, collect, pieces


@dataclass
class Begun:
    number: int
    answers: Callable[[], ReductionResult]
    log: list[str]

    def answer(self) -> ReductionResult:
        self.log.append(f"answer {self.number}")
        return self.answers()


class Beside:
    """The CPU's reducer as one that works beside the process. ``faults``: by the number of the box, at which call."""

    most, takes_any = 50, True

    def __init__(self, problem: Problem, faults: dict[int, tuple[str, Exception]]) -> None:
        self._cpu, self._faults = CpuReducer(problem), faults
        self.log: list[str] = []
        self._boxes = 0

    def __call__(self, work: Work) -> Floats:
        return self._cpu(work)

    def reduce(self, question: ReductionRequest) -> ReductionResult:
        return self.begin(question).answer()

    def begin(self, question: ReductionRequest) -> Begun:
        number, self._boxes = self._boxes, self._boxes + 1
        self.log.append(f"begin {number}")
        when, fault = self._faults.get(number, ("", None))
        if when == "begin" and fault is not None:
            raise fault

        def answer() -> ReductionResult:
            if fault is not None:
                raise fault
            return self._cpu.reduce(question)

        return Begun(number, answer, self.log)


@pytest.fixture(scope="module")
def task() -> Task:
    grid = ProductGrid(small_plan(), 50, reduced=True)
    assert grid.pieces >= 4
    return Task(grid, TallyScale(np.linspace(-1.0, 2.0, 11), (0.3, 0.9)), keep_rows=False)


def executor_of(
    task: Task, faults: dict[int, tuple[str, Exception]] | None = None, tile_pieces: int = 1
) -> tuple[LocalExecutor, Beside]:
    executor = LocalExecutor(tile_pieces)
    beside = Beside(task.grid.plan.problem, faults or {})
    executor.prepare(task.grid, Backend("cuda", latch.latch_paths, lambda _: beside))
    return executor, beside


def assert_right(task: Task, tiles: list[Tile]) -> None:
    """Each tile is that of a backend that does one after another."""
    for tile in tiles:
        expected = empty_tally(task.grid, task.scale)
        cpu = CpuReducer(task.grid.plan.problem)
        for number in range(tile.low, tile.high):
            expected.merge(run_tile(task.grid, cpu, number, number + 1, task.scale, False, lambda _: None)[0])
        for name, array in expected.arrays().items():
            assert array.tobytes() == tile.tally.arrays()[name].tobytes(), name


@pytest.mark.parametrize(("tile_pieces", "under_way"), [(1, 2), (3, 3)])
def test_a_piece_is_begun_before_the_one_before_is_waited_for(task: Task, tile_pieces: int, under_way: int) -> None:
    """The next of the same tile, and the first of the next tile."""
    executor, beside = executor_of(task, tile_pieces=tile_pieces)
    control = Listener()
    tiles, faults = collect(executor, task, [(0, task.grid.pieces)], control)
    assert not faults
    assert pieces(tiles) == list(range(task.grid.pieces))
    assert control.variants == task.grid.size
    assert_right(task, tiles)
    boxes = 2 if tiles[0].tally.choices is not None else 1
    first_answer = beside.log.index("answer 0")
    assert beside.log[:first_answer] == [f"begin {number}" for number in range(under_way * boxes)]


@pytest.mark.parametrize("when", ["begin", "answer"])
def test_what_goes_wrong_is_the_fault_of_its_own_tile(task: Task, when: str) -> None:
    boxes = 2 if empty_tally(task.grid, task.scale).choices is not None else 1
    executor, _ = executor_of(task, {2 * boxes: (when, ValueError("a bad box"))})
    tiles, faults = collect(executor, task, [(0, task.grid.pieces)], Listener())
    assert [(fault.low, fault.high, fault.what) for fault in faults] == [(2, 3, "ValueError: a bad box")]
    assert pieces(tiles) == [number for number in range(task.grid.pieces) if number != 2]
    assert_right(task, tiles)


@pytest.mark.parametrize("when", ["begin", "answer"])
def test_a_gpu_that_fails_ends_the_tiles_after_what_it_finished(task: Task, when: str) -> None:
    boxes = 2 if empty_tally(task.grid, task.scale).choices is not None else 1
    executor, _ = executor_of(task, {2 * boxes: (when, GpuError("GPU 0: cudaErrorIllegalAddress"))})
    outcomes = executor.tiles(task, [(0, 4)], Listener())
    first, second = next(outcomes), next(outcomes)
    assert isinstance(first, Tile)
    assert isinstance(second, Tile)
    assert_right(task, [first, second])
    with pytest.raises(GpuError, match="cudaErrorIllegalAddress"):
        next(outcomes)


def test_a_tile_that_is_begun_is_kept_when_it_is_enough(task: Task) -> None:
    executor, beside = executor_of(task)
    control = Listener(limit=30)
    tiles, _ = collect(executor, task, [(0, task.grid.pieces)], control)
    assert pieces(tiles) == [0, 1]
    assert control.variants == sum(int(tile.tally.counters[0]) for tile in tiles)
    assert len([line for line in beside.log if line.startswith("begin")]) == len(beside.log) / 2


def test_after_an_interrupt_the_same_tiles_can_be_asked_for_again(task: Task) -> None:
    executor, _ = executor_of(task)
    with pytest.raises(KeyboardInterrupt):
        collect(executor, task, [(0, task.grid.pieces)], Listener(interrupt=60))
    tiles, _ = collect(executor, task, [(0, 3)], Listener())
    assert pieces(tiles) == [0, 1, 2]
    assert_right(task, tiles)
