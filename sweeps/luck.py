"""What luck alone gives: the largest of all variants under the bootstrap, against benchmarks and against nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints
from gridproof.kernels.backend import resolve
from gridproof.kernels.excess import measure_excess
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.problem import Work
from gridproof.kernels.resampling import raise_maxima
from gridproof.results.record import Record
from gridproof.sweeps.grid import Grid
from gridproof.sweeps.population import Population

_LEVEL = 0.05
_AT_ONCE = 65_536


@dataclass(frozen=True)
class Bootstrap:
    counts: Floats  # (R, T) how often each day stands in a resample
    block_length: float
    seed: int


@dataclass(frozen=True)
class Luck:
    """K benchmarks, R resamples, J variants. Largest over all variants."""

    statistic: Floats  # (K, 2): the largest √T·d̄/ω and √T·d̄
    null: Floats  # (K, 4, R): lower, consistent, upper of the studentised; upper of the plain
    superior: Bools  # (K, J), StepM
    null_sharpe: Floats  # (R,) the largest annual Sharpe ratio were every variant's true one nil
    left_out: int  # variants whose excess over a benchmark is constant, and not nil


def measure_luck(
    population: Population,
    benchmarks: Mapping[str, Floats],
    bootstrap: Bootstrap,
    watch: Callable[[Ints, Floats], None] | None = None,
    edges: Ints | None = None,
) -> Luck:
    """benchmarks: (T,) daily returns above the risk-free rate each. One pass, and one more for each step of StepM.

    watch: given the sums of returns over the parts between ``edges`` (3, G, some variants), as in ``kernels.excess``,
    and the numbers of these variants.
    """
    problem, days = population.plan.problem, population.days
    kinds, resamples = len(benchmarks), len(bootstrap.counts)
    series = np.stack(list(benchmarks.values()))
    edges = np.array([0, days], dtype=np.int64) if edges is None else edges
    # The traces earn returns; what is measured is above the risk-free rate and the benchmark.
    drawn_free = bootstrap.counts.sum(axis=1) * problem.risk_free / problem.periods
    rows = np.concatenate([np.repeat(series @ bootstrap.counts.T, 4, axis=0), np.zeros((1, resamples))]) + drawn_free
    maxima = np.full((4 * kinds + 1, resamples), -np.inf)
    sums, statistics, factors = (np.full((kinds, len(population)), np.nan) for _ in range(3))
    poor = -np.sqrt(2.0 * np.log(np.log(days)))
    left_out = 0
    for first, traces in population.traces():
        here = slice(first, first + len(traces.execution))
        found = measure_excess(problem, traces, series, bootstrap.block_length, edges)
        if watch is not None:
            watch(np.arange(here.start, here.stop), found.parts)
        constant = found.deviations < 0.0
        left_out += int(constant.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(found.deviations > 0.0, 1.0 / found.deviations / np.sqrt(days), 0.0)
            moving = np.where(found.spread > 1e-9, np.sqrt(problem.periods) / days / found.spread, np.nan)
        scale[constant] = np.nan
        value = np.where(constant, -np.inf, found.sums * scale)
        sums[:, here], factors[:, here], statistics[:, here] = found.sums, scale, value
        kept = np.where(value >= poor, found.sums, 0.0)
        plain = np.full_like(scale, 1.0 / np.sqrt(days))
        centres = np.stack([np.maximum(found.sums, 0.0), kept, found.sums, found.sums], axis=1)
        scales = np.stack([scale, scale, scale, plain], axis=1)
        raise_maxima(
            problem,
            traces,
            bootstrap.counts,
            rows,
            np.concatenate([centres.reshape(4 * kinds, -1), found.total[None]]),
            np.concatenate([scales.reshape(4 * kinds, -1), moving[None]]),
            maxima,
        )
    null = maxima[:-1].reshape(kinds, 4, resamples)
    superior = np.stack(
        [
            _superior(population, bootstrap, rows[4 * kind], sums[kind], statistics[kind], factors[kind], null[kind, 2])
            for kind in range(kinds)
        ]
    )
    statistic = np.stack([statistics.max(axis=1), sums.max(axis=1) / np.sqrt(days)], axis=1)
    return Luck(statistic, null, superior, maxima[-1], left_out)


def _superior(
    population: Population, bootstrap: Bootstrap, offset: Floats, sums: Floats, statistics: Floats, factors: Floats,
    first: Floats,
) -> Bools:  # fmt: skip
    """StepM (Romano, Wolf 2005): a pass over those not yet rejected for each step that rejects any."""
    beyond = int(_LEVEL * len(first) + 1e-9)
    superior = np.zeros(len(statistics), dtype=np.bool_)
    maxima = first
    while True:
        critical = float(np.sort(maxima)[len(maxima) - beyond - 1])
        rejected = ~superior & (statistics > critical)
        superior |= rejected
        if not rejected.any() or superior.all():
            return superior
        left = np.where(superior, np.nan, factors)
        found = np.full((1, len(first)), -np.inf)
        for begin, traces in population.traces():
            here = slice(begin, begin + len(traces.execution))
            raise_maxima(
                population.plan.problem, traces, bootstrap.counts, offset[None], sums[None, here], left[None, here],
                found,
            )  # fmt: skip
        maxima = found[0]


def placebo(
    population: Population, grid: Grid, objective: str, backend: str, base: Work, sweeps: int, seed: int
) -> Record:
    """The same variants on the same signals, with the market turned round by a random number of days in sample.

    What the legs earn is shifted circularly against all signals, so that exposure, costs and the variants' likeness
    stay and only the timing is lost. The p-value counts the real sweep as one. Of a population
    that was drawn, only those drawn are swept.
    """
    problem, days = population.plan.problem, population.days
    column = METRICS.index(objective)
    shifts = np.random.default_rng(seed).choice(np.arange(1, days), min(sweeps, days - 1), replace=False)
    observed = float(np.nanmax(population.metrics[:, 0, column], initial=-np.inf))
    best, percentiles = [], []
    for shift in shifts:
        turned = replace(
            problem,
            returns=np.ascontiguousarray(np.roll(problem.returns[:, :, :days], -int(shift), axis=2)),
            costs=np.ascontiguousarray(problem.costs[..., :days]),
            bounds=np.array([0, days], dtype=np.int64),
        )
        evaluate = resolve(backend).bind(turned)
        works: Iterator[Work] = (
            (population.jobs(slice(low, low + _AT_ONCE)) for low in range(0, len(population), _AT_ONCE))
            if population.sampled
            else (grid.piece(number).work for number in range(grid.pieces))
        )
        values = np.concatenate([evaluate(work)[:, 0, column] for work in works])
        best.append(float(np.nanmax(values, initial=-np.inf)))
        own = evaluate(base)[0, 0, column]
        if not np.isnan(own):
            below, equal = (values < own).sum(), (values == own).sum()
            percentiles.append(100.0 * float(below + 0.5 * equal) / int((~np.isnan(values)).sum()))
    at_least = int((np.array(best) >= observed).sum())
    share = (at_least + 1) / (len(best) + 1)
    return {
        "sweeps": len(best),
        "seed": seed,
        "best": [value for value in best if np.isfinite(value)],
        "observed": observed if np.isfinite(observed) else None,
        "at_least": at_least,
        "p_value": share,
        "monte_carlo_error": float(np.sqrt(share * (1.0 - share) / len(best))),
        "base_percentile": percentiles,
    }
