"""Objectives and requirements by name."""

from __future__ import annotations

import pytest

import gridproof as gp
from gridproof.sweeps.search.objectives import parse_objectives, parse_requirements


@pytest.mark.parametrize("name", ["plateaus", "", "Sharpe", "alpha"])
def test_an_unknown_objective(name: str) -> None:
    with pytest.raises(gp.InputError, match=f"--objective: unknown objective; got {name}"):
        parse_objectives([name])


def test_an_objective_twice() -> None:
    with pytest.raises(gp.InputError, match="--objective: an objective must be given once; got median"):
        parse_objectives(["median", "median"])


@pytest.mark.parametrize("text", ["switches", "switches>10", "switches>=many", ">=3", "sharpe==1"])
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(gp.InputError, match="--require: a requirement must be METRIC>=NUMBER or METRIC<=NUMBER"):
        parse_requirements([text])


@pytest.mark.parametrize("text", ["alpha>=1", "sharpe>=nan", "turnover<=inf"])
def test_a_requirement_bounds_a_metric(text: str) -> None:
    with pytest.raises(gp.InputError, match="--require: a requirement must compare a metric with a number"):
        parse_requirements([text])


def test_what_is_better() -> None:
    objectives = parse_objectives(["plateau", "max_drawdown", "turnover", "switches", "volatility", "exposure", "cagr"])
    assert [objective.maximise for objective in objectives] == [True, True, False, False, False, False, True]
