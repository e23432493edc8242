"""Brent's method: the roots of SciPy to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.roots import find_root

FUNCTIONS: list[tuple[Callable[[float], float], float, float]] = [
    (lambda x: x**3 - 2.0, 0.0, 5.0),
    (lambda x: math.exp(x) - 10.0, -3.0, 9.0),
    (lambda x: math.cos(x) - x, 0.0, 1.0),
    (lambda x: (x - 0.3) * (1.0 + x * x), -1.0, 4.0),
    (lambda x: math.tanh(50.0 * (x - 0.123)), -7.0, 2.0),
    (lambda x: x - 1.0, 1.0, 4.0),
    (lambda x: 4.0 - x, 1.0, 4.0),
    (lambda x: 1.0 if x > 0.37 else -1.0, 0.0, 1.0),
]


@pytest.mark.parametrize("place", range(len(FUNCTIONS)))
@pytest.mark.parametrize("tolerance", [1e-14, 1e-13, 1e-4])
def test_roots_of_scipy(place: int, tolerance: float) -> None:
    function, low, high = FUNCTIONS[place]
    assert find_root(function, low, high, tolerance) == brentq(function, low, high, xtol=tolerance)


def test_random_polynomials() -> None:
    rng = np.random.default_rng(0)
    tried = 0
    for _ in range(200):
        cubic = np.polynomial.Polynomial(rng.normal(size=4))
        low, high = np.sort(rng.normal(0.0, 3.0, 2)).tolist()
        if (cubic(low) < 0.0) != (cubic(high) < 0.0):
            tried += 1
            assert find_root(cubic, low, high, 1e-13) == brentq(cubic, low, high, xtol=1e-13)
    assert tried > 50


def test_equal_signs_are_refused() -> None:
    with pytest.raises(InputError, match="different signs"):
        find_root(lambda x: x * x + 1.0, 0.0, 1.0, 1e-9)
