"""The executor on Ray, against several raylets on this machine: the suite of every executor, and all kinds of loss."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.results.run.store import Store
from gridproof.sweeps.cluster import worker_pool as pool_module
from gridproof.sweeps.cluster.executor import ClusterExecutor
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.execution.executor import Executor
from tests.support.command import gridproof
from tests.support.demo import small_file, small_plan, small_study
from tests.support.executors import RunSuite, TileSuite, contents, task_of
from tests.support.observers import Heard
from tests.support.rays import ROOT, add_node, cluster_of, driver_command, needs_ray
from tests.support.selections import long_table, raw, write
from tests.support.trapped import Trapped

pytestmark = [needs_ray, pytest.mark.own_process]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """With one node, until a test asks for ``two_nodes``: those tests come last."""
    with cluster_of(nodes=1) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def two_nodes(cluster: Any) -> Any:
    add_node(cluster)
    return cluster


@pytest.fixture(scope="module")
def traps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traps")


@pytest.fixture
def empty_traps(traps: Path) -> Path:
    for trap in traps.iterdir():
        trap.unlink()
    return traps


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_file(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def expected(study: Path, traps: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run in this process writes, piece by piece as on the cluster."""
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, traps)):
        return contents(gp.run(gp.load_study(str(study)), out=tmp_path_factory.mktemp("local"), verdict=False).folder)


@pytest.fixture(scope="class")
def executor(two_nodes: Any, traps: Path) -> Iterator[Executor]:
    task = task_of(traps)
    with ClusterExecutor(two_nodes.address) as executor:
        executor.prepare(task.grid, executor.backend("cpu"))
        yield executor


@pytest.fixture
def ray(cluster: Any) -> str:
    return str(cluster.address)


class TestRuns(RunSuite):
    """Runs on the cluster."""


def test_selections_are_made_once_and_sent(ray: str, tmp_path: Path) -> None:
    """The plan that is sent once a node has what selections earn; a worker reads no panel."""
    data = write(tmp_path / "data", long_table())
    study = gp.load_study(raw()).set({"small.cost": 0.003, "small.offset": 0})
    here, there = (
        gp.run(study, data=data, out=tmp_path / name, verdict=False, ray=address)
        for name, address in (("here", None), ("there", ray))
    )
    assert contents(here.folder) == contents(there.folder)


class Driver:
    """The command line in a process of its own, on the cluster, which it finds by RAY_ADDRESS."""

    def __init__(self, traps: Path, study: Path, out: Path, address: str) -> None:
        command = driver_command(traps, study, out, "--ray", "auto")
        self.out = out
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            text=True,
            env=users_environment() | {"RAY_ADDRESS": address},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def store(self) -> Store:
        return Store(next(self.out.glob("*-*")))

    def until_tiles(self, count: int) -> None:
        deadline = time.monotonic() + 120
        while len(list(self.out.glob("*/tiles/*.npz"))) < count:
            assert time.monotonic() < deadline, "too slow"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def ends(self, *codes: int) -> tuple[str, str]:
        output, errors = self.process.communicate(timeout=150)
        assert self.process.returncode in codes, output + errors
        assert "Traceback" not in errors
        return output, errors

    def ends_anyway(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


Drivers = Callable[..., Driver]


@pytest.fixture
def drivers() -> Iterator[Drivers]:
    """Starts drivers; those that a failing test leaves are killed."""
    with ExitStack() as stack:

        def start(*arguments: Any) -> Driver:
            driver = Driver(*arguments)
            stack.callback(driver.ends_anyway)
            return driver

        yield start


def users_environment() -> dict[str, str]:
    """Not what keeps the test's clusters on loopback: a driver must find its way as a user's does."""
    return {name: value for name, value in os.environ.items() if name != "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"}


def served_metrics() -> set[str]:
    """The names of gridproof's metrics, as Prometheus would read them from every node."""
    import ray

    found = set()
    for node in ray.nodes():
        if not node["Alive"]:
            continue
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{node['MetricsExportPort']}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            continue  # its agent is not up yet
        found |= {line.split("{")[0] for line in lines if line.startswith("ray_gridproof_")}
    return found


def test_a_tile_that_raises_or_kills_is_named_and_the_rest_is_done(
    cluster: Any, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "raise-2").touch()
    (empty_traps / "kill-28").touch()
    command = ("run", study, "--out", tmp_path, "--no-verdict", "--ray", cluster.address)
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        errors = gridproof(*command, expect=3).stderr
        assert "not finished: 2 tiles failed; rerun to try again" in errors
        assert "ValueError: a trap at piece 2" in errors
        assert "3 workers died over it, the last: 127.0.0.1" in errors
        assert "trend.window=" in errors
        store = Store(next(tmp_path.glob("*-*")))
        gaps = [number for low, high in store.tiles.missing(32) for number in range(low, high)]
        assert {2, 28} <= set(gaps)
        # A worker that is alone for a while gets half of what is left as a tile: [1, 17) of the 32 at most, [25, 29).
        assert len(gaps) <= 20
        for trap in empty_traps.iterdir():
            trap.unlink()
        gridproof(*command)
    assert contents(store.folder) == expected


def test_a_driver_is_stopped_then_killed_then_goes_on(
    cluster: Any, drivers: Drivers, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "slow").touch()
    polite = drivers(empty_traps, study, tmp_path, cluster.address)
    polite.until_tiles(1)
    os.killpg(polite.process.pid, signal.SIGINT)
    output, errors = polite.ends(130)
    assert "stopping: tiles in progress are finished first" in output
    assert "rerun the same command to resume" in errors
    drained = polite.store.tiles.finished()
    assert drained

    killed = drivers(empty_traps, study, tmp_path, cluster.address)
    killed.until_tiles(len(drained) + 1)
    killed.process.kill()
    _, errors = killed.process.communicate(timeout=30)
    assert "the process ended without an error message" in errors
    assert len(killed.store.tiles.finished()) > len(drained)
    kept = int(killed.store.tiles.tally().counters[0])

    (empty_traps / "slow").unlink()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, ray=cluster.address, verdict=False)
    assert run.timing["variants_evaluated_in_this_call"] == run.summary["variants"] - kept
    assert contents(run.folder) == expected


