"""Selections in mixes and sleeves, with stops, minimum holding, decision days and opens, beside a plain account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.cuda.evaluate import CudaScan
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import evaluate_point
from gridproof.sweeps.study.study import load_study
from tests.support.plain_account import LEGS
from tests.support.plain_selection import expected, raw_of, write_market
from tests.support.shim.device import ShimDevice


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_market(tmp_path_factory.mktemp("selected"))


# Legs, mixes, weights that follow a formula and sleeves; stops that act; both prices.
@pytest.mark.parametrize("seed", [1, 4, 5, 9, 10, 18, 21, 23, 28, 33, 36])
def test_a_random_study_is_an_account_in_plain_python(market: Path, seed: int) -> None:
    raw = raw_of(seed)
    study = load_study(raw)
    point, plain = evaluate_point(study, gp.load_market(study, market)), expected(raw)
    weights = point.curve[[f"weight.{leg}" for leg in LEGS]].to_numpy()
    np.testing.assert_allclose(weights, plain.weights, rtol=0, atol=1e-9)
    np.testing.assert_allclose(point.curve["return"], plain.returns, rtol=0, atol=1e-9)
    np.testing.assert_allclose(point.curve["cost"], plain.costs, rtol=0, atol=1e-9)
    assert {name: point.in_sample[name] for name in METRICS} == pytest.approx(plain.metrics, rel=1e-9, abs=1e-9)


def test_every_backend_gives_every_variant_of_the_plain_account(market: Path, shim: ShimDevice) -> None:
    raw = raw_of(18)
    axes = {"at": ["close", "open"], "stop": [0.0, 0.03], "min_hold": [1, 6]}
    selecting = raw["legs"]["b"]["select"] | {"count": [2, 4], "every": [1, 4]}
    legs = raw["legs"] | {"b": raw["legs"]["b"] | {"select": selecting}}
    swept = raw | {"execution": raw["execution"] | axes, "legs": legs}
    base = {f"execution.{name}": values[0] for name, values in axes.items()} | {"b.count": 2, "b.every": 1}
    study = load_study(swept | {"base": base})
    known = gp.load_market(study, market)
    for backend in ("reference", "cpu"):
        plan = build_plan(study, known, resolve(backend))
        piece = whole_grid(plan).piece(0)
        metrics = resolve(backend).bind(plan.problem)(piece.work)[piece.job_of]
        if backend == "cpu":
            on_shim = CudaScan(shim, plan.problem)(piece.work)[piece.job_of]
            np.testing.assert_allclose(on_shim[:, 0], metrics[:, 0], rtol=1e-9, atol=1e-9)
        for at, variant in enumerate(piece.variants):
            own = study.space.parameters(int(variant))
            execution = raw["execution"] | {name: own[f"execution.{name}"] for name in axes}
            select = selecting | {"count": own["b.count"], "every": own["b.every"]}
            one = raw | {"execution": execution, "legs": raw["legs"] | {"b": raw["legs"]["b"] | {"select": select}}}
            found = dict(zip(METRICS, metrics[at, 0].tolist(), strict=False))
            assert found == pytest.approx(expected(one).metrics, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", [21, 33])
def test_the_future_does_not_change_the_past(market: Path, tmp_path: Path, seed: int) -> None:
    study = load_study(raw_of(seed))
    whole = evaluate_point(study, gp.load_market(study, market)).curve
    cut = evaluate_point(study, gp.load_market(study, write_market(tmp_path, until=250))).curve
    assert len(cut) < len(whole)
    pd.testing.assert_frame_equal(cut, whole[: len(cut)])
