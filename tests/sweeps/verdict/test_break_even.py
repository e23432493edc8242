"""The break-even cost of a rule over mixes, by evaluating the study under that cost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.verdict.break_even import break_even_costs, holdings_of
from gridproof.sweeps.verdict.daily_variant import variants_by_day
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw


@pytest.mark.parametrize("every", ["daily", "monthly"])
def test_under_its_break_even_cost_a_rule_over_mixes_earns_what_the_holding_earns(tmp_path: Path, every: str) -> None:
    """Rebalancing pays that cost too."""
    raw = random_raw(np.random.default_rng(18))
    raw["legs"] = {"a": "a", "b": "b", "cash": {"interest": 0.0}}
    raw["mixes"] = {"half": {"a": 0.5, "b": 0.5, "rebalance": every}}
    raw |= {"signals": {"up": raw["signals"]["up"]}, "rule": {"half": "up", "cash": "otherwise"}, "risk_free": 0.0}
    raw["execution"] = {"cost": 0.002}
    study = gp.load_study(raw)
    market = gp.load_market(study, write_frames(tmp_path))
    (variant,) = variants_by_day(build_plan(study, market, resolve("reference")))
    holdings = holdings_of(variant)
    found = {row["against"]: row["total_return"] for row in break_even_costs(variant)}
    inside = {name: cost for name, cost in found.items() if cost and cost < 0.4 and name != "hold half"}
    assert inside
    for name, cost in inside.items():
        (again,) = variants_by_day(build_plan(study.set({"cost": cost}), market, resolve("reference")))
        grown = np.log1p(again.returns).sum()
        assert grown == pytest.approx(np.log1p(holdings[name]).sum(), abs=1e-9)
