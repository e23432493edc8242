"""Whole studies in which stops, minimum holding, decision days, opens, costs of size, mixes and sleeves meet, beside an
account in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.cuda.evaluate import CudaScan
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Jobs
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.study.study import load_study
from tests.support.account_agreement import CLOSE, assert_is_the_account, assert_the_past_stays, point_of
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw, run
from tests.support.shim.device import ShimDevice


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_frames(tmp_path_factory.mktemp("combined"))


# Mixes, weights that follow a formula, sleeves and single legs, at both prices, with and without hold.
@pytest.mark.parametrize("seed", [5, 18, 26, 37, 57, 58, 104])
def test_a_random_study_is_an_account_in_plain_python(prices: Path, seed: int) -> None:
    raw = random_raw(np.random.default_rng(seed))
    assert_is_the_account(raw, prices)


def test_every_backend_gives_every_variant_of_the_plain_account(prices: Path, shim: ShimDevice) -> None:
    raw = random_raw(np.random.default_rng(18))
    axes = {"at": ["close", "open"], "stop": [0.0, 0.03], "min_hold": [1, 6]}
    base = {f"execution.{name}": values[0] for name, values in axes.items()}
    study = load_study(raw | {"execution": raw["execution"] | axes, "base": base})
    market = gp.load_market(study, prices)
    for backend in ("reference", "cpu"):
        plan = build_plan(study, market, resolve(backend))
        piece = whole_grid(plan).piece(0)
        metrics = resolve(backend).bind(plan.problem)(piece.work)[piece.job_of]
        if backend == "cpu":
            assert isinstance(piece.work, Jobs)
            on_shim = CudaScan(shim, plan.problem)(piece.work)[piece.job_of]
            np.testing.assert_allclose(on_shim[:, 0], metrics[:, 0], rtol=CLOSE, atol=CLOSE)
        for at, variant in enumerate(piece.variants):
            chosen = study.space.parameters(int(variant))
            execution = raw["execution"] | {name: chosen[f"execution.{name}"] for name in axes}
            expected = run(raw | {"execution": execution}).metrics
            found = dict(zip(METRICS, metrics[at, 0].tolist(), strict=False))
            assert found == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def test_every_share_and_rebalancing_of_sleeves_is_the_study_with_that_one(prices: Path) -> None:
    """Two sleeves whose shares are axes, one with hold: each variant beside a plain account with its shares."""
    raw = random_raw(np.random.default_rng(26))
    raw.pop("rule", None)
    raw["mixes"] = {"even": {"a": 0.3, "b": 0.2, "c": "rest"}}
    axes: dict[str, list[Any]] = {"first": [0.2, 0.5], "second": [0.1, 0.4]}
    rules = {"first": {"a": "up", "hold": "otherwise"}, "second": {"b": "lead", "even": "calm", "cash": "otherwise"}}

    def with_shares(**shares: Any) -> dict[str, Any]:
        return {name: {"share": shares[name], "rule": rule} for name, rule in rules.items()}

    execution = raw["execution"] | {"rebalance": ["daily", "monthly"]}
    base = {"first.share": 0.2, "second.share": 0.4, "execution.rebalance": "monthly"}
    study = load_study(raw | {"sleeves": with_shares(**axes), "execution": execution, "base": base})
    assert study.space.size == 8
    assert {"first.share", "execution.rebalance"} & set(study.environment) == set()
    assert study.rule_lines()[0] == "first (0.2) a: up"
    plan = build_plan(study, gp.load_market(study, prices), resolve("cpu"))
    piece = whole_grid(plan).piece(0)
    metrics = resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of]
    for at, variant in enumerate(piece.variants):
        chosen = study.space.parameters(int(variant))
        own = with_shares(first=chosen["first.share"], second=chosen["second.share"])
        one = raw | {"sleeves": own, "execution": execution | {"rebalance": chosen["execution.rebalance"]}}
        expected = run(one).metrics
        found = dict(zip(METRICS, metrics[at, 0].tolist(), strict=False))
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=CLOSE, abs=CLOSE)
    for change, found in (({"first": [0.2, 0.8]}, "1.2"), ({"first": {"from": 0.1, "to": 0.2, "step": 0.1,
                          "search": "continuous"}}, "first.share")):  # fmt: skip
        with pytest.raises(InputError, match=found):
            load_study(raw | {"sleeves": with_shares(**axes | change), "base": base | {"first.share": 0.2}})


def test_a_mix_of_one_is_the_leg_with_stops_too(prices: Path) -> None:
    raw = random_raw(np.random.default_rng(1))
    for key in ("rule", "mixes", "sleeves"):
        raw.pop(key, None)
    raw["signals"] = {"up": raw["signals"]["up"]}
    raw["legs"]["a"].pop("borrow_fee", None)
    raw["legs"]["cash"].pop("financing", None)
    raw["execution"] |= {"stop": 0.03, "trailing_stop": 0.04, "stop_on": "low", "cooling": 3, "at": "open"}
    leg = point_of(raw | {"rule": {"a": "up", "cash": "otherwise"}}, prices)
    mix = point_of(raw | {"mixes": {"one": {"a": 1.0}}, "rule": {"one": "up", "cash": "otherwise"}}, prices)
    pd.testing.assert_frame_equal(leg.curve, mix.curve)
    assert {name: leg.in_sample[name] for name in METRICS} == {name: mix.in_sample[name] for name in METRICS}


@pytest.mark.parametrize("seed", [26, 57])
def test_the_future_does_not_change_the_past(prices: Path, tmp_path: Path, seed: int) -> None:
    raw = random_raw(np.random.default_rng(seed))
    assert_the_past_stays(raw, prices, tmp_path)


def test_a_mix_without_value_at_the_open_or_after_rebalancing_is_an_error(tmp_path: Path) -> None:
    write_frames(tmp_path)
    frame = pd.read_csv(tmp_path / "a.csv")
    frame.loc[200, "open"] = 0.5 * frame.loc[199, "close"]
    frame.to_csv(tmp_path / "a.csv", index=False)
    raw = random_raw(np.random.default_rng(18))
    raw |= {"mixes": {"lever": {"a": 3.0}}, "rule": {"lever": "up", "cash": "otherwise"}}
    raw["execution"] = {"lag": 1, "cost": 0.001, "at": "open"}
    raw["legs"]["c"], raw["signals"] = {"series": "c", "open": "open"}, {"up": raw["signals"]["up"]}
    with pytest.raises(InputError, match=rf"lever loses 150% from the close before to the open of {frame.date[200]}"):
        point_of(raw, tmp_path)
    raw["execution"] = {"lag": 1, "cost": 0.001, "capital": 4, "min_commission": 5}
    with pytest.raises(InputError, match="rebalancing a mix must cost less than its whole value; got lever pays 125%"):
        point_of(raw, tmp_path)
