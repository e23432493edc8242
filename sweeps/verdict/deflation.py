"""Deflation: the number of trials of a sweep, and the Sharpe ratios of base and best deflated by it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.deflation_record import (
    DeflationCurve,
    DeflationMark,
    DeflationRecord,
    HaircutRecord,
    HaircutRow,
)
from gridproof.results.run.record import number
from gridproof.results.run.statistics_record import TrialCounts
from gridproof.results.statistics.deflation import (
    EffectiveTrials,
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

# Variants whose correlations are measured; of more, so many are drawn.
_CORRELATED = 1000


def measure_correlations(population: Population) -> tuple[int, EffectiveTrials | None]:
    """How many distinct choices were drawn, and how many independent ones they amount to; None for a single one."""
    drawn = np.sort(np.random.default_rng(SEED).permutation(len(population))[:_CORRELATED])
    return len(drawn), effective_trials(population.returns(drawn)) if len(drawn) > 1 else None


def count_trials(
    population: Population, snooping: DataSnooping, correlations: tuple[int, EffectiveTrials | None], tried: int,
    distinct: int, variants: int, ledger: int | None,
) -> TrialCounts:  # fmt: skip
    """correlations: as ``measure_correlations`` gives them. tried, distinct: choices of the sweep or cells of the
    search. variants: evaluated by the sweep, at any environment. ledger: all that were ever tried on its market."""
    drawn, trials = correlations
    null = snooping.null_sharpe[np.isfinite(snooping.null_sharpe)] / np.sqrt(population.plan.problem.periods)
    variance = _variance(population)
    implied = float(implied_trials(null.mean(), variance)) if len(null) and variance > 0 else np.nan
    # Where a sample was evaluated, all choices count that differ in a path.
    every = tried <= LARGEST_GRID and population.points is None
    return {
        "choices": tried,
        "variants": variants,
        "distinct_choices": population.distinct if every else min(distinct, tried),
        "entropy_rank": None if trials is None else number(trials.entropy_rank),
        "participation_ratio": None if trials is None else number(trials.participation_ratio),
        "implied": number(implied),
        "ledger": ledger,
        "correlation_sample": drawn,
    }


def deflate(population: Population, candidates: Candidates, counts: TrialCounts) -> DeflationRecord:
    """The deflated Sharpe ratio of base and best for each count of trials, and as a curve over the number of trials."""
    variance = _variance(population)

    def of(name: str, trials: Any) -> Any:
        one = candidates.moments[name]
        return deflated_sharpe(one.sharpe, one.observations, trials, variance, one.skewness, one.kurtosis)

    marks: list[DeflationMark] = []
    for label, count in _named(counts).items():
        if count is None or variance == 0.0:
            continue
        trials = max(1.0, float(count))
        threshold = expected_maximum_sharpe(trials, variance) * np.sqrt(population.plan.problem.periods)
        best, base = (number(of(name, trials)) for name in ("best", "base"))
        marks.append({"name": label, "trials": trials, "threshold": number(threshold), "best": best, "base": base})
    spread: Floats = np.logspace(0, 12, 49)
    curves = [[number(value) for value in np.atleast_1d(of(name, spread))] for name in ("best", "base")]
    curve: DeflationCurve = {"trials": spread.tolist(), "best": curves[0], "base": curves[1]}
    return {"variance_daily": variance, "curve": curve if variance > 0 else None, "marks": marks}


def haircut(population: Population, candidates: Candidates) -> HaircutRecord:
    """The haircut of base and best among the Sharpe ratios of all distinct choices."""
    sharpes, year = _sharpes(population), np.sqrt(population.plan.problem.periods)
    places: dict[str, int] = {}
    for name, moments in candidates.moments.items():
        found = population.find(candidates.metrics[name][None])
        if found is None:  # not drawn: one test more
            found, sharpes = len(sharpes), np.append(sharpes, moments.sharpe)
        places[name] = found
    tests = int((~np.isnan(sharpes)).sum())
    cuts = haircut_sharpe(sharpes, population.days) if tests else None

    def row(place: int) -> HaircutRow:
        methods = () if cuts is None else (cuts.bonferroni, cuts.holm, cuts.bhy)
        ratios = [number(cut.sharpe[place] * year) for cut in methods] or [None] * 3
        p_values = [number(cut.p_value[place]) for cut in methods] or [None] * 3
        return {
            "sharpe": number(sharpes[place] * year),
            "bonferroni": ratios[0],
            "p_bonferroni": p_values[0],
            "holm": ratios[1],
            "p_holm": p_values[1],
            "bhy": ratios[2],
            "p_bhy": p_values[2],
        }

    return {"tests": tests, "base": row(places["base"]), "best": row(places["best"])}


def _named(counts: TrialCounts) -> dict[str, float | None]:
    """The counts of trials under the names that the report shows."""
    return {
        "choices": counts["choices"],
        "distinct choices": counts["distinct_choices"],
        "entropy rank": counts["entropy_rank"],
        "participation ratio": counts["participation_ratio"],
        "implied by the bootstrap": counts["implied"],
        "ledger": counts["ledger"],
    }


def _sharpes(population: Population) -> Floats:
    """(J,) a day, in sample, of all distinct choices."""
    sharpes: Floats = population.metrics[:, 0, METRICS.index("sharpe")] / np.sqrt(population.plan.problem.periods)
    return sharpes


def _variance(population: Population) -> float:
    sharpes = _sharpes(population)
    sharpes = sharpes[~np.isnan(sharpes)]
    return float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0
