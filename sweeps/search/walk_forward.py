"""A walk-forward search: the study is searched anew on growing windows, each choice held on the days that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gridproof.kernels import reference
from gridproof.kernels.drift import carry
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import BY_NAME, METRICS, measure_returns
from gridproof.results.run.record import Record, number
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.search_context import SearchContext


@dataclass(frozen=True, slots=True)
class SearchFold:
    """Days of the window: searched on [0, trained), held on [begin, end)."""

    trained: int
    begin: int
    end: int


class FoldChoice(NamedTuple):
    """What the search of a fold chose. value: of its first objective, in sample."""

    trial: int
    parameters: Choice
    value: float


def search_folds(context: SearchContext, count: int) -> list[SearchFold]:
    """Cut the days in sample into ``count`` + 1 equal parts; each but the first is held after a search on all before.

    A choice at the close of the last day searched decides the position that earns the return ``lag`` days later, the
    longest lag where the search chooses it; until then the previous choice is held. Raises InputError where a part is
    shorter than half a year.
    """
    days, problem = context.days, context.layout.problem
    ends = np.linspace(0, days, count + 2).round().astype(int)[1:]
    if count < 1 or np.diff(ends).min(initial=days) < problem.periods / 2:
        rule, remedy = "each part of a walk-forward must have at least half a year", "Lower it, or bring longer series"
        raise InputError(rule, f"{count + 1} parts of {days} days in sample", "--walk-forward", remedy)
    starts = [min(int(end) + context.latest_lag - 1, days) for end in ends]
    return [SearchFold(int(ends[fold]), starts[fold], starts[fold + 1]) for fold in range(count)]


def walk_forward_record(
    context: SearchContext,
    count: int,
    search: Callable[[SearchFold], FoldChoice],
    trials: int,
    objective: str,
) -> Record:
    """Search each fold and join the returns of what was held.

    search: searches the study on a fold's days. trials: of each search. objective: the name of its first objective.
    """
    layout = context.layout
    problem = layout.problem
    folds = search_folds(context, count)
    dates = layout.market.calendar[layout.window.first : layout.window.last + 1]
    measured = BY_NAME[context.study.spec.objective].column
    rows, parts, held_before = [], [], None
    path = np.zeros(0, dtype=np.int64)  # what is held up to the fold
    for fold in folds:
        choice = search(fold)
        columns = {name: np.array([value], dtype=object) for name, value in choice.parameters.items()}
        points = context.plan_points(context.layout, columns)
        own_problem, execution = points.plan.problem, int(points.jobs.execution[0])
        held, returns, costs = reference.daily(own_problem, points.jobs.rows[0].astype(np.int64), execution)
        part = returns[fold.begin : fold.end].copy()
        first = int(held[fold.begin])
        path = np.concatenate([path if len(path) else held[: fold.begin], held[fold.begin : fold.end]])
        if own_problem.drift is not None:
            # Where this choice's position is another one, it is entered with the fold, and drifts from there.
            part = carry(own_problem, execution, path).returns[fold.begin :]
        elif held_before is not None:
            # The trade from the previous choice's position to this one's is charged once, as the switch that it is.
            own = float(costs[fold.begin])
            charge = float(own_problem.costs[own_problem.cost_of[execution], held_before, first, fold.begin])
            part[0] = (1.0 + part[0]) / (1.0 - own) * (1.0 - charge) - 1.0
        held_before = int(held[fold.end - 1])
        parts.append(part)
        rows.append(
            {
                "train_from": str(dates[0]),
                "train_to": str(dates[fold.trained - 1]),
                "test_from": str(dates[fold.begin]),
                "test_to": str(dates[fold.end - 1]),
                "number": choice.trial,
                "parameters": choice.parameters,
                "in_sample": number(choice.value),
                "out_of_sample": number(measure_returns(part, problem.periods, problem.risk_free)[measured]),
            }
        )
    joined = np.concatenate(parts)
    nav = np.cumprod(1.0 + joined)
    metrics = dict(zip(METRICS, measure_returns(joined, problem.periods, problem.risk_free), strict=False))
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
