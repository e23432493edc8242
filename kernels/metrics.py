"""Names, order and definitions of the metrics of one daily return series.

With r the n daily returns of a segment (after cost), NAV their cumulated product (1 at the close before), P the
periods a year and rf the annual risk-free rate:

================  ===================================================================================
total_return      NAV − 1
cagr              NAV^(P/n) − 1
volatility        std(r, ddof 1)·√P, a year
sharpe            (mean(r)·P − rf) / volatility
sortino           (mean(r)·P − rf) / (√mean(min(r − rf/P, 0)²)·√P): downside deviation over all days
max_drawdown      min(NAV / running peak − 1) ≤ 0; NAV 1 at the start counts as a peak
calmar            cagr / |max_drawdown|
skewness          population moments
kurtosis          population moments, raw (normal = 3)
switches          days on which the weights change
turnover          traded value over NAV a year, both sides (leg to leg 2, to or from cash 1), rebalancing included
exposure          mean weight outside cash
================  ===================================================================================

NaN policy: a ratio whose denominator is zero (no volatility, no downside, no drawdown) is NaN: undefined, never 0
or infinite. Volatility counts as zero when the variance is below ``FLAT`` times the mean square, so that a constant
interest does not turn rounding into a Sharpe ratio; a fall below ``LEVEL`` counts as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats

Unit = Literal["percent", "ratio", "count"]
_FORMATS: dict[Unit, str] = {"percent": "{:z.2%}", "ratio": "{:.3f}", "count": "{:,.0f}"}


@dataclass(frozen=True, slots=True)
class Metric:
    """All facts about one metric; every output and every kernel reads them here.

    name: its key in results. label: its heading in tables and pages. unit: a percent is stored as a fraction (0.381 is
    38.1%), a ratio and a count as they are. larger_is_better: its direction. objective: whether a sweep may rank by it.
    from_block_sums: whether sums over blocks of days (Σr, Σr², Σlog(1+r)) give it exactly.
    """

    name: str
    label: str
    unit: Unit
    larger_is_better: bool
    objective: bool = False
    from_block_sums: bool = False

    @property
    def column(self) -> int:
        """Where it stands in a row of metrics."""
        return METRICS.index(self.name)

    def text(self, value: float | None) -> str:
        """A value as text, in plain ASCII: "38.10%", "0.320" or "1,234"; "undefined" for None and NaN."""
        return "undefined" if value is None or value != value else _FORMATS[self.unit].format(value)


# In the order of the columns of a row of metrics.
TABLE = (
    Metric("total_return", "Total return", "percent", True, objective=True, from_block_sums=True),
    Metric("cagr", "CAGR", "percent", True, objective=True, from_block_sums=True),
    Metric("volatility", "Volatility", "percent", False, from_block_sums=True),
    Metric("sharpe", "Sharpe ratio", "ratio", True, objective=True, from_block_sums=True),
    Metric("sortino", "Sortino ratio", "ratio", True, objective=True),
    Metric("max_drawdown", "Max drawdown", "percent", True, objective=True),
    Metric("calmar", "Calmar ratio", "ratio", True, objective=True),
    Metric("skewness", "Skewness", "ratio", True),
    Metric("kurtosis", "Kurtosis (raw)", "ratio", False),
    Metric("switches", "Switches", "count", False),
    Metric("turnover", "Turnover a year", "ratio", False),
    Metric("exposure", "Exposure", "percent", False),
)
METRICS = tuple(metric.name for metric in TABLE)
OBJECTIVES = tuple(metric.name for metric in TABLE if metric.objective)
BY_NAME = {metric.name: metric for metric in TABLE}
WIDTH = len(TABLE)  # columns of a row of metrics before the share of days in each allocation

# The columns that do not come from the returns, by number: compiled code looks up no names.
SWITCHES, TURNOVER, EXPOSURE = (BY_NAME[name].column for name in ("switches", "turnover", "exposure"))

# Volatility is zero where the variance is not above this times the mean square.
FLAT = 1e-8

# A weight of an autocovariance below this does not change a long-run variance in float64.
NEGLIGIBLE_WEIGHT = 1e-18


def is_flat(variance: Any, square: Any) -> Any:
    """Whether returns count as without volatility: their variance is at most ``FLAT`` times their mean square.

    Numbers or arrays of one shape; returns a bool or an array of bools. NaN is not flat. Compiled code that needs the
    same test writes ``variance <= FLAT * square``.
    """
    return variance <= FLAT * square


# A fall of the log NAV that is not above this is rounding: no drawdown.
LEVEL = 1e-12


class ReturnMetrics(NamedTuple):
    """The metrics that follow from the daily returns alone: the first columns of a row."""

    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sortino: float
    max_drawdown: float
    calmar: float
    skewness: float
    kurtosis: float


FROM_RETURNS = len(ReturnMetrics._fields)
assert ReturnMetrics._fields == METRICS[:FROM_RETURNS]
assert (SWITCHES, TURNOVER, EXPOSURE) == (FROM_RETURNS, FROM_RETURNS + 1, FROM_RETURNS + 2)


def measure_returns(returns: Floats, periods: float, risk_free: float) -> Floats:
    """``ReturnMetrics`` of one series, straight from their definitions, as an array (9,) of float64.

    returns: (T,) simple daily returns after cost, T ≥ 1, no NaN. periods: a year. risk_free: annual.
    """
    days = len(returns)
    nav = np.concatenate([[1.0], np.cumprod(1.0 + returns)])
    drawdown = float((nav / np.maximum.accumulate(nav) - 1.0).min())
    drawdown = 0.0 if drawdown > -LEVEL else drawdown
    total = nav[-1] - 1.0
    cagr = nav[-1] ** (periods / days) - 1.0
    mean = returns.mean()
    square = (returns**2).mean()
    variance = returns.var(ddof=1) if days > 1 else np.nan
    flat = not variance > FLAT * square
    volatility = 0.0 if flat else np.sqrt(variance * periods)
    downside = (np.minimum(returns - risk_free / periods, 0.0) ** 2).mean()
    excess = mean * periods - risk_free
    centred = returns - mean
    spread = (centred**2).mean()
    return np.array(
        ReturnMetrics(
            total_return=total,
            cagr=cagr,
            volatility=volatility if days > 1 else np.nan,
            sharpe=np.nan if flat else excess / volatility,
            sortino=excess / np.sqrt(downside * periods) if downside > 0 else np.nan,
            max_drawdown=drawdown,
            calmar=cagr / -drawdown if drawdown < 0 else np.nan,
            skewness=np.nan if flat else (centred**3).mean() / spread**1.5,
            kurtosis=np.nan if flat else (centred**4).mean() / spread**2,
        )
    )
