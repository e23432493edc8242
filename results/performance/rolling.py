"""Sharpe ratio and volatility over a moving window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def rolling_volatility(returns: pd.Series[Any], window: int, periods: float) -> pd.Series[Any]:
    """Annual volatility of the last ``window`` days up to each day, (T,). NaN: there are fewer days."""
    spread: pd.Series[Any] = returns.rolling(window).std(ddof=1)
    return spread * float(np.sqrt(periods))


def rolling_sharpe(returns: pd.Series[Any], window: int, periods: float, risk_free: float) -> pd.Series[Any]:
    """Annual Sharpe ratio of the last ``window`` days up to each day, (T,). risk_free: annual.

    NaN: there are fewer days, or the returns of the window do not vary.
    """
    volatility = rolling_volatility(returns, window, periods)
    excess = returns.rolling(window).mean() * periods - risk_free
    return excess / volatility.where(volatility > 1e-8)
