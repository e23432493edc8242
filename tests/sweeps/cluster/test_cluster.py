"""The executor on Ray, against several raylets on this machine: the suite of every executor, and all kinds of loss."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
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
from tests.support.demo import small_plan, small_study
from tests.support.every_key import draw
from tests.support.executors import RunSuite, TileSuite, contents, task_of
from tests.support.observers import Heard
from tests.support.plain_selection import write_market
from tests.support.rays import add_node, cluster_of, needs_ray
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


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_a_study_with_every_key_is_the_same_on_the_cluster(ray: str, tmp_path: Path) -> None:
    data = write_market(tmp_path)
    study = gp.load_study(draw(np.random.default_rng(13), most=32).swept)
    here, there = (
        gp.run(study, data=data, out=tmp_path / name, verdict=False, ray=address)
        for name, address in (("here", None), ("there", ray))
    )
    assert contents(here.folder) == contents(there.folder)


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


def test_nodes_with_another_environment_are_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "environment", lambda _: {"gridproof": "another", "numba": "0.1"})
    fault = r"a node that can run a worker; got 127.*environment mismatch: gridproof is .*, not another"
    with pytest.raises(gp.InputError, match=fault):
        gp.run(small_study(), out=tmp_path, ray=cluster.address, verdict=False)


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
