"""Returns by month and by calendar year, from daily net asset values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def daily_returns(nav: pd.Series[Any]) -> pd.Series[Any]:
    """Simple daily returns (T,) of a curve that was 1 at the close before its first day."""
    values = nav.to_numpy(dtype=np.float64)
    return pd.Series(values / np.concatenate([[1.0], values[:-1]]) - 1.0, index=nav.index)


def monthly_returns(returns: pd.Series[Any]) -> pd.DataFrame:
    """Compound return of each month: a row for each year, columns 1 to 12. NaN: a month without days.

    returns: (T,) simple daily returns by date.
    """
    days = pd.DatetimeIndex(returns.index)
    months = (1.0 + returns).groupby([days.year, days.month]).prod() - 1.0
    table = months.unstack().reindex(columns=range(1, 13))
    return table.rename_axis(index="year", columns="month")


def yearly_returns(returns: pd.Series[Any]) -> pd.Series[Any]:
    """Compound return of each calendar year, by year; of the first and the last only the days that there are."""
    return ((1.0 + returns).groupby(pd.DatetimeIndex(returns.index).year).prod() - 1.0).rename_axis("year")
