"""Reductions of the CUDA backend against the tally; what *compiled*, *shim* and *gpu* mean stands in test_cuda."""

from __future__ import annotations

from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels import backend
from gridproof.kernels.cuda import evaluate as evaluate_module
from gridproof.kernels.cuda import reduce as reduce_module
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import Reducing
from gridproof.kernels.cuda.reduce import Reduction, float_of, key_of
from gridproof.kernels.cuda.source import reduction_kernel
from gridproof.kernels.problem import Box
from gridproof.kernels.reduction import Answer, Question, Span
from gridproof.results.tally import KEPT, Tally
from gridproof.sweeps import grid as grid_module
from gridproof.sweeps import run as run_module
from tests.demo import small_study
from tests.shim import nvrtc
from tests.shim.device import ShimDevice
from tests.test_cuda import ARCHITECTURES

NAMES = ("pairs", "surface", "ranks", "best")


class Sample:
    """Signals with axes of their own, some combinations with the same path; values that repeat, and undefined ones."""

    def __init__(self, seed: int, most: int = 4, plain: bool = False) -> None:
        rng = np.random.default_rng(seed)
        axes = [tuple(int(n) for n in rng.integers(1, most + 1, rng.integers(0, 3))) for _ in range(rng.integers(1, 4))]
        last = tuple(int(n) for n in rng.integers(1, 3, rng.integers(0, 3)))
        spans, dims = [], []
        for lengths in [*axes, last]:
            mine = []
            for length in lengths:
                begin = int(rng.integers(0, 3))
                mine.append(Span(len(dims), begin, length))
                dims.append(begin + length + int(rng.integers(0, 2)))
            spans.append(tuple(mine))
        inverses = []
        for lengths in axes:
            drawn = rng.integers(0, max(1, prod(lengths) - 1), prod(lengths))
            _, first, inverse = np.unique(drawn, return_index=True, return_inverse=True)
            inverses.append(np.argsort(np.argsort(first))[inverse.ravel()].astype(np.int64))
        self.paths = [int(inverse.max()) + 1 for inverse in inverses]
        self.cells = prod(last)
        shape = self.cells, prod(self.paths)
        values = rng.normal(0, 3, shape) if plain else rng.choice(np.append(rng.normal(0, 3, 7), [np.nan, 3e7]), shape)
        self.values = [values, rng.normal(size=shape)][: rng.integers(1, 3)]
        paths = tuple(np.zeros((count, 0), dtype=np.int32) for count in self.paths)
        self.box = Box(paths, tuple(np.zeros(0, dtype=np.int64) for _ in paths), np.arange(self.cells))
        self.base = (float(values.flat[0]), 0.0)
        self.edges = np.sort(np.append(rng.normal(0, 3, 5), values[0, :1]))
        self.edges = self.edges[np.isfinite(self.edges)]
        self.inverses, self.spans, self.dims = tuple(inverses), tuple(spans), tuple(dims)

    def question(self, kept: int = KEPT, floor: float = -np.inf) -> Question:
        return Question(
            self.box, self.inverses, self.spans, self.dims, "sharpe", self.edges, self.base, kept, floor
        )  # fmt: skip

    def tally(self) -> Tally:
        """The same variant by variant, as the other backends are tallied."""
        job_of = np.zeros(1, dtype=np.int64)
        for inverse, count in zip(self.inverses, self.paths, strict=True):
            job_of = (job_of[:, None] * count + inverse).ravel()
        job_of = (job_of[:, None] * self.cells + np.arange(self.cells)).ravel()
        spans = [span for group in self.spans for span in group]
        lengths = [span.length for span in spans]
        local = np.indices(lengths).reshape(len(lengths), len(job_of))
        digits = np.zeros((len(job_of), len(self.dims)), dtype=np.int64)
        for span, digit in zip(spans, local, strict=True):
            digits[:, span.axis] = span.begin + digit
        flat = [values.T.ravel()[job_of] for values in self.values]
        tally = Tally.empty(self.dims, len(self.edges) - 1, 1)
        keys = np.arange(self.cells * prod(self.paths))[:, None]
        after = flat[1] if len(flat) > 1 else None
        tally.add(digits, np.arange(len(job_of)), flat[0], after, keys, job_of, self.edges, self.base)
        return tally


