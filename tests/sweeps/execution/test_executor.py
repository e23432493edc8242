"""The executor of this process, and budgets."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

import gridproof as gp
from gridproof.kernels.backend import Backend, resolve
from gridproof.kernels.cpu import latch
from gridproof.kernels.passes import Passes
from gridproof.results.run import packages
from gridproof.results.run.store import Store
from gridproof.sweeps import run as run_module
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.budget import Budget, BudgetTracker
from gridproof.sweeps.execution.executor import Executor, LocalExecutor
from tests.support.command import gridproof
from tests.support.demo import small_file, small_study
from tests.support.executors import RunSuite, TileSuite, task_of
from tests.support.observers import Heard
from tests.support.rays import ROOT, needs_ray
from tests.support.tiny import tiny_grid_file
from tests.support.trapped import Trapped


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traps")


@pytest.fixture
def executor(traps: Path) -> Executor:
    executor = LocalExecutor(tile_pieces=2)
    executor.prepare(task_of(traps).grid, resolve("cpu"))
    return executor


@pytest.fixture
def ray() -> str | None:
    return None


class TestTiles(TileSuite):
    """Tiles of this process."""


class TestRuns(RunSuite):
    """Runs in this process."""


def test_budgets() -> None:
    now = 0.0
    tracker = BudgetTracker(Budget(max_hours=2.0, max_cost=10.0, node_hour_price=4.0), lambda: now)
    now = 1800.0
    assert tracker.exhausted(4) is None
    now = 3600.0
    assert tracker.exhausted(2) == "--max-cost 10 is reached: 3 node hours, 12"
    assert tracker.node_hours == pytest.approx(3.0)
    tracker = BudgetTracker(Budget(max_hours=0.5), lambda: now)
    now += 1800.0
    assert tracker.exhausted(1) == "--max-hours 0.5 is reached"
    with pytest.raises(
        gp.InputError, match=r"--max-cost: a cost limit and the price of a node hour must be given together.*Add --node"
    ):
        Budget(max_cost=3.0)
    with pytest.raises(gp.InputError, match=r"--node-hour-price alone\. Add --max-cost"):
        Budget(node_hour_price=3.0)
    with pytest.raises(gp.InputError, match=r"--max-hours: a budget must be a positive number; got nan"):
        Budget(max_hours=float("nan"))


@pytest.fixture
def trapped_grid(traps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for trap in traps.iterdir():
        trap.unlink()
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, traps))


@pytest.mark.usefixtures("trapped_grid")
def test_a_budget_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    command = ("run", tiny_grid_file(tmp_path), "--out", tmp_path / "out", "--no-verdict")
    done = gridproof(*command, "--max-hours", 1e-9, expect=3)
    assert "not finished: --max-hours 1e-09 is reached; rerun to resume" in done.stderr
    gridproof(*command)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare for a small disk of its own")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    study, out = small_file(tmp_path), tmp_path / "out"
    out.mkdir()
    # A file system with room for some tiles; what is on it at the end is listed.
    inside = (
        f"mount -t tmpfs -o size=128k none {out} || exit 77; head -c 60000 /dev/zero > {out}/ballast; "
        f"{sys.executable} -m tests.support.driver {tmp_path} "
        f"run {study} --out {out}; code=$?; ls {out}/*/tiles; exit $code"
    )
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inside]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    if done.returncode in (1, 77) and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip("no file systems may be mounted here")
    assert done.returncode == 3, done.stderr
    assert "disk full; free space and rerun to resume" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".npz" in done.stdout
    assert "tmp" not in done.stdout


class Unasked:
    """Passes of a GPU that is not here."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} of the GPU was asked for")


class Elsewhere(LocalExecutor):
    """As a cluster with GPUs is to a driver without one."""

    def backend(self, name: str) -> Backend:
        return Backend(name, latch.latch_paths, resolve("cpu").bind, passes=cast(Passes, Unasked()))


def test_a_driver_without_a_gpu_computes_the_verdict_on_its_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_module, "gpu_answers", lambda: False)
    monkeypatch.setattr(run_module, "ClusterExecutor", lambda address, workers: Elsewhere(2))
    heard = Heard()
    run = gp.run(small_study(), out=tmp_path, backend="cuda", ray="auto", observer=heard)
    said = "verdict on the CPU: no GPU on this machine"
    assert [text for text in heard.notices if not text.startswith("read ")] == [said]
    assert run.summary["backend"] == "cuda"
    assert run.statistics
    assert run.report().is_file()
    before = run.statistics
    again = run_module.judge_run(run.folder, observer=heard)
    assert heard.notices.count(said) == 2
    assert again.statistics == before


@pytest.mark.usefixtures("trapped_grid")
def test_store_of_a_stopped_run(traps: Path, tmp_path: Path) -> None:
    (traps / "raise-7").touch()
    command = ("run", tiny_grid_file(tmp_path), "--out", tmp_path / "out", "--no-verdict")
    done = gridproof(*command, expect=3)
    assert "1 tile failed; rerun to try again" in done.stderr
    assert "up.window=" in done.stderr
    assert "ValueError: a trap at piece 7" in done.stderr
    store = Store(next((tmp_path / "out").glob("*-*")))
    assert len(list(store.tiles.missing(20))) == 1
    (traps / "raise-7").unlink()
    gridproof(*command)


def test_addresses_that_cannot_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(packages, "find_spec", lambda name: None)
        with pytest.raises(
            gp.InputError, match=r"--ray: a run on a cluster needs Ray.*pip install 'gridproof\[cluster\]'"
        ):
            gp.run(small_study(), out=tmp_path, ray="local", verdict=False)
        patch.setattr(packages, "find_spec", lambda name: object())
        with pytest.raises(gp.InputError, match=r"the address must be local, auto, or HOST:PORT.*ray job submit"):
            gp.run(small_study(), out=tmp_path, ray="ray://head:10001", verdict=False)
        with pytest.raises(gp.InputError, match=r"--workers: a cluster needs at least one worker; got 0"):
            gp.run(small_study(), out=tmp_path, ray="local", workers=0, verdict=False)


@needs_ray
@pytest.mark.parametrize(("address", "fault"), [("localhost", "HOST:PORT"), ("127.0.0.1:1", "no connection to 127")])
def test_a_cluster_that_is_not_there(address: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match=fault):
        gp.run(small_study(), out=tmp_path, ray=address, verdict=False)
    assert not list(tmp_path.iterdir())
