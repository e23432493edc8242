"""The capital up to which a rule is better than a holding, where its trades have impact."""

from __future__ import annotations

from pathlib import Path

import pytest

import gridproof as gp
from gridproof.sweeps.plan.point import Points
from gridproof.sweeps.verdict.capacity import _capacity, capacities
from tests.support.traded_legs import legs_study, write_legs


def test_at_the_capacity_it_only_matches_the_holding(tmp_path: Path) -> None:
    legs = {leg: {"amount": "amount", "impact": 0.05} for leg in ("a", "b")}
    study = legs_study({"capital": [0, 1e5]}, base={"capital": 0}, **legs)
    points = Points(study, gp.load_market(study, write_legs(tmp_path)))
    found = {one["against"]: one for one in capacities(points, study.base)}
    assert found["cash"]["capital"] == 0.0  # it is below cash without impact
    for leg in ("a", "b"):
        alone = gp.point(legs_study({}, rule={leg: "otherwise"}, signals={}), data=tmp_path).in_sample["sharpe"]
        capital = found[f"hold {leg}"]["capital"]
        assert capital is not None
        assert points.at({"execution.capital": capital}).in_sample["sharpe"] == pytest.approx(alone, abs=0.02)


def test_the_capital_between_two_that_were_tried() -> None:
    assert _capacity([1.0, 100.0], [1.0, -1.0]) == pytest.approx(10.0)
    assert _capacity([1.0, 100.0], [-1.0, -2.0]) == 0.0
    assert _capacity([1.0, 100.0], [2.0, 1.0]) is None
