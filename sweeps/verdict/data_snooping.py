"""What luck alone gives: the largest of all variants under the bootstrap, against benchmarks and against nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.cpu.bootstrap_maxima import raise_maxima
from gridproof.kernels.cpu.excess import measure_excess
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import Record
from gridproof.sweeps.verdict.bootstrap import Bootstrap
from gridproof.sweeps.verdict.cross_validation import CrossValidation
from gridproof.sweeps.verdict.population import Population
from gridproof.sweeps.verdict.strategy_statistics import number

_LEVEL = 0.05


@dataclass(frozen=True)
class DataSnooping:
    """K benchmarks, R resamples, J variants. Largest over all variants."""

    benchmarks: tuple[str, ...]
    statistic: Floats  # (K, 2): the largest √T·d̄/ω and √T·d̄
    null: Floats  # (K, 4, R): lower, consistent, upper of the studentised; upper of the plain
    superior: Bools  # (K, J), StepM
    null_sharpe: Floats  # (R,) the largest annual Sharpe ratio were every variant's true one nil
    left_out: int  # variants whose excess over a benchmark is constant, and not nil


def measure_data_snooping(
    population: Population,
    benchmarks: Mapping[str, Floats],
    bootstrap: Bootstrap,
    ahead: CrossValidation | None,
) -> DataSnooping:
    """benchmarks: (T,) daily returns above the risk-free rate each. One pass, which ``ahead`` watches, and one more
    for each step of StepM."""
    problem, days = population.plan.problem, population.days
    kinds, resamples = len(benchmarks), len(bootstrap.counts)
    series = np.stack(list(benchmarks.values()))
    edges = np.array([0, days], dtype=np.int64) if ahead is None else ahead.edges
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
        if ahead is not None:
            ahead.watch(np.arange(here.start, here.stop), found.parts)
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
    return DataSnooping(tuple(benchmarks), statistic, null, superior, maxima[-1], left_out)


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


def data_snooping_record(luck: DataSnooping, population: Population, base: Floats) -> Record:
    """base: its metrics (S, 12 + A), evaluated as the grid is."""
    mine = population.place(base[None])
    rows = []
    for kind, name in enumerate(luck.benchmarks):
        statistic = max(float(luck.statistic[kind, 0]), 0.0)
        lower, consistent, upper = (_share(np.maximum(luck.null[kind, row], 0.0), statistic) for row in range(3))
        plain = _share(luck.null[kind, 3], float(luck.statistic[kind, 1]))
        rows.append(
            {
                "name": name,
                "spa": {
                    "statistic": number(statistic),
                    "lower": lower[0],
                    "consistent": consistent[0],
                    "upper": upper[0],
                    "monte_carlo_error": consistent[1],
                },
                "reality_check": {"p_value": plain[0], "monte_carlo_error": plain[1]},
                "stepwise": {
                    "rejected": int(luck.superior[kind].sum()),
                    "base_rejected": None if mine is None else bool(luck.superior[kind, mine]),
                    "level": _LEVEL,
                },
            }
        )
    null = luck.null_sharpe[np.isfinite(luck.null_sharpe)]
    counts, edges = np.histogram(null, bins=40) if len(null) else (np.zeros(0), np.zeros(0))
    column = METRICS.index("sharpe")
    observed = population.metrics[:, 0, column]
    best = float(np.nanmax(observed)) if not np.isnan(observed).all() else np.nan
    return {
        "observed_best": number(best),
        "observed_base": number(base[0, column]),
        "benchmarks": rows,
        "null_best_sharpe": {
            "edges": edges.tolist(),
            "counts": counts.tolist(),
            "p_value": float((null >= best).mean()) if len(null) else None,
        },
    }


def _share(maxima: Floats, statistic: float) -> tuple[float, float]:
    """The share of resamples that do as well, and its Monte Carlo error."""
    p_value = float((maxima >= statistic).mean())
    inside = min(max(p_value, 1.0 / len(maxima)), 1.0 - 1.0 / len(maxima))
    return p_value, float(np.sqrt(inside * (1.0 - inside) / len(maxima)))
