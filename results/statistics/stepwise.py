"""Which variants of a sweep beat a benchmark: the stepwise multiple test (StepM) of Romano, Wolf (2005)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.bootstrap import Resamples, draw_resamples
from gridproof.results.statistics.chunks import Chunks, check_passes, chunks_of
from gridproof.results.statistics.maxima import constant_excess, measured, take_maxima


@dataclass(frozen=True)
class StepwiseTest:
    superior: Bools  # (V,) whether the variant beats the benchmark
    statistics: Floats  # (V,) √T·d̄/ω
    critical_values: Floats  # of each step; the last rejects nothing, or nothing was left
    level: float  # bound on the probability of a single false rejection
    monte_carlo_error: float  # standard error of that level
    studentised: bool
    resamples: int
    block_length: float | None
    seed: int | None
    version: str = "Romano–Wolf 2005 StepM, ω fixed, stationary bootstrap"


def stepwise_multiple_test(
    excess: Chunks,
    indices: Array | None = None,
    block_length: float | None = None,
    level: float = 0.05,
    *,
    studentised: bool = True,
    resamples: int = 1000,
    seed: int = 0,
) -> StepwiseTest:
    """StepM: the variants that beat the benchmark. The probability of one or more false ones is at most ``level``.

    Romano, Wolf (2005). Each step takes the largest √T·(d̄* − d̄)/ω over the variants not yet rejected in each
    resample, and rejects the variants whose statistic exceeds the 1 − level quantile of these. It ends with the first
    step that rejects none. Every step reads ``excess`` once: (T, V), or chunks of it that can be read again. Keeps V
    numbers. Other arguments: see SuperiorityTest.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> returns[:, 7] += 0.002
    >>> found = stepwise_multiple_test(returns, block_length=5.0, resamples=500)
    >>> bool(found.superior[7]), found.level
    (True, 0.05)
    """
    if not 0.0 < level < 1.0:
        raise InputError("must lie between 0 and 1", level, "stepwise_multiple_test: level", "Give 0.05")
    check_passes(excess, "excess")
    days = len(next(chunks_of(excess, "excess")))
    bootstrap = draw_resamples(days, indices, block_length, resamples, seed)
    if studentised:
        bootstrap.check_block_length()
    row = 0 if studentised else 1
    statistics, first = _pass(excess, bootstrap, np.zeros(0, dtype=np.bool_), row)
    return decide_stepwise(
        statistics, first, lambda superior: _pass(excess, bootstrap, superior, row)[1], bootstrap, level, studentised
    )


def decide_stepwise(
    statistics: Floats,
    first: Floats,
    null_maxima: Callable[[Bools], Floats],
    bootstrap: Resamples,
    level: float = 0.05,
    studentised: bool = True,
) -> StepwiseTest:
    """The stepwise test from sufficient statistics.

    statistics: (V,) √T·d̄/ω; −inf for a variant that is not tested. first: (R,) for each resample the largest recentred
    statistic over all variants. null_maxima: returns the same for the variants that are not yet rejected, given a mask
    (V,) of the rejected ones; called once for each further step.
    """
    beyond = int(level * bootstrap.resamples + 1e-9)  # so many resamples may exceed the critical value
    superior = np.zeros(len(statistics), dtype=np.bool_)
    critical_values: list[float] = []
    maxima = first
    while True:
        critical_values.append(float(np.sort(maxima)[bootstrap.resamples - beyond - 1]))
        rejected = ~superior & (statistics > critical_values[-1])
        superior |= rejected
        if not rejected.any() or superior.all():
            break
        maxima = null_maxima(superior)
    error, steps = bootstrap.error(level), np.array(critical_values)
    return StepwiseTest(superior, statistics, steps, level, error, studentised, *bootstrap.origin)


def _pass(excess: Chunks, bootstrap: Resamples, superior: Bools, row: int) -> tuple[Floats, Floats]:
    """(V,) statistics, (R,) largest recentred ones over the variants not in ``superior``; empty: none is yet."""
    maxima = np.full((1, bootstrap.resamples), -np.inf)
    statistics: list[Floats] = []
    before = 0
    for chunk in chunks_of(excess, "excess"):
        for first, panel in measured(chunk, before, bootstrap.block_length):
            if row == 0 and panel.constant >= 0:
                raise constant_excess(first + panel.constant)
            statistics.append(panel.statistics[row])
            left = ~superior[first : first + len(panel.sums)] if len(superior) else slice(None)
            products = panel.whole[:, left].T @ bootstrap.counts.T
            take_maxima(products, panel.sums[None, left], panel.factors[row : row + 1, left], maxima)
        before += chunk.shape[1]
    return np.concatenate(statistics), maxima[0]
