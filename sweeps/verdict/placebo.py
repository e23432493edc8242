"""The placebo test: the same sweep on a market whose returns are shifted in time against the signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Work
from gridproof.results.run.statistics_record import PlaceboRecord
from gridproof.sweeps.plan.grid import Grid
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.candidates import Candidates
from gridproof.sweeps.verdict.population import Population

# Variants that are evaluated in all, and the fewest and most placebo sweeps.
_VARIANTS, _FEWEST, _MOST = 10_000_000, 20, 100
_AT_ONCE = 65_536


def placebo(
    population: Population, grid: Grid, candidates: Candidates, backend: str, observer: RunObserver
) -> PlaceboRecord:
    """Evaluates the same variants on returns that are shifted circularly in sample by a random number of days.

    The legs' returns are shifted against all signals: exposure, costs and the correlations between variants are kept,
    and only the timing is lost. The p-value includes the observed sweep. Of a sampled population only the sample is
    evaluated.
    """
    problem, days = population.plan.problem, population.days
    column = METRICS.index(candidates.plan.study.spec.objective)
    sweeps = int(np.clip(_VARIANTS // len(population), _FEWEST, _MOST))
    mine = population.find(candidates.metrics["base"][None])
    base = grid.alone(candidates.index["base"]).work if mine is None else population.jobs(slice(mine, mine + 1))
    shifts = np.random.default_rng(SEED).choice(np.arange(1, days), min(sweeps, days - 1), replace=False)
    observed = float(np.nanmax(population.metrics[:, 0, column], initial=-np.inf))
    best, percentiles = [], []
    for done, shift in enumerate(shifts, start=1):
        shifted = replace(
            problem,
            returns=np.ascontiguousarray(np.roll(problem.returns[:, :, :days], -int(shift), axis=2)),
            costs=np.ascontiguousarray(problem.costs[..., :days]),
            bounds=np.array([0, days], dtype=np.int64),
        )
        evaluate = resolve(backend).bind(shifted)
        works: Iterator[Work] = (
            (population.jobs(slice(low, low + _AT_ONCE)) for low in range(0, len(population), _AT_ONCE))
            if population.sampled
            else (grid.piece(number).work for number in range(grid.pieces))
        )
        values = np.concatenate([evaluate(work)[:, 0, column] for work in works])
        observer.progress("verdict: placebo", done, len(shifts), done)
        best.append(float(np.nanmax(values, initial=-np.inf)))
        own = evaluate(base)[0, 0, column]
        if not np.isnan(own):
            below, equal = (values < own).sum(), (values == own).sum()
            percentiles.append(100.0 * float(below + 0.5 * equal) / int((~np.isnan(values)).sum()))
    at_least = int((np.array(best) >= observed).sum())
    share = (at_least + 1) / (len(best) + 1)
    return {
        "sweeps": len(best),
        "seed": SEED,
        "best": [value for value in best if np.isfinite(value)],
        "observed": observed if np.isfinite(observed) else None,
        "at_least": at_least,
        "p_value": share,
        "monte_carlo_error": float(np.sqrt(share * (1.0 - share) / len(best))),
        "base_percentile": percentiles,
    }
