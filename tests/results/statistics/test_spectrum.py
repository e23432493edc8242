"""Cross-products and eigenvalues: against exact integers, against LAPACK, and with an order of days that is turned."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.arrays import Floats
from gridproof.results.statistics.spectrum import cross_products, symmetric_eigenvalues


def correlated(days: int, columns: int, seed: int = 0) -> Floats:
    generator = np.random.default_rng(seed)
    found: Floats = 0.01 * (generator.normal(size=(days, 1)) + 0.3 * generator.normal(size=(days, columns)))
    return found


def test_cross_products_against_exact_fractions() -> None:
    columns = correlated(300, 3)
    exact = [
        [float(sum(Fraction(x) * Fraction(y) for x, y in zip(one, other, strict=True))) for other in columns.T.tolist()]
        for one in columns.T.tolist()
    ]
    found = cross_products(columns)
    assert np.abs(found - exact).max() <= 300 * 2.0**-50 * np.abs(exact).max()


@settings(max_examples=25)
@given(st.integers(2, 400), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_order_of_days_changes_no_bit(days: int, columns: int, seed: int) -> None:
    """Every partial sum is exact: so the bits depend on no order of addition, and on no number of threads."""
    generator = np.random.default_rng(seed)
    values = generator.standard_t(2, size=(days, columns))
    found = cross_products(values)
    assert np.array_equal(found, found.T)
    assert np.array_equal(found, cross_products(values[generator.permutation(days)]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 129, 300])
def test_eigenvalues_are_those_of_lapack(size: int) -> None:
    generator = np.random.default_rng(size)
    matrix = generator.normal(size=(size, size))
    matrix += matrix.T
    before = matrix.copy()
    found = symmetric_eigenvalues(matrix)
    expected = np.linalg.eigvalsh(matrix)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * max(1, size) * np.abs(expected).max())
    assert np.array_equal(matrix, before)


def test_eigenvalues_of_matrices_of_low_rank() -> None:
    """Reflections of rows that are zero, or rounding."""
    np.testing.assert_allclose(symmetric_eigenvalues(np.ones((40, 40))), [0.0] * 39 + [40.0], atol=1e-12)
    np.testing.assert_allclose(symmetric_eigenvalues(np.eye(40)), np.ones(40), atol=1e-15)
    np.testing.assert_allclose(symmetric_eigenvalues(np.zeros((5, 5))), np.zeros(5), atol=0)
    columns = correlated(30, 90)
    found = symmetric_eigenvalues(cross_products(columns))
    np.testing.assert_allclose(found, np.linalg.eigvalsh(columns.T @ columns), atol=1e-14)
