"""Products on the CUDA backend; what *compiled*, *shim* and *gpu* mean stands in test_cuda."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.cuda import product as product_module
from gridproof.kernels.cuda.device import Device
from gridproof.kernels.cuda.evaluate import CudaEvaluator
from gridproof.kernels.cuda.product import Products
from gridproof.kernels.cuda.source import KernelForm
from gridproof.kernels.metrics import METRICS, OBJECTIVES
from gridproof.kernels.problem import Box, Problem
from tests.support.agreement import assert_agree, assert_box_agrees
from tests.support.problems import one_bit_box, random_box, random_problem, rebalanced
from tests.support.shim import nvrtc
from tests.support.shim.device import ShimDevice

NAMES = ("leaves", "combine", "rows", "walk", "conclude")
FORMS = [
    KernelForm(3, True),
    KernelForm(3, False),
    KernelForm(6, True),
    KernelForm(3, True, "sharpe"),
    KernelForm(3, True, "calmar"),
]


def check(device: Device, problem: Problem, box: Box, top: int | None = None) -> Floats:
    found = Products(device, problem, top).evaluate(box)
    assert_box_agrees(problem, box, found, np.random.default_rng(len(box)))
    return found


def make_box(problem: Problem, counts: tuple[int, ...], seed: int = 0) -> Box:
    """One bit a signal, ``counts`` paths of each, under every execution."""
    rng = np.random.default_rng(seed)
    return one_bit_box(problem, [rng.integers(0, len(problem.path_bits), count) for count in counts])


# Compiled, not executed


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_compiled_kernels_spill_nothing(form: KernelForm, architecture: str) -> None:
    for name in NAMES:
        nvrtc.check_fits(form.kernel(name), architecture, 640 if form.metric is None else 1_024)


def test_kernels_are_called_with_what_they_declare(shim: ShimDevice) -> None:
    problem = random_problem(np.random.default_rng(0))
    Products(shim, problem, 1).evaluate(make_box(problem, (2, 2, 2)))
    for name in NAMES:
        assert shim.types[name] == nvrtc.build(KernelForm(3, True).kernel(name), "sm_90").parameters


# Executed on the CPU through the shim


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    bits=st.integers(1, 6),
    legs=st.sampled_from([2, 3]),
    flip=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
    top=st.integers(0, 5),
    lead=st.integers(3, 70),
    holds=st.booleans(),
)
def test_shim_agrees_with_reference(
    shim: ShimDevice, seed: int, days: int, bits: int, legs: int, flip: float, top: int, lead: int, holds: bool
) -> None:
    """Signals of several bits, some paths twice, several executions, constant paths and paths that flip every day."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, bits=bits, legs=legs, flip=flip, lead=lead)
    if not holds:
        problem = replace(problem, rule=np.tile(problem.rule[:1], (legs, 1)))
    if seed % 2:
        problem = rebalanced(rng, problem)
    check(shim, problem, random_box(rng, problem, bits), top)


SIZES = pytest.mark.slow("one day, and fewer and more than two words of days, are tested in make test")


@pytest.mark.parametrize("counts", [(1,), (129,), (1, 1), (40, 7), (2, 3, 2, 2, 1, 2, 3, 2)])
@pytest.mark.parametrize("days", [1, pytest.param(3, marks=SIZES), pytest.param(31, marks=SIZES), 127, 130])
def test_shim_agrees_on_odd_sizes(shim: ShimDevice, counts: tuple[int, ...], days: int) -> None:
    """One variant, one signal, eight; lengths that are no multiple of a leaf, of a word, of a block."""
    problem = random_problem(np.random.default_rng(days), days=days, bits=len(counts), legs=2, flip=0.05)
    check(shim, problem, make_box(problem, counts))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 300), flip=st.sampled_from([0.0, 0.02, 0.3]))
def test_shim_sums_as_the_cpu(shim: ShimDevice, seed: int, days: int, flip: float) -> None:
    """The same joins in the same order: switches and shares to the bit, the rest but for last digits of pow and log."""
    rng = np.random.default_rng(seed)
    problem = rebalanced(rng, random_problem(rng, days=days, flip=flip))
    box = random_box(rng, problem, 3)
    found, expected = Products(shim, problem, 3).evaluate(box), Product(problem, 3).evaluate(box)
    exact = [METRICS.index(name) for name in ("switches", "turnover", "exposure", "volatility")]
    np.testing.assert_array_equal(found[..., exact], expected[..., exact])
    assert_agree(found, expected)


