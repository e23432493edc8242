"""A study whose series are a model's: swept over its windows, recorded in the ledger, and run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridproof as gp
from gridproof.results.ledger.ledger import LEDGER_FOLDER, ledger_record, ledger_rows
from gridproof.sweeps.plan.model_series import survivors_warning
from tests.support.funds import write_funds

FUNDS = {
    "funds": {"file": "funds.parquet", "field": "percent",
              "members": {"file": "list.csv", "where": {"kind": ["active"]}}},
    "unit": 0.01, "indices": {"file": "indices.parquet", "field": "close"}, "every": 5, "from": "2021-03-15",
}  # fmt: skip
STUDY: dict[str, Any] = {
    "name": "models",
    "market": {"calendar": "index", "periods": 260},
    "series": {
        "index": {"file": "index.csv", "field": "close"},
        "short": {"model": "short", "field": "10", "release": "1 day"},
        "long": {"model": "long", "field": "10", "release": "1 day"},
        "gdp": {"file": "gdp.csv", "field": "growth", "release": "20 calendar days"},
        "output": {"file": "output.csv", "field": "growth", "release": "10 calendar days"},
        "now": {"model": "growth", "field": "nowcast"},
    },
    "models": {
        "short": {"positions": {**FUNDS, "window": 20}},
        "long": {"positions": {**FUNDS, "window": 40, "half_life": 20}},
        "growth": {"nowcast": {"target": "gdp", "indicators": ["output"], "every": 10, "from": "2021-03-15"}},
    },
    "legs": {"index": "index", "cash": {"interest": 0.0}},
    "signals": {
        "held": {"value": "where(days == 20, short, long)", "days": [20, 40],
                 "latch": {"on_above": [0.3, 0.4, 0.45], "off_below": 0.2}},
        "grows": {"when": "now > least", "least": [-100, 1]},
    },
    "rule": {"index": "held and grows", "cash": "otherwise"},
    "execution": {"lag": 1, "cost": [0, 0.001]},
    "window": {"from": "2021-03-25", "to": "2021-09-29"},
    "objective": "sharpe",
    "base": {"held.days": 20, "held.on_above": 0.3, "grows.least": -100, "cost": 0},
}  # fmt: skip


def write(folder: Path) -> None:
    """The funds, and growth by quarter that follows a monthly series."""
    write_funds(folder)
    months = pd.date_range("2016-01-31", "2021-09-30", freq="ME")
    common = np.cumsum(np.random.default_rng(1).normal(0.0, 0.3, len(months))) + 5
    pd.DataFrame({"date": months.date, "growth": common.round(3)}).to_csv(folder / "output.csv", index=False)
    by_quarter = pd.Series(common, months).resample("QE").mean().iloc[:-1]
    gdp = pd.DataFrame({"date": by_quarter.index.date, "growth": by_quarter.to_numpy().round(3)})
    gdp.to_csv(folder / "gdp.csv", index=False)


def test_a_study_of_models_is_swept_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(tmp_path)
    study = gp.load_study(STUDY)
    point = gp.point(study, data=tmp_path)
    invested = point.curve["weight.index"]
    assert not invested[:"2021-06-01"].any()  # the funds hold a tenth of the first index until then, and half after it
    assert invested["2021-07-01":].all()

    def evaluate() -> gp.Run:
        return gp.run(study, data=tmp_path, out=tmp_path / "runs", backend="reference", verdict=False)

    run = evaluate()
    table = pd.read_parquet(Path(run.folder) / "variants.parquet")
    assert len(table) == 24
    assert table["sharpe"].nunique() > 2  # windows and thresholds matter
    (market,) = ledger_record(ledger_rows(tmp_path / "runs" / LEDGER_FOLDER))["markets"]
    assert market["evaluated"] == 24
    assert evaluate().reused
    table = pd.read_parquet(tmp_path / "funds.parquet")
    table.loc[table["date"] > "2021-06-15", "percent"] *= 0.5
    table.to_parquet(tmp_path / "funds.parquet", index=False)
    assert not evaluate().reused  # other returns are another market


def test_a_file_in_which_no_fund_ends_is_one_of_survivors() -> None:
    returns = np.full((600, 40), 0.001)
    returns[-30:] = np.nan  # the indices reach further than the funds
    (warning,) = survivors_warning("funds.parquet", returns)
    assert warning.startswith("none of the 40 funds of funds.parquet ended in 570 trading days")
    returns[500:, 3] = np.nan
    assert survivors_warning("funds.parquet", returns) == ()
    assert survivors_warning("funds.parquet", returns[:100]) == ()
    assert survivors_warning("funds.parquet", np.full((3, 2), np.nan)) == ()
