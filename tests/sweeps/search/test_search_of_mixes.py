"""A search of mixes, a formula in steps, decision days, opens, minimum holding, stops and cooling-off together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridproof as gp
from gridproof.kernels.metrics import METRICS
from tests.support.plain_account import write_frames
from tests.support.plain_study import random_raw, run


@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_what_a_search_finds_is_the_plain_account_and_its_verdict_is_whole(tmp_path: Path) -> None:
    """The grid around what is found has fewer weights than the study, so its allocations have other numbers."""
    raw = random_raw(np.random.default_rng(37))
    every: dict[str, Any] = {"decide": ["daily", "weekly"], "min_hold": [1, 4], "stop": [0.0, 0.03], "at": "open"}
    raw["execution"] |= every | {"trailing_stop": 0.0, "cooling": 7, "stop_on": "close", "lag": 1}
    for key in ("rule", "sleeves"):
        raw.pop(key, None)
    weights = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    raw["mixes"] = {"even": {"a": weights, "b": "rest", "rebalance": ["weekly", "monthly"]}, "lever": {"a": 1.4}}
    raw["rule"] = {"even": "up and calm", "lever": "lead", "cash": "otherwise"}
    base = {"even.a": 0.5, "even.rebalance": "weekly", "decide": "daily", "min_hold": 1, "stop": 0.0}
    study = gp.load_study(raw | {"base": base})
    found = gp.search(study, trials=12, data=write_frames(tmp_path), out=tmp_path / "runs")
    assert found.statistics is not None
    best = found.summary["best"]
    chosen = best["parameters"]
    own = {key: chosen[f"execution.{key}"] for key in ("decide", "min_hold", "stop")}
    mix = {"a": chosen["even.a"], "b": round(1.0 - chosen["even.a"], 12), "rebalance": chosen["even.rebalance"]}
    plain = run(raw | {"execution": raw["execution"] | own, "mixes": {"even": mix, "lever": {"a": 1.4}}}).metrics
    assert {name: best["in_sample"][name] for name in METRICS} == pytest.approx(plain, rel=1e-9, abs=1e-9)
