"""Boxes that the compiled backend reduces itself, against the tally of every variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridproof as gp
from gridproof.kernels import cpu
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Box
from gridproof.kernels.product import Product
from gridproof.kernels.reduction import Answer, Question, Reducer
from gridproof.kernels.surfaces import Surfaces
from gridproof.kernels.tallied import answer
from gridproof.sweeps import grid as grid_module
from gridproof.sweeps import run as run_module
from gridproof.sweeps.grid import Product as Boxes
from gridproof.sweeps.grid import reducer_of, whole_grid
from tests.demo import small_plan, small_study
from tests.sample import Sample
from tests.test_product import random_problem


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_box_adds_to_surfaces_what_its_variants_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = [int(n) for n in rng.choice([1, 1, 2, 3, 5], rng.integers(1, 6))]
    begins = [int(n) for n in rng.integers(0, 3, len(lengths))]
    dims = tuple(begin + length + int(rng.integers(0, 2)) for begin, length in zip(begins, lengths, strict=True))
    digits = np.indices(lengths).reshape(len(lengths), -1).T + np.array(begins)
    one, other = Surfaces.empty(dims), Surfaces.empty(dims)
    for _ in range(2):  # sums and maxima go on from what is there
        values = rng.choice([rng.normal(), -1e-9, 2.0**20, 2.0**20 + 1, 3e7, np.nan, np.inf], len(digits))
        one.add(digits, values)
        other.add_box(begins, lengths, values)
    np.testing.assert_array_equal(one.count, other.count)
    np.testing.assert_array_equal(one.sums, other.sums)
    np.testing.assert_array_equal(one.maximum, other.maximum)


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
    asked: list[Question] = []
    reduce = cpu.Reducing.reduce

    def listen(self: Any, question: Question) -> Answer:
        asked.append(question)
        return reduce(self, question)

    for module in (run_module, grid_module):
        monkeypatch.setattr(module, "ROWS_KEPT", 10)
    monkeypatch.setattr(grid_module, "worthwhile", lambda sizes: True)
    monkeypatch.setattr(cpu.Reducing, "reduce", listen)
    monkeypatch.setattr(cpu.Reducing, "most", 40)
    found = gp.run(small_study(), out=tmp_path / "reduced", verdict=False)
    assert len(asked) > 2
    monkeypatch.setattr(grid_module, "reducer_of", lambda plan, grid: None)
    monkeypatch.setattr("gridproof.sweeps.tile.reducer_of", lambda plan, grid: None)
    count = len(asked)
    expected = gp.run(small_study(), out=tmp_path / "listed", verdict=False)
    assert len(asked) == count
    assert found.summary == expected.summary
    assert found.top(1000).equals(expected.top(1000))
    assert found.sql("select * from surfaces").equals(expected.sql("select * from surfaces"))


def test_who_reduces(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled backend, a grid whose rows are not kept, whose boxes share enough."""
    plan = small_plan()
    assert isinstance(plan.evaluate, Reducer)
    boxes = Boxes(plan)
    assert reducer_of(plan, boxes) is None, "every row is kept"
    monkeypatch.setattr(grid_module, "ROWS_KEPT", 10)
    assert (reducer_of(plan, boxes) is not None) == boxes.boxed
    monkeypatch.setattr(grid_module, "worthwhile", lambda sizes: True)
    whole = whole_grid(plan)
    assert reducer_of(plan, whole) is plan.evaluate
    monkeypatch.setattr(grid_module, "worthwhile", lambda sizes: False)
    assert reducer_of(plan, whole_grid(plan)) is None
    assert reducer_of(small_plan("reference"), Boxes(small_plan("reference"))) is None
