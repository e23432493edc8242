"""Operators on the real series, where the data folder has them: a published figure, and plain pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gridproof.kernels.arrays import Floats
from gridproof.signals.expression.operators.argument import ALL
from gridproof.signals.expression.operators.average import mean
from gridproof.signals.expression.operators.model import vpin
from gridproof.signals.expression.operators.moments import zscore
from gridproof.signals.expression.operators.order import percentile
from gridproof.signals.expression.operators.regression import relative_slope
from tests.support.real_data import ASHARE, needs_ashare

pytestmark = [needs_ashare, pytest.mark.filterwarnings("ignore::RuntimeWarning")]


def test_the_slope_of_the_micro_cap_index_is_the_published_one() -> None:
    """Guojin Securities prints 0.34 % a day for 24 October 2025."""
    file = pd.read_parquet(ASHARE / "index_daily.parquet", columns=["date", "code", "close"])
    close = file[file["code"] == "8841431.WI"].set_index("date")["close"]
    found = pd.Series(relative_slope(close.to_numpy(), 20, None, 0), pd.DatetimeIndex(close.index))
    assert round(100 * float(found["2025-10-24"]), 2) == 0.34


def test_relative_crowding_is_that_of_pandas() -> None:
    file = pd.read_parquet(ASHARE / "group_turnover_daily_2005_2020.parquet")
    turnover = file.pivot_table(index="date", columns="group", values="turnover_fw_pct")

    def by_pandas(x: pd.Series) -> pd.Series:
        average = x.rolling(252).mean()
        return (average - average.expanding(243).mean()) / average.expanding(243).std()

    def ours(x: pd.Series) -> Floats:
        return zscore(mean(x.to_numpy(), 252, None, 0), np.array([ALL]), 243, 0)[0]

    small, large = turnover["microcap400"], turnover["csi800"]
    assert large.isna().any()
    expected = by_pandas(small) - by_pandas(large)
    found = ours(small) - ours(large)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    shares = percentile(found, np.array([1458]), 243, 0)[0]
    np.testing.assert_allclose(shares, expected.rolling(1458, min_periods=243).rank(method="max", pct=True), rtol=1e-9)


def test_vpin_of_index_futures_is_a_share() -> None:
    bars = pd.read_parquet(ASHARE / "index_futures_1min_2020_2023.parquet")
    bars = bars[bars["contract"] == "IC"].iloc[:10_000]
    found = vpin(bars["close"].to_numpy(float), bars["volume"].to_numpy(float), 1500.0, 50, 240)
    known = found[np.isfinite(found)]
    assert len(known) > 5_000
    assert 0.1 < known.mean() < 0.5
