"""The statistics of one strategy: its Sharpe ratio with its uncertainty, its timing, its calendar years."""

from __future__ import annotations

import math

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.metrics import measure_returns
from gridproof.results.run.record import number
from gridproof.results.run.strategy_record import SegmentStatistics, ShiftRecord, SubperiodRecord, YearRecord
from gridproof.results.statistics.sharpe import (
    minimum_track_record_length,
    probabilistic_sharpe,
    return_moments,
    sharpe_interval,
    sharpe_standard_error,
)
from gridproof.results.statistics.shift import circular_shift_test, subperiod_test
from gridproof.signals.data.source import Dates

# Days that a segment needs for a bootstrap.
SHORTEST = 60


def segment_statistics(returns: Floats, periods: float, risk_free: float, indices: Array | None) -> SegmentStatistics:
    """One strategy in one segment. returns: (T,) daily. indices: (R, T) days of each resample; None: no interval."""
    year = math.sqrt(periods)
    total, cagr, volatility, sharpe, _, drawdown, *_ = measure_returns(returns, periods, risk_free)
    record: SegmentStatistics = {
        "total_return": number(total),
        "cagr": number(cagr),
        "volatility": number(volatility),
        "sharpe": number(sharpe),
        "max_drawdown": number(drawdown),
        "observations": len(returns),
        "skewness": None,
        "kurtosis": None,
        "psr": None,
        "min_track_record": None,
        "min_track_record_years": None,
        "mertens_error": None,
        "interval": None,
        "interval_studentised": None,
        "switches": None,
        "turnover": None,
    }
    if len(returns) < 3 or volatility == 0.0:
        return record
    above = returns - risk_free / periods
    moments = return_moments(above)
    shape = (moments.skewness, moments.kurtosis)
    track = float(minimum_track_record_length(moments.sharpe, *shape))
    error = sharpe_standard_error(moments.sharpe, moments.observations, *shape)
    record["skewness"], record["kurtosis"] = number(moments.skewness), number(moments.kurtosis)
    record["psr"] = number(probabilistic_sharpe(moments.sharpe, moments.observations, *shape))
    record["min_track_record"], record["min_track_record_years"] = number(track), number(track / periods)
    record["mertens_error"] = number(error * year)
    if indices is not None and len(returns) >= SHORTEST:
        interval = sharpe_interval(above, indices)
        record["interval"] = [number(end * year) for end in interval.percentile]
        record["interval_studentised"] = [number(end * year) for end in interval.studentised]
    return record


def time_shift(weights: Floats, gross: Floats, cost: float, periods: float, risk_free: float) -> ShiftRecord:
    """weights: (T, L) of each leg by day. gross: (T, L) what each earns. cost: share of NAV a unit of traded weight."""
    test = circular_shift_test(weights, gross - risk_free / periods, "sharpe", cost)
    year = math.sqrt(periods)
    defined = test.shifted[~np.isnan(test.shifted)] * year
    return {
        "p_value": number(test.p_value),
        "at_least": test.at_least,
        "shifts": len(weights),
        "observed": number(test.observed * year),
        "quantiles": {str(q): number(np.quantile(defined, q)) for q in (0.05, 0.5, 0.95)} if len(defined) else {},
    }


def by_year(dates: Dates, returns: Floats, held: Ints, periods: float, risk_free: float) -> SubperiodRecord:
    """Sharpe ratio, return and switches of each calendar year, and whether the years differ more than chance."""
    years = dates.astype("datetime64[Y]").astype(np.int64) + 1970
    above = returns - risk_free / periods
    test = subperiod_test(above, years)
    switched = np.concatenate([[False], held[1:] != held[:-1]])
    rows: list[YearRecord] = []
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
        "after": [],
        "chi_square": number(test.statistic),
        "degrees": test.degrees,
        "p_value": number(test.p_value),
        "positions": int(switched.sum()) + 1,
    }
