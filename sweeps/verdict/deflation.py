"""Deflation: how many trials a sweep amounts to, and what is left of a Sharpe ratio among so many."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import Record
from gridproof.results.statistics.deflation import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    implied_trials,
)
from gridproof.results.statistics.haircut import haircut_sharpe
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.candidates import Candidates
from gridproof.sweeps.verdict.data_snooping import DataSnooping
from gridproof.sweeps.verdict.population import LARGEST_GRID, Population
from gridproof.sweeps.verdict.strategy_statistics import number

# Variants whose correlation is measured.
_CORRELATED = 2000
# The counts of trials, as the page names them.
_COUNTS = {
    "all variants": "all",
    "distinct": "distinct",
    "entropy rank": "entropy_rank",
    "participation ratio": "participation_ratio",
    "implied by the bootstrap": "implied",
    "ledger": "ledger",
}


def count_trials(population: Population, luck: DataSnooping, tried: int, distinct: int, ledger: int | None) -> Record:
    """tried, distinct: variants of the sweep or cells of the search. ledger: all that were ever tried on its market."""
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(population))[:_CORRELATED])
    trials = effective_trials(population.returns(drawn)) if len(drawn) > 1 else None
    null = luck.null_sharpe[np.isfinite(luck.null_sharpe)] / np.sqrt(population.plan.problem.periods)
    variance = _variance(population)
    implied = float(implied_trials(null.mean(), variance)) if len(null) and variance > 0 else np.nan
    # Of a grid of which a sample was gone through, all count that differ in a path or in their execution.
    every = tried <= LARGEST_GRID and population.points is None
    return {
        "all": tried,
        "distinct": population.distinct if every else min(distinct, tried),
        "entropy_rank": None if trials is None else number(trials.entropy_rank),
        "participation_ratio": None if trials is None else number(trials.participation_ratio),
        "implied": number(implied),
        "ledger": ledger,
        "correlation_sample": len(drawn),
    }


def deflate(population: Population, contenders: Candidates, counts: Record) -> Record:
    """The deflated Sharpe ratio of base and best against each count of trials, and against any number of them."""
    variance = _variance(population)

    def of(name: str, trials: Any) -> Any:
        one = contenders.moments[name]
        return deflated_sharpe(one.sharpe, one.observations, trials, variance, one.skewness, one.kurtosis)

    marks = []
    for label, key in _COUNTS.items():
        if counts[key] is None or variance == 0.0:
            continue
        trials = max(1.0, float(counts[key]))
        threshold = expected_maximum_sharpe(trials, variance) * np.sqrt(population.plan.problem.periods)
        row = {"name": label, "trials": trials, "threshold": number(threshold)}
        marks.append(row | {name: number(of(name, trials)) for name in ("best", "base")})
    spread: Floats = np.logspace(0, 12, 49)
    curve = {"trials": spread.tolist()} | {
        name: [number(value) for value in np.atleast_1d(of(name, spread))] for name in ("best", "base")
    }
    return {"variance_daily": variance, "curve": curve if variance > 0 else None, "marks": marks}


def haircut(population: Population, contenders: Candidates) -> Record:
    """The haircut of base and best among the Sharpe ratios of all that trade differently."""
    sharpes, year = _sharpes(population), np.sqrt(population.plan.problem.periods)
    places: dict[str, int] = {}
    for name, moments in contenders.moments.items():
        found = population.place(contenders.metrics[name][None])
        if found is None:  # not drawn: one test more
            found, sharpes = len(sharpes), np.append(sharpes, moments.sharpe)
        places[name] = found
    record: Record = {"tests": int((~np.isnan(sharpes)).sum())}
    cuts = haircut_sharpe(sharpes, population.days) if record["tests"] else None
    for name, place in places.items():
        row = {"sharpe": number(sharpes[place] * year)}
        for method in ("bonferroni", "holm", "bhy"):
            cut = None if cuts is None else getattr(cuts, method)
            row[method] = None if cut is None else number(cut.sharpe[place] * year)
            row[f"p_{method}"] = None if cut is None else number(cut.p_value[place])
        record[name] = row
    return record


def _sharpes(population: Population) -> Floats:
    """(J,) a day, in sample, of all that trade differently."""
    sharpes: Floats = population.metrics[:, 0, METRICS.index("sharpe")] / np.sqrt(population.plan.problem.periods)
    return sharpes


def _variance(population: Population) -> float:
    sharpes = _sharpes(population)
    sharpes = sharpes[~np.isnan(sharpes)]
    return float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0
