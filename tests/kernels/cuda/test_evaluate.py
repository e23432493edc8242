"""The CUDA backend. What runs where:

- *compiled*: NVRTC builds every kernel to machine code for three architectures. Nothing of it is executed.
- *shim*: the same sources, built by g++, are executed on the CPU one thread after another, under the same Python.
- *gpu*: executed on a GPU. Skipped where none answers; REQUIRE_GPU=1 makes that a failure.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels import backend, payoff_groups, reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu import latch
from gridproof.kernels.cuda import availability, evaluate
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import CudaEvaluator, CudaScan, latch_paths
from gridproof.kernels.cuda.source import LATCH, THREADS, Kernel, scan_kernel
from gridproof.kernels.problem import Jobs, Problem
from tests.support.agreement import assert_agree
from tests.support.demo import small_study
from tests.support.problems import (
    at_open,
    drifting,
    many_payoffs,
    random_jobs,
    random_latch,
    random_problem,
    rebalanced,
    restricted,
    watching_nav,
)
from tests.support.shim import nvrtc
from tests.support.shim.device import ShimDevice

SIZES = ((1, 2), (3, 3), (4, 4), (8, 4), (12, 6), (16, 12))
KERNELS = [
    LATCH,
    *(scan_kernel(*size) for size in SIZES),
    scan_kernel(4, 4, True),
    scan_kernel(12, 6, True),
    scan_kernel(4, 4, True, True),
    scan_kernel(16, 6, True, True),
    scan_kernel(4, 4, parts=3),
    scan_kernel(4, 4, True, True, 3),
    scan_kernel(12, 6, True, True, 5),
]


def product_jobs(problem: Problem, counts: tuple[int, ...]) -> Jobs:
    """All tuples of the first ``counts`` rows of each bit, as a piece of a grid has them, under every execution."""
    axes = np.meshgrid(*(np.arange(count) for count in counts), indexing="ij")
    rows = np.stack([axis.ravel() for axis in axes], axis=1).astype(np.int32)
    executions = len(problem.lags)
    return Jobs(
        rows,
        np.arange(len(rows) + 1, dtype=np.int64) * executions,
        np.tile(np.arange(executions, dtype=np.int64), len(rows)),
    )


def check_agreement(device: Device, problem: Problem, jobs: Jobs) -> Floats:
    actual, expected = CudaScan(device, problem)(jobs), reference.evaluate(problem, jobs)
    assert_agree(actual, expected)
    return actual


def name_of(kernel: Kernel) -> str:
    return "-".join([kernel.name, *(f"{macro.lower()}{value}" for macro, value in kernel.macros[:3])])


# Compiled, not executed


@pytest.mark.parametrize("kernel", KERNELS, ids=name_of)
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_compiled_kernels_spill_nothing(kernel: Kernel, architecture: str) -> None:
    nvrtc.check_fits(kernel, architecture, THREADS * int(dict(kernel.macros).get("BLOCKS", 4)))


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    """The launch as recorded by the shim against the parameters in the PTX: CuPy passes the same list."""
    rng = np.random.default_rng(0)
    problem = random_problem(rng)
    CudaScan(shim, problem)(random_jobs(rng, problem, 3))
    latch_paths(shim, rng.normal(size=90), np.zeros(2), np.zeros(2), 0)
    for kernel in (scan_kernel(3, 3), LATCH):
        assert shim.types[kernel.name] == nvrtc.build(kernel, "sm_90").parameters


# Executed on the CPU through the shim


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    shape=st.sampled_from([(1, 2), (3, 3), (8, 4)]),
    flip=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
    whole=st.booleans(),
)
def test_shim_agrees_with_reference(
    shim: ShimDevice, seed: int, days: int, shape: tuple[int, int], flip: float, whole: bool
) -> None:
    """Lists of tuples under several executions: constant paths, paths that flip every day, one segment and two."""
    rng = np.random.default_rng(seed)
    bits, legs = shape
    problem = random_problem(rng, days=days, bits=bits, legs=legs, flip=flip)
    if seed % 2:
        problem = rebalanced(rng, problem)
    if whole:
        problem = replace(problem, bounds=np.array([0, days], dtype=np.int64))
    check_agreement(shim, problem, random_jobs(rng, problem, bits))


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    flip=st.sampled_from([0.01, 0.2, 1.0]),
    often=st.sampled_from([0.02, 0.5]),
    nav=st.booleans(),
)
def test_shim_follows_restrictions(
    shim: ShimDevice, seed: int, days: int, flip: float, often: float, nav: bool
) -> None:
    rng = np.random.default_rng(seed)
    problem = rebalanced(rng, restricted(rng, random_problem(rng, days=days, flip=flip), often))
    if nav:
        problem = at_open(rng, watching_nav(rng, problem)) if seed % 2 else watching_nav(rng, problem)
        if seed % 3 == 0:  # as in a placebo, where what was held stays
            problem = replace(problem, returns=np.roll(problem.returns, 7, axis=2))
    check_agreement(shim, problem, random_jobs(rng, problem, 3))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 160), restricting=st.sampled_from(["", "stops", "nav"]))
def test_shim_carries_positions_that_drift(shim: ShimDevice, seed: int, days: int, restricting: str) -> None:
    rng = np.random.default_rng(seed)
    problem = rebalanced(rng, random_problem(rng, days=days, legs=4, flip=float(rng.choice([0.0, 0.03, 0.4]))))
    problem = at_open(rng, problem) if seed % 2 else problem
    problem = restricted(rng, problem) if restricting else problem
    problem = drifting(rng, watching_nav(rng, problem) if restricting == "nav" else problem)
    if seed % 3 == 0:  # as in a placebo, where what was held stays
        assert problem.drift is not None
        problem = replace(problem, drift=problem.drift.turned(min(7, days - 1)))
    check_agreement(shim, problem, random_jobs(rng, problem, 3, 20))


@pytest.mark.parametrize("days", [29, 30, 31, 32, 33, 61, 62, 63, 64, 65, 126, 4300])
def test_shim_agrees_at_word_borders(shim: ShimDevice, days: int) -> None:
    rng = np.random.default_rng(days)
    problem = random_problem(rng, days=days, flip=0.02)
    check_agreement(shim, problem, random_jobs(rng, problem, 3, tuples=5))


@pytest.mark.parametrize("lead", [1, 5])
def test_shim_agrees_on_a_product_under_every_execution(shim: ShimDevice, lead: int) -> None:
    rng = np.random.default_rng(lead)
    problem = random_problem(rng, days=300, flip=0.03, lead=lead, lags=(1,) if lead == 1 else (1, 2, 5))
    check_agreement(shim, problem, product_jobs(problem, (4, 3, 5)))


def test_shim_without_signals(shim: ShimDevice) -> None:
    """No signal bits: the rule has one code, and the paths are there but not read."""
    problem = random_problem(np.random.default_rng(6), bits=1)
    problem = replace(problem, rule=np.array([[1], [1], [1]], dtype=np.int64))
    executions = np.arange(len(problem.lags), dtype=np.int64)
    jobs = Jobs(np.zeros((1, 0), dtype=np.int32), np.array([0, len(executions)]), executions)
    np.testing.assert_allclose(CudaScan(shim, problem)(jobs), cpu.evaluate(problem, jobs), rtol=1e-12)


def test_shim_takes_payoffs_in_groups(shim: ShimDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    problem = many_payoffs(rng, random_problem(rng, days=90), tables=7, executions=20)
    jobs = random_jobs(rng, problem, 3)
    whole = check_agreement(shim, problem, jobs)
    monkeypatch.setattr(payoff_groups, "KEPT_BYTES", 1)
    monkeypatch.setattr(payoff_groups, "AT_ONCE_BYTES", 3 * payoff_groups.range_table_bytes(problem))
    np.testing.assert_array_equal(CudaEvaluator(shim, problem)(jobs), whole)


def test_shim_one_variant_and_none(shim: ShimDevice) -> None:
    rng = np.random.default_rng(3)
    problem = random_problem(rng)
    one = Jobs(np.zeros((1, 3), dtype=np.int32), np.array([0, 1]), np.zeros(1, dtype=np.int64))
    check_agreement(shim, problem, one)
    none = Jobs(np.zeros((0, 3), dtype=np.int32), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert CudaScan(shim, problem)(none).shape == (0, 2, 15)


def test_shim_in_less_memory_gives_the_same_bits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch that does not fit is halved, the reserve released, and no number changes."""
    rng = np.random.default_rng(4)
    problem = random_problem(rng)
    jobs = random_jobs(rng, problem, 3, tuples=500)
    size = 8 * 2 * 15
    whole, short = ShimDevice(folder), ShimDevice(folder)
    bound = CudaScan(short, problem)
    short.room = 3 * THREADS * size
    np.testing.assert_array_equal(bound(jobs), CudaScan(whole, problem)(jobs))
    assert whole.launches == [len(jobs.execution)]
    assert max(short.launches) <= 3 * THREADS
    assert sum(short.launches) == len(jobs.execution)
    assert short.released > 0
    released = short.released
    bound(jobs)
    assert short.released == released, "the size that fits is remembered"
    values, on, off = rng.normal(size=400), np.full(600, 0.5), np.linspace(-3, 0.5, 600)
    short.room = 200 * 14 * 4
    monkeypatch.setattr(evaluate, "_SHARE", 1.0)
    np.testing.assert_array_equal(latch_paths(short, values, on, off, 7), latch.latch_paths(values, on, off, 7))
    short.room = 100
    with pytest.raises(gp.InputError, match="the GPU must have enough free memory for one launch; got too little for"):
        bound(jobs)
    with pytest.raises(gp.InputError, match="the paths and payoffs of a study must fit the GPU's memory"):
        CudaScan(short, problem)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(2, 200), start=st.integers(0, 100))
