"""Stops on the strategy's own NAV, beside an account in plain Python, by every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from tests.support.account_agreement import (
    assert_is_the_account,
    assert_the_past_stays,
    assert_variants_are_accounts,
    point_of,
)
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw
from tests.support.traded_legs import legs_point, legs_study, write_legs


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("nav"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("legs"))


def random_study(seed: int) -> dict[str, Any]:
    """One of ``random_raw`` with stops on the NAV besides its own keys."""
    rng = np.random.default_rng(seed)
    raw = random_raw(rng)
    raw["execution"] |= {"nav_stop": float(rng.choice([0.0, 0.015, 0.03])), "drawdown_stop": 0.04}
    return raw


# Legs, mixes, weights that follow a formula and sleeves, at both prices, with lags of 1 to 3.
@pytest.mark.parametrize("seed", [2, 5, 18, 26, 37, 57, 58, 104])
def test_a_random_study_is_an_account_in_plain_python(prices: Path, seed: int) -> None:
    raw = random_study(seed)
    point = assert_is_the_account(raw, prices)
    free = raw | {"execution": raw["execution"] | {"nav_stop": 0.0, "drawdown_stop": 0.0}}
    assert point.held != point_of(free, prices).held


def test_every_variant_is_that_of_the_plain_account(prices: Path) -> None:
    raw = random_study(18)
    axes = {"at": ["close", "open"], "nav_stop": [0.0, 0.02], "drawdown_stop": [0.0, 0.03], "cost": [0.0, 0.002]}
    assert_variants_are_accounts(raw, axes, prices)


@pytest.mark.parametrize("seed", [5, 57])
def test_the_future_does_not_change_the_past(prices: Path, tmp_path: Path, seed: int) -> None:
    raw = random_study(seed)
    assert_the_past_stays(raw, prices, tmp_path)


def test_stops_that_are_never_reached_change_no_bit(folder: Path) -> None:
    free = legs_point(folder, {"cost": 0.001})
    bound = legs_point(folder, {"cost": 0.001, "nav_stop": 0.99, "drawdown_stop": 0.99, "cooling": 5})
    assert free.curve.equals(bound.curve)
    assert free.in_sample == bound.in_sample


FREE = {"a": {"carry": 0.0, "sale_cost": 0.0}, "b": {"cost": 0.0, "stamp_tax": None}}


@pytest.mark.parametrize(
    "execution", [{}, {"cooling": 4}, {"at": "open", "cooling": 9}, {"lag": 3, "min_hold": 5, "at": "open"}]
)
def test_without_costs_a_fall_of_the_nav_since_the_entry_is_that_of_the_price(
    folder: Path, execution: dict[str, Any]
) -> None:
    for share in (0.02, 0.05):
        by_price = legs_point(folder, execution | {"stop": share}, **FREE)
        by_nav = legs_point(folder, execution | {"nav_stop": share}, **FREE)
        assert by_price.held == by_nav.held
        assert by_price.curve.equals(by_nav.curve)
    # Costs and carry are of the NAV alone.
    costly = execution | {"cost": 0.02}
    assert legs_point(folder, costly | {"stop": 0.05}).held != legs_point(folder, costly | {"nav_stop": 0.05}).held


def test_without_a_signal_the_high_is_that_since_the_last_entry(folder: Path) -> None:
    """Always in one leg, the drawdown since each entry is that of its price: a trailing stop on closes."""
    always = {"rule": {"b": "otherwise"}, "signals": {}, **FREE}
    for share in (0.04, 0.1):
        by_nav = legs_point(folder, {"drawdown_stop": share, "cooling": 7, "lag": 2}, **always)
        by_price = legs_point(folder, {"trailing_stop": share, "cooling": 7, "lag": 2}, **always)
        assert "cash" in by_nav.held
        assert by_nav.held == by_price.held


NO_CASH = {"legs": {"a": "a", "b": "b"}, "rule": {"a": "leads and gains", "b": "otherwise"}}


@pytest.mark.parametrize(
    ("execution", "changes", "message"),
    [
        ({"nav_stop": 0.1, "stop_on": "low"}, {}, "stop_on is for a study with a stop.*write stop: or trailing_stop:"),
        ({"cooling": 5}, {}, "write stop: or trailing_stop: or nav_stop: or drawdown_stop:"),
        ({"drawdown_stop": 20}, {}, r"execution.drawdown_stop must be below 1; got 20.*it is a share, not %"),
        ({"nav_stop": 0.1}, NO_CASH, "a stop needs a leg of cash"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_error(execution: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        legs_study(execution, **changes)
