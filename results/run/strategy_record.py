"""The types in ``statistics.json`` of one strategy: its segments, its shifts and its years.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import Number


class SegmentStatistics(TypedDict):
    """One strategy in one segment of the window."""

    total_return: Number
    cagr: Number
    volatility: Number
    sharpe: Number
    max_drawdown: Number
    observations: int  # days
    skewness: Number
    kurtosis: Number  # raw: 3 for a normal distribution
    psr: Number
    min_track_record: Number  # days
    min_track_record_years: Number
    mertens_error: Number
    interval: list[Number] | None  # 95 %, percentile: lower and upper end
    interval_studentised: list[Number] | None
    switches: int | None
    turnover: Number


class StrategyStatistics(TypedDict):
    in_sample: SegmentStatistics | None
    after_publication: SegmentStatistics | None


class EnsembleRecord(TypedDict):
    cells: int
    share: float
    standard_error: Number
    threshold: Number
    agreement: Number


class ShiftRecord(TypedDict):
    p_value: Number
    at_least: int
    shifts: int
    observed: Number
    quantiles: dict[str, Number]


YearRecord = TypedDict("YearRecord", {"year": int, "days": int, "sharpe": Number, "return": Number, "switches": int})


class SubperiodRecord(TypedDict):
    """By calendar year. The test is over the years in sample."""

    years: list[YearRecord]  # in sample
    after: list[YearRecord]  # after publication
    chi_square: Number
    degrees: int
    p_value: Number
    positions: int
