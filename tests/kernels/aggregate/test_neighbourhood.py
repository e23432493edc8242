"""The best neighbourhood of a grid, against every neighbourhood written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.aggregate.neighbourhood import best_neighbourhood
from tests.support.neighbourhoods import brute

ODD = [0.0, -0.0, 1.0, 1.0 + 1e-15, float("nan"), float("inf"), -1e-300]
NUMBERS = st.one_of(st.floats(-5, 5), st.sampled_from(ODD))


@st.composite
def grids(draw: Any) -> tuple[np.ndarray, tuple[int, ...], np.ndarray | None, float]:
    dims = tuple(draw(st.lists(st.integers(1, 6), max_size=3)))
    size = int(np.prod(dims))
    values = np.array(draw(st.lists(NUMBERS, min_size=size, max_size=size)))
    allowed = np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size))) if draw(st.booleans()) else None
    return values, dims, allowed, draw(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))


@settings(max_examples=50)
@given(case=grids())
def test_as_written_out(case: tuple[np.ndarray, tuple[int, ...], np.ndarray | None, float]) -> None:
    values, dims, allowed, quantile = case
    values.setflags(write=False)
    found = best_neighbourhood(values, dims, allowed, quantile)
    expected = brute(values, dims, allowed, quantile)
    assert found[0] == expected[0]
    assert found[1] == expected[1] or (np.isnan(found[1]) and np.isnan(expected[1]))


@pytest.mark.parametrize("kind", ["noise", "steps", "hill", "one"])
def test_large_grids(kind: str) -> None:
    """Where bounds are looked at in several rounds, equal ones among them."""
    dims = (12, 10, 9, 7)
    rng = np.random.default_rng(5)
    places = np.indices(dims).reshape(4, -1)
    values = {
        "noise": rng.normal(size=places.shape[1]),
        "steps": rng.integers(0, 3, places.shape[1]).astype(float),
        "hill": -((places - np.array([[5], [5], [4], [3]])) ** 2).sum(axis=0) + 0.0,
        "one": np.full(places.shape[1], 1e9),
    }[kind]
    assert best_neighbourhood(values, dims) == brute(values, dims, None, 0.25)
    allowed = rng.random(len(values)) < 0.05
    assert best_neighbourhood(values, dims, allowed) == brute(values, dims, allowed, 0.25)


def test_a_lucky_cell_does_not_win() -> None:
    values = np.zeros((9, 9))
    values[4:, 4:] = 1.0  # a plateau
    values[1, 1] = 100.0  # and a spike
    cell, reached = best_neighbourhood(values.ravel(), (9, 9))
    assert (divmod(cell, 9), reached) == ((4, 6), 1.0)


def test_nothing_to_choose() -> None:
    none = np.full(4, np.nan)
    for found in (best_neighbourhood(none, (2, 2)), best_neighbourhood(np.ones(4), (4,), np.zeros(4, dtype=np.bool_))):
        assert found[0] == -1
        assert np.isnan(found[1])
