"""Every SIMD piece against its NumPy twin, to the bit; and the whole kernel run by Python against the compiled one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu import closed_form
from gridproof.kernels.cpu.product import product, simd, simd_counts, simd_join, simd_walk, units
from gridproof.kernels.cpu.product.product import Product
from gridproof.kernels.metrics import METRICS
from tests.support import simd_twins as twins
from tests.support.interpreted import interpreted
from tests.support.problems import random_box, random_problem

ENTRIES, DAYS = 60, 5
SEEDS = st.integers(0, 2**32 - 1)


@njit
def _transpose(*arguments: Any) -> None:
    simd.transpose_eight(*arguments)


@njit
def _join_days(*arguments: Any) -> None:
    simd_join.join_days(*arguments)


@njit
def _join_eight(*arguments: Any) -> None:
    simd_join.join_eight(*arguments)


@njit
def _walk_eight(*arguments: Any) -> None:
    simd_walk.walk_eight(*arguments)


@njit
def _walk_sixteen(*arguments: Any) -> None:
    simd_walk.walk_sixteen(*arguments)


@njit
def _count_days(*arguments: Any) -> None:
    simd_counts.count_days(*arguments)


@njit
def _count_eight(*arguments: Any) -> None:
    simd_counts.count_eight(*arguments)


@njit
def _half_of_power(marked: float) -> float:
    return closed_form.half_of_power(marked)  # type: ignore[no-any-return]


def words(*numbers: int) -> list[Any]:
    return [np.uint64(number) for number in numbers]


def random_entries(rng: np.random.Generator, allocations: int) -> tuple[Floats, Floats]:
    """Flat sums and shapes; some of them those of no day."""
    sums, shapes = rng.normal(size=(ENTRIES, 8)), rng.normal(size=(ENTRIES, 4)).round(1)
    shapes[:, 2] = np.abs(shapes[:, 2])
    none = rng.random(ENTRIES) < 0.2
    sums[none] = 0.0
    shapes[none, :3] = -np.inf, np.inf, 0.0
    first, last = rng.integers(0, allocations, (2, ENTRIES)).astype(np.uint64)
    shapes.view(np.uint64)[:, 3] = first | last << np.uint64(16)
    return sums.ravel(), shapes.ravel()


def random_charges(rng: np.random.Generator, allocations: int) -> Floats:
    """Flat (DAYS, A, A, 8); staying in an allocation is charged nothing."""
    charges = rng.normal(size=(DAYS, allocations, allocations, 8))
    charges[:, np.arange(allocations), np.arange(allocations)] = 0.0
    return charges.ravel()


def assert_same_bits(compiled: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for one, other in zip(compiled, expected, strict=True):
        np.testing.assert_array_equal(one.view(np.uint8), other.view(np.uint8))


@settings(max_examples=50)
@given(SEEDS, st.integers(0, 10), st.integers(0, 10))
def test_transposed_is_the_twins(seed: int, rows: int, width: int) -> None:
    """Also fewer rows and columns than eight: nothing is written beside them."""
    rng = np.random.default_rng(seed)
    begin, step, start, stride = (int(each) for each in rng.integers(0, 12, 4))
    source = rng.normal(size=begin + 7 * step + 8)
    results = [rng.normal(size=start + 7 * stride + 8)]
    results.append(results[0].copy())
    for function, result in zip((_transpose, twins.transpose_eight), results, strict=True):
        function(source, *words(begin, step), result, *words(start, stride, rows, width))
    assert_same_bits((results[0],), (results[1],))


def test_half_of_a_power() -> None:
    marked = np.arange(-57, 1025) + 6755399441055744.0
    assert [_half_of_power(value) for value in marked] == [twins.half_of_power(value) for value in marked]


@settings(max_examples=50)
@given(SEEDS)
def test_joined_days_are_the_twins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, charges = random_entries(rng, 3), random_charges(rng, 3)
    places = words(*rng.integers(0, ENTRIES, 4), *rng.integers(0, DAYS * 9, 3))
    out = int(rng.integers(0, ENTRIES))
    results = [random_entries(np.random.default_rng(1), 3) for _ in range(2)]
    for function, result in zip((_join_days, twins.join_days), results, strict=True):
        function(*result, *words(out), *days, charges, *places)
    assert_same_bits(*results)


@settings(max_examples=80)
@given(SEEDS, st.integers(1, 6))
def test_eight_joined_are_the_twins(seed: int, allocations: int) -> None:
    """Entries with and without a switch between them, and entries of no day."""
    rng = np.random.default_rng(seed)
    charges = random_charges(rng, allocations)
    results = [random_entries(np.random.default_rng(seed), allocations) for _ in range(2)]
    left, right, out = (int(each) for each in rng.integers(0, 20, 3))
    lists = rng.integers(0, ENTRIES - 20, 30).astype(np.uint32)
    lefts, rights = (int(each) for each in rng.integers(0, 23, 2))
    boundary = int(rng.integers(0, DAYS)) * allocations**2
    for function, result in zip((_join_eight, twins.join_eight), results, strict=True):
        function(*result, *words(out), lists, *words(lefts, left, rights, right), charges,
                 *words(boundary, allocations))  # fmt: skip
    assert_same_bits(*results)


@settings(max_examples=50)
@given(SEEDS, st.sampled_from([16, 32, 256]))
def test_counts_are_the_twins(seed: int, width: int) -> None:
    """Of four days, and of eight joined entries; one vector of counts each and several."""
    rng = np.random.default_rng(seed)
    days = rng.integers(0, 2, 6 * width).astype(np.uint16)
    lists = rng.integers(0, 20, 30).astype(np.uint32)
    rows = words(width, rng.integers(0, ENTRIES), *rng.integers(0, 6, 4))
    out, lefts, left, rights, right = (int(each) for each in (*rng.integers(40, 53, 1), *rng.integers(0, 20, 4)))
    results = [rng.integers(0, 30_000, ENTRIES * width).astype(np.uint16)]
    results.append(results[0].copy())
    pairs = (_count_days, _count_eight), (twins.count_days, twins.count_eight)
    for (count_days, count_eight), result in zip(pairs, results, strict=True):
        count_eight(result, *words(width, out), lists, *words(lefts, left, rights, right))
        count_days(result, *rows[:2], days, *rows[2:])
    assert_same_bits((results[0],), (results[1],))


@settings(max_examples=80)
@given(SEEDS, st.integers(1, 6), st.sampled_from([8, 16]), st.sampled_from([0, 16, 48]))
def test_a_walk_is_the_twins(seed: int, allocations: int, count: int, width: int) -> None:
    """Through one block and several, rows with one entry for all and with versions, with counts and without; nothing
    else is written."""
    rng = np.random.default_rng(seed)
    blocks, variant, place = (int(each) for each in rng.integers((1, 0, 0), (6, 8, 9)))
    charges = random_charges(rng, allocations)
    patterns = rng.integers(0, 2 * (ENTRIES - 24 - 6), 120).astype(np.uint32)
    rows = np.empty((blocks, 3), dtype=np.uint64)
    rows[:, 0] = 24  # the sums of the variants stand before the entries
    rows[:, 1] = rng.choice([0, 0, 1, 20, 90], blocks)
    rows[:, 2] = rng.integers(0, DAYS, blocks) * allocations**2
    pairs = []
    for _ in range(2):
        again = np.random.default_rng(seed)
        sums, shapes = random_entries(again, allocations)
        states = np.abs(again.normal(size=80))
        held = again.integers(0, allocations, 40).astype(np.uint64)
        pairs.append((sums, shapes, states, held, again.integers(0, 9_000, ENTRIES * width).astype(np.uint16)))
    walks = {8: (_walk_eight, twins.walk_eight), 16: (_walk_sixteen, twins.walk_sixteen)}[count]
    for function, (sums, shapes, states, held, counts) in zip(walks, pairs, strict=True):
        function(sums, *words(variant), states, *words(5, 45), held, *words(9), shapes, patterns, *words(place), rows,
                 *words(blocks), charges, *words(allocations), counts if width else None,
                 *words(width))  # fmt: skip
    assert_same_bits(*pairs)


@pytest.mark.parametrize("seed", range(24))
def test_the_kernel_run_by_python_gives_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves, joins, walks and metrics of whole boxes: powers alone are rounded otherwise in Python.

    Odd sizes, several units, little room for blocks, days before the first that count for the allocation held.
    """
    rng = np.random.default_rng(seed)
    bits, legs = int(rng.integers(1, 4)), int(rng.integers(2, 5)) if seed % 3 else (14, 19, 40)[seed % 9 // 3]
    problem = random_problem(
        rng, days=int(rng.integers(1, 70)), bits=bits, legs=legs, rows=8, flip=(0.0, 0.05, 0.3)[seed % 3],
        lead=int(rng.integers(3, 20)),
    )  # fmt: skip
    if seed % 4 == 0:
        problem = replace(problem, rule=np.tile(problem.rule[:1], (legs, 1)))
    box = random_box(rng, problem, bits)
    if seed % 2:
        monkeypatch.setattr(units, "UNIT", 7)
        monkeypatch.setattr(units, "_SMALLEST", 7)
        monkeypatch.setattr(product, "BLOCK_ENTRIES", 30)
    top = seed % 5
    compiled = Product(problem, top).evaluate(box)
    with interpreted():
        found = Product(problem, top).evaluate(box)
    powers = [METRICS.index(name) for name in ("skewness", "kurtosis")]
    np.testing.assert_allclose(found[..., powers], compiled[..., powers], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(np.delete(found, powers, axis=-1), np.delete(compiled, powers, axis=-1))
