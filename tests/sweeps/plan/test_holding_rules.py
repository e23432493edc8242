"""Minimum holding, stops and cooling-off, beside a plain loop over the days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridproof.kernels.errors import InputError
from gridproof.sweeps.plan.exits import StopPrices, exit_days
from gridproof.sweeps.study.execution_keys import CHOSEN
from tests.support.traded_legs import grid_totals, legs_point, legs_study, plain, write_legs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("holding"))


EXECUTIONS: list[dict[str, Any]] = [
    {"min_hold": 6},
    {"stop": 0.03},
    {"stop": 0.03, "stop_on": "low", "at": "open"},
    {"trailing_stop": 0.04, "cooling": 5, "lag": 2},
    {"trailing_stop": 0.04, "stop_on": "low", "cooling": 1, "at": "open", "lag": 3},
    {"stop": 0.05, "trailing_stop": 0.03, "min_hold": 12, "cooling": 8},
    {"stop": 0.02, "trailing_stop": 0.06, "min_hold": 9, "at": "open", "cost": 0.001},
]


NO_CASH = {"legs": {"a": "a", "b": "b"}, "rule": {"a": "leads and gains", "b": "otherwise"}}


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_variant_is_that_of_a_plain_loop(folder: Path, execution: dict[str, Any]) -> None:
    point = legs_point(folder, execution)
    held, navs = plain(execution)
    assert point.held == held
    assert point.held != plain({key: execution[key] for key in execution if key in ("lag", "at", "cost")})[0]
    np.testing.assert_allclose(point.curve["nav"], navs, rtol=1e-9)


def test_all_are_axes_of_the_grid(folder: Path) -> None:
    grid: dict[str, Any] = {"lag": [1, 2], "at": ["close", "open"], "min_hold": [1, 7], "stop": [0.0, 0.03],
                            "trailing_stop": [0.0, 0.05], "cooling": [0, 6], "stop_on": ["close", "low"]}  # fmt: skip
    study = legs_study(grid, base={name: values[0] for name, values in grid.items()})
    assert not any(name in study.environment for name in CHOSEN)
    for execution, total in grid_totals(study, folder):
        assert total == pytest.approx(plain(execution)[1][-1] - 1.0, rel=1e-9)


@settings(max_examples=60)
@given(data=st.data())
def test_exit_days_are_those_of_their_definition(data: st.DataObject) -> None:
    price = st.integers(80, 120).map(float)
    days = data.draw(st.integers(2, 20))
    close, entry, watched = (
        np.array(data.draw(st.lists(price, min_size=n, max_size=n))) for n in (days + 1, days, days)
    )
    stop, trailing = (data.draw(st.sampled_from([0.0, 0.05, 0.1, 0.3])) for _ in range(2))
    lag = data.draw(st.integers(1, 3))
    found = exit_days(StopPrices(close, entry, watched), stop, trailing, lag)
    for day in range(days):
        peak, left = entry[day], days
        for later in range(day, days):
            fell = stop > 0.0 and watched[later] <= entry[day] * (1.0 - stop) * (1.0 + 1e-12)
            fell |= trailing > 0.0 and watched[later] <= peak * (1.0 - trailing) * (1.0 + 1e-12)
            if fell:
                left = min(later + lag, days)
                break
            peak = max(peak, close[later + 1])
        assert found[day] == left


def test_rules_that_restrict_nothing_change_no_bit(folder: Path) -> None:
    free = legs_point(folder, {"cost": 0.001})
    bound = legs_point(folder, {"cost": 0.001, "min_hold": 1, "stop": 0.0, "trailing_stop": 0.999, "cooling": 5})
    assert free.curve.equals(bound.curve)
    assert free.in_sample == bound.in_sample


@pytest.mark.parametrize(
    ("execution", "changes", "message"),
    [
        ({"cooling": 5}, {}, "execution.cooling is for a study with a stop; got no stop"),
        ({"min_hold": 3, "stop_on": "low"}, {}, "execution.stop_on is for a study with a stop"),
        ({"stop": 0.1, "stop_on": "low"}, {"b": {"low": None}}, "a stop on the low needs the column low .* none of b"),
        ({"stop": 5}, {}, r"execution.stop must be below 1; got 5.*it is a share, not %"),
        ({"min_hold": 0}, {}, "execution.min_hold must be at least 1"),
        ({"stop": 0.1}, NO_CASH, "a stop needs a leg of cash"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_error(execution: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        legs_study(execution, **changes)
