"""Whole studies: cuda against cpu with their verdicts, interrupted and resumed, and on a local cluster."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import Any
from unittest import mock

import numpy as np

import gridproof as gp
from benchmarks.gpu.settings import Found, NotRunError, Settings
from gridproof.kernels import backend as backend_module
from gridproof.kernels.cuda import evaluate
from gridproof.sweeps.execution import executor as executor_module
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan import grid as grid_module
from tests.support.observers import StopAt

# Numbers of a run on cuda are those on cpu to this, relative or of one.
_CLOSE = 1e-7


def study_of(settings: Settings) -> gp.Study:
    """The embedded study; in a dry run one of 192 variants."""
    if settings.dry:
        from tests.support.tiny import tiny_grid

        return tiny_grid()
    return gp.load_study("us-demo")


def compare_studies(settings: Settings) -> Found:
    study = study_of(settings)
    with settings.as_the_gpu():
        runs = {name: gp.run(study, out=settings.out / "runs", backend=name) for name in ("cuda", "cpu")}
        cuda, cpu = runs["cuda"], runs["cpu"]
        yield "variants", cuda.summary["evaluated"]
        yield "seconds", {name: _seconds(run) for name, run in runs.items()}
        np.testing.assert_array_equal(cuda.top(1000)["index"], cpu.top(1000)["index"])
        assert cuda.summary["histogram"] == cpu.summary["histogram"], "the histograms differ"
        for name in ("summary", "statistics"):
            one, other = getattr(cuda, name), getattr(cpu, name)
            yield name, f"{compare_records(one, other)} numbers agree"
        assert cuda.conclusion == cpu.conclusion or compare_records(cuda.conclusion, cpu.conclusion)
        yield from _resume(settings, study)


def _resume(settings: Settings, study: gp.Study) -> Found:
    """Runs that the device reduces in many pieces: whole, interrupted and gone on with, and gone on with by a driver
    without a GPU, whose worker has this one: it plans and concludes as such a driver does."""
    most = settings.size(20_000, 50)
    planner = backend_module.cuda_planner()
    with ExitStack() as stack:
        for module in (sweep_module, grid_module):
            stack.enter_context(mock.patch.object(module, "ROWS_KEPT", 10))
        stack.enter_context(mock.patch.object(evaluate.CudaReducer, "most", most))
        whole = gp.run(study, out=settings.out / "whole", backend="cuda", verdict=False)
        yield "reduced", f"{whole.summary['evaluated']} variants in pieces of {most}"
        bind = partial(evaluate.bind, settings.device())
        headless = backend_module.Backend("cuda", planner.latch_paths, bind, planner.reduction)
        drivers = {"resumed": backend_module.resolve, "resumed_without_a_gpu": lambda _: headless}
        for name, resolve in drivers.items():
            try:
                gp.run(study, out=settings.out / name, backend="cuda", verdict=False, observer=StopAt(new=2 * most))
            except KeyboardInterrupt:
                kept = len(list((settings.out / name).glob("*/tiles/*.npz")))
                yield f"{name}_interrupted", f"{kept} tiles kept"
                assert kept > 0, "nothing was kept"
            else:
                raise AssertionError(f"{name}: the run was not interrupted")
            with mock.patch.object(executor_module, "resolve", resolve):
                again = gp.run(study, out=settings.out / name, backend="cuda", verdict=False)
            compare_records(again.summary, whole.summary)
            assert again.summary["histogram"] == whole.summary["histogram"], f"{name}: another tally"
            np.testing.assert_array_equal(again.top(1000)["index"], whole.top(1000)["index"])
            yield name, "the same tally"


def compare_records(one: Any, other: Any, where: str = "") -> int:
    """How many numbers two records have in common; raises AssertionError, with the place, where they differ.

    Times, and the names of backend and folder, may differ.
    """
    if isinstance(one, dict):
        skipped = {"backend", "code", "seconds", "folder"}
        assert one.keys() == other.keys(), f"{where}: other keys"
        return sum(compare_records(one[key], other[key], f"{where}.{key}") for key in one if key not in skipped)
    if isinstance(one, list):
        assert len(one) == len(other), f"{where}: {len(one)} and {len(other)} items"
        pairs = enumerate(zip(one, other, strict=True))
        return sum(compare_records(mine, theirs, f"{where}[{at}]") for at, (mine, theirs) in pairs)
    if isinstance(one, float) and isinstance(other, float):
        assert np.isclose(one, other, rtol=_CLOSE, atol=_CLOSE, equal_nan=True), f"{where}: {one} and {other}"
        return 1
    assert one == other, f"{where}: {one} and {other}"
    return int(isinstance(one, int))


def _seconds(run: gp.Run) -> float:
    import json

    return float(json.loads((run.folder / "timing.json").read_text(encoding="utf-8"))["seconds"])


def run_on_a_cluster(settings: Settings) -> Found:
    """A local cluster, one worker for each GPU."""
    if find_spec("ray") is None:
        raise NotRunError("Ray is not installed")
    if settings.dry:
        raise NotRunError("a dry run has no GPU that Ray could give to a worker")
    study = study_of(settings)
    alone = gp.run(study, out=settings.out / "runs", backend="cuda", verdict=False)
    spread = gp.run(study, out=settings.out / "cluster", backend="cuda", verdict=False, ray="local")
    compare_records(spread.summary, alone.summary)
    yield "cluster", "the same numbers"
