"""Runs that are interrupted, killed, or cut otherwise: no byte changes, and nothing counts twice."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from benchmarks.reliability.processes import Process, fork
from gridproof.kernels.threads import limit_threads, thread_count
from gridproof.results.run import tiles as tiles_module
from gridproof.results.run.store import Store
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.options import RunOptions
from gridproof.sweeps.plan.grid import ProductGrid
from gridproof.sweeps.run import run_study
from tests.support.command import gridproof
from tests.support.driver import drive
from tests.support.executors import contents
from tests.support.observers import StopAt
from tests.support.tiny import tiny_grid, tiny_grid_file, tiny_plan
from tests.support.trapped import Trapped


def run(out: Path, tile_pieces: int, observer: gp.RunObserver | None = None) -> gp.Run:
    """A study without its verdict, in tiles of so many pieces."""
    return run_study(tiny_grid(), None, RunOptions(out, verdict=False, tile_pieces=tile_pieces), observer)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 10))


@pytest.mark.usefixtures("small_pieces")
def test_tiles_threads_and_interruption_change_no_byte(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 100)
    expected = contents(whole.folder)
    assert ProductGrid(tiny_plan(), 10).pieces > 8

    threads = thread_count()
    limit_threads(1)
    try:
        single = run(tmp_path / "single", 1)
    finally:
        limit_threads(threads)
    assert contents(single.folder) == expected

    out, finished_before = tmp_path / "stopped", 0
    for tile_pieces, limit in ((1, 50), (2, 60), (1, 30)):
        with pytest.raises(KeyboardInterrupt):
            run(out, tile_pieces, StopAt(new=limit))
        covered = sum(high - low for low, high in Store(next(out.glob("*/tiles")).parent).tiles.finished())
        assert covered > finished_before, "a finished tile was lost"
        finished_before = covered
    assert contents(run(out, 3).folder) == expected


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_fold_counts_nothing_twice(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.create("")
    whole = run(tmp_path / "run", 1)
    tally = Store(whole.folder).tiles.tally()
    for low, high in ((0, 2), (0, 1), (1, 2), (3, 4)):
        store.tiles.put(low, high, tally, None)
    assert store.tiles.finished() == [(0, 2), (3, 4)]
    assert list(store.tiles.missing(6)) == [(2, 3), (4, 6)]
    store.tiles.put(1, 3, tally, None)
    assert store.tiles.finished() == [(0, 2), (3, 4)]
    (why,) = store.tiles.set_aside.values()
    assert why == "it overlaps 00000000000000-00000000000002.npz"


def test_a_hard_kill_loses_no_finished_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, each of whose 32 tiles takes its time, killed without warning while it works."""
    traps, out = tmp_path / "traps", tmp_path / "runs"
    traps.mkdir()
    (traps / "slow").touch()
    command = ("run", tiny_grid_file(tmp_path), "--out", out, "--no-verdict")

    def started(tiles: int) -> Process:
        """A process that has just finished so many tiles in all."""
        process = fork(lambda: drive(traps, command), tmp_path / "log")
        deadline = time.monotonic() + 90
        while len(list(out.glob("*/tiles/*.npz"))) < tiles:
            assert process.running(), process.ended()
            assert time.monotonic() < deadline, "no tile was finished in time"
            time.sleep(0.02)
        return process

    killed = started(2)
    killed.kill(signal.SIGKILL)
    killed.ended()
    folder = next(out.glob("tiny-*"))
    assert not (folder / "summary.json").exists(), "it was over before it could be killed"
    kept = {path: os.stat(path).st_mtime_ns for path in folder.glob("tiles/*.npz")}
    assert len(Store(folder).tiles.finished()) == len(kept) > 0

    polite = started(len(kept) + 1)
    polite.kill(signal.SIGINT)
    ended = polite.ended()
    assert ended.code == 130
    assert "finished tiles are kept, rerun the same command to resume" in ended.errors
    for path, written in kept.items():
        assert os.stat(path).st_mtime_ns == written, "a finished tile was done again"

    (traps / "slow").unlink()
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, traps))
    done = gridproof(*command)
    assert "Already finished" not in done.stdout
    first = next(line for line in done.stdout.splitlines() if line.startswith("sweep: "))
    assert int(first.split(", ")[1].split(" of ")[0]) > 0, "it began from nothing"
    summary = json.loads((folder / "summary.json").read_text())
    with np.load(next(folder.glob("tiles/*.npz"))) as stored:
        assert stored["counters"][0] == summary["variants"]
    assert "Already finished" in gridproof(*command).stdout


@pytest.mark.usefixtures("small_pieces")
def test_rows_that_no_tally_vouches_for_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = contents(run(tmp_path / "whole", 3).folder)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tiles_module, "write_tile", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed", 3)
    rows = next((tmp_path / "killed").glob("*/tiles/*-rows.npy"))
    rows.with_suffix(".123.tmp").touch()  # what a hard kill leaves while it writes
    assert contents(run(tmp_path / "killed", 2).folder) == expected
