"""A GPU that fails ends a run on this machine, and one worker of a cluster; the run can be resumed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.errors import GpuError
from gridproof.results.run.tally import Tally
from gridproof.sweeps.cluster.scheduler import PieceBatch
from gridproof.sweeps.cluster.worker_pool import PoolMember, WorkerPool
from gridproof.sweeps.execution import summary, tile
from gridproof.sweeps.execution.tile import TallyScale
from tests.support.tiny import tiny_grid

SICK = GpuError("GPU 3 (NVIDIA H200): cudaErrorIllegalAddress")


def test_a_run_ends_with_the_gpus_name_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gp.run(tiny_grid(), out=tmp_path / "whole", verdict=False)
    run_tile, calls = tile.run_tile, []

    def fail_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise SICK
        return run_tile(*arguments)

    monkeypatch.setattr(tile, "run_tile", fail_once)
    with pytest.raises(gp.IncompleteError, match=r"GPU 3 \(NVIDIA H200\): cudaErrorIllegalAddress\. Rerun to resume"):
        gp.run(tiny_grid(), out=tmp_path, verdict=False)
    assert len(calls) == 1, "no further tile is tried on a GPU that fails"
    again = gp.run(tiny_grid(), out=tmp_path, verdict=False)
    assert again.summary == whole.summary


class RayTaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class RayError(Exception): ...


class OneAnswer:
    """Ray with one finished reference, whose result is an error."""

    exceptions = SimpleNamespace(RayTaskError=RayTaskError, RayError=RayError)

    def __init__(self, error: Exception) -> None:
        self._error, self.killed = error, []

    def wait(self, references: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return references[:1], references[1:]

    def get(self, _: Any) -> Any:
        raise RayTaskError(self._error)

    def kill(self, actor: Any) -> None:
        self.killed.append(actor)


@pytest.mark.parametrize("ready", [True, False])
def test_a_worker_whose_gpu_fails_is_ended_and_its_batches_are_given_back(ready: bool) -> None:
    notices: list[str] = []
    ray = OneAnswer(SICK)
    pool = WorkerPool(ray, None, True, None, notices.append)
    member = PoolMember("actor", "node", "10.0.0.5", "startup", ready=ready)
    if ready:
        member.batches.extend([("first", PieceBatch(0, 4)), ("second", PieceBatch(4, 8))])
    pool.members.append(member)
    outcomes = list(pool.wait(0.0))
    assert pool.members == []
    assert ray.killed == ["actor"]
    assert [(each.batch.low, each.fault, each.died) for each in outcomes] == (
        [(0, "", True), (4, "", False)] if ready else []
    )
    assert notices == ["worker lost, 10.0.0.5: GpuError: GPU 3 (NVIDIA H200): cudaErrorIllegalAddress"]


def test_another_error_of_a_batch_stays_that_of_its_tile() -> None:
    pool = WorkerPool(ray := OneAnswer(ValueError("bad")), None, True, None, lambda _: None)
    member = PoolMember("actor", "node", "10.0.0.5", "startup", ready=True)
    member.batches.append(("first", PieceBatch(0, 4)))
    pool.members.append(member)
    assert [each.fault for each in pool.wait(0.0)] == ["ValueError: bad"]
    assert ray.killed == []


def test_a_sweep_that_differs_from_single_variants_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that are wrong on a GPU cannot pass: the best are evaluated again, and the base must be in the tally."""
    run_tile = tile.run_tile

    def skewed(*arguments: Any) -> Any:
        tally, rows = run_tile(*arguments)
        tally.among_choices.best_value += 1e-4
        return tally, rows

    monkeypatch.setattr(tile, "run_tile", skewed)
    with pytest.raises(RuntimeError, match=r"variant \d+: the sweep found .*, and evaluated alone it has"):
        gp.run(tiny_grid(), out=tmp_path, verdict=False)


def test_a_tally_without_the_base_is_refused() -> None:
    tally = Tally.empty((2, 2), 4, 2)
    scale = TallyScale(np.linspace(0.0, 1.0, 5), (0.5, np.nan))
    with pytest.raises(RuntimeError, match=r"no variant of the sweep has the base's objective, 0\.5"):
        summary.check_base(tally, scale)
    tally.counters[3] = 1
    summary.check_base(tally, scale)
