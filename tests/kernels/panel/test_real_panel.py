"""The 400 smallest A-shares against the official Wind Micro-cap index, 2007 to 2020."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.panel import read
from gridproof.kernels.panel.backend import resolve_panel
from gridproof.kernels.panel.selection import selection_problem

ASHARE = Path(__file__).resolve().parents[4] / "shared" / "data" / "ashare"


@pytest.mark.skipif(not ASHARE.is_dir(), reason="the folder shared/data/ashare is not beside the project")
def test_the_bottom_400_is_the_official_index() -> None:
    panel = read(ASHARE)
    file = ASHARE / "stocks/a_share_pit_daily_2005_2020.parquet"
    days = pd.to_datetime(np.unique(pd.read_parquet(file, columns=["date"]).date).astype(str))
    start = int(np.searchsorted(days, pd.Timestamp("2007-01-01"))) - 1
    backend, every = resolve_panel("cpu"), np.ones(panel.value.shape, dtype=np.bool_)
    schedules, counts = np.array([[1, 0], [5, 0], [20, 0]]), np.array([400])
    problem = selection_problem(panel.value, backend.rank_days(panel.key), every, every, schedules, counts, start=start)
    found = backend.select(problem)
    index = pd.read_parquet(ASHARE / "index_daily.parquet")
    close = index[index.code == "8841431.WI"].assign(date=lambda one: pd.to_datetime(one.date)).set_index("date").close
    both = pd.DataFrame({"own": found.gross[0, 0], "official": close.pct_change().reindex(days[start + 1 :])}).dropna()
    assert len(both) > 3_000
    assert both.corr().iloc[0, 1] == pytest.approx(0.99995, abs=1e-5)
    assert (both.own - both.official).std() * 243**0.5 == pytest.approx(0.0034, abs=1e-4)
    nav = (1.0 + both).cumprod()
    falls = (nav / nav.cummax().clip(lower=1.0) - 1.0).min()
    assert falls.own == pytest.approx(-0.6612, abs=1e-4)
    assert falls.official == pytest.approx(-0.6608, abs=1e-4)
    # Half of purchases and sales a year: 742, 345 and 170 %. Sparser rebalancing trades less.
    turnover = (found.bought + found.sold).sum(axis=2)[:, 0] / 2.0 * 243.0 / problem.return_days
    np.testing.assert_allclose(turnover, [7.417, 3.445, 1.703], atol=0.002)
