"""Rankings of the backends, and the radix sort under them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from gridproof.kernels.errors import InputError
from gridproof.kernels.panel.backend import PanelBackend, resolve_panel
from tests.support.panels import random_panel

SPECIAL = [-np.inf, np.inf, 0.0, -0.0, 5e-324, -5e-324, 1.0, np.nextafter(1.0, 2.0), -1.5, 1e300, -1e300, np.nan]


@settings(max_examples=30)
@given(st.lists(st.sampled_from(SPECIAL) | st.floats(), min_size=1, max_size=60))
def test_any_numbers_are_ranked_alike(compiled: PanelBackend, numbers: list[float]) -> None:
    key = np.array([numbers, numbers[::-1]], dtype=np.float64)
    expected, actual = resolve_panel("reference").rank_days(key), compiled.rank_days(key)
    np.testing.assert_array_equal(actual.order, expected.order)
    np.testing.assert_array_equal(actual.eligible, expected.eligible)


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.normal(size=700),
        lambda rng: 1.0 + rng.permutation(700) * 2.0**-52,
        lambda rng: np.append(-1e300, 1.0 + rng.permutation(700) * 2.0**-52),  # equal in the 33 highest bits
        lambda rng: rng.integers(0, 9, 700) * 1.0,
    ],
)
def test_long_rows(compiled: PanelBackend, make: object) -> None:
    key = np.array([make(np.random.default_rng(seed)) for seed in range(3)])  # type: ignore[operator]
    expected, actual = resolve_panel("reference").rank_days(key), compiled.rank_days(key)
    np.testing.assert_array_equal(actual.order, expected.order)


def test_ascending_ties_by_column_unknown_left_out(backend: PanelBackend) -> None:
    ranking = backend.rank_days(np.array([[3.0, np.nan, 0.0, -0.0, -1.0], [np.nan] * 5]))
    assert ranking.order.tolist() == [[4, 2, 3, 0, -1], [-1] * 5]
    assert ranking.eligible.tolist() == [4, 0]


@pytest.mark.parametrize("ties", [True, False])
def test_average_ranks_are_those_of_scipy(backend: PanelBackend, ties: bool) -> None:
    _, key, _, _, _ = random_panel(5, days=20, stocks=40, ties=ties)
    expected = rankdata(key, axis=1, nan_policy="omit")
    np.testing.assert_array_equal(backend.average_ranks(key), expected)


def test_a_day_does_not_depend_on_others(backend: PanelBackend) -> None:
    _, key, _, _, _ = random_panel(3)
    whole = backend.rank_days(key)
    np.testing.assert_array_equal(backend.rank_days(key[7:9]).order, whole.order[7:9])


def test_wrong_arrays_are_one_clear_error(backend: PanelBackend) -> None:
    with pytest.raises(InputError, match=r"^key: the shape must be that of the panel; got \(3,\)"):
        backend.rank_days(np.zeros(3))
    with pytest.raises(InputError, match=r"^key: the elements must be float64; got int64"):
        backend.rank_days(np.zeros((2, 3), dtype=np.int64))  # type: ignore[arg-type]


def test_an_unknown_backend_is_an_error() -> None:
    with pytest.raises(InputError, match=r"backend: .*; got cudf. Use one of cpu, cuda, reference"):
        resolve_panel("cudf")
