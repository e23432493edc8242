"""The product form of the compiled backend against the oracle and against itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.kernels.cpu import backend as cpu
from gridproof.kernels.cpu.closed_form import growth
from gridproof.kernels.cpu.product import limits, product, units
from gridproof.kernels.cpu.product.limits import fits, packs
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.metrics import EXPOSURE, WIDTH
from gridproof.kernels.problem import Box
from gridproof.kernels.threads import limit_threads, thread_count
from tests.support.agreement import assert_agree, assert_box_agrees
from tests.support.problems import one_bit_box, random_box, random_problem, rebalanced


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 200),
    bits=st.integers(1, 6),
    legs=st.integers(2, 4),
    flip=st.sampled_from([0.0, 0.01, 0.2, 1.0]),
    top=st.integers(0, 5),
    lead=st.integers(3, 70),
    holds=st.booleans(),
)
def test_product_agrees_with_reference(
    seed: int, days: int, bits: int, legs: int, flip: float, top: int, lead: int, holds: bool
) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, bits=bits, legs=legs, flip=flip, lead=lead)
    if not holds:
        problem = dataclasses.replace(problem, rule=np.tile(problem.rule[:1], (legs, 1)))
    if seed % 2:
        problem = rebalanced(rng, problem)
    assert fits(problem)
    box = random_box(rng, problem, bits)
    assert_box_agrees(problem, box, Product(problem, top).evaluate(box), rng)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 300),
    bits=st.integers(1, 6),
    legs=st.integers(5, 20),
    flip=st.sampled_from([0.0, 0.02, 0.3]),
    top=st.integers(0, 5),
    holds=st.booleans(),
)
def test_many_allocations_agree_with_list_and_reference(
    seed: int, days: int, bits: int, legs: int, flip: float, top: int, holds: bool
) -> None:
    """Whether their days are counted in the sums or beside them. A metric alone has the same bits without counting."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=days, bits=bits, legs=legs, flip=flip)
    if not holds:
        problem = dataclasses.replace(problem, rule=np.tile(problem.rule[:1], (legs, 1)))
    if seed % 2:
        problem = rebalanced(rng, problem)
    assert fits(problem)
    box = random_box(rng, problem, bits)
    found = Product(problem, top).evaluate(box)
    assert_box_agrees(problem, box, found, rng)
    listed = cpu.evaluate(problem, box.jobs())
    assert_agree(found, listed)
    np.testing.assert_array_equal(found[..., WIDTH:], listed[..., WIDTH:])
    for column in (*rng.integers(0, WIDTH + legs, 2), EXPOSURE):
        np.testing.assert_array_equal(Product(problem, top).evaluate(box, int(column))[..., 0], found[..., column])


@pytest.mark.parametrize("legs", [17, 18, 33, 34, 255])
def test_counts_at_the_edges_of_their_vectors(legs: int) -> None:
    """16 and 17, 32 and 33 counts, and as many as a study may have: each allocation is held by some variant."""
    rng = np.random.default_rng(legs)
    problem = random_problem(rng, days=90 if legs < 50 else 12, bits=8, rows=8, legs=legs, flip=0.1, lags=(1,))
    rule = np.tile(np.arange(2**8) % legs, (legs, 1))
    rule[:, rng.integers(0, 2**8, 40)] = np.arange(legs)[:, None]
    problem = dataclasses.replace(problem, rule=rule)
    assert fits(problem)
    assert not packs(problem)
    box = random_box(rng, problem, 8, most=4)
    found = Product(problem, 2).evaluate(box)
    assert_box_agrees(problem, box, found, rng)
    np.testing.assert_array_equal(found[..., WIDTH:], cpu.evaluate(problem, box.jobs())[..., WIDTH:])


def test_counts_of_as_many_days_as_they_hold() -> None:
    """One allocation for 65,535 days fills a count; for one day more there is no product."""
    rng = np.random.default_rng(8)
    problem = random_problem(rng, days=2**16 - 1, bits=1, legs=5, flip=0.0)
    bounds = np.array([0, 2**16 - 1])
    problem = dataclasses.replace(problem, rule=np.tile([1, 2], (5, 1)), bounds=bounds)
    box = dataclasses.replace(one_bit_box(problem, [np.arange(2)]), executions=np.arange(1))
    found = Product(problem).evaluate(box)
    np.testing.assert_array_equal(found[..., WIDTH:], cpu.evaluate(problem, box.jobs())[..., WIDTH:])
    assert fits(problem)
    assert not fits(random_problem(rng, days=2**16, bits=1, legs=5))


