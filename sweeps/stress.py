"""Stress: one variant under later execution, higher cost, later release and neighbouring parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.record import Record, objective_of
from gridproof.signals.market import Market
from gridproof.sweeps.grid import Listed
from gridproof.sweeps.plan import Plan
from gridproof.sweeps.point import Point, evaluate_point
from gridproof.sweeps.standing import number
from gridproof.sweeps.study import Study
from gridproof.sweeps.tile import evaluate_listed

LAGS = (1, 2, 3, 4, 5)
# Multiples of the cost; without any, these shares of NAV a side.
_MULTIPLES, _COSTS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0), (0.0, 0.0005, 0.001, 0.002, 0.005)
_LATER = (0, 1, 2, 3, 5)  # days


def stress(plan: Plan, market: Market, point: Point, index: int, holds: dict[str, Floats]) -> Record:
    """point: the variant evaluated, at ``index`` of the grid. holds: (T,) returns in sample of holding each leg."""
    study, parameters = plan.study, point.parameters
    cost = float(parameters["execution.cost"])
    costs = sorted({round(cost * multiple, 9) for multiple in _MULTIPLES} if cost > 0 else {*_COSTS})
    lags = sorted({*LAGS, int(parameters["execution.lag"])})
    releases = []
    for name, value in parameters.items():
        if name.endswith(".release") and isinstance(value, int):
            later = [value + days for days in _LATER]
            releases.append(
                {"signal": name.removesuffix(".release"), "values": _along(study, market, point, name, later)}
            )
    return {
        "lag": _along(study, market, point, "execution.lag", lags),
        "cost": _along(study, market, point, "execution.cost", costs),
        "release": releases,
        "break_even_cost": _break_even(plan, point, holds),
        "neighbours": _neighbours(plan, index),
    }


def _along(study: Study, market: Market, point: Point, name: str, values: list[Any]) -> list[Record]:
    rows = []
    for value in values:
        metrics = evaluate_point(study, market, point.parameters | {name: value}).in_sample
        same = value == point.parameters[name]
        rows.append({"value": value, "sharpe": metrics["sharpe"], "cagr": metrics["cagr"], "base": same})
    return rows


def _break_even(plan: Plan, point: Point, holds: dict[str, Floats]) -> list[Record]:
    """The cost a side, in place of every cost, at which the variant earns no more than nothing, or than a leg held."""
    days = int(plan.problem.bounds[1])
    curve = point.curve.iloc[:days]
    gross = np.log1p((1.0 + curve["return"].to_numpy()) / (1.0 - curve["cost"].to_numpy()) - 1.0).sum()
    legs = {leg.name: place for place, leg in enumerate(plan.study.legs)}
    held = np.array([legs[leg] for leg in point.held[:days]])
    sides = plan.problem.traded[held[:-1], held[1:]]
    sides = sides[sides > 0]

    def total(cost: float, target: float) -> float:
        return float(gross + np.log1p(-cost * sides).sum() - target)

    rows = []
    targets = {"zero": 0.0} | {f"hold {name}": float(np.log1p(returns).sum()) for name, returns in holds.items()}
    for name, target in targets.items():
        cost = None
        if len(sides) and total(0.0, target) > 0.0:
            cost = float(brentq(total, 0.0, 0.4999, args=(target,))) if total(0.4999, target) < 0.0 else 0.4999
        rows.append({"against": name, "cost": cost})
    return rows


def _neighbours(plan: Plan, index: int) -> Record:
    """The objective one step away along each axis."""
    space = plan.study.space
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
    listed: Ints = np.array(sorted(around), dtype=np.int64)
    values = objective_of(evaluate_listed(plan, Listed(plan, listed)), plan.study.spec.objective)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return {"count": 0, "worst": None, "median": None, "best": None}
    return {
        "count": len(defined),
        "worst": number(defined.min()),
        "median": number(np.median(defined)),
        "best": number(defined.max()),
    }
