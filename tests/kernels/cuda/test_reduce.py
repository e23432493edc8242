"""Reductions of the CUDA backend against the tally; what *compiled*, *shim* and *gpu* mean stands in test_cuda."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels.aggregate.reduction import ReductionRequest, ReductionResult
from gridproof.kernels.cuda import availability
from gridproof.kernels.cuda import reduce as reduce_module
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import BoxUnderWay, CudaReducer
from gridproof.kernels.cuda.kept import KeptArrays
from gridproof.kernels.cuda.reduce import Reduction, float_of, key_of
from gridproof.kernels.cuda.source import reduction_kernel
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan import grid as grid_module
from tests.support.demo import small_study
from tests.support.sample import Sample
from tests.support.shim import nvrtc
from tests.support.shim.device import ShimDevice

NAMES = ("pairs", "surface", "ranks", "best")


def check(device: Device, sample: Sample) -> ReductionResult:
    answer = Reduction(device, sample.question(), [device.upload(each) for each in sample.values]).answer()
    sample.check(answer)
    return answer


# Compiled, not executed


@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_compiled_kernels_spill_nothing(architecture: str) -> None:
    for name in NAMES:
        nvrtc.check_fits(reduction_kernel(name), architecture, 1_024)


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    check(shim, Sample(1, most=5))
    for name in NAMES:
        assert shim.types[name] == nvrtc.build(reduction_kernel(name), "sm_90").parameters


# Executed on the CPU through the shim


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), plain=st.booleans())
def test_shim_agrees_with_the_tally(shim: ShimDevice, seed: int, plain: bool) -> None:
    """The very same integers: undefined values, ones too large to average, paths that stand for many variants."""
    check(shim, Sample(seed, plain=plain))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("plain", [True, False])
def test_shim_finds_the_best_where_not_all_can_be_sent(
    shim: ShimDevice, monkeypatch: pytest.MonkeyPatch, seed: int, plain: bool
) -> None:
    """All above the bound, and of those that tie the lowest jobs."""
    monkeypatch.setattr(reduce_module, "_ROOM", 8)
    sample = Sample(seed, most=9, plain=plain)
    values = sample.values[0].T.ravel()  # by job, then execution: the order of the variants
    for kept, floor in ((5, -np.inf), (1, -np.inf), (5, float(np.median(np.nan_to_num(values))))):
        question = sample.question(kept, floor)
        answer = Reduction(shim, question, [shim.upload(each) for each in sample.values]).answer()
        assert len(answer.value) <= max(8, kept + sample.cells)
        order = np.lexsort((np.arange(len(values)), -values))
        wanted = [at for at in order if values[at] >= floor][:kept]
        found = answer.job * sample.cells + answer.execution
        assert set(wanted) <= set(found.tolist())
        np.testing.assert_array_equal(values[found], answer.value)


@given(one=st.floats(allow_nan=False), other=st.floats(allow_nan=False))
def test_keys_keep_the_order(one: float, other: float) -> None:
    assert float_of(key_of(one)) == one
    assert one == other or (key_of(one) < key_of(other)) == (one < other)


def test_shim_runs_a_study_without_rows(shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run whose grid is reduced by the backend: tallies, so all that is told, are those of cpu."""
    monkeypatch.setattr(availability, "open_gpu", lambda: shim)
    check_runs(shim, tmp_path, monkeypatch)


def check_runs(device: Device, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    begin = CudaReducer.begin

    def listen(self: CudaReducer, question: ReductionRequest) -> BoxUnderWay:
        asked.append(question)
        return begin(self, question)

    monkeypatch.setattr(CudaReducer, "begin", listen)
    for module in (sweep_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    monkeypatch.setattr(CudaReducer, "most", 5_000)
    found, expected = (gp.run(small_study(), out=out, backend=each, verdict=False) for each in ("cuda", "cpu"))
    assert asked
    assert not (found.folder / "variants.parquet").exists()
    np.testing.assert_array_equal(found.top(1000)["index"], expected.top(1000)["index"])
    assert found.summary["histogram"] == expected.summary["histogram"]
    assert found.summary["whole_grid"]["histogram"] == expected.summary["whole_grid"]["histogram"]
    for name in ("percentile", "percentile_after_publication"):
        assert found.summary["base"][name] == expected.summary["base"][name]
    one, other = (run.sql("select * from surfaces") for run in (found, expected))
    for name in ("count", "whole_grid_count"):
        np.testing.assert_array_equal(one[name], other[name])
    for name in ("mean", "mean_square", "max", "base", "whole_grid_mean", "whole_grid_mean_square", "whole_grid_max"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9)


def test_a_box_that_does_not_fit_is_refused(folder: Path) -> None:
    sample = Sample(1)
    short = ShimDevice(folder)
    reducing = CudaReducer.__new__(CudaReducer)
    values = [short.upload(each) for each in sample.values]
    reducing.__dict__ |= {
        "_device": short,
        "_kept": KeptArrays(short),
        "_guesses": {},
        "_under_way": [],
        "_products": SimpleNamespace(values=lambda *_: values),
    }
    short.room = 4
    with pytest.raises(gp.InputError, match="a box's values and its surfaces must fit the GPU's memory; got"):
        reducing.reduce(sample.question())


# Executed on a GPU


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(20))
def test_gpu_agrees_with_the_tally(gpu: Device, seed: int) -> None:
    check(gpu, Sample(seed, most=3 + seed % 12, plain=seed % 2 == 0))


@pytest.mark.gpu
def test_gpu_runs_a_study_without_rows(gpu: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_runs(gpu, tmp_path, monkeypatch)
