"""Stress: one variant under later execution, higher cost, later release and neighbouring parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.results.run.record import objective_of
from gridproof.results.run.statistics_record import (
    BreakEvenCost,
    NeighbourRecord,
    ReleaseStress,
    StressRecord,
    StressRow,
)
from gridproof.signals.data.source import Release
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Point, Points
from gridproof.sweeps.verdict.strategy_statistics import number

LAGS = (1, 2, 3, 4, 5)
# Multiples of the cost; without any, these shares of NAV a side.
_MULTIPLES, _COSTS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0), (0.0, 0.0005, 0.001, 0.002, 0.005)
# Later by so many trading days; where a release is counted in calendar days, by so many of these.
_LATER, _LATER_CALENDAR = (1, 2, 3, 5), (7, 15, 30)


def stress(evaluation: GridEvaluation, point: Point, index: int, holds: dict[str, Floats]) -> StressRecord:
    """point: the variant evaluated, at ``index`` of the grid. holds: (T,) returns in sample of holding each leg."""
    points, parameters = evaluation.points, point.parameters
    cost = float(parameters["execution.cost"])
    costs = sorted({round(cost * multiple, 9) for multiple in _MULTIPLES} if cost > 0 else {*_COSTS})
    lag = int(parameters["execution.lag"])
    lags = sorted({*LAGS, lag, lag + 1})
    releases: list[ReleaseStress] = []
    for name, value in parameters.items():
        if name.endswith(".release") and (later := _later(value)):
            rows = _along(points, point, name, [value, *later])
            releases.append({"signal": name.removesuffix(".release"), "values": rows})
    return {
        "lag": _along(points, point, "execution.lag", lags),
        "cost": _along(points, point, "execution.cost", costs),
        "release": releases,
        "break_even_cost": _break_even(evaluation.plan, point, holds),
        "neighbours": _neighbours(evaluation, index),
    }


def _later(value: Any) -> list[Any]:
    """Returns later releases than this one; none for a release that is a date column."""
    release = Release.parse(value, "release")
    if release.column is not None:
        return []
    if release.calendar_days is not None:
        return [f"{release.calendar_days + days} calendar days" for days in _LATER_CALENDAR]
    return [release.trading_days + days for days in _LATER]


def _along(points: Points, point: Point, name: str, values: list[Any]) -> list[StressRow]:
    """If the window begins as early as the grid allows, a signal released later is not defined in time; the row then
    gives the reason.
    """
    rows: list[StressRow] = []
    for value in values:
        row: StressRow = {"value": value, "sharpe": None, "cagr": None, "base": value == point.parameters[name]}
        try:
            metrics = points.at(point.parameters | {name: value}).in_sample
            row["sharpe"], row["cagr"] = metrics["sharpe"], metrics["cagr"]
        except InputError as error:
            row["why"] = str(error)
        rows.append(row)
    return rows


def _break_even(plan: Plan, point: Point, holds: dict[str, Floats]) -> list[BreakEvenCost]:
    """Returns the one-way cost, instead of all costs, at which the gain over zero, or over holding a leg, is zero.

    0 if there is no gain even without cost; None if the variant never trades.
    """
    days = int(plan.problem.bounds[1])
    curve = point.curve.iloc[:days]
    gross = np.log1p((1.0 + curve["return"].to_numpy()) / (1.0 - curve["cost"].to_numpy()) - 1.0).sum()
    legs = {leg.name: place for place, leg in enumerate(plan.study.legs)}
    held = np.array([legs[leg] for leg in point.held[:days]])
    sides = plan.problem.traded[held[:-1], held[1:]]
    sides = sides[sides > 0]

    def total(cost: float, target: float) -> float:
        return float(gross + np.log1p(-cost * sides).sum() - target)

    rows: list[BreakEvenCost] = []
    targets = {"zero": 0.0} | {f"hold {name}": float(np.log1p(returns).sum()) for name, returns in holds.items()}
    for name, target in targets.items():
        cost = 0.0 if len(sides) else None
        if len(sides) and total(0.0, target) > 0.0:
            cost = float(brentq(total, 0.0, 0.4999, args=(target,))) if total(0.4999, target) < 0.0 else 0.4999
        rows.append({"against": name, "cost": cost})
    return rows


def _neighbours(evaluation: GridEvaluation, index: int) -> NeighbourRecord:
    """The objective one step away along each axis."""
    study = evaluation.plan.study
    space = study.space
    digits = space.digits(np.array([index]))[0]
    around = []
    for axis, size in enumerate(space.dims):
        for step in (-1, 1):
            if 0 <= digits[axis] + step < size:
                moved = digits.copy()
                moved[axis] += step
                around.append(space.index(moved))
    if not around:
        return {"count": 0, "worst": None, "median": None, "best": None}
    values = objective_of(evaluation.listed(np.array(around, dtype=np.int64)), study.spec.objective)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return {"count": 0, "worst": None, "median": None, "best": None}
    return {
        "count": len(defined),
        "worst": number(defined.min()),
        "median": number(np.median(defined)),
        "best": number(defined.max()),
    }
