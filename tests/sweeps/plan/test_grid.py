"""Enumeration, merging and tallies against brute force."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from gridproof.kernels.aggregate.surfaces import Surfaces
from gridproof.kernels.arrays import Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.problem import Box
from gridproof.results.run.record import objective_of
from gridproof.results.run.tally import BELOW, EQUAL, EVALUATED, UNDEFINED, percentile
from gridproof.sweeps.execution.evaluation import evaluate_grid
from gridproof.sweeps.execution.tile import TallyScale, empty_tally, run_tile
from gridproof.sweeps.plan import grid as grid_module
from gridproof.sweeps.plan.grid import ProductGrid, whole_grid, worthwhile
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.sample import draw_sample
from tests.support.demo import small_plan, tied_plan

PLANS = [pytest.param(small_plan, id="independent axes"), pytest.param(tied_plan, id="shared and tied axes, hold")]


def all_keys(plan: Plan) -> Ints:
    """The paths and the execution of every variant, one by one."""
    space = plan.study.space
    result = []
    for index in range(space.size):
        digits = space.digits(np.array([index]))[0]
        key = [int(plan.paths[s.name][tuple(digits[list(space.uses[s.name])])]) for s in plan.study.signals]
        offset = len(space.dims) - space.executing
        result.append([*key, int(np.ravel_multi_index(tuple(digits[offset:]), space.dims[offset:]))])
    return np.array(result)


@pytest.mark.parametrize("plan_of", PLANS)
@pytest.mark.parametrize("target", [*range(1, 9), 10, 20, 50, 10**6])
def test_pieces_cover_the_grid_in_order(plan_of, target: int) -> None:
    plan = plan_of()
    grid = ProductGrid(plan, target)
    keys = all_keys(plan)
    seen = []
    for number in range(grid.pieces):
        piece = grid.piece(number)
        assert grid.bounds(number) == (piece.variants[0], piece.variants[-1] + 1)
        np.testing.assert_array_equal(piece.keys[piece.job_of], keys[piece.variants])
        assert len(np.unique(piece.keys, axis=0)) == len(piece.keys), "a job stands there twice"
        np.testing.assert_array_equal(piece.work.jobs().execution, piece.keys[:, -1])
        seen.append(piece.variants)
    np.testing.assert_array_equal(np.concatenate(seen), np.arange(plan.study.space.size))


@pytest.mark.parametrize("plan_of", PLANS)
def test_distinct_and_equal_counts(plan_of) -> None:
    plan = plan_of()
    keys, counts = np.unique(all_keys(plan), axis=0, return_counts=True)
    assert plan.distinct() == len(keys)
    np.testing.assert_array_equal(plan.equal(keys[::7, :-1]), counts[::7])
    assert len(plan.equal(keys[:0, :-1])) == 0


@pytest.mark.parametrize("plan_of", PLANS)
def test_product_equals_list_equals_reference(plan_of) -> None:
    plan, oracle = plan_of(), plan_of("reference")
    size, evaluate = plan.study.space.size, resolve("cpu").bind(plan.problem)
    listed = evaluate_grid(ListedGrid(plan, np.arange(size), target=100), evaluate)
    product = evaluate_grid(ProductGrid(plan, 48), evaluate)
    np.testing.assert_allclose(listed, product, rtol=1e-9, atol=1e-10)
    some = np.random.default_rng(3).choice(size, 25, replace=False)
    some.sort()
    right = evaluate_grid(ListedGrid(oracle, some), resolve("reference").bind(oracle.problem))
    np.testing.assert_allclose(listed[some], right, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("plan_of", PLANS)
def test_tally_against_brute_force(plan_of) -> None:
    plan = plan_of()
    space, evaluate = plan.study.space, resolve("cpu").bind(plan.problem)
    values = objective_of(evaluate_grid(ProductGrid(plan, 7), evaluate), "sharpe")
    edges = np.quantile(values[np.isfinite(values)], [0.1, 0.3, 0.5, 0.9])
    scale = TallyScale(edges, (float(values[space.base_index]), 0.0))
    grid = ProductGrid(plan, 50)
    parts = [run_tile(grid, evaluate, n, n + 1, scale, False, lambda _: None)[0] for n in range(grid.pieces)]
    whole = empty_tally(grid, scale)
    for part in np.random.default_rng(1).permutation(len(parts)):
        whole.merge(parts[part])
    at_once, _ = run_tile(
        ProductGrid(plan, 10**6), evaluate, 0, ProductGrid(plan, 10**6).pieces, scale, False, lambda _: None
    )
    for name in ("counters", "histogram", "best_value", "best_index", "best_key"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(at_once, name))
    for name in ("count", "sums", "maximum"):
        np.testing.assert_array_equal(getattr(whole.surfaces, name), getattr(at_once.surfaces, name))

    defined = values[np.isfinite(values)]
    base = values[space.base_index]
    assert whole.counters[EVALUATED] == space.size
    assert whole.counters[UNDEFINED] == space.size - len(defined)
    assert whole.counters[BELOW] == (defined < base).sum()
    assert whole.counters[EQUAL] == (defined == base).sum()
    share = 100 * ((defined < base).mean() + 0.5 * (defined == base).mean())
    assert percentile(whole.counters, base) == pytest.approx(share)
    np.testing.assert_array_equal(whole.histogram, np.histogram(defined, [-np.inf, *edges, np.inf])[0])
    keys = all_keys(plan)
    order = sorted(range(space.size), key=lambda index: (-values[index], index))
    distinct = list(dict.fromkeys((values[i], tuple(keys[i])) for i in order if np.isfinite(values[i])))
    assert [tuple(key) for key in whole.best_key] == [key for _, key in distinct[:1000]]

    digits = space.digits(np.arange(space.size))
    mean, square, offsets = whole.surfaces.mean(), whole.surfaces.mean_square(), whole.surfaces.offsets()
    for pair, (x, y) in enumerate(whole.surfaces.pairs):
        cells = offsets[pair] + digits[:, x] * space.dims[y] + digits[:, y]
        for cell in range(offsets[pair], offsets[pair + 1]):
            inside = values[(cells == cell) & np.isfinite(values)]
            assert whole.surfaces.count[cell] == len(inside)
            assert mean[cell] == pytest.approx(inside.mean(), abs=1e-9)
            assert square[cell] == pytest.approx((inside**2).mean(), abs=1e-9)
            assert whole.surfaces.maximum[cell] == inside.max()


def test_surfaces_of_large_values_are_exact() -> None:
    """Total returns of tens of thousands of per cent, among small ones."""
    rng = np.random.default_rng(0)
    digits = np.stack([rng.integers(0, 3, 5000), rng.integers(0, 4, 5000)], axis=1)
    values = np.exp(rng.normal(3.0, 3.0, 5000)) * rng.choice([-1.0, 1.0], 5000)
    whole, parts = Surfaces.empty((3, 4)), Surfaces.empty((3, 4))
    whole.add(digits, values)
    for part in np.array_split(rng.permutation(5000), 7):
        one = Surfaces.empty((3, 4))
        one.add(digits[part], values[part])
        parts.merge(one)
    np.testing.assert_array_equal(whole.sums, parts.sums)
    assert np.abs(values).max() > 10_000
    for cell in range(12):
        inside = values[(digits[:, 0] * 4 + digits[:, 1] == cell)]
        assert whole.count[cell] == len(inside)
        assert whole.mean()[cell] == pytest.approx(inside.mean(), rel=1e-9)
        assert whole.mean_square()[cell] == pytest.approx((inside**2).mean(), rel=1e-9)


def test_surfaces_of_negative_values_keep_their_digits() -> None:
    values = np.random.default_rng(0).normal(-0.5, 0.5, 12)
    whole = Surfaces.empty((3, 4))
    whole.add(np.array(list(np.ndindex(3, 4))), values)
    np.testing.assert_allclose(whole.mean(), values, rtol=0, atol=2.0**-31)
    np.testing.assert_allclose(whole.mean_square(), values**2, rtol=0, atol=2.0**-31)


def test_small_boxes_are_listed() -> None:
    assert isinstance(whole_grid(small_plan()), ProductGrid)
    assert isinstance(whole_grid(tied_plan(), target=10**6), ListedGrid)


def test_sample_is_distinct_repeatable_and_spread() -> None:
    drawn = draw_sample(10**12, 5000)
    assert len(np.unique(drawn)) == 5000
    np.testing.assert_array_equal(drawn, draw_sample(10**12, 5000))
    assert abs(drawn.mean() / 10**12 - 0.5) < 5 / np.sqrt(12 * 5000)
    np.testing.assert_array_equal(draw_sample(7, 7), np.arange(7))


def test_digits_and_index_are_inverse() -> None:
    space = tied_plan().study.space
    digits = space.digits(np.arange(space.size))
    assert [space.index(row) for row in digits] == list(range(space.size))


def test_boxes_whose_tables_have_many_versions_must_share_more() -> None:
    """Of what was measured: where a rule holds one of 21 allocations, boxes of 10,000 variants are lists."""
    assert worthwhile([22, 22, 21], 12)
    assert not worthwhile([22, 22, 21], 21)
    assert worthwhile([64, 64, 64], 21)
    assert worthwhile([30, 30], 4) == worthwhile([30, 30]) == worthwhile([8, 8, 8])
    assert not worthwhile([8, 8])


def test_small_grids_are_lists_unless_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid of fewer than a million variants is no product: the product's kernels need not be compiled for it."""
    plan = small_plan()
    monkeypatch.setattr(grid_module, "worthwhile", lambda *_: True)
    size = plan.study.space.size
    for repeated, first, boxed in ((False, size + 1, False), (True, size + 1, True), (False, size, True)):
        monkeypatch.setattr(grid_module, "PRODUCTS_FROM", first)
        whole = whole_grid(plan, repeated=repeated)
        assert isinstance(whole, ProductGrid)
        assert (whole.box(0) is not None) == (pickle.loads(pickle.dumps(whole)).box(0) is not None) == boxed
        assert isinstance(whole.piece(0).work, Box) == boxed
    monkeypatch.setattr(grid_module, "worthwhile", lambda *_: False)
    assert ProductGrid(plan, repeated=True).box(0) is None
