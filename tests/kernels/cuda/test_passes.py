"""The passes of a verdict on the CUDA backend; what *compiled*, *shim* and *gpu* mean stands in test_evaluate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels import backend
from gridproof.kernels.cpu.passes import CpuPasses
from gridproof.kernels.cpu.shifted_objectives import FROM_SUMS
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.passes import CudaPasses
from gridproof.kernels.cuda.pattern_rows import levels_of, table_bytes
from gridproof.kernels.cuda.source import KINDS, THREADS, VARIANTS, pass_kernel
from gridproof.sweeps import run as run_module
from tests.support.demo import small_study
from tests.support.pass_case import PassCase
from tests.support.shim import nvrtc
from tests.support.shim.device import ShimDevice

MOMENTS = ("pattern_moments", "variant_sums", "variant_excess")
NAMES = (
    "drawn_days", "turned_days", "held_days", "drawn_costs", "turned_costs", "join_rows",
    "resampled_maxima", "active_maxima", "objective_ranks",
    *MOMENTS,
)  # fmt: skip

SEEDS = st.integers(0, 10_000)


def check_excess(device: Device, case: PassCase) -> None:
    rng, (problem, patterns) = case.rng, (case.problem, case.patterns)
    benchmarks = rng.normal(0.0, 0.01, (int(rng.integers(1, 4)), case.days))
    benchmarks[0] = problem.returns[0, -1, : case.days] - problem.risk_free / problem.periods  # cash
    found, expected = (
        passes.measure_excess(problem, patterns, benchmarks, 7.5, case.edges)
        for passes in (CudaPasses(device), CpuPasses())
    )
    for name, mine, theirs in zip(found._fields, found, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


def check_maxima(device: Device, case: PassCase) -> None:
    """More statistics than a thread takes, and one; two calls with the same resamples."""
    passes = CudaPasses(device)
    for kinds in (int(case.rng.integers(1, 3 * KINDS)), 1):
        counts, offsets, centres, factors, found = case.resamples(kinds)
        expected, problem, patterns = found.copy(), case.problem, case.patterns
        for _ in range(2):
            passes.raise_maxima(problem, patterns, counts, offsets, centres, factors, found)
            CpuPasses.raise_maxima(problem, patterns, counts, offsets, centres, factors, expected)
            np.testing.assert_array_equal(found, expected)
            offsets = offsets - 0.1


def check_active(device: Device, case: PassCase) -> None:
    shifts = case.rng.integers(0, case.days, case.lanes)
    eligible = case.rng.random(case.jobs) < case.rng.choice([0.0, 0.8, 1.0])
    added = case.rng.normal(0.0, 0.1, case.jobs) if case.rng.random() < 0.5 else None
    found, expected = (
        passes.active_t_maxima(case.problem, case.patterns, shifts, eligible, added)
        for passes in (CudaPasses(device), CpuPasses())
    )
    np.testing.assert_array_equal(found, expected)


def check_objectives(device: Device, case: PassCase) -> None:
    """Against nothing, then against values that some variants have."""
    shifts = case.rng.integers(0, case.days, case.lanes)
    for objective in FROM_SUMS:
        given_values = None
        for _ in range(2):
            found, expected = (
                passes.shifted_objectives(case.problem, case.patterns, shifts, objective, given_values)
                for passes in (CudaPasses(device), CpuPasses())
            )
            for name, mine, theirs in zip(found._fields, found, expected, strict=True):
                np.testing.assert_array_equal(mine, theirs, err_msg=f"{objective}: {name}")
            given_values = np.where(np.isfinite(expected.best), expected.best, np.nan)


CHECKS = (check_excess, check_maxima, check_active, check_objectives)


# Compiled, not executed


@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_compiled_kernels_spill_nothing(architecture: str) -> None:
    for name in NAMES:
        many_sums = name in (*MOMENTS, "resampled_maxima")
        nvrtc.check_fits(pass_kernel(name), architecture, 640 if many_sums else 1_024)


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    for check in CHECKS:
        check(shim, PassCase(3, 3))
    for name in NAMES:
        assert shim.types[name] == nvrtc.build(pass_kernel(name), "sm_90").parameters


# Executed on the CPU through the shim


@settings(max_examples=12)
@given(SEEDS)
def test_shim_measures_the_excess_of_the_cpu(shim: ShimDevice, seed: int) -> None:
    check_excess(shim, PassCase(seed))


@settings(max_examples=12)
@given(SEEDS)
def test_shim_finds_the_resampled_maxima_of_the_cpu(shim: ShimDevice, seed: int) -> None:
    check_maxima(shim, PassCase(seed))


@settings(max_examples=12)
@given(SEEDS)
def test_shim_finds_the_active_t_of_the_cpu(shim: ShimDevice, seed: int) -> None:
    check_active(shim, PassCase(seed))


@settings(max_examples=12)
@given(SEEDS)
def test_shim_finds_the_shifted_objectives_of_the_cpu(shim: ShimDevice, seed: int) -> None:
    check_objectives(shim, PassCase(seed))


@pytest.mark.parametrize("check", CHECKS)
def test_shim_adds_the_rows_of_many_variants(shim: ShimDevice, check: Callable[[Device, PassCase], None]) -> None:
    """A variant is several rows, and a strip of variants is not all of them."""
    case = PassCase(1, 5, many=True)
    assert min(each.roots.shape[1] for each in case.patterns) > 1
    assert any(len(each.jobs) % VARIANTS and len(each.jobs) > VARIANTS for each in case.patterns)
    check(shim, case)


def test_shim_in_less_memory_gives_the_same_bits(folder: Path) -> None:
    """Groups of lanes that do not fit are halved, down to one."""
    case = PassCase(8, 2)
    case.lanes = 3 * THREADS + 1
    shifts = np.arange(case.lanes)
    everyone = np.ones(case.jobs, dtype=np.bool_)
    counts, offsets, centres, factors, found = case.resamples(2)
    whole, short = CudaPasses(ShimDevice(folder)), ShimDevice(folder)
    short.room = max(2 * table_bytes(each, case.problem.allocations, 2) for each in case.patterns)
    passes = CudaPasses(short)
    arguments = case.problem, case.patterns, shifts
    np.testing.assert_array_equal(
        passes.active_t_maxima(*arguments, everyone), whole.active_t_maxima(*arguments, everyone)
    )
    for mine, theirs in zip(
        passes.shifted_objectives(*arguments, "sharpe"), whole.shifted_objectives(*arguments, "sharpe"), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    expected = found.copy()
    passes.raise_maxima(case.problem, case.patterns, counts, offsets, centres, factors, found)
    whole.raise_maxima(case.problem, case.patterns, counts, offsets, centres, factors, expected)
    np.testing.assert_array_equal(found, expected)
    assert short.released > 0
    assert max(short.launches) > THREADS
    short.room = 100
    for call in (
        lambda: passes.active_t_maxima(*arguments, everyone),
        lambda: passes.measure_excess(case.problem, case.patterns, np.zeros((1, case.days)), 5.0, case.edges),
    ):
        with pytest.raises(gp.InputError, match="the GPU must have enough free memory for one launch; got too little"):
            call()


def test_joins_of_a_level_need_no_other_of_it() -> None:
    joins = np.array([[0, 1], [2, 3], [4, 5], [6, 0], [5, 2]], dtype=np.int32)  # of four patterns: rows 4 to 8
    assert levels_of(joins, 4) == [(0, 2), (2, 3), (3, 5)]
    assert levels_of(joins[:0], 4) == []


def test_shim_computes_the_verdict_of_a_run(shim: ShimDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passes of the CPU, then those of a device: the same statistics in all digits."""
    run = gp.run(small_study(), out=tmp_path)
    expected = run.statistics

    def with_passes(name: str) -> backend.Backend:
        return replace(backend.resolve(name), passes=CudaPasses(shim))

    monkeypatch.setattr(run_module, "resolve", with_passes)
    shim.names.clear()
    assert run_module.judge_run(run.folder).statistics == expected
    assert {"resampled_maxima", "active_maxima", "objective_ranks", "variant_excess"} <= set(shim.names)


# Executed on a GPU


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("check", CHECKS)
def test_gpu_gives_the_bits_of_the_cpu(gpu: Device, check: Callable[[Device, PassCase], None], seed: int) -> None:
    check(gpu, PassCase(seed, 1_100, many=seed % 2 == 1))
