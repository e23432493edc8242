"""Trials in tests: choices, their cells and points, and each statistic by plain NumPy on the reference's returns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats
from gridproof.kernels.backend import resolve
from gridproof.sweeps.plan.plan import build_plan
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import PARTS
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.trial_spec import TrialSpec
from gridproof.sweeps.study.study import Study
from tests.support.neighbourhoods import brute
from tests.support.searched import searched, small_market

PERIODS = 243.0
# Every kind of trial: each rule, signals off, a rule that holds, windows between the values.
CHOICES: list[Choice] = [
    {"rule": "guarded", "rate.window": 33, "trend.window": 27},
    {"rule": "rotate", "trend.window": 61},
    {"rule": "patient", "rate.window": 41, "trend.window": 18},
    {"rule": "guarded", "rate.use": "off", "growth.smooth": 1},
    {"rule": "guarded", "trend.use": "off", "rate.window": 20},
    {"rule": "patient", "rate.use": "off", "trend.window": 25},
]
POINTS: list[Choice] = [
    {"rule": "guarded", "rate.window": 33, "rate.on_above": 0.05, "rate.off_gap": 0.017, "trend.window": 27},
    {"rule": "patient", "rate.window": 60, "rate.off_gap": 0.1, "trend.window": 80, "trend.on_above": -0.01},
    {"rule": "rotate", "trend.use": "off", "trend.window": 12},
    {"rule": "guarded", "rate.use": "off"},
    {"rule": "guarded", "rate.window": 33, "rate.on_above": 0.05, "rate.off_gap": 0.017, "trend.window": 27},
]


def whole(choice: Choice) -> Choice:
    return {**searched().base, **choice}


@cache
def context(objective: str = "sharpe") -> SearchContext:
    return SearchContext(searched().set({"objective": objective}), small_market(), resolve("cpu"))


@cache
def dense() -> Dimensions:
    return Dimensions(searched(), True, 1000)


def returns_of(study: Study, cells: Sequence[Choice]) -> Floats:
    """(cells, days in sample) of the reference backend, each cell at its place on a grid of its own."""
    lists: dict[str, Any] = {name: list(dict.fromkeys(cell[name] for cell in cells)) for name in cells[0]}
    several = [axis.name for axis in study.space.axes if len(axis.values) > 1]
    part = study.set({name: lists[name][0] for name in several})
    part = part.set({name: sorted(lists[name]) for name in several if len(lists[name]) > 1})
    plan = build_plan(part, small_market(), resolve("reference"))
    rows = []
    for cell in cells:
        digits = [axis.values.index(cell[axis.name]) for axis in part.space.axes]
        keys = [plan.paths[one.name][tuple(digits[at] for at in part.space.uses[one.name])] for one in part.signals]
        paths = plan.rows(np.array([keys], dtype=np.int64))[0].astype(np.int64)
        rows.append(reference.daily(plan.problem, paths, 0)[1][: int(plan.problem.bounds[1])])
    return np.array(rows)


@cache
def cells_of(place: int) -> tuple[list[Choice], tuple[int, ...], Floats]:
    grid = dense().grid(whole(CHOICES[place]))
    names = searched().space.names
    cells = [dict(zip(names, one, strict=True)) for one in itertools.product(*(grid[name] for name in names))]
    return cells, tuple(len(grid[name]) for name in names), returns_of(searched(), cells)


def measure(returns: Floats, objective: str) -> float:
    nav = np.cumprod(1.0 + returns)
    if objective == "total_return":
        return float(nav[-1] - 1.0)
    if objective == "cagr":
        return float(nav[-1] ** (PERIODS / len(returns)) - 1.0)
    if objective == "max_drawdown":
        return float((nav / np.maximum(np.maximum.accumulate(nav), 1.0) - 1.0).min())
    spread = returns.std(ddof=1)
    return float(returns.mean() / spread * np.sqrt(PERIODS)) if spread > 1e-9 else float("nan")


def edges(days: int) -> np.ndarray:
    return np.linspace(0, days, PARTS + 1).astype(int)


def walked(returns: Floats, dims: tuple[int, ...], objective: str) -> float:
    """Chosen on all parts before, held over the next, four times."""
    ends = edges(returns.shape[1])
    held = []
    for part in range(1, PARTS):
        known = np.array([measure(one[: ends[part]], objective) for one in returns])
        cell, _ = brute(known, dims, None, 0.25)
        held.append(returns[cell, ends[part] : ends[part + 1]])
    return measure(np.concatenate(held), objective)


def spec_of(*objectives: str, points: int | None = 5, require: tuple[str, ...] = (), cells: int = 1000) -> TrialSpec:
    options = SearchOptions(1, objectives=objectives, require=require, cells=cells, points=points)
    return TrialSpec(searched(), small_market(), "cpu", options)
