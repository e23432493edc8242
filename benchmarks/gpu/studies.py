"""Whole studies: cuda against cpu with their verdicts, interrupted and resumed, and on a local cluster."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

import gridproof as gp
from benchmarks.gpu.settings import Found, NotRunError, Settings

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
        resumed = settings.out / "resumed"
        try:
            gp.run(study, out=resumed, backend="cuda", budget=gp.Budget(max_hours=1e-9), verdict=False)
        except gp.IncompleteError as error:
            yield "interrupted", str(error)
        again = gp.run(study, out=resumed, backend="cuda", verdict=False)
        compare_records(again.summary, cuda.summary)
        yield "resumed", "the same numbers"


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