def test_shim_latches_agree(shim: ShimDevice, seed: int, days: int, start: int) -> None:
    values, on, off = random_latch(np.random.default_rng(seed), days)
    start = min(start, days - 1)
    expected = reference.latch_paths(values, on, off, start)
    np.testing.assert_array_equal(latch_paths(shim, values, on, off, start), expected)


def test_shim_runs_a_study(shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run through the cuda backend, the shim in the GPU's place: its tally is that of cpu."""
    monkeypatch.setattr(availability, "open_gpu", lambda: shim)
    check_runs(tmp_path, "cuda")


def check_runs(out: Path, name: str) -> None:
    found, expected = (gp.run(small_study(), out=out, backend=each, verdict=False) for each in (name, "cpu"))
    assert found.summary["backend"] == "cuda"
    assert found.folder != expected.folder
    np.testing.assert_array_equal(found.top(1000)["index"], expected.top(1000)["index"])
    columns = [column for column in expected.top(1) if expected.top(1)[column].dtype == np.float64]
    np.testing.assert_allclose(found.top(1000)[columns], expected.top(1000)[columns], rtol=1e-9, atol=1e-10)


# Executed on a GPU


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(20))
def test_gpu_agrees_with_reference_and_cpu(gpu: Device, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits, legs = ((1, 2), (3, 3), (8, 4))[seed % 3]
    problem = random_problem(rng, days=int(rng.integers(1, 400)), bits=bits, legs=legs, flip=(0.0, 0.02, 1.0)[seed % 3])
    jobs = random_jobs(rng, problem, bits, tuples=300)
    assert_agree(check_agreement(gpu, problem, jobs), cpu.evaluate(problem, jobs))


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(3))
def test_gpu_follows_restrictions(gpu: Device, seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = watching_nav(rng, restricted(rng, random_problem(rng, days=400, flip=0.05)))
    jobs = random_jobs(rng, problem, 3)
    assert_agree(check_agreement(gpu, problem, jobs), cpu.evaluate(problem, jobs))


@pytest.mark.gpu
def test_gpu_latches_agree(gpu: Device) -> None:
    rng = np.random.default_rng(1)
    values, on = rng.normal(size=4300).round(2), rng.normal(size=1000).round(2)
    off = on - rng.integers(0, 9, 1000) * 0.1
    np.testing.assert_array_equal(latch_paths(gpu, values, on, off, 100), latch.latch_paths(values, on, off, 100))


@pytest.mark.gpu
def test_gpu_jobs_do_not_depend_on_their_neighbours(gpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    problem = random_problem(rng, days=700, flip=0.02)
    jobs = random_jobs(rng, problem, 3, tuples=5000)
    whole = CudaScan(gpu, problem)(jobs)
    monkeypatch.setattr(evaluate, "_SHARE", 0.0)
    np.testing.assert_array_equal(CudaScan(gpu, problem)(jobs), whole)


@pytest.mark.gpu
def test_gpu_runs_a_study(gpu: Device, tmp_path: Path) -> None:
    check_runs(tmp_path, "cuda")


# Choosing it


def test_cuda_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "find_spec", lambda name: None)
    availability.gpu_fault.cache_clear()
    assert backend.resolve("auto").name == "cpu"
    with pytest.raises(gp.InputError, match=r"got cuda\. Install the GPU packages, pip install 'gridproof\[gpu\]'"):
        backend.resolve("cuda")
    availability.gpu_fault.cache_clear()


def test_too_much_for_the_kernel_is_refused(shim: ShimDevice) -> None:
    rng = np.random.default_rng(0)
    problem = random_problem(rng, days=20, bits=1, legs=97)
    with pytest.raises(gp.InputError, match="takes at most 96 allocations; got 97"):
        CudaScan(shim, problem)
