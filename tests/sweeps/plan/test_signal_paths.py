"""The days before the first that is needed decide as much as all of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels import reference
from gridproof.sweeps.plan.signal_paths import decisive_days


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), days=st.integers(1, 80))
def test_decisive_days_give_the_states_of_all_days(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(-4, 5, days).astype(float)
    values[rng.random(days) < 0.2] = rng.choice([np.nan, -np.inf])
    on, off = (rng.integers(-4, 5, 20).astype(float) for _ in range(2))
    start = int(rng.integers(0, days))
    kept, at = decisive_days(values, start)
    assert len(kept) - at == days - start
    expected = reference.latch_paths(values, on, off, start)
    np.testing.assert_array_equal(reference.latch_paths(kept, on, off, at), expected)
