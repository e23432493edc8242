"""Every choice of the shipped studies with weights, stops and decision days is defined in the study's window."""

from __future__ import annotations

import pytest

from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.real_data import ASHARE

STUDIES = (
    "drawdown-control", "drawdown-stop", "dual-momentum-daily", "faber-sleeves", "growth-liquidity-weight",
    "inverse-volatility", "inverse-volatility-three", "large-small-weekly", "stop-loss", "time-series-momentum",
    "volatility-managed", "volatility-target",
)  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.filterwarnings("ignore::gridproof.DataWarning")
def test_every_choice_is_defined_in_the_window(name: str) -> None:
    study = load_study(name)
    installed = all(source.file.startswith("arch:") for source in study.sources())
    if not installed and not ASHARE.is_dir():
        pytest.skip(f"the series are not at {ASHARE}")
    plan = build_plan(study, market_of(study, None if installed else ASHARE), resolve("reference"))
    assert plan.distinct() > 1
