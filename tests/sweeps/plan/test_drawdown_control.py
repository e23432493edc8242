"""The part that is held by the drawdown of the strategy's own NAV, beside an account in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridproof.kernels.errors import InputError
from tests.support.account_agreement import (
    CLOSE,
    assert_is_the_account,
    assert_the_past_stays,
    assert_variants_are_accounts,
)
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw
from tests.support.traded_legs import legs_point, legs_study, write_legs


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("controlled"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_legs(tmp_path_factory.mktemp("legs"))


def random_study(seed: int, entry: bool = False) -> dict[str, Any]:
    """One of ``random_raw`` that controls its drawdown, with or without stops on its NAV. entry: whether weights are
    set when a position, or another part of it, is entered."""
    rng = np.random.default_rng(seed)
    raw = random_raw(rng)
    steps = int(rng.choice([1, 2, 4]))
    raw["execution"] |= {"drawdown_control": float(rng.choice([0.05, 0.1])), "control_steps": steps}
    raw["execution"] |= {"nav_stop": float(rng.choice([0.0, 0.03])), "drawdown_stop": float(rng.choice([0.0, 0.04]))}
    if "sleeves" not in raw:
        raw["execution"]["rebalance"] = str(rng.choice(["daily", "weekly", "monthly", "never"]))
    if entry:
        raw["execution"] |= {"rebalance": "entry", "min_commission": 0.0, "capital": 1e7}
        raw["legs"]["c"]["impact"] = 0.0
        for mix in raw.get("mixes", {}).values() if "sleeves" not in raw else ():
            mix["rebalance"] = "entry"
    return raw


# Legs, mixes, weights that follow a formula and sleeves, at both prices, with lags of 1 to 3.
@pytest.mark.parametrize(
    ("seed", "entry"),
    [*((seed, False) for seed in (1, 4, 15, 16, 19, 21, 24, 26)), *((seed, True) for seed in (1, 16, 24, 41, 45))],
)
def test_a_random_study_is_an_account_in_plain_python(prices: Path, seed: int, entry: bool) -> None:
    raw = random_study(seed, entry)
    point = assert_is_the_account(raw, prices)
    assert any("×" in name for name in point.held)


@pytest.mark.parametrize(("seed", "entry"), [(16, False), (26, False), (24, True)])
def test_every_variant_is_that_of_the_plain_account(prices: Path, seed: int, entry: bool) -> None:
    raw = random_study(seed, entry)
    axes = {
        "at": ["close", "open"], "drawdown_stop": [0.0, 0.03], "drawdown_control": [0.0, 0.06], "control_steps": [1, 3]
    }  # fmt: skip
    assert_variants_are_accounts(raw, axes, prices)


@pytest.mark.parametrize("seed", [15, 24])
def test_the_future_does_not_change_the_past(prices: Path, tmp_path: Path, seed: int) -> None:
    raw = random_study(seed)
    assert_the_past_stays(raw, prices, tmp_path)


def test_a_limit_that_is_never_reached_changes_no_bit(folder: Path) -> None:
    for stops in ({}, {"drawdown_stop": 0.08, "cooling": 5, "at": "open"}):
        free = legs_point(folder, {"cost": 0.001} | stops)
        bound = legs_point(folder, {"cost": 0.001, "drawdown_control": 0.99, "control_steps": 1} | stops)
        assert free.curve.equals(bound.curve)
        assert free.in_sample == bound.in_sample


def test_in_one_step_and_without_interest_it_is_a_drawdown_stop_for_ever(folder: Path) -> None:
    """Always in one leg: all of it until the limit, and cash from then on."""
    always = {"rule": {"b": "otherwise"}, "signals": {}, "legs": {"a": "a", "b": "b", "cash": {"interest": 0.0}}}
    for execution in ({"lag": 1}, {"lag": 3, "cost": 0.002}):
        by_part = legs_point(folder, execution | {"drawdown_control": 0.1, "control_steps": 1}, **always)
        by_stop = legs_point(folder, execution | {"drawdown_stop": 0.1}, **always)
        assert "cash" in by_part.held
        assert by_part.held == by_stop.held
        assert by_part.curve.equals(by_stop.curve)


def test_the_part_by_hand(folder: Path) -> None:
    """In one leg: it is changed by the drawdown of the close before, one whole step of the limit at a time."""
    always = {"rule": {"b": "otherwise"}, "signals": {}}
    point = legs_point(folder, {"drawdown_control": 0.2, "control_steps": 4}, **always)
    drawdown = point.curve["drawdown"].to_numpy()
    names = {4: "b", 3: "b × 0.75", 2: "b × 0.5", 1: "b × 0.25", 0: "cash"}
    part, held = 4, []
    for day in range(len(drawdown)):
        held.append(names[part])
        while drawdown[day] <= -0.05 * (5 - part) + 1e-12:
            part -= 1
        while part < 4 and drawdown[day] >= -0.05 * (3 - part) - 1e-12:
            part += 1
    assert point.held == held
    assert point.position == ["b"] * len(held) == point.wanted
    assert len(set(held)) > 2
    shares = {name: part / 4 for part, name in names.items()}
    np.testing.assert_allclose(point.curve["weight.b"], [shares[name] for name in held], atol=CLOSE)


NO_CASH = {"legs": {"a": "a", "b": "b"}, "rule": {"a": "leads and gains", "b": "otherwise"}}


@pytest.mark.parametrize(
    ("execution", "changes", "message"),
    [
        ({"control_steps": 4}, {}, "control_steps are those of drawdown_control; got no drawdown_control"),
        ({"drawdown_control": 20}, {}, r"execution.drawdown_control must be below 1; got 20.*it is a share, not %"),
        ({"drawdown_control": 0.2, "control_steps": 0}, {}, "execution.control_steps must be at least 1"),
        ({"drawdown_control": 0.1, "control_steps": {"from": 2, "to": 10, "step": 4, "search": "integer"}}, {},
         "a search chooses the number of steps from the values of its axis; .* Remove search:"),
        ({"drawdown_control": 0.1}, NO_CASH, "drawdown_control needs a leg of cash for the rest"),
        ({"rebalance": "weekly"}, {}, "execution.rebalance is for a study with sleeves or drawdown_control"),
        ({"drawdown_control": 0.1, "control_steps": [90, 100]}, {},
         "a study has at most 255 allocations, with the parts that drawdown_control holds; got 3 allocations in 100"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error(execution: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        legs_study(execution, **changes)
