"""What "a study is the plain account" means: its curve and metrics, every variant of its grid, and its past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.point import Point, evaluate_point
from gridproof.sweeps.study.execution_keys import CHOSEN
from gridproof.sweeps.study.study import load_study
from tests.support.plain_account import LEGS, write_frames
from tests.support.plain_study import run

CLOSE = 1e-9


def point_of(raw: Mapping[str, Any], prices: Path) -> Point:
    study = load_study(dict(raw))
    return evaluate_point(study, gp.load_market(study, prices))


def assert_is_the_account(raw: Mapping[str, Any], prices: Path) -> Point:
    """Weights, returns, costs and trades of each day, and the metrics; returns the point."""
    point, expected = point_of(raw, prices), run(raw)
    weights = point.curve[[f"weight.{leg}" for leg in LEGS]].to_numpy()
    np.testing.assert_allclose(weights, expected.weights, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(point.curve["return"], expected.returns, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(point.curve["cost"], expected.costs, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(point.curve["traded"], expected.traded, rtol=0, atol=CLOSE)
    assert {name: point.in_sample[name] for name in METRICS} == pytest.approx(expected.metrics, rel=CLOSE, abs=CLOSE)
    return point


def assert_variants_are_accounts(raw: Mapping[str, Any], axes: Mapping[str, Sequence[Any]], prices: Path) -> None:
    """By the cpu backend, for all combinations of these axes of execution, none of which is of the environment."""
    base = {f"execution.{name}": values[0] for name, values in axes.items()}
    study = load_study({**raw, "execution": raw["execution"] | dict(axes), "base": base})
    assert not any(name in study.environment for name in CHOSEN)
    plan = build_plan(study, gp.load_market(study, prices), resolve("cpu"))
    piece = whole_grid(plan).piece(0)
    metrics = resolve("cpu").bind(plan.problem)(piece.work)[piece.job_of]
    for at, variant in enumerate(piece.variants):
        chosen = study.space.parameters(int(variant))
        execution = raw["execution"] | {name: chosen[f"execution.{name}"] for name in axes}
        expected = run({**raw, "execution": execution}).metrics
        found = dict(zip(METRICS, metrics[at, 0].tolist(), strict=False))
        assert found == pytest.approx(expected, rel=CLOSE, abs=CLOSE)


def assert_the_past_stays(raw: Mapping[str, Any], prices: Path, folder: Path) -> None:
    """Prices that end earlier change no day before."""
    whole = point_of(raw, prices).curve
    cut = point_of(raw, write_frames(folder, until=250)).curve
    assert len(cut) < len(whole)
    pd.testing.assert_frame_equal(cut, whole[: len(cut)])
