"""Stress: one variant under later execution, higher cost, later release, other parameters; its break-even points."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import number
from gridproof.results.run.stress_record import NeighbourRecord, ReleaseStress, StressRecord, StressRow
from gridproof.signals.data.release import Release
from gridproof.sweeps.execution.evaluation import GridEvaluation, evaluate_grid
from gridproof.sweeps.plan.grid import whole_grid
from gridproof.sweeps.plan.point import Point, Points
from gridproof.sweeps.verdict.break_even import LAG, break_even_costs, break_even_lags, lagged_plan
from gridproof.sweeps.verdict.capacity import capacities
from gridproof.sweeps.verdict.daily_variant import DailyVariant

LAGS = (1, 2, 3, 4, 5)
# Multiples of the cost; without any, these shares of NAV a side.
_MULTIPLES, _COSTS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0), (0.0, 0.0005, 0.001, 0.002, 0.005)
# Later by so many trading days; where a release is counted in calendar days, by so many of these.
_LATER, _LATER_CALENDAR = (1, 2, 3, 5), (7, 15, 30)


def stress(evaluation: GridEvaluation, variant: DailyVariant, point: Point, index: int) -> StressRecord:
    """point: the variant evaluated, at ``index`` of the grid; variant: day by day."""
    points, parameters = evaluation.points, point.parameters
    cost = float(parameters["execution.cost"])
    costs = sorted({round(cost * multiple, 9) for multiple in _MULTIPLES} if cost > 0 else {*_COSTS})
    lag = int(parameters[LAG])
    releases: list[ReleaseStress] = []
    for name, value in parameters.items():
        if name.endswith(".release") and (later := _later(value)):
            rows = _along(points, point, name, [value, *later])
            releases.append({"signal": name.removesuffix(".release"), "values": rows})
    capacity = capacities(points, parameters)
    record: StressRecord = {
        "lag": _along(points, point, LAG, sorted({*LAGS, lag, lag + 1})),
        "cost": _along(points, point, "execution.cost", costs),
        "release": releases,
        "break_even_cost": break_even_costs(variant),
        "break_even_lag": break_even_lags(lagged_plan(points, parameters), lag),
        "neighbours": _neighbours(evaluation, index),
    }
    if capacity:
        record["capacity"] = capacity
    return record


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
    rows: list[StressRow] = [
        {"value": value, "sharpe": None, "cagr": None, "base": value == point.parameters[name]} for value in values
    ]
    try:
        plan = points.plan(point.parameters, name, values)
    except InputError:  # of one value at least
        for row in rows:
            try:
                metrics = points.at(point.parameters | {name: row["value"]}).in_sample
                row["sharpe"], row["cagr"] = metrics["sharpe"], metrics["cagr"]
            except InputError as error:
                row["why"] = str(error)
        return rows
    found = evaluate_grid(whole_grid(plan), resolve("reference").bind(plan.problem))
    for row, values_of in zip(rows, found[:, 0], strict=True):
        row["sharpe"], row["cagr"] = (number(values_of[METRICS.index(metric)]) for metric in ("sharpe", "cagr"))
    return rows


def _neighbours(evaluation: GridEvaluation, index: int) -> NeighbourRecord:
    """The objective one step away along each axis that is a choice."""
    study = evaluation.plan.study
    space = study.space
    digits = space.digits(np.array([index]))[0]
    around = []
    chosen = [axis for axis, name in enumerate(space.names) if name not in study.environment]
    for axis, size in ((axis, space.dims[axis]) for axis in chosen):
        for step in (-1, 1):
            if 0 <= digits[axis] + step < size:
                moved = digits.copy()
                moved[axis] += step
                around.append(space.index(moved))
    if not around:
        return {"count": 0, "worst": None, "median": None, "best": None}
    values = evaluation.objectives(np.array(around, dtype=np.int64))
    defined = values[~np.isnan(values)]
    if not len(defined):
        return {"count": 0, "worst": None, "median": None, "best": None}
    return {
        "count": len(defined),
        "worst": number(defined.min()),
        "median": number(np.median(defined)),
        "best": number(defined.max()),
    }