def test_lists_take_over_where_the_tables_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of all executions count, and no more than they take."""
    rng = np.random.default_rng(6)
    problem = random_problem(rng, days=200, bits=3, legs=15)
    tables = {Product(problem).tables_of(execution) for execution in range(len(problem.lags))}
    each = sum(part.nbytes for part in Product(problem).tables(0)[:3])
    monkeypatch.setattr(limits, "KEPT_BYTES", len(tables) * each)
    assert fits(problem)
    monkeypatch.setattr(limits, "KEPT_BYTES", len(tables) * each - 1)
    assert not fits(problem)
    assert not isinstance(cpu.bind(problem), cpu.CpuReducer)
    box = random_box(rng, problem, 3)
    np.testing.assert_array_equal(cpu.bind(problem)(box), cpu.evaluate(problem, box.jobs()))
    assert fits(random_problem(rng, days=200, bits=3, legs=4))


@pytest.mark.parametrize("legs", [3, 12])
def test_what_else_is_in_the_box_changes_nothing(legs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a bit of a variant's metrics: neighbours, cuts and cores are nothing to it."""
    rng = np.random.default_rng(3)
    problem = random_problem(rng, days=700, bits=3, rows=40, legs=legs, flip=0.02)
    paths = tuple(rng.integers(0, 120, (size, 1)).astype(np.int32) for size in (7, 11, 23))
    box = Box(paths, tuple(np.array([bit]) for bit in range(3)), np.arange(len(problem.lags)))
    whole = Product(problem).evaluate(box).reshape(7, 11, 23, len(problem.lags), 2, -1)
    for i, j, k in rng.integers(0, (7, 11, 23), (25, 3)):
        one = Box(tuple(path[[at]] for path, at in zip(paths, (i, j, k), strict=True)), box.places, box.executions)
        np.testing.assert_array_equal(Product(problem).evaluate(one), whole[i, j, k])
    flat = whole.reshape(-1, *whole.shape[4:])
    for smallest, room in ((1, 1), (40, 100), (500, 10**6)):
        monkeypatch.setattr(units, "UNIT", smallest)
        monkeypatch.setattr(units, "_SMALLEST", smallest)
        monkeypatch.setattr(product, "BLOCK_ENTRIES", room)
        np.testing.assert_array_equal(Product(problem).evaluate(box), flat)
    threads = thread_count()
    limit_threads(1)
    try:
        np.testing.assert_array_equal(Product(problem).evaluate(box), flat)
    finally:
        limit_threads(threads)


def test_a_box_after_another_is_as_if_alone() -> None:
    """What is kept from box to box is only what they share: paths of one signal, of all, of none, other sizes."""
    rng = np.random.default_rng(4)
    problem = random_problem(rng, days=300, bits=3, rows=40, flip=0.02)
    places, executions = tuple(np.array([bit]) for bit in range(3)), np.arange(len(problem.lags))
    paths = [rng.integers(0, 120, (size, 1)).astype(np.int32) for size in (4, 9, 12)]
    kept = Product(problem)
    assert len(np.unique(problem.lags)) > 1
    for changed in ((), (0,), (), (1, 2), (2,), (0, 1, 2), (0,)):
        for signal in changed:
            paths[signal] = rng.integers(0, 120, paths[signal].shape).astype(np.int32)
        box = Box(tuple(paths), places, executions)
        np.testing.assert_array_equal(kept.evaluate(box), Product(problem).evaluate(box))
        fewer = Box((paths[0][1:], *paths[1:]), places, executions)
        if len(changed) > 1:
            np.testing.assert_array_equal(kept.evaluate(fewer), Product(problem).evaluate(fewer))


def test_axes_in_another_order_reorder_the_rows() -> None:
    rng = np.random.default_rng(4)
    problem = random_problem(rng, days=300, bits=3, rows=20)
    paths = tuple(rng.integers(0, 60, (size, 1)).astype(np.int32) for size in (3, 5, 4))
    places = tuple(np.array([bit]) for bit in range(3))
    executions = np.arange(len(problem.lags))
    straight = Product(problem).evaluate(Box(paths, places, executions)).reshape(3, 5, 4, len(executions), 2, -1)
    turned = Product(problem).evaluate(
        Box((paths[2], paths[0], paths[1]), (places[2], places[0], places[1]), executions)
    )
    np.testing.assert_array_equal(turned.reshape(4, 3, 5, *straight.shape[3:]), np.moveaxis(straight, 2, 0))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), flip=st.sampled_from([0.0, 0.02, 0.3]), top=st.integers(0, 4))
def test_a_signal_that_silences_the_others(seed: int, flip: float, top: int) -> None:
    """On some codes of the outer signals the inner one changes nothing, whether the rule decides there or holds."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, days=150, bits=3, rows=40, flip=flip)
    rule = problem.rule.copy()
    rule[:, 1::2] = rng.integers(0, 3) if seed % 2 else np.arange(3)[:, None]
    problem = dataclasses.replace(problem, rule=rule)
    box = one_bit_box(problem, [rng.integers(0, 120, size) for size in (3, 5, 17)])
    assert_box_agrees(problem, box, Product(problem, top).evaluate(box), rng)


def test_growth_to_the_last_digits() -> None:
    values = np.concatenate([np.linspace(-50, 50, 4001), np.geomspace(1e-18, 800, 500), -np.geomspace(1e-18, 800, 500)])
    values = np.concatenate([values, [0.0, -np.inf, np.inf]])
    with np.errstate(over="ignore"):
        expected = np.expm1(values)
    np.testing.assert_allclose([growth(value) for value in values], expected, rtol=5e-16, atol=0)


def test_a_constant_leg_keeps_its_own_moments() -> None:
    rng = np.random.default_rng(5)
    problem = random_problem(rng, days=300, legs=3, flip=0.0)
    returns = problem.returns.copy()
    returns[:, 0] = 8e-5 + rng.normal(0, 4e-7, 300)
    problem = dataclasses.replace(problem, returns=returns)
    box = random_box(rng, problem, 3)
    np.testing.assert_allclose(Product(problem).evaluate(box), reference.evaluate(problem, box), rtol=1e-6, atol=1e-9)
