"""What luck alone gives: the largest of all variants under the bootstrap, against benchmarks and against nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.backend import resolve
from gridproof.kernels.metrics import METRICS
from gridproof.kernels.resampling import raise_maxima
from gridproof.results.record import Record
from gridproof.results.statistics.maxima import measure
from gridproof.results.statistics.overfitting import OverfittingTest
from gridproof.sweeps.population import Population

_CORRELATED = 2000  # variants whose correlation is measured
_LEVEL = 0.05


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
    correlated: Floats  # (T, up to 2,000) returns of variants drawn at random
    tests: dict[int, OverfittingTest]


def measure_luck(
    population: Population, benchmarks: Mapping[str, Floats], bootstrap: Bootstrap, blocks: dict[int, OverfittingTest]
) -> Luck:
    """benchmarks: (T,) daily returns above the risk-free rate each. One pass, and one more for each step of StepM."""
    problem, days = population.plan.problem, population.days
    kinds, resamples = len(benchmarks), len(bootstrap.counts)
    series = list(benchmarks.values())
    offsets = np.stack([bootstrap.counts @ one for one in series])
    free = problem.risk_free / problem.periods
    # The traces earn returns; what is measured is above the risk-free rate and the benchmark.
    drawn_free = bootstrap.counts.sum(axis=1) * free
    rows = np.concatenate([np.repeat(offsets, 4, axis=0), np.zeros((1, resamples))]) + drawn_free
    maxima = np.full((4 * kinds + 1, resamples), -np.inf)
    sums, statistics, factors = (np.full((kinds, len(population)), np.nan) for _ in range(3))
    poor = -np.sqrt(2.0 * np.log(np.log(days)))
    chosen = np.zeros(len(population), dtype=np.bool_)
    chosen[np.random.default_rng(bootstrap.seed).permutation(len(population))[:_CORRELATED]] = True
    correlated, left_out = [], 0
    for first, traces in population.traces():
        size = len(traces.execution)
        centres, scales = np.zeros((4 * kinds + 1, size)), np.full((4 * kinds + 1, size), np.nan)
        for low, part, returns in population.laid_out(traces):
            inside = slice(low, low + len(part.execution))
            here = slice(first + low, first + low + len(part.execution))
            correlated.append(returns[:, chosen[here]])
            for test in blocks.values():
                test.add(returns)
            spread = returns.std(axis=0, ddof=1)
            centres[-1, inside] = returns.sum(axis=0)
            with np.errstate(divide="ignore"):
                moving = np.where(spread > 1e-9, np.sqrt(problem.periods) / days / spread, np.nan)
            scales[-1, inside] = moving
            for kind, one in enumerate(series):
                panel = measure(np.ascontiguousarray(returns - one[:, None]), bootstrap.block_length)
                units = panel.factors[1] * np.sqrt(days)
                total, studentised = panel.sums * units, panel.factors[0] / units
                constant = (panel.factors[0] == 0.0) & (panel.sums != 0.0)
                left_out += int(constant.sum())
                studentised[constant] = np.nan
                sums[kind, here], factors[kind, here] = total, studentised
                statistics[kind, here] = np.where(constant, -np.inf, panel.statistics[0])
                at = slice(4 * kind, 4 * kind + 4)
                centres[at, inside] = np.stack(
                    [np.maximum(total, 0.0), np.where(panel.statistics[0] >= poor, total, 0.0), total, total]
                )
                scales[at, inside] = np.stack([studentised] * 3 + [np.full(len(total), 1.0 / np.sqrt(days))])
        raise_maxima(problem, traces, bootstrap.counts, rows, centres, scales, maxima)
    null = maxima[:-1].reshape(kinds, 4, resamples)
    superior = np.stack(
        [
            _superior(population, bootstrap, rows[4 * kind], sums[kind], statistics[kind], factors[kind], null[kind, 2])
            for kind in range(kinds)
        ]
    )
    statistic = np.stack([statistics.max(axis=1), sums.max(axis=1) / np.sqrt(days)], axis=1)
    return Luck(statistic, null, superior, maxima[-1], left_out, np.concatenate(correlated, axis=1), blocks)


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


def placebo(population: Population, objective: str, backend: str, base: Floats, sweeps: int, seed: int) -> Record:
    """The same variants on the same signals, with the market turned round by a random number of days in sample.

    What the legs earn is shifted circularly against all signals, so that exposure, costs and the variants' likeness
    stay and only the timing is lost. base: metrics of the base, (S, 12 + A). The p-value counts the real sweep as one.
    """
    problem, days = population.plan.problem, population.days
    column = METRICS.index(objective)
    shifts = np.random.default_rng(seed).choice(np.arange(1, days), min(sweeps, days - 1), replace=False)
    observed = np.nanmax(population.metrics[:, 0, column])
    mine = population.place(base[None])
    best, percentiles = [], []
    for shift in shifts:
        turned = replace(
            problem,
            returns=np.ascontiguousarray(np.roll(problem.returns[:, :, :days], -int(shift), axis=2)),
            costs=np.ascontiguousarray(problem.costs[..., :days]),
            bounds=np.array([0, days], dtype=np.int64),
        )
        evaluate = resolve(backend).bind(turned)
        values = np.concatenate(
            [
                evaluate(population.jobs(slice(low, low + 65_536)))[:, 0, column]
                for low in range(0, len(population), 65_536)
            ]
        )
        best.append(float(np.nanmax(values)))
        if mine is not None and not np.isnan(values[mine]):
            below, equal = (values < values[mine]).sum(), (values == values[mine]).sum()
            percentiles.append(100.0 * float(below + 0.5 * equal) / int((~np.isnan(values)).sum()))
    at_least = int((np.array(best) >= observed).sum())
    share = (at_least + 1) / (len(best) + 1)
    return {
        "sweeps": len(best),
        "seed": seed,
        "best": best,
        "observed": float(observed),
        "at_least": at_least,
        "p_value": share,
        "monte_carlo_error": float(np.sqrt(share * (1.0 - share) / len(best))),
        "base_percentile": percentiles,
    }
