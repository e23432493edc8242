"""A strategy against a benchmark: alpha, beta, tracking error, information ratio, and the relative curve."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Comparison(NamedTuple):
    """Annual figures of one strategy against one benchmark; NaN where undefined.

    alpha and beta are those of the ordinary least squares fit of the strategy's daily returns less the risk-free rate
    on those of the benchmark; alpha is annual (its daily value times the periods). alpha_t: its t-statistic, for
    uncorrelated errors of one variance. tracking_error: volatility of the difference of the daily returns.
    information_ratio: mean difference a year over tracking error. correlation: of the daily returns. excess: CAGR of
    the strategy less that of the benchmark. up, down: mean return of the strategy over that of the benchmark, on the
    days on which the benchmark rose, and fell.
    """

    alpha: float
    alpha_t: float
    beta: float
    correlation: float
    tracking_error: float
    information_ratio: float
    excess: float
    up: float
    down: float


def compare(returns: pd.Series[Any], benchmark: pd.Series[Any], periods: float, risk_free: float) -> Comparison:
    """The strategy against the benchmark. returns, benchmark: (T,) simple daily returns of the same days, T ≥ 3."""
    y = returns.to_numpy(dtype=np.float64) - risk_free / periods
    x = benchmark.to_numpy(dtype=np.float64) - risk_free / periods
    days, flat = len(y), x.std() <= 1e-12
    centred = x - x.mean()
    beta = np.nan if flat else float(centred @ y / (centred @ centred))
    intercept = float(y.mean() - beta * x.mean())
    residual = y - intercept - beta * x
    variance = float(residual @ residual) / (days - 2)
    error = np.nan if flat else np.sqrt(variance * (1.0 / days + x.mean() ** 2 / float(centred @ centred)))
    active = y - x
    tracking = float(active.std(ddof=1) * np.sqrt(periods))
    product = y.std() * x.std()
    return Comparison(
        alpha=intercept * periods,
        alpha_t=intercept / error if error > 1e-15 else np.nan,
        beta=beta,
        correlation=float((y - y.mean()) @ centred / days / product) if product > 1e-16 else np.nan,
        tracking_error=tracking,
        information_ratio=float(active.mean()) * periods / tracking if tracking > 1e-9 else np.nan,
        excess=_cagr(returns, periods) - _cagr(benchmark, periods),
        up=_capture(returns, benchmark, 1.0),
        down=_capture(returns, benchmark, -1.0),
    )


def relative_nav(returns: pd.Series[Any], benchmark: pd.Series[Any]) -> pd.Series[Any]:
    """NAV of the strategy over NAV of the benchmark, (T,), 1 before the first day."""
    return ((1.0 + returns) / (1.0 + benchmark)).cumprod()


def _cagr(returns: pd.Series[Any], periods: float) -> float:
    return float(np.prod(1.0 + returns.to_numpy()) ** (periods / len(returns)) - 1.0)


def _capture(returns: pd.Series[Any], benchmark: pd.Series[Any], sign: float) -> float:
    inside = sign * benchmark.to_numpy() > 0.0
    return float(returns.to_numpy()[inside].mean() / benchmark.to_numpy()[inside].mean()) if inside.any() else np.nan