NO_HOLDS = pytest.param(False, marks=pytest.mark.slow("each metric is compared under a rule that holds in make test"))


@pytest.mark.parametrize("metric", OBJECTIVES)
@pytest.mark.parametrize("holds", [True, NO_HOLDS])
def test_shim_one_metric_is_that_of_all(shim: ShimDevice, metric: str, holds: bool) -> None:
    """To the bit, of both segments and every execution, also where a variant never trades."""
    problem = random_problem(np.random.default_rng(9), days=150, bits=3, flip=0.01)
    if not holds:
        problem = replace(problem, rule=np.tile(problem.rule[:1], (3, 1)))
    box = make_box(problem, (3, 9, 5))
    products = Products(shim, problem)
    every = products.evaluate(box)
    for segment, values in enumerate(products.values(box, metric)):
        np.testing.assert_array_equal(values.T.ravel(), every[:, segment, METRICS.index(metric)])


def test_shim_without_signals(shim: ShimDevice) -> None:
    problem = replace(random_problem(np.random.default_rng(6), bits=1), rule=np.array([[1], [1], [1]], dtype=np.int64))
    box = Box((), (), np.arange(len(problem.lags)))
    np.testing.assert_allclose(Products(shim, problem).evaluate(box), cpu.CpuEvaluator(problem)(box), rtol=1e-12)


def test_shim_in_less_memory_gives_the_same_bits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile that does not fit is halved, tables that do not fit are made a few blocks at a time."""
    problem = random_problem(np.random.default_rng(4), days=300, flip=0.05)
    box = make_box(problem, (3, 7, 13))
    whole = Products(ShimDevice(folder), problem, 2).evaluate(box)
    short = ShimDevice(folder)
    products = Products(short, problem, 2)
    products.evaluate(make_box(problem, (1, 1, 1)))
    monkeypatch.setattr(product_module, "_TABLES", 3e5 / 2**30)
    np.testing.assert_array_equal(products.evaluate(box), whole)
    assert short.released == 0
    assert short.names.count("walk") > 8 * 6, "the tables were made in several groups of blocks"
    short.room = 60_000
    np.testing.assert_array_equal(products.evaluate(box), whole)
    assert short.released > 0
    monkeypatch.setattr(product_module, "_CLASSES", 1500)
    np.testing.assert_array_equal(Products(ShimDevice(folder), problem, 2).evaluate(box), whole)
    short.room = 100
    with pytest.raises(
        gp.InputError, match="the GPU must have enough free memory for one launch; got too little for one variant"
    ):
        products.evaluate(box)


def test_lists_take_over_where_counts_do_not_fit(shim: ShimDevice) -> None:
    rng = np.random.default_rng(6)
    problem = random_problem(rng, days=200, bits=3, legs=9)
    box = random_box(rng, problem, 3)
    assert_agree(CudaEvaluator(shim, problem)(box), reference.evaluate(problem, box))


# Executed on a GPU


@pytest.mark.gpu
@pytest.mark.parametrize("seed", range(20))
def test_gpu_agrees_with_reference_and_cpu(gpu: Device, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = int(rng.integers(1, 7))
    problem = random_problem(rng, days=int(rng.integers(1, 400)), bits=bits, flip=(0.0, 0.02, 0.2, 1.0)[seed % 4])
    if seed % 3 == 0:
        problem = replace(problem, rule=np.tile(problem.rule[:1], (3, 1)))
    box = random_box(rng, problem, bits)
    assert_agree(check(gpu, problem, box), Product(problem).evaluate(box))


@pytest.mark.gpu
@pytest.mark.parametrize("metric", OBJECTIVES)
def test_gpu_one_metric_is_that_of_all(gpu: Device, metric: str) -> None:
    problem = random_problem(np.random.default_rng(9), days=900, flip=0.01, rows=60)
    box = make_box(problem, (13, 60, 70))
    products = Products(gpu, problem)
    every = products.evaluate(box)
    for segment, values in enumerate(products.values(box, metric)):
        np.testing.assert_array_equal(gpu.download(values).T.ravel(), every[:, segment, METRICS.index(metric)])


@pytest.mark.gpu
def test_gpu_in_less_memory_gives_the_same_bits(gpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(np.random.default_rng(2), days=700, flip=0.02, rows=60)
    box = make_box(problem, (7, 40, 60))
    whole = Products(gpu, problem).evaluate(box)
    monkeypatch.setattr(product_module, "_MOST", 1000)
    np.testing.assert_array_equal(Products(gpu, problem).evaluate(box), whole)
