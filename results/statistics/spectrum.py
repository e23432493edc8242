"""Cross-products and eigenvalues with the same bits for any number of threads and any BLAS library.

A matrix product of floats depends on how a BLAS library cuts it among threads. Here its operands are whole numbers so
small that every partial sum is exact, in whatever order it is added up. The reduction to a tridiagonal matrix adds up
in a fixed order; LAPACK's ``sterf``, which finds the eigenvalues of that, calls no BLAS.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from gridproof.kernels.arrays import Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.threads import run_ranges

# Reflections that are applied to the matrix together.
_DELAYED = 16


def cross_products(columns: Floats) -> Floats:
    """columns (T, n), finite, to columnsᵀ·columns (n, n), with an error below T·2⁻⁵⁰ of the largest squared norm.

    Each number is an upper part, a whole multiple of a unit, and a lower part, a whole multiple of a fraction of it. By
    Cauchy and Schwarz no partial sum of a product of two columns exceeds the product of their norms: the unit is such
    that this stays below 2⁵³. The product of two lower parts is below the error.
    """
    largest = float((columns**2).sum(axis=0).max(initial=0.0))
    if largest == 0.0:
        return np.zeros((columns.shape[1], columns.shape[1]))
    # Norms of at most 2²⁵ units; lower parts, of at most half a unit a day, of at most 2²⁷ of their own.
    unit = math.ldexp(1.0, math.ceil(math.log2(largest) / 2.0) - 25)
    fraction = math.ldexp(1.0, 28 - math.ceil(math.log2(max(2, len(columns))) / 2.0))
    scaled = columns / unit
    upper = np.rint(scaled)
    lower = np.rint((scaled - upper) * fraction)
    mixed = upper.T @ lower
    products: Floats = (upper.T @ upper + (mixed + mixed.T) / fraction) * unit**2  # exact sums, then rounded
    return products


def symmetric_eigenvalues(matrix: Floats) -> Floats:
    """The eigenvalues of a symmetric (n, n) matrix, ascending. O(n³); the matrix is copied once."""
    if len(matrix) == 1:
        return np.array([matrix[0, 0]], dtype=np.float64)
    diagonal, beside = _tridiagonalise(np.array(matrix, dtype=np.float64, order="C"))
    values: Floats = eigvalsh_tridiagonal(diagonal, beside, check_finite=False, lapack_driver="sterf")
    return values


def _tridiagonalise(matrix: Floats) -> tuple[Floats, Floats]:
    """Householder's reduction of a symmetric matrix (n, n), overwritten: its diagonal and the one beside it.

    Step k reflects row k into its first two entries: A ← A − v·wᵀ − w·vᵀ, w = β·A·v − β²/2·(vᵀ·A·v)·v. Some steps are
    held back and applied together; until then a product with A takes them into account. ``einsum`` calls no BLAS.
    """
    size = len(matrix)
    negligible = (1e-20 * float(np.abs(matrix).max())) ** 2
    diagonal, beside = np.empty(size), np.zeros(size - 1)
    vectors, others = np.zeros((_DELAYED, size)), np.zeros((_DELAYED, size))
    count = 0
    for k in range(size):
        v, w = vectors[:count, k:], others[:count, k:]
        row = matrix[k, k:] - np.einsum("p,pj->j", v[:, 0], w) - np.einsum("p,pj->j", w[:, 0], v)
        diagonal[k], row = row[0], row[1:]
        if k == size - 1:
            break
        head = float(row[0])
        beside[k] = head
        square = float((row[1:] ** 2).sum())
        if square <= negligible:
            continue
        norm = math.sqrt(square + head * head)
        beside[k] = -math.copysign(norm, head)
        row[0] = head - beside[k]
        scale = 1.0 / (norm * (norm + abs(head)))
        v, w = v[:, 1:], w[:, 1:]
        product = np.einsum("ij,j->i", matrix[k + 1 :, k + 1 :], row)
        product -= np.einsum("pj,p->j", v, np.einsum("pj,j->p", w, row))
        product -= np.einsum("pj,p->j", w, np.einsum("pj,j->p", v, row))
        vectors[count, k + 1 :] = row
        others[count, k + 1 :] = scale * product - 0.5 * scale * scale * float((product * row).sum()) * row
        count += 1
        if count == _DELAYED:
            run_ranges(_reflect, size - k - 1, k + 1, matrix, vectors, others, least=64)
            count = 0
    return diagonal, beside


@jit(nogil=True)
def _reflect(low: int, high: int, first: int, matrix: Floats, vectors: Floats, others: Floats) -> None:
    """Takes Σ v·wᵀ + w·vᵀ of vectors and others (P, n) off the matrix from row and column ``first`` on.

    low, high: the range of these rows, counted from ``first``.
    """
    size = len(matrix)
    for row in range(first + low, first + high):
        for p in range(len(vectors)):
            v, w = vectors[p, row], others[p, row]
            for column in range(np.uint64(first), np.uint64(size)):
                matrix[row, column] -= v * others[p, column] + w * vectors[p, column]
