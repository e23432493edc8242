"""Boxes that the compiled backend reduces itself, against the tally of every variant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels.aggregate.reduction import Reducer, ReductionLimits, ReductionRequest, ReductionResult
from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.backend import resolve
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu.product import box_reduction as tallied
from gridproof.kernels.cpu.product.box_reduction import answer
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Box
from gridproof.sweeps.execution import sweep as sweep_module
from gridproof.sweeps.plan import grid as grid_module
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.piece import Cut
from tests.support.demo import small_plan, small_study
from tests.support.problems import random_problem
from tests.support.sample import Sample


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), plain=st.booleans(), most=st.integers(1, 6))
def test_answers_are_the_tallys(seed: int, plain: bool, most: int) -> None:
    """The very same integers: undefined values, ones too large to average, paths that stand for many variants."""
    sample = Sample(seed, most, plain)
    sample.check(answer(sample.question(), [np.ascontiguousarray(values.T) for values in sample.values]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("plain", [True, False])
def test_all_that_may_be_among_the_best_are_answered(seed: int, plain: bool) -> None:
    sample = Sample(seed, most=9, plain=plain)
    values = sample.values[0].T.ravel()  # by job, then execution: the order of the variants
    for kept, floor in ((5, -np.inf), (1, -np.inf), (5, float(np.median(np.nan_to_num(values))))):
        found = answer(sample.question(kept, floor), [np.ascontiguousarray(each.T) for each in sample.values])
        order = np.lexsort((np.arange(len(values)), -values))
        wanted = {int(at) for at in order if values[at] >= floor and (values >= values[at]).sum() <= kept}
        places = found.job * sample.cells + found.execution
        assert wanted <= set(places.tolist())
        np.testing.assert_array_equal(values[places], found.value)
        assert (found.value >= floor).all()


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_box_adds_to_surfaces_what_its_variants_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = [int(n) for n in rng.choice([1, 1, 2, 3, 5], rng.integers(1, 6))]
    begins = [int(n) for n in rng.integers(0, 3, len(lengths))]
    dims = tuple(begin + length + int(rng.integers(0, 2)) for begin, length in zip(begins, lengths, strict=True))
    digits = np.indices(lengths).reshape(len(lengths), -1).T + np.array(begins)
    one, other = Surfaces.empty(dims), Surfaces.empty(dims)
    for some in (
        [2.0**20, 2.0**20 + 1, 3e7, np.nan, np.inf],
        [64.0, -64.0],
        [np.nextafter(64.0, 0.0), -63.9],
        [-np.inf],
    ):
        # sums and maxima go on from what is there
        values = rng.choice([rng.normal(), -1e-9, *some], len(digits))
        one.add(digits, values)
        other.add_box(begins, lengths, values)
    np.testing.assert_array_equal(one.count, other.count)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.maximum, other.maximum)


def test_as_many_and_large_as_one_limb_may_sum() -> None:
    """2^20 squares below 2^12, in units of 2^−30."""
    lengths = (2, 512, 1024)
    values = np.full(2**20, np.nextafter(64.0, 0.0)) * np.resize([1.0, -1.0, -1.0], 2**20)
    digits = np.indices(lengths).reshape(3, -1).T
    one, other = Surfaces.empty(lengths), Surfaces.empty(lengths)
    one.add(digits, values)
    other.add_box([0, 0, 0], lengths, values)
    np.testing.assert_array_equal(one.count, other.count)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.maximum, other.maximum)


@pytest.mark.parametrize("lengths", [(9, 8, 7, 6, 5, 4), (3, 11, 13, 17, 9), (1, 30, 1, 40, 50)])
@pytest.mark.parametrize("odd", [0.5, 3e5, np.nan])
def test_a_box_of_many_variants_for_its_cells_is_summed_in_parts(lengths: tuple[int, ...], odd: float) -> None:
    rng = np.random.default_rng(len(lengths))
    values = rng.normal(size=int(np.prod(lengths)))
    values[rng.integers(0, len(values), 20)] = odd
    digits = np.indices(lengths).reshape(len(lengths), -1).T
    one, other = Surfaces.empty(lengths), Surfaces.empty(lengths)
    one.add(digits, values)
    other.add_box([0] * len(lengths), lengths, values)
    np.testing.assert_array_equal(one.count, other.count)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.maximum, other.maximum)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), equal=st.booleans())
def test_a_value_is_counted_in_the_bin_it_lies_in(seed: int, equal: bool) -> None:
    rng = np.random.default_rng(seed)
    steps = np.ones(20) if equal else rng.choice([1e-9, 1.0, 40.0], 20)
    edges = rng.normal() + np.concatenate([[0.0], np.cumsum(steps)]) * rng.choice([1e-3, 1.0])
    beside = [
        np.nextafter(edges, -np.inf),
        edges,
        np.nextafter(edges, np.inf),
        rng.normal(size=40),
        [np.inf, -np.inf, -0.0],
    ]
    values = np.concatenate(beside)[:, None]
    expected = np.bincount(np.searchsorted(edges, values.ravel(), side="right"), minlength=len(edges) + 1)
    histogram, counters = tallied._ranks(values, np.full(len(values), 3), float(edges[4]), edges)
    np.testing.assert_array_equal(histogram, 3 * expected)
    np.testing.assert_array_equal(counters, [0, 3 * (values < edges[4]).sum(), 3 * (values == edges[4]).sum()])


@pytest.mark.parametrize("values", ["defined", "some undefined", "hardly any defined", "infinite", "equal"])
def test_the_best_of_many(values: str) -> None:
    """With a maximum for each run of values; what is left over at their end may be the best too."""
    rng = np.random.default_rng(3)
    kept, found = 10, rng.normal(size=(1301, 2))
    found[-1] = 9.0
    if values == "some undefined":
        found[rng.random(found.shape) < 0.5] = np.nan
    if values == "hardly any defined":
        found[rng.random(found.shape) < 0.999] = np.nan
    if values == "infinite":
        found[rng.random(found.shape) < 0.3] = -np.inf
        found[5] = np.inf
    if values == "equal":
        found[:] = np.round(found)
    best = np.sort(np.where(np.isnan(found), -np.inf, found).ravel())[::-1]
    job, execution, value = tallied._best(replace(Sample(1, 2, True).question(), kept=kept, floor=-np.inf), found)
    np.testing.assert_array_equal(found[job, execution], value)
    wanted = (found >= max(best[kept - 1], -np.inf)) & ~np.isnan(found)
    np.testing.assert_array_equal(np.flatnonzero(wanted), job * 2 + execution)


def test_one_metric_alone_is_that_of_all() -> None:
    rng = np.random.default_rng(5)
    problem = random_problem(rng, days=500, bits=2, rows=30, flip=0.004)
    paths = tuple(rng.integers(0, 60, (size, 1)).astype(np.int32) for size in (9, 12))
    box = Box(paths, (np.array([0]), np.array([1])), np.arange(len(problem.lags)))
    whole = Product(problem).evaluate(box)
    assert (whole[..., METRICS.index("switches")] == 0).any(), "some hold one allocation throughout"
    for metric in range(whole.shape[-1]):
        np.testing.assert_array_equal(Product(problem).evaluate(box, metric), whole[..., metric : metric + 1])


def test_a_run_reduced_by_the_backend_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is told of a grid, whether the backend reduces it in large boxes or every variant is listed."""
    asked: list[ReductionRequest] = []
    reduce = cpu.CpuReducer.reduce

    def listen(self: Any, question: ReductionRequest) -> ReductionResult:
        asked.append(question)
        return reduce(self, question)

    for module in (sweep_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    monkeypatch.setattr(grid_module, "PRODUCTS_FROM", 0)
    monkeypatch.setattr(grid_module, "worthwhile", lambda *_: True)
    monkeypatch.setattr(cpu.CpuReducer, "reduce", listen)
    monkeypatch.setattr(cpu.CpuReducer, "most", 40)
    found = gp.run(small_study(), out=tmp_path / "reduced", verdict=False)
    assert len(asked) > 2
    monkeypatch.setattr(sweep_module, "whole_grid", lambda plan, _: whole_grid(plan))
    count = len(asked)
    expected = gp.run(small_study(), out=tmp_path / "listed", verdict=False)
    assert len(asked) == count
    assert found.summary == expected.summary
    assert found.top(1000).equals(expected.top(1000))
    assert found.sql("select * from surfaces").equals(expected.sql("select * from surfaces"))


def test_who_reduces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled backend, a grid whose rows are not kept, whose boxes share enough."""
    monkeypatch.setattr(grid_module, "PRODUCTS_FROM", 0)
    plan = small_plan()
    limits = resolve("cpu").reduction(plan.problem)
    assert limits == ReductionLimits(cpu.CpuReducer.most, False)
    assert isinstance(resolve("cpu").bind(plan.problem), Reducer)
    assert not whole_grid(plan, limits).cut.reduced, "every row is kept"
    monkeypatch.setattr(grid_module, "ROWS_KEPT", 10)
    monkeypatch.setattr(grid_module, "worthwhile", lambda *_: True)
    assert whole_grid(plan, limits).cut == Cut("product", 2**20, True, plan.study.space.size, 1)
    assert not whole_grid(plan).cut.reduced
    monkeypatch.setattr(grid_module, "worthwhile", lambda *_: False)
    assert not whole_grid(plan, limits).cut.reduced
    assert whole_grid(plan, ReductionLimits(50, takes_any=True)).cut.reduced
    assert resolve("reference").reduction(plan.problem) is None
