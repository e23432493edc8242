"""Data snooping: the largest statistic of all variants against its bootstrap distribution without skill.

One compiled pass over the variants (``kernels.passes``) computes the statistics; the functions of
``results.statistics`` decide.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.cpu.patterns.block_patterns import variants_of
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.data_snooping_record import (
    ActiveRecord,
    BenchmarkRecord,
    DataSnoopingRecord,
    PlaceboRecord,
    SpaRecord,
    StepwiseRecord,
)
from gridproof.results.run.record import number
from gridproof.results.statistics.stepwise import StepwiseTest, decide_stepwise
from gridproof.results.statistics.superior_predictive_ability import (
    RealityCheck,
    SuperiorPredictiveAbility,
    decide_reality_check,
    decide_superior_predictive_ability,
    null_centres,
)
from gridproof.sweeps.progress.observer import RunObserver
from gridproof.sweeps.verdict.bootstrap import RESAMPLES, Bootstrap
from gridproof.sweeps.verdict.cross_validation import CrossValidation
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.stages import Stages


@dataclass(frozen=True)
class BenchmarkTests:
    """Whether the best of all variants, and which of them, beat one benchmark."""

    benchmark: str
    spa: SuperiorPredictiveAbility
    reality_check: RealityCheck
    stepwise: StepwiseTest


@dataclass(frozen=True)
class DataSnooping:
    tests: tuple[BenchmarkTests, ...]
    null_sharpe: Floats  # (R,) the largest annual Sharpe ratio of each resample, were every variant's true one nil
    left_out: int  # variants whose excess over a benchmark is constant, and not nil


def measure_data_snooping(
    population: Population,
    benchmarks: Mapping[str, Floats],
    bootstrap: Bootstrap,
    cross_validation: CrossValidation | None,
    observer: RunObserver,
    stages: Stages,
) -> DataSnooping:
    """Test all variants against each benchmark in one pass, and one more for each further step of StepM.

    benchmarks: (T,) daily returns above the risk-free rate each. cross_validation: is given the sums of all variants.
    """
    plan, days, counts = population.plan, population.days, bootstrap.resamples.counts
    kinds, resamples = len(benchmarks), len(counts)
    series = np.stack(list(benchmarks.values()))
    edges = np.array([0, days], dtype=np.int64) if cross_validation is None else cross_validation.edges
    # Holding periods earn returns; what is tested is above the risk-free rate and the benchmark. Sums of products, not
    # a matrix product: that of a BLAS library depends on its threads.
    drawn_free = counts.sum(axis=1) * plan.problem.risk_free / plan.problem.periods
    drawn = np.stack([(counts * one).sum(axis=1) for one in series])
    rows = np.concatenate([np.repeat(drawn, 4, axis=0), np.zeros((1, resamples))]) + drawn_free
    earlier = stages.find("bootstrap")
    maxima = np.full((4 * kinds + 1, resamples), -np.inf) if earlier is None else earlier["maxima"]
    sums, statistics, factors = (np.full((kinds, len(population)), np.nan) for _ in range(3))
    left_out = 0
    for first, problem, patterns in population.tested(edges):
        here = slice(first, first + variants_of(patterns))
        found = population.passes.measure_excess(problem, patterns, series, bootstrap.block_length, edges)
        if cross_validation is not None:
            cross_validation.add(found.parts)
        constant = found.deviations < 0.0
        left_out += int(constant.sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(found.deviations > 0.0, 1.0 / found.deviations / np.sqrt(days), 0.0)
            moving = np.where(found.spread > 1e-9, np.sqrt(plan.problem.periods) / days / found.spread, np.nan)
        scale[constant] = np.nan
        value = np.where(constant, -np.inf, found.sums * scale)
        sums[:, here], factors[:, here], statistics[:, here] = found.sums, scale, value
        plain = np.full_like(scale, 1.0 / np.sqrt(days))
        centres = np.concatenate([null_centres(found.sums, value, days), found.sums[None]]).transpose(1, 0, 2)
        scales = np.stack([scale, scale, scale, plain], axis=1)
        if earlier is None:
            population.passes.raise_maxima(
                problem,
                patterns,
                counts,
                rows,
                np.concatenate([centres.reshape(4 * kinds, -1), found.total[None]]),
                np.concatenate([scales.reshape(4 * kinds, -1), moving[None]]),
                maxima,
            )
        observer.progress("verdict: bootstrap", here.stop, len(population), here.stop, f"{RESAMPLES:,} resamples")
    if earlier is None:
        stages.keep("bootstrap", {"maxima": maxima})
    tests = []
    for kind, name in enumerate(benchmarks):
        null = maxima[4 * kind : 4 * kind + 4]
        best, plain_sums = int(statistics[kind].argmax()), sums[kind] / np.sqrt(days)
        spa = decide_superior_predictive_ability(
            float(statistics[kind, best]), best, null[:3], len(population), bootstrap.resamples
        )
        best = int(plain_sums.argmax())
        check = decide_reality_check(float(plain_sums[best]), best, null[3], len(population), bootstrap.resamples)
        stepwise = _stepwise(
            population, bootstrap, rows[4 * kind], sums[kind], statistics[kind], factors[kind], null[2], observer,
            stages, f"stepwise-{kind}",
        )  # fmt: skip
        tests.append(BenchmarkTests(name, spa, check, stepwise))
    return DataSnooping(tuple(tests), maxima[-1], left_out)


def _stepwise(
    population: Population, bootstrap: Bootstrap, offset: Floats, sums: Floats, statistics: Floats, factors: Floats,
    first: Floats, observer: RunObserver, stages: Stages, stage: str,
) -> StepwiseTest:  # fmt: skip
    """StepM against one benchmark. offset: (R,) its resampled sums. first: (R,) the maxima over all variants.

    stage: the name under which the maxima of each further step are kept.
    """
    steps = itertools.count(1)

    def null_maxima(superior: Bools) -> Floats:
        return stages.arrays(f"{stage}-{next(steps)}", lambda: {"maxima": maxima_of_others(superior)})["maxima"]

    def maxima_of_others(superior: Bools) -> Floats:
        left = np.where(superior, np.nan, factors)
        found: Floats = np.full((1, len(first)), -np.inf)
        for begin, problem, patterns in population.tested():
            here = slice(begin, begin + variants_of(patterns))
            population.passes.raise_maxima(
                problem, patterns, bootstrap.resamples.counts, offset[None], sums[None, here], left[None, here], found
            )
            observer.progress("verdict: stepwise test", here.stop, len(population), here.stop)
        largest: Floats = found[0]
        return largest

    return decide_stepwise(statistics, first, null_maxima, bootstrap.resamples)


def data_snooping_record(
    snooping: DataSnooping, population: Population, base: Floats, placebo: PlaceboRecord, active: ActiveRecord | None
) -> DataSnoopingRecord:
    """base: the metrics (S, 12 + A) of the base, evaluated as the grid is."""
    mine = population.find(base[None])
    rows: list[BenchmarkRecord] = []
    for tests in snooping.tests:
        check = tests.reality_check
        rows.append(
            {
                "name": tests.benchmark,
                "spa": spa_record(tests.spa),
                "reality_check": {"p_value": check.p_value, "monte_carlo_error": check.monte_carlo_error},
                "stepwise": stepwise_record(tests.stepwise, mine),
            }
        )
    null = snooping.null_sharpe[np.isfinite(snooping.null_sharpe)]
    counts, edges = np.histogram(null, bins=40) if len(null) else (np.zeros(0, dtype=np.int64), np.zeros(0))
    column = METRICS.index("sharpe")
    observed = population.metrics[:, 0, column]
    best = float(np.nanmax(observed)) if not np.isnan(observed).all() else np.nan
    return {
        "observed_best": number(best),
        "observed_base": number(base[0, column]),
        "benchmarks": rows,
        "active": active,
        "null_best_sharpe": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "p_value": float((null >= best).mean()) if len(null) else None,
        },
        "placebo": placebo,
    }


def spa_record(spa: SuperiorPredictiveAbility) -> SpaRecord:
    return {
        "statistic": number(spa.statistic),
        "lower": spa.p_lower,
        "consistent": spa.p_consistent,
        "upper": spa.p_upper,
        "monte_carlo_error": spa.monte_carlo_errors[1],
    }


def stepwise_record(stepwise: StepwiseTest, base: int | None) -> StepwiseRecord:
    """base: its number among the variants tested; None: it is not one of them."""
    return {
        "rejected": int(stepwise.superior.sum()),
        "base_rejected": None if base is None else bool(stepwise.superior[base]),
        "level": stepwise.level,
    }
