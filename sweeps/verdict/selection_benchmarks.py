"""What choosing by past results is compared with: the static holdings of the same days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.results.run.conclusion_record import HoldingRecord
from gridproof.results.run.cross_validation_record import HoldingSharpe
from gridproof.results.run.record import number
from gridproof.results.statistics.sharpe import daily_sharpe
from gridproof.results.statistics.splits import CombinatorialPaths, WalkForward, Windows
from gridproof.sweeps.study.held import holding_weights, holdings
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.static_holdings import compare_with_holdings, matched_mix, mean_weights


def walk_forward_benchmarks(
    population: Population, windows: Windows, found: WalkForward
) -> tuple[list[HoldingRecord], list[float] | None]:
    """A walk-forward against every static holding of its days, and the NAV of the mix of its own mean weights."""
    days = np.concatenate(windows.test_days)
    held = np.concatenate(_held(population, found.chosen, windows.test_days))
    legs = {name: returns[days] for name, returns in excess_of_holdings(population).items()}
    weights, periods = holding_weights(population.plan.study), population.plan.problem.periods
    mix = matched_mix(legs, mean_weights(held, weights))
    compared = compare_with_holdings(found.returns, legs, held, periods, weights=weights)["holdings"]
    return compared, None if mix is None else np.cumprod(1.0 + mix).tolist()


def path_benchmarks(
    population: Population, found: CombinatorialPaths
) -> tuple[list[HoldingSharpe], list[float | None]]:
    """The Sharpe ratio of each leg held, and for each path that of the mix of its own mean weights."""
    legs, year = excess_of_holdings(population), float(np.sqrt(population.plan.problem.periods))
    splits = found.splits
    held = _held(population, found.chosen, splits.test)
    mixes: list[float | None] = []
    for row in splits.paths:
        path = np.empty(population.days, dtype=np.int64)
        for group, split in enumerate(row):
            low, high = splits.bounds[group], splits.bounds[group + 1]
            inside = (splits.test[split] >= low) & (splits.test[split] < high)
            path[low:high] = held[split][inside]
        mix = matched_mix(legs, mean_weights(path, holding_weights(population.plan.study)))
        mixes.append(None if mix is None else number(daily_sharpe(mix) * year))
    cash = {leg.name for leg in population.plan.study.legs if leg.cash}
    return [
        {"name": f"hold {name}", "sharpe": number(daily_sharpe(returns) * year)}
        for name, returns in legs.items()
        if name not in cash
    ], mixes


def excess_of_holdings(population: Population) -> dict[str, Floats]:
    """(T,) of each static holding, legs and mixes, in sample under the base's execution, in excess of cash."""
    problem, study = population.plan.problem, population.plan.study
    execution, free = study.space.execution(study.space.base_index), population.plan.risk_free_of_a_day
    return {
        name: problem.held_throughout(execution, number)[: population.days] - free
        for name, number in holdings(study).items()
    }


def _held(population: Population, chosen: Ints, days: Sequence[Ints]) -> list[Ints]:
    """The allocation of each chosen variant on its days."""
    periods = HoldingPeriodLister(population.plan.problem, population.days)(population.jobs(chosen))
    return [periods.held(place)[inside] for place, inside in enumerate(days)]
