"""The types in ``statistics.json`` of the cross-validation: overfitting, walk-forward and combinatorial paths.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import HoldingRecord, Number
from gridproof.results.run.data_snooping_record import HistogramCounts


class OverfittingRecord(TypedDict):
    blocks: int
    splits: int
    probability: float
    mid_p: float
    median_rank: float
    loss: float
    rank_error: float
    ranked: int
    metric: str
    logits: HistogramCounts


class FoldRecord(TypedDict):
    train_from: str
    train_to: str
    test_from: str
    test_to: str
    index: int
    parameters: dict[str, Any]
    in_sample: Number
    out_of_sample: Number


class CurveRecord(TypedDict):
    date: list[str]
    nav: list[float]
    mix: list[float] | None  # NAV of the constant mix of its own mean weights; null where it is one leg


class WalkForwardRecord(TypedDict):
    train_days: int
    test_days: int
    gap: int
    metric: str
    folds: list[FoldRecord]
    sharpe: Number
    cagr: Number
    t_statistic: Number
    days: int
    holdings: list[HoldingRecord]  # it against every static holding of these days
    curve: CurveRecord


class PathCurvesRecord(TypedDict):
    date: list[str]
    nav: list[list[float]]


class HoldingSharpe(TypedDict):
    name: str
    sharpe: Number


class CombinatorialRecord(TypedDict):
    groups: int
    test: int
    splits: int
    paths: int
    purge: int
    embargo: int
    metric: str
    sharpe: list[Number]
    holdings: list[HoldingSharpe]  # of the same days
    mix: list[Number]  # the Sharpe ratio of the constant mix of each path's own mean weights
    curves: PathCurvesRecord
