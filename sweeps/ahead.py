"""Choosing ahead: the best variant chosen on some days and held on others, walk-forward and in all combinations."""

from __future__ import annotations

import numpy as np

from gridproof.results.record import Record
from gridproof.results.statistics.splits import combinatorial_paths, walk_forward
from gridproof.signals.source import Dates
from gridproof.sweeps.population import Population
from gridproof.sweeps.standing import number

TRAIN_YEARS, TEST_YEARS = 5, 1
GROUPS, TEST_GROUPS = 6, 2


def walk(population: Population, dates: Dates, metric: str) -> Record | None:
    """Train on five years, hold for one; None where the sample is shorter than seven."""
    periods = population.plan.problem.periods
    train, test = round(TRAIN_YEARS * periods), round(TEST_YEARS * periods)
    gap = int(population.plan.problem.lags.max())
    if population.days < train + gap + 2 * test:
        return None
    found = walk_forward(population, train, test, gap, metric=metric)
    year = np.sqrt(periods)
    scale = year if metric == "sharpe" else periods
    folds, done = [], 0
    for chosen, trained, (low, high), (begin, end) in zip(
        found.chosen, found.in_sample, found.train, found.test, strict=True
    ):
        returns = found.returns[done : done + end - begin]
        done += int(end - begin)
        spread = returns.std(ddof=1) if len(returns) > 1 else 0.0
        folds.append(
            {
                "train_from": str(dates[low]),
                "train_to": str(dates[high - 1]),
                "test_from": str(dates[begin]),
                "test_to": str(dates[end - 1]),
                "index": int(population.index[chosen]),
                "parameters": population.plan.study.space.parameters(int(population.index[chosen])),
                "in_sample": number(trained * scale),
                "out_of_sample": number(returns.mean() / spread * year) if spread > 0 else None,
            }
        )
    nav = np.cumprod(1.0 + found.returns)
    first = int(found.test[0, 0])
    return {
        "train_days": train,
        "test_days": test,
        "gap": gap,
        "metric": metric,
        "folds": folds,
        "sharpe": number(found.sharpe * year),
        "cagr": number(nav[-1] ** (periods / len(nav)) - 1.0),
        "t_statistic": number(found.t_statistic),
        "days": len(nav),
        "curve": {
            "date": [str(day) for day in dates[first : first + len(nav)]],
            "nav": [float(value) for value in nav],
        },
    }


def combine(population: Population, dates: Dates, metric: str) -> Record | None:
    """Combinatorial purged cross-validation, 6 groups of which 2 test: 15 splits, 5 paths; None for too few days."""
    if population.days < 20 * GROUPS:
        return None
    purge = int(population.plan.problem.lags.max())
    found = combinatorial_paths(population, GROUPS, TEST_GROUPS, purge=purge, embargo=0, metric=metric)
    year = np.sqrt(population.plan.problem.periods)
    navs = np.cumprod(1.0 + found.returns, axis=1)
    return {
        "groups": GROUPS,
        "test": TEST_GROUPS,
        "splits": len(found.splits.train),
        "paths": len(found.sharpe),
        "purge": purge,
        "embargo": 0,
        "metric": metric,
        "sharpe": [number(value * year) for value in found.sharpe],
        "curves": {
            "date": [str(day) for day in dates[: population.days]],
            "nav": [[float(value) for value in row] for row in navs],
        },
    }
