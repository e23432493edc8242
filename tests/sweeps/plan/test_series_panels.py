"""A panel whose stocks are series of the study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.sweeps.execution.ledger_entries import trials_of
from gridproof.sweeps.plan.study_market import market_of
from gridproof.sweeps.study.study import load_study
from tests.support.selections import long_table, planned, raw, returns_of, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("formulas") / "data", long_table())


def of_series(**panel: Any) -> dict[str, Any]:
    names = ("one", "two", "three", "index")
    select = {"highest": "pct_change(close, n)", "n": [4, 8], "count": 2, "every": 3}
    return {
        **raw(),
        "series": {name: {"file": f"{name}.csv", "field": "close"} for name in names},
        "panel": {"series": ["two", "one", "three"], **panel},
        "legs": {"best": {"select": select}, "cash": {"interest": 0.0}},
        "rule": {"best": "up", "cash": "otherwise"},
        "execution": {},
        "base": {"up.n": 3, "best.n": 4},
    }


def test_the_two_strongest_of_three_series(folder: Path, tmp_path: Path) -> None:
    dates = pd.read_csv(folder / "index.csv").date
    closes = {}
    for seed, name in enumerate(("index", "one", "two", "three")):
        steps = np.random.default_rng(seed).normal(0.0, 0.02, len(dates))
        closes[name] = 100.0 * np.exp(np.cumsum(steps))
        pd.DataFrame({"date": dates, "close": closes[name]}).to_csv(tmp_path / f"{name}.csv", index=False)
    study = load_study(of_series())
    plan = planned(study, tmp_path)
    frame = pd.DataFrame(closes)[["one", "three", "two"]]
    first, last = plan.window.first, plan.window.last
    expected, held = [], frame.iloc[0] * 0.0
    for day in range(first, last + 1):
        if (day - first) % 3 == 0:
            strongest = (frame.iloc[day - 1] / frame.iloc[day - 9] - 1.0).nlargest(2).index
            held = pd.Series(np.where(frame.columns.isin(strongest), 0.5, 0.0), frame.columns)
        grown = held * frame.iloc[day] / frame.iloc[day - 1]
        expected.append(grown.sum() / held.sum() - 1.0)
        held = grown
    np.testing.assert_allclose(returns_of(plan, best_n=8), expected, rtol=0, atol=1e-12)
    assert market_of(study, tmp_path).understood[-1].startswith("panel (one, three, two): 3 stocks")
    assert trials_of(study, tmp_path, "run").axes


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"file": "panel.parquet"}, "a panel is read from a file, or made of series; got both"),
        ({"series": []}, "a panel is read from a file, or made of series; got neither"),
        ({"series": ["one", "tow"]}, "a panel names series of the study, each once; got tow. Did you mean two"),
        ({"series": ["one", "one"]}, "a panel names series of the study, each once; got one"),
    ],
)
def test_faults_of_a_panel_of_series(panel: dict[str, Any], message: str) -> None:
    with pytest.raises(gp.InputError, match=message):
        load_study(of_series(**panel))
