"""A walk-forward search: searched anew on growing windows, what was chosen held on the days that follow each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridproof.kernels import reference
from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS, measure_returns
from gridproof.results.run.record import Record
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.verdict.strategy_statistics import number


@dataclass(frozen=True, slots=True)
class SearchFold:
    """Days of the window: searched on [0, trained), held on [begin, end)."""

    trained: int
    begin: int
    end: int


def folds_of(ground: SearchContext, count: int) -> list[SearchFold]:
    """``count`` + 1 equal parts: the first is only searched on, each other is held after a search on all before it.

    What is chosen at the close of the last day searched decides the position that earns the return ``lag`` days later;
    what was chosen before decides those between. Raises InputError where a part is shorter than half a year.
    """
    days, problem = ground.days, ground.layout.problem
    ends = np.linspace(0, days, count + 2).round().astype(int)[1:]
    if count < 1 or np.diff(ends).min(initial=days) < problem.periods / 2:
        rule, remedy = "a walk-forward needs parts of half a year or more", "Lower it, or bring longer series"
        raise InputError(rule, f"{count + 1} parts of {days} days in sample", "--walk-forward", remedy)
    starts = [min(int(end) + int(problem.lags[0]) - 1, days) for end in ends]
    return [SearchFold(int(ends[place]), starts[place], starts[place + 1]) for place in range(count)]


def walk(
    ground: SearchContext,
    count: int,
    search: Callable[[int, SearchFold], tuple[int, Choice, Floats]],
    trials: int,
    objective: str,
) -> Record:
    """search: of a fold by number, which trial was chosen, its variant, and the values of its aims."""
    layout = ground.layout
    problem = layout.problem
    folds = folds_of(ground, count)
    dates = layout.market.calendar[layout.window.first : layout.window.last + 1]
    measured = METRICS.index(ground.study.spec.objective)
    rows, returns, held_before = [], [], -1
    for place, fold in enumerate(folds):
        trial, chosen, values = search(place, fold)
        held, earned, costs = _days(ground, chosen)
        part = earned[fold.begin : fold.end].copy()
        first = int(held[fold.begin])
        if held_before >= 0:
            # What it holds may differ from what was held: that trade is charged once, as the switch that it is.
            own = float(costs[fold.begin])
            charge = float(problem.costs[problem.cost_of[0], held_before, first, fold.begin])
            part[0] = (1.0 + part[0]) / (1.0 - own) * (1.0 - charge) - 1.0
        held_before = int(held[fold.end - 1])
        returns.append(part)
        rows.append(
            {
                "train_from": str(dates[0]),
                "train_to": str(dates[fold.trained - 1]),
                "test_from": str(dates[fold.begin]),
                "test_to": str(dates[fold.end - 1]),
                "number": trial,
                "parameters": chosen,
                "in_sample": number(values[0]),
                "out_of_sample": number(measure_returns(part, problem.periods, problem.risk_free)[measured]),
            }
        )
    stitched = np.concatenate(returns)
    nav = np.cumprod(1.0 + stitched)
    metrics = dict(zip(METRICS, measure_returns(stitched, problem.periods, problem.risk_free), strict=False))
    return {
        "folds": rows,
        "objective": objective,
        "trials": trials,
        "sharpe": number(metrics["sharpe"]),
        "cagr": number(metrics["cagr"]),
        "t_statistic": number(metrics["sharpe"] * np.sqrt(len(nav) / problem.periods)),
        "days": len(nav),
        "curve": {"date": [str(day) for day in dates[folds[0].begin : folds[-1].end]], "nav": nav.tolist()},
    }


def _days(ground: SearchContext, chosen: Choice) -> tuple[Ints, Floats, Floats]:
    """Allocation, return after cost and cost of every day of the window."""
    columns = {name: np.array([value], dtype=object) for name, value in chosen.items()}
    plan, jobs, _ = ground.points(ground.layout, columns)
    return reference.daily(plan.problem, jobs.rows[0].astype(np.int64), 0)
