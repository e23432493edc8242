"""The placebo test: the same sweep on a market whose returns are shifted in time against the signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.cpu.patterns.block_patterns import find_patterns, variants_of
from gridproof.kernels.cpu.shifted_objectives import FROM_SUMS, ShiftedObjectives
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.overnight import replace_overnight
from gridproof.kernels.problem import Problem, Work
from gridproof.results.run.data_snooping_record import PlaceboRecord
from gridproof.results.run.record import number
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
    days, objective = population.days, candidates.plan.study.spec.objective
    sweeps = int(np.clip(_VARIANTS // len(population), _FEWEST, _MOST))
    mine = population.find(candidates.metrics["base"][None])
    base = grid.alone(candidates.index["base"]).work if mine is None else population.jobs(slice(mine, mine + 1))
    shifts = np.random.default_rng(SEED).choice(np.arange(1, days), min(sweeps, days - 1), replace=False)
    # Where allocations drift from the day of entry, what they earn is no sum over days of a table.
    summed = objective in FROM_SUMS and population.plan.problem.drift is None
    measure = _from_sums if summed else _from_sweeps
    own, found = measure(population, base, np.concatenate([[0], shifts]), objective, backend, observer)
    at_least = int((found.best[1:] >= found.best[0]).sum())
    share = (at_least + 1) / (len(shifts) + 1)
    known = np.isfinite(own)
    percentiles = 100.0 * (found.below + 0.5 * found.equal) / np.maximum(found.defined, 1)
    return {
        "sweeps": len(shifts),
        "seed": SEED,
        "best": [float(value) for value in found.best[1:] if np.isfinite(value)],
        "observed": number(np.nanmax(population.metrics[:, 0, METRICS.index(objective)], initial=-np.inf)),
        "at_least": at_least,
        "p_value": share,
        "monte_carlo_error": float(np.sqrt(share * (1.0 - share) / len(shifts))),
        "base_percentile": percentiles[1:][known[1:]].tolist(),
    }


def _from_sums(
    population: Population, base: Work, shifts: Ints, objective: str, backend: str, observer: RunObserver
) -> tuple[Floats, ShiftedObjectives]:
    """The base's objective under each shift (K,), and those of all variants: from sums over the days."""
    problem, passes = population.plan.problem, population.passes
    alone = find_patterns(problem, HoldingPeriodLister(problem, population.days)(base))
    own = passes.shifted_objectives(problem, alone, shifts, objective).best
    own[~np.isfinite(own)] = np.nan
    total: ShiftedObjectives | None = None
    for first, patterns in population.patterns():
        here = slice(first, first + variants_of(patterns))
        found = passes.shifted_objectives(problem, patterns, shifts, objective, own)
        total = found if total is None else total.joined(found)
        observer.progress("verdict: placebo", here.stop, len(population), here.stop, f"{len(shifts) - 1} sweeps")
    assert total is not None
    return own, total


def _from_sweeps(
    population: Population, base: Work, shifts: Ints, objective: str, backend: str, observer: RunObserver
) -> tuple[Floats, ShiftedObjectives]:
    """As ``_from_sums``, for an objective or positions that depend on the order of the days: each shift is a sweep."""
    days = population.days
    observed = population.plan.problem.first_days(days, np.array([0, days], dtype=np.int64))
    column = METRICS.index(objective)
    own, best = np.full(len(shifts), np.nan), np.full(len(shifts), -np.inf)
    ranks = np.zeros((3, len(shifts)), dtype=np.int64)
    for done, shift in enumerate(shifts):
        evaluate = resolve(backend).bind(_turned(observed, int(shift)))
        works: Iterator[Work] = (
            population.jobs(slice(low, low + _AT_ONCE)) for low in range(0, len(population), _AT_ONCE)
        )
        values = np.concatenate([evaluate(work)[:, 0, column] for work in works])
        own[done] = evaluate(base.jobs())[0, 0, column]
        best[done] = np.nanmax(values, initial=-np.inf)
        ranks[:, done] = (values < own[done]).sum(), (values == own[done]).sum(), (~np.isnan(values)).sum()
        observer.progress("verdict: placebo", done + 1, len(shifts), done + 1)
    return own, ShiftedObjectives(best, *ranks)


def _turned(problem: Problem, shift: int) -> Problem:
    """The problem with the returns of all days turned. What is held stays, and so does what switches pay; a position
    that drifts from the day of entry does so with the turned legs."""
    returns = np.ascontiguousarray(np.roll(problem.returns, -shift, axis=2))
    problem = replace(problem, drift=None if problem.drift is None else problem.drift.turned(shift))
    if problem.overnight is None:
        return replace(problem, returns=returns)
    overnight = np.roll(problem.overnight, -shift, axis=2)
    costs = replace_overnight(problem.costs, problem.overnight, overnight)
    return replace(problem, returns=returns, costs=costs, overnight=overnight)