def test_the_head_goes(
    drivers: Drivers, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "slow").touch()
    with cluster_of(nodes=0, head_cpus=1) as alone:
        driver = drivers(empty_traps, study, tmp_path, alone.address)
        driver.until_tiles(1)
        alone.head_node.kill_gcs_server()
        _, errors = driver.ends(3, 1)
    # A driver that was asking the head just then is ended by Ray itself, after a minute.
    refused = ("has not answered for 2 s. Start it again", "rerun to resume")
    killed = ("the process ended without an error message", "rerun to resume")
    for text in refused if driver.process.returncode == 3 else killed:
        assert text in errors
    (empty_traps / "slow").unlink()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, verdict=False)
    assert run.timing["variants_evaluated_in_this_call"] < run.summary["variants"]
    assert contents(run.folder) == expected


def test_nodes_with_another_environment_are_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "environment", lambda _: {"gridproof": "another", "numba": "0.1"})
    fault = r"a node that can run a worker; got 127.*environment mismatch: gridproof is .*, not another"
    with pytest.raises(gp.InputError, match=fault):
        gp.run(small_study(), out=tmp_path, ray=cluster.address, verdict=False)


def test_a_local_ray_listens_on_loopback_only_with_a_token_of_its_own(study: Path, tmp_path: Path) -> None:
    script = (
        "import ray, sys, gridproof as gp\n"
        "from tests.support.listening import listening\n"
        "found = []\n"
        "watch = gp.RunObserver()\n"
        "watch.nodes = lambda _: found.append(listening('GRIDPROOF_TEST'))\n"
        "gp.run(gp.load_study(sys.argv[1]), out=sys.argv[2], ray='local', observer=watch, verdict=False)\n"
        "print(sorted(set.union(*found)), max(map(len, found)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(study), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        # A Ray that is already there, or said to be, is not asked.
        env=users_environment()
        | {"GRIDPROOF_TEST": str(tmp_path), "RAY_ADDRESS": "127.0.0.1:1", "RAY_AUTH_MODE": "token"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("['127.0.0.1'] "), done.stdout


class TestTiles(TileSuite):
    def test_workers_evaluate_for_a_driver_that_cannot(self, executor: Any) -> None:
        plan = small_plan()
        work = Trapped(plan, Path("none")).piece(3).work
        found: Floats = executor._evaluate(work)
        assert found.tobytes() == resolve("cpu").bind(plan.problem)(work).tobytes()
        assert np.isfinite(found[..., 0]).all()


def test_a_worker_that_dies_is_replaced_and_its_tiles_done_once(
    two_nodes: Any, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "kill-once-7").touch()
    (empty_traps / "kill-once-12").touch()
    (empty_traps / "slow").touch()
    metrics: set[str] = set()

    class Watching(Heard):
        def nodes(self, rates: Mapping[str, float]) -> None:
            metrics.update(served_metrics())

    heard = Watching()

    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, ray=two_nodes.address, observer=heard, verdict=False)
    assert run.timing["workers_lost"] == 2
    assert sum(run.timing["nodes"].values()) == run.timing["variants_evaluated_in_this_call"] == run.summary["variants"]
    assert sum("worker lost, 127.0.0.1" in notice for notice in heard.notices) == 2
    assert not list(empty_traps.glob("kill-once-*"))
    for metric in ("tiles_total", "variants_total", "variants_per_second", "retries_total"):
        assert f"ray_gridproof_{metric}" in metrics
    assert contents(run.folder) == expected


@pytest.mark.slow("a worker that dies is replaced, and a head that goes is named, in make test")
def test_a_node_is_lost_and_another_one_comes(
    two_nodes: Any, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    (empty_traps / "slow").touch()

    class Losing(Heard):
        """Takes a node away and adds another one once some tiles are done."""

        lost = False

        def progress(self, stage: str, done: int, total: int, new: int = 0, detail: str = "") -> None:
            if stage == "sweep" and new >= 20 and not self.lost:
                self.lost = True
                two_nodes.remove_node(next(iter(two_nodes.worker_nodes)), allow_graceful=False)
                add_node(two_nodes)

    heard = Losing()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(gp.load_study(str(study)), out=tmp_path, ray=two_nodes.address, observer=heard, verdict=False)
    assert heard.lost
    lost = run.timing["workers_lost"]
    assert lost >= 1  # Ray may lose another one on a busy machine, when the nodes change
    assert sum("worker lost" in notice for notice in heard.notices) == lost
    assert contents(run.folder) == expected


def test_no_more_workers_than_asked_for(
    two_nodes: Any, empty_traps: Path, study: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    heard = Heard()
    with mock.patch.object(sweep_module, "whole_grid", lambda plan, _: Trapped(plan, empty_traps)):
        run = gp.run(
            gp.load_study(str(study)),
            out=tmp_path,
            ray=two_nodes.address,
            workers=1,
            observer=heard,
            verdict=False,
        )
    assert len(run.timing["nodes"]) == 1
    assert max(map(len, heard.rates)) == 1
    assert max(rate for each in heard.rates for rate in each.values()) > 0
    assert contents(run.folder) == expected
