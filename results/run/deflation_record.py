"""The types in ``statistics.json`` of the corrections for the number of trials: deflated Sharpe ratio and haircut.

Ratios are annual, returns are fractions, unless a key says otherwise. A number that is undefined or infinite is null.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from gridproof.results.run.conclusion_record import Number


class DeflationCurve(TypedDict):
    trials: list[float]
    best: list[Number]
    base: list[Number]


class DeflationMark(TypedDict):
    name: str
    trials: float
    threshold: Number
    best: Number
    base: Number


class DeflationRecord(TypedDict):
    variance_daily: float
    curve: DeflationCurve | None
    marks: list[DeflationMark]


class HaircutRow(TypedDict):
    sharpe: Number
    bonferroni: Number
    p_bonferroni: Number
    holm: Number
    p_holm: Number
    bhy: Number
    p_bhy: Number


class HaircutRecord(TypedDict):
    tests: int
    base: HaircutRow
    best: HaircutRow
