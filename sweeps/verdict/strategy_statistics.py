"""How one strategy stands by itself: its Sharpe ratio with its uncertainty, its timing, its years."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.metrics import measure_returns
from gridproof.results.run.record import Record
from gridproof.results.statistics.sharpe import (
    minimum_track_record_length,
    probabilistic_sharpe,
    return_moments,
    sharpe_interval,
    sharpe_standard_error,
)
from gridproof.results.statistics.shift import circular_shift_test, subperiod_test
from gridproof.signals.data.source import Dates

# A segment needs as many days for a bootstrap of it to say anything.
SHORTEST = 60


def stand(returns: Floats, periods: float, risk_free: float, indices: Array | None) -> Record:
    """returns: (T,) daily. indices: (R, T) days of the bootstrap's resamples; None: no interval. Ratios are annual."""
    year = math.sqrt(periods)
    metrics = dict(zip(("total_return", "cagr", "volatility", "sharpe"), measure_returns(returns, periods, risk_free),
                       strict=False))  # fmt: skip
    record: Record = {name: number(value) for name, value in metrics.items()}
    record["max_drawdown"] = number(measure_returns(returns, periods, risk_free)[5])
    record["observations"] = len(returns)
    names = ("skewness", "kurtosis", "psr", "min_track_record", "min_track_record_years", "mertens_error")
    record |= dict.fromkeys([*names, "interval", "interval_studentised"])
    if len(returns) < 3 or metrics["volatility"] == 0.0:
        return record
    above = returns - risk_free / periods
    moments = return_moments(above)
    shape = (moments.skewness, moments.kurtosis)
    track = float(minimum_track_record_length(moments.sharpe, *shape))
    error = sharpe_standard_error(moments.sharpe, moments.observations, *shape)
    record |= {
        "skewness": number(moments.skewness),
        "kurtosis": number(moments.kurtosis),
        "psr": number(probabilistic_sharpe(moments.sharpe, moments.observations, *shape)),
        "min_track_record": number(track),
        "min_track_record_years": number(track / periods),
        "mertens_error": number(error * year),
    }
    if indices is not None and len(returns) >= SHORTEST:
        interval = sharpe_interval(above, indices)
        record["interval"] = [number(edge * year) for edge in interval.percentile]
        record["interval_studentised"] = [number(edge * year) for edge in interval.studentised]
    return record


def time_shift(held: Ints, gross: Floats, cost: float, periods: float, risk_free: float) -> Record:
    """held: (T,) allocation of each day. gross: (T, A) what each earns. cost: share of NAV a unit of traded weight."""
    weights = np.eye(gross.shape[1])[held]
    test = circular_shift_test(weights, gross - risk_free / periods, "sharpe", cost)
    year = math.sqrt(periods)
    defined = test.shifted[~np.isnan(test.shifted)] * year
    return {
        "p_value": number(test.p_value),
        "at_least": test.at_least,
        "shifts": len(held),
        "observed": number(test.observed * year),
        "quantiles": {str(q): number(np.quantile(defined, q)) for q in (0.05, 0.5, 0.95)} if len(defined) else {},
    }


def by_year(dates: Dates, returns: Floats, held: Ints, periods: float, risk_free: float) -> Record:
    """Sharpe ratio, return and switches of each calendar year, and whether the years differ more than chance."""
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    above = returns - risk_free / periods
    test = subperiod_test(above, years)
    switched = np.concatenate([[False], held[1:] != held[:-1]])
    rows = []
    for label, observations, sharpe in zip(test.labels, test.observations, test.sharpe, strict=True):
        inside = years == label
        rows.append(
            {
                "year": int(label),
                "days": int(observations),
                "sharpe": number(sharpe * math.sqrt(periods)),
                "return": number(np.prod(1.0 + returns[inside]) - 1.0),
                "switches": int(switched[inside].sum()),
            }
        )
    return {
        "years": rows,
        "chi_square": number(test.statistic),
        "degrees": test.degrees,
        "p_value": number(test.p_value),
        "positions": int(switched.sum()) + 1,
    }


def number(value: Any) -> float | None:
    """A plain float; None where undefined or infinite."""
    value = float(value)
    return value if math.isfinite(value) else None
