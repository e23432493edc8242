"""The types in ``statistics.json`` of the tests for data snooping.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import Number


class SpaRecord(TypedDict):
    statistic: Number
    lower: float
    consistent: float
    upper: float
    monte_carlo_error: float  # of the consistent p-value


class RealityCheckRecord(TypedDict):
    p_value: float
    monte_carlo_error: float


class StepwiseRecord(TypedDict):
    rejected: int
    base_rejected: bool | None  # null where the base was not drawn
    level: float


class BenchmarkRecord(TypedDict):
    name: str
    spa: SpaRecord
    reality_check: RealityCheckRecord
    stepwise: StepwiseRecord


class ActiveRecord(TypedDict):
    """Each choice against the constant mix of its own mean weights."""

    choices: int  # with at least four switches and no allocation on more than 95 % of days
    sampled: bool  # whether the choices are a random sample of all
    spa: SpaRecord  # of the active returns Σ(w − w̄)(r − r̄), before cost
    stepwise: StepwiseRecord  # of the differences of Sharpe ratios, after cost


class HistogramCounts(TypedDict):
    edges: list[float]
    counts: list[int]


class NullSharpeRecord(HistogramCounts):
    p_value: Number


class PlaceboRecord(TypedDict):
    sweeps: int
    seed: int
    best: list[float]
    observed: Number
    at_least: int
    p_value: float
    monte_carlo_error: float
    base_percentile: list[float]


class DataSnoopingRecord(TypedDict):
    observed_best: Number
    observed_base: Number
    benchmarks: list[BenchmarkRecord]
    active: ActiveRecord | None  # null where no choice can be tested
    null_best_sharpe: NullSharpeRecord
    placebo: PlaceboRecord
