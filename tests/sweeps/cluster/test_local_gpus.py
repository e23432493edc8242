"""A local Ray on a machine with two GPUs, simulated: a worker on each, one of which is killed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

import gridproof as gp
from gridproof.kernels.backend import Backend, cuda_planner
from gridproof.kernels.cpu import latch
from gridproof.kernels.cuda import evaluate as cuda
from gridproof.sweeps import run as run_module
from gridproof.sweeps.cluster import connection
from gridproof.sweeps.cluster import executor as cluster
from gridproof.sweeps.execution import executor as local
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan import grid as grid_module
from tests.support.executors import contents
from tests.support.observers import Heard
from tests.support.rays import lean_heads, needs_ray, ray_environment
from tests.support.shim.device import ShimDevice
from tests.support.simulated_gpus import GPUS, GpuGrid
from tests.support.tiny import tiny_grid

pytestmark = [needs_ray, pytest.mark.own_process]


@pytest.mark.slow("a worker that dies is replaced, and one whose GPU fails is ended, in make test")
def test_a_killed_worker_of_two_gpus_changes_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other GPU, or a new worker, does its pieces: the same tally as on one GPU of this process, to the byte."""
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "kill-1").touch()
    for module in (sweep_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    for module in (run_module, cluster):
        monkeypatch.setattr(module, "gpu_answers", lambda: False)
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: GpuGrid(plan, 4, marks, folder))
    gpu = Backend("cuda", latch.latch_paths, partial(cuda.bind, ShimDevice(folder)), cuda_planner().reduction)
    with mock.patch.object(local, "resolve", return_value=gpu):
        alone = gp.run(tiny_grid(), out=tmp_path / "alone", backend="cuda", verdict=False)
    assert not (marks / "0").exists()

    start = partial(connection.start_local_ray, num_cpus=2, num_gpus=len(GPUS))
    monkeypatch.setattr(connection, "start_local_ray", start)
    heard = Heard()
    with mock.patch.dict(os.environ, ray_environment(tmp_path)), lean_heads():
        run = gp.run(tiny_grid(), out=tmp_path / "ray", backend="cuda", ray="local", observer=heard, verdict=False)
    assert sorted(mark.name for mark in marks.iterdir()) == list(GPUS), "both GPUs evaluated, and one was killed"
    assert run.timing["workers_lost"] == 1
    assert sum("worker lost" in notice for notice in heard.notices) == 1
    assert run.timing["variants_evaluated_in_this_call"] == run.summary["evaluated"] == tiny_grid().space.size
    assert contents(run.folder) == contents(alone.folder)
