"""Memory that is handed out again is nobody else's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridproof.kernels.arrays import Array
from gridproof.kernels.cpu import page_pool as memory
from gridproof.kernels.cpu.page_pool import pages
from gridproof.kernels.cpu.product.product import Product
from tests.support.problems import random_box, random_problem


@given(st.lists(st.tuples(st.integers(1, 60_000), st.booleans()), min_size=1, max_size=30))
def test_live_arrays_never_share_memory(wanted: list[tuple[int, bool]]) -> None:
    live = []
    for mark, (size, dropped) in enumerate(wanted):
        array = pages(size)
        array[:] = mark
        # A part of a part keeps all of it, as metrics of one variant do.
        live.append((mark, array[size // 2 :].reshape(-1, 1)[:, 0]))
        if dropped:
            live.pop(len(live) // 2)
    for mark, array in live:
        assert (array == mark).all()


def test_memory_is_used_again_and_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_pool", [])
    monkeypatch.setattr(memory, "_KEPT", 2**21)
    first = pages(1000, 100)
    where = first.ctypes.data
    del first
    again = pages(600, 150, kind=np.int64)
    assert again.ctypes.data == where
    assert (again.dtype, again.shape) == (np.int64, (600, 150))
    others = [pages(100_000) for _ in range(4)]
    assert sum(room.size for room in memory._pool) <= 2**21
    del others, again
    pages(2**18)  # takes what is idle out of the pool to fit into it
    assert [room.size for room in memory._pool] == [2**21]


def test_small_arrays_are_ordinary_ones() -> None:
    assert pages(3, 0).shape == (3, 0)
    assert pages(10).base is None


def test_what_stood_in_memory_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bit of what is handed out set, as by another problem: NaN, and classes beyond any table."""
    rng = np.random.default_rng(2)
    problem = random_problem(rng, days=700, bits=3, rows=60, flip=0.01)
    box = random_box(rng, problem, 3)
    monkeypatch.setattr(
        "gridproof.kernels.cpu.product.product.pages", lambda *shape, kind=np.float64: filled(0x00, shape, kind)
    )
    expected = Product(problem).evaluate(box)
    monkeypatch.setattr(
        "gridproof.kernels.cpu.product.product.pages", lambda *shape, kind=np.float64: filled(0xFF, shape, kind)
    )
    np.testing.assert_array_equal(Product(problem).evaluate(box), expected)


def filled(byte: int, shape: tuple[int, ...], kind: type[np.generic]) -> Array:
    array = pages(*shape, kind=kind)
    array.reshape(-1).view(np.uint8)[:] = byte
    return array
