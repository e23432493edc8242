"""Numbers of a vendor's export in other units."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gridproof.signals.data.vendor.vendor_table import scaled


@given(st.floats(-1e290, 1e290), st.integers(-8, 8))
def test_a_number_of_any_size_becomes_the_nearest_of_the_decimal_product(value: float, power: int) -> None:
    assert scaled(np.array([value, np.nan]), power)[0] == float(Fraction(repr(value)) * Fraction(10) ** power)


def test_a_missing_number_stays_missing() -> None:
    assert np.isnan(scaled(np.array([np.nan]), -2)[0])
