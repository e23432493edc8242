"""What every executor keeps to; each inherits this suite and gives an entered executor."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.results.run import tiles as tiles_module
from gridproof.results.run.manifest import MANIFEST
from gridproof.results.run.store import CUT, Store
from gridproof.results.run.tally import Tally
from gridproof.results.run.tile_file import TileLabel
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.executor import Executor, Range, Task, Tile, TileFault
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.execution.tile import TallyScale, empty_tally, run_tile
from gridproof.sweeps.run import run_study
from tests.support.demo import small_plan
from tests.support.tiny import tiny_grid
from tests.support.trapped import Trapped


class Listener:
    """An executor's control that counts, and says enough after some variants."""

    def __init__(self, limit: float = np.inf, interrupt: float = np.inf) -> None:
        self.variants, self._limit, self._interrupt = 0, limit, interrupt

    def advance(self, variants: int) -> None:
        self.variants += variants
        if self.variants >= self._interrupt:
            raise KeyboardInterrupt

    def nodes(self, rates: Mapping[str, float]) -> None: ...

    def notice(self, text: str) -> None: ...

    def enough(self, nodes: int) -> bool:
        assert nodes >= 1
        return self.variants >= self._limit


def task_of(traps: Path) -> Task:
    return Task(Trapped(small_plan(), traps), TallyScale(np.linspace(-1.0, 2.0, 11), (0.3, 0.9)), keep_rows=True)


def collect(
    executor: Executor, task: Task, missing: list[Range], observer: Listener
) -> tuple[list[Tile], list[TileFault]]:
    tiles, faults = [], []
    with closing(executor.tiles(task, missing, observer)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, TileFault):
                faults.append(outcome)
            else:
                tiles.append(outcome)
    return sorted(tiles, key=lambda tile: tile.low), faults


def pieces(tiles: list[Tile]) -> list[int]:
    return [number for tile in tiles for number in range(tile.low, tile.high)]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timing.json"
    }


class TileSuite:
    """``executor``: entered and prepared for task_of(traps)."""

    @pytest.fixture
    def task(self, traps: Path) -> Task:
        for trap in traps.iterdir():
            trap.unlink()
        return task_of(traps)

    def test_every_missing_piece_is_in_one_tile(self, executor: Executor, task: Task) -> None:
        observer = Listener()
        tiles, faults = collect(executor, task, [(0, task.grid.pieces)], observer)
        assert not faults
        assert pieces(tiles) == list(range(task.grid.pieces))
        assert observer.variants == task.grid.size
        rows = np.concatenate([tile.rows for tile in tiles if tile.rows is not None])
        evaluate = resolve("cpu").bind(task.grid.plan.problem)
        whole, expected = run_tile(
            task.grid,
            evaluate,
            0,
            task.grid.pieces,
            task.scale,
            True,
            lambda variants: None,
        )
        assert expected is not None
        assert rows.tobytes() == expected.tobytes()
        merged = empty_tally(task.grid, task.scale)
        for tile in reversed(tiles):
            merged.merge(tile.tally)
        for name in ("counters", "histogram", "best_value", "best_index", "best_key"):
            assert np.array_equal(getattr(merged, name), getattr(whole, name))
        for name in ("count", "sums", "maximum"):
            assert np.array_equal(getattr(merged.surfaces, name), getattr(whole.surfaces, name))

    def test_only_what_is_missing_is_done(self, executor: Executor, task: Task) -> None:
        tiles, _ = collect(executor, task, [(2, 5), (6, 7), (11, 12)], Listener())
        assert pieces(tiles) == [2, 3, 4, 6, 11]
        assert collect(executor, task, [], Listener()) == ([], [])

    def test_a_piece_that_raises_is_a_fault_and_the_rest_goes_on(
        self, executor: Executor, task: Task, traps: Path
    ) -> None:
        (traps / "raise-4").touch()
        tiles, faults = collect(executor, task, [(0, 12)], Listener())
        assert len(faults) == 1
        assert faults[0].what == "ValueError: a trap at piece 4"
        assert faults[0].low <= 4 < faults[0].high
        assert sorted([*pieces(tiles), *range(faults[0].low, faults[0].high)]) == list(range(12))

    def test_enough_is_enough_and_nothing_under_way_is_lost(self, executor: Executor, task: Task) -> None:
        observer = Listener(limit=30)
        tiles, _ = collect(executor, task, [(0, task.grid.pieces)], observer)
        assert 30 <= observer.variants < task.grid.size
        assert sum(len(tile.rows) for tile in tiles if tile.rows is not None) == observer.variants

    def test_an_interrupt_passes_and_work_can_be_asked_for_again(self, executor: Executor, task: Task) -> None:
        with pytest.raises(KeyboardInterrupt):
            collect(executor, task, [(0, task.grid.pieces)], Listener(interrupt=40))
        tiles, _ = collect(executor, task, [(0, 3)], Listener())
        assert pieces(tiles) == [0, 1, 2]


class RunSuite:
    """``ray``: what gp.run is told to use the executor."""

    def test_a_full_disk_is_one_line_and_the_same_call_goes_on_to_the_same_bytes(
        self, ray: str | None, traps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = contents(gp.run(tiny_grid(), out=tmp_path / "whole", verdict=False).folder)
        monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, traps))
        save, stored = tiles_module.write_tile, []

        def full(path: Path, label: TileLabel, tally: Tally) -> None:
            if len(stored) == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            stored.append(path)
            save(path, label, tally)

        with monkeypatch.context() as patch:
            patch.setattr(tiles_module, "write_tile", full)
            with pytest.raises(gp.IncompleteError, match="disk full; free space and rerun to resume"):
                run_study(tiny_grid(), options=RunOptions(tmp_path / "full", verdict=False, ray=ray, tile_pieces=1))
        folder = next((tmp_path / "full").glob("*-*"))
        assert len(Store(folder).tiles.finished()) == 3
        run = gp.run(tiny_grid(), out=tmp_path / "full", ray=ray, verdict=False)
        assert run.timing["variants_evaluated_in_this_call"] < tiny_grid().space.size
        found = contents(run.folder)
        # Pieces of ten and whole ones name their last tile by their own number, and each run records its cut.
        assert _without_cut(found) == _without_cut(expected)


def _without_cut(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: text for name, text in files.items() if "tiles" not in name and name not in (CUT, MANIFEST)}
