"""A run's folder while it is in use: what is deleted, several processes at once, and the lock."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import gridproof as gp
from benchmarks.reliability.processes import fork
from gridproof.results.run.lock import LOCK, folder_lock
from gridproof.results.run.store import Store
from gridproof.results.run.tiles import Tiles
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan.grid import ProductGrid
from tests.support.driver import drive
from tests.support.executors import contents
from tests.support.observers import StopAt
from tests.support.rays import ROOT
from tests.support.tiny import tiny_grid_file
from tests.support.tiny_runs import SIZE, again, distinct


class At(gp.RunObserver):
    """Calls a function once, when the sweep has evaluated so many variants."""

    def __init__(self, variants: int, action: Callable[[], object]) -> None:
        self.variants, self.action, self.notices = variants, action, list[str]()

    def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
        if stage == "sweep" and new >= self.variants:
            self.variants = 10**9
            self.action()

    def notice(self, text: str) -> None:
        self.notices.append(text)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: ProductGrid(plan, 10))


@pytest.mark.usefixtures("small_pieces")
def test_what_is_deleted_while_the_run_works(tmp_path: Path) -> None:
    expected = contents(again(tmp_path / "whole").folder)

    def ledger() -> None:
        shutil.rmtree(tmp_path / "ledger" / "ledger")

    again(tmp_path / "ledger", At(60, ledger))
    assert distinct(tmp_path / "ledger") == SIZE

    def two_tiles() -> None:
        for path in sorted((tmp_path / "tiles").glob("*/tiles/*.npz"))[:2]:
            path.unlink()

    run = again(tmp_path / "tiles", At(60, two_tiles))
    assert contents(run.folder) == expected

    def folder() -> None:
        shutil.rmtree(next((tmp_path / "folder").glob("tiny-*")))

    with pytest.raises(gp.IncompleteError, match="it was removed while the run was working"):
        again(tmp_path / "folder", At(60, folder))
    assert contents(again(tmp_path / "folder").folder) == expected


def test_several_processes_at_once_write_one_run(tmp_path: Path) -> None:
    """The first works, slowly; the others say that they wait, and find it finished. The ledger counts once."""
    traps, out = tmp_path / "traps", tmp_path / "runs"
    traps.mkdir()
    (traps / "slow").touch()
    command = ("run", tiny_grid_file(tmp_path), "--out", out, "--no-verdict")
    processes = [fork(lambda: drive(traps, command), tmp_path / f"log-{number}") for number in range(3)]
    ended = [process.ended() for process in processes]
    assert [each.code for each in ended] == [0, 0, 0], ended
    said = "".join(each.output + each.errors for each in ended)
    assert 1 <= said.count("is working on this run; waiting for it") <= 2
    assert "Traceback" not in said
    (folder,) = out.glob("tiny-*")
    assert not Store(folder).all_faults()
    assert distinct(out) == SIZE
    assert not (folder / LOCK).exists()


def test_the_lock_is_released_by_a_killed_process_and_by_a_deleted_folder(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from gridproof.results.run.lock import folder_lock\n"
        "with folder_lock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with (
        pytest.raises(gp.InputError, match=f"got a second process beside process {process.pid} on "),
        folder_lock(folder),
    ):
        pass
    process.kill()
    process.communicate()
    began = time.monotonic()
    with folder_lock(folder):
        shutil.rmtree(folder)
    assert time.monotonic() - began < 5
    with folder_lock(folder), pytest.raises(gp.InputError, match="one process at a time"), folder_lock(folder):
        pass
    assert not folder.exists(), "a folder that was made for nothing goes"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(gp.InputError, match="results need a place that can be written; got Not a directory"):
        again(tmp_path / "file")
    with pytest.raises(KeyboardInterrupt):
        again(tmp_path / "out", StopAt(new=0))
    tiles = next((tmp_path / "out").glob("tiny-*")) / "tiles"
    shutil.rmtree(tiles)
    tiles.write_text("x")
    with pytest.raises(gp.InputError, match="tiles: results need a place that can be written; got File exists"):
        again(tmp_path / "out")
    assert not list(Tiles(tmp_path / "none").missing(0))
