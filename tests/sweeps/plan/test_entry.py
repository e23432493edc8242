"""Mixes and sleeves whose weights are set when the position is entered, beside an account in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.study.held import drifts
from gridproof.sweeps.study.study import load_study
from tests.support.account_agreement import CLOSE, assert_is_the_account, assert_the_past_stays, point_of
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("entry"))


def entering(seed: int, nav: bool = False) -> dict[str, Any]:
    """One of ``random_raw`` in which all mixes but one of every three, or the sleeves, drift from the day of entry."""
    rng = np.random.default_rng(seed)
    raw = random_raw(rng)
    raw["legs"]["c"] |= {"impact": 0.0}
    raw["execution"]["min_commission"] = 0.0
    for number, mix in enumerate(raw.get("mixes", {}).values()):
        if "sleeves" not in raw and (seed + number) % 3:
            mix["rebalance"] = "entry"
    if "sleeves" in raw:
        raw["execution"]["rebalance"] = "entry"
    if nav:
        raw["execution"] |= {"nav_stop": float(rng.choice([0.0, 0.015, 0.03])), "drawdown_stop": 0.04}
    return raw


# Mixes, weights that follow a formula and sleeves, at both prices, with and without hold, stops and minimum holding.
@pytest.mark.parametrize(("seed", "nav"), [(seed, seed % 2 == 0) for seed in (2, 3, 5, 18, 26, 37, 57, 58, 104, 110)])
def test_a_random_study_is_an_account_in_plain_python(prices: Path, seed: int, nav: bool) -> None:
    raw = entering(seed, nav)
    assert_is_the_account(raw, prices)
    if "rule" in raw and "mixes" not in raw:
        return
    study = load_study(raw)
    assert build_plan(study, gp.load_market(study, prices), resolve("reference")).problem.drift is not None


def simple(**mix: Any) -> dict[str, Any]:
    """One mix of legs without costs of size."""
    raw = entering(18)
    raw["legs"]["c"] = {"series": "c", "open": "open"}
    raw["signals"] = {"up": raw["signals"]["up"]}
    raw["execution"] = {"lag": 1, "cost": 0.001}
    return raw | {"mixes": {"mix": mix}, "rule": {"mix": "up", "cash": "otherwise"}}


@pytest.mark.parametrize("at", ["close", "open"])
def test_one_position_throughout_is_a_mix_that_is_never_set_back(prices: Path, at: str) -> None:
    for weights in ({"a": 0.5, "b": 0.2}, {"a": 1.3, "b": -0.4}):
        found = []
        for every in ("entry", "never"):
            raw = simple(**weights, rebalance=every)
            raw["execution"]["at"] = at
            del raw["signals"]
            found.append(point_of(raw | {"rule": {"mix": "otherwise"}}, prices).curve)
        np.testing.assert_allclose(*(one.to_numpy() for one in found), rtol=0, atol=1e-12)


@pytest.mark.parametrize("at", ["close", "open"])
def test_a_mix_of_one_leg_is_that_leg(prices: Path, at: str) -> None:
    raw = simple(a=1.0, rebalance="entry")
    raw["execution"]["at"] = at
    assert not drifts(load_study(raw))
    mix, daily = point_of(raw, prices), point_of(raw | {"mixes": {"mix": {"a": 1.0}}}, prices)
    pd.testing.assert_frame_equal(mix.curve, daily.curve)


def test_every_variant_of_a_grid_is_its_point(prices: Path) -> None:
    """By the cpu backend: axes of weights, rebalancing and prices, graded steps and a stop on the NAV."""
    raw = entering(26)
    raw["mixes"]["aimed"] |= {"rebalance": ["entry", "weekly"], "step": [0.1, 0.25]}
    raw["execution"] |= {"at": ["close", "open"], "nav_stop": [0.0, 0.03], "stop": 0.05, "trailing_stop": 0.0}
    raw["base"] = {"aimed.rebalance": "entry", "aimed.step": 0.25, "execution.at": "open", "execution.nav_stop": 0.0}
    study = load_study(raw)
    market = gp.load_market(study, prices)
    assert drifts(study)
    assert "aimed.rebalance" not in study.environment
    plan = build_plan(study, market, resolve("cpu"))
    piece = whole_grid(plan).piece(0)
    metrics = resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of]
    for at, variant in enumerate(piece.variants):
        point = evaluate_point(study, market, study.space.parameters(int(variant)))
        found = dict(zip(METRICS, metrics[at, 0].tolist(), strict=False))
        assert {name: point.in_sample[name] for name in METRICS} == pytest.approx(found, rel=CLOSE, abs=CLOSE)


def test_the_future_does_not_change_the_past(prices: Path, tmp_path: Path) -> None:
    raw = entering(58, nav=True)
    assert_the_past_stays(raw, prices, tmp_path)


def test_what_cannot_drift_is_refused(prices: Path) -> None:
    raw = simple(a=0.5, rebalance="entry")
    raw["execution"] |= {"capital": 1e4, "min_commission": 5.0}
    with pytest.raises(InputError, match=r"costs of size are for mixes whose weights do not drift.*rebalance: monthly"):
        point_of(raw, prices)
    raw = simple(a=3.0, b=-1.0, rebalance="entry")
    match = r"must not lose all its value; got mix, entered for 2019-\d\d-\d\d, has lost it by 20\d\d-\d\d-\d\d"
    raw["legs"]["cash"]["financing"] = 0.99
    with pytest.raises(InputError, match=match):
        point_of(raw, prices)
    assert point_of(simple(a=3.0, b=-1.0, rebalance="daily"), prices).held
    raw = simple(a=1.2, rebalance="entry")
    raw["execution"]["cost"] = 0.4
    with pytest.raises(InputError, match=r"must cost less than its whole value; got up to \d+% of mix"):
        point_of(raw, prices)