def check(device: Device, sample: Sample) -> Answer:
    answer = Reduction(device, sample.question(), [device.upload(each) for each in sample.values]).answer()
    tally = sample.tally()
    np.testing.assert_array_equal(answer.counters, tally.counters)
    np.testing.assert_array_equal(answer.histogram, tally.histogram)
    np.testing.assert_array_equal(answer.surfaces.count, tally.surfaces.count)
    np.testing.assert_array_equal(answer.surfaces.sums, tally.surfaces.sums)
    np.testing.assert_array_equal(answer.surfaces.maximum, tally.surfaces.maximum)
    found = dict(zip((answer.job * sample.cells + answer.execution).tolist(), answer.value.tolist(), strict=True))
    for key, value in zip(tally.best_key[:, 0].tolist(), tally.best_value.tolist(), strict=True):
        assert found[key] == value
    return answer


# Compiled, not executed


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_compiled_kernels_spill_nothing(architecture: str) -> None:
    if nvrtc.library() is None:
        pytest.skip("compiling needs the nvidia-cuda-nvrtc wheel, which is not installed")
    for name in NAMES:
        binary = nvrtc.build(reduction_kernel(name), architecture)
        found = f"{name} on {architecture}: {binary.registers} registers, {binary.spilled} bytes spilled"
        assert binary.spilled == 0, found
        assert binary.registers <= 64, found


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    if nvrtc.library() is None:
        pytest.skip("compiling needs the nvidia-cuda-nvrtc wheel, which is not installed")
    check(shim, Sample(1, most=5))
    for name in NAMES:
        assert shim.types[name] == nvrtc.build(reduction_kernel(name), "sm_90").parameters


# Executed on the CPU through the shim


@settings(max_examples=80, deadline=None)
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


@given(st.floats(allow_nan=False))
def test_keys_keep_the_order(value: float) -> None:
    assert float_of(key_of(value)) == value
    above = float(np.nextafter(value, np.inf))
    assert key_of(above) == key_of(value) + 1 or value in (0.0, np.inf) or above == 0.0


def test_shim_runs_a_study_without_rows(shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run whose grid is reduced by the backend: tallies, so all that is told, are those of cpu."""
    monkeypatch.setattr(backend, "open_gpu", lambda: shim)
    check_runs(shim, tmp_path, monkeypatch)


def check_runs(device: Device, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    reduce = Reducing.reduce

    def listen(self: Reducing, question: Question) -> Answer:
        asked.append(question)
        return reduce(self, question)

    monkeypatch.setattr(evaluate_module.Reducing, "reduce", listen)
    for module in (run_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    monkeypatch.setattr(grid_module, "MOST", 5_000)
    found, expected = (gp.run(small_study(), out=out, backend=each) for each in ("cuda", "cpu"))
    assert asked
    assert not (found.folder / "variants.parquet").exists()
    np.testing.assert_array_equal(found.top(1000)["index"], expected.top(1000)["index"])
    assert found.summary["histogram"] == expected.summary["histogram"]
    for name in ("percentile", "percentile_after_publication"):
        assert found.summary["base"][name] == expected.summary["base"][name]
    one, other = (run.sql("select * from surfaces") for run in (found, expected))
    np.testing.assert_array_equal(one["count"], other["count"])
    for name in ("mean", "mean_square", "max", "base"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9)


def test_a_box_that_does_not_fit_is_refused(folder: Path) -> None:
    sample = Sample(1)
    short = ShimDevice(folder)
    reducing = Reducing.__new__(Reducing)
    values = [short.upload(each) for each in sample.values]
    reducing.__dict__ |= {"_device": short, "_products": SimpleNamespace(values=lambda *_: values)}
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
