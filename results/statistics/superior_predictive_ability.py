"""Whether the best variant of a sweep beats a benchmark by more than the best of so many variants does by chance.

Reality check (White 2000), test of superior predictive ability (Hansen 2005) and StepM (Romano, Wolf 2005), which is in
``stepwise``. d is a variant's daily excess over the benchmark, d̄ its mean over T days, d̄* that of a resample, the
same days for all variants. Each test compares the largest √T·d̄/ω with the largest √T·(d̄* − g)/ω of every resample:

===========  =========================================================================================
upper        g = d̄: every variant counts as if it were as good as the benchmark
consistent   g = d̄ where √T·d̄/ω ≥ −√(2·ln ln T), else 0: variants that are clearly poor stay poor
lower        g = max(d̄, 0)
===========  =========================================================================================

ω is the long-run standard deviation (``maxima.long_run_deviations``); 1 where not studentised. In the SPA test a
largest value below 0 counts as 0, observed and resampled; White's test has no such floor. A p-value is the share of
resamples that reach the observed value, so that it is 1 where no variant beats the benchmark. The excess of a variant
equal to the benchmark (within 1e-12 every day) is 0 in every resample. An excess that is constant but not 0 cannot be
studentised and raises InputError.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.errors import InputError
from gridproof.results.statistics.bootstrap import Resamples, draw_resamples
from gridproof.results.statistics.chunks import Chunks, check_chunk, chunks_of
from gridproof.results.statistics.maxima import constant_excess, measured, take_maxima
from gridproof.results.statistics.stepwise import StepwiseTest, stepwise_multiple_test

__all__ = [
    "RealityCheck",
    "StepwiseTest",
    "SuperiorPredictiveAbility",
    "SuperiorityTest",
    "reality_check",
    "stepwise_multiple_test",
    "superior_predictive_ability",
]

_LOWER, _CONSISTENT, _UPPER = range(3)


@dataclass(frozen=True)
class RealityCheck:
    statistic: float  # √T times the largest mean daily excess
    best: int  # the first variant that has it
    p_value: float
    monte_carlo_error: float  # standard error of p_value
    null_maxima: Floats  # (R,) the largest of each resample
    variants: int
    resamples: int
    block_length: float | None
    seed: int | None
    version: str = "White 2000, stationary bootstrap"


@dataclass(frozen=True)
class SuperiorPredictiveAbility:
    statistic: float  # the largest √T·d̄/ω, at least 0
    best: int  # the first variant that has it
    p_lower: float
    p_consistent: float
    p_upper: float
    monte_carlo_errors: tuple[float, float, float]  # standard errors: lower, consistent, upper
    null_maxima: Floats  # (R,) the largest of each resample, consistent
    studentised: bool
    variants: int
    resamples: int
    block_length: float | None
    seed: int | None
    version: str = "Hansen 2005, ω from daily autocovariances, stationary bootstrap"


class SuperiorityTest:
    """Both tests from one pass over chunks of variants; only the maxima are kept.

    indices: (R, T) days of each resample, 0 to T − 1; or they are drawn from seed, resamples and block_length.
    block_length: mean block length in days; with given indices, the one with which they were drawn. SPA needs it.
    """

    def __init__(
        self,
        observations: int,
        indices: Array | None = None,
        block_length: float | None = None,
        *,
        resamples: int = 1000,
        seed: int = 0,
    ) -> None:
        if observations < 3:
            raise InputError("there must be at least three days", observations, "excess", "Give more days")
        self._bootstrap = draw_resamples(observations, indices, block_length, resamples, seed)
        self._days = observations
        self._variants = 0
        self._constant: int | None = None
        self._best = np.full(2, -np.inf)
        self._index = np.zeros(2, dtype=np.int64)
        self._maxima = np.full((6, self._bootstrap.resamples), -np.inf)  # studentised: lower, consistent, upper; plain

    def add(self, excess: Floats) -> None:
        """excess: (T, n) daily returns of the next n variants less the benchmark's, fractions; NaN is an InputError."""
        self._add(check_chunk(excess, self._days, self._variants, "excess"))

    def _add(self, chunk: Floats) -> None:
        for first, panel in measured(chunk, self._variants, self._bootstrap.block_length):
            if panel.constant >= 0 and self._constant is None:
                self._constant = first + panel.constant
            for kind, values in enumerate(panel.statistics):
                if values.max() > self._best[kind]:
                    self._best[kind], self._index[kind] = values.max(), first + values.argmax()
            centres = null_centres(panel.sums, panel.statistics[0], self._days)
            products = panel.whole.T @ self._bootstrap.counts.T
            take_maxima(products, np.tile(centres, (2, 1)), np.repeat(panel.factors, 3, axis=0), self._maxima)
        self._variants += chunk.shape[1]

    def reality_check(self) -> RealityCheck:
        self._check_any()
        maxima = self._maxima[3 + _UPPER].copy()
        return decide_reality_check(float(self._best[1]), int(self._index[1]), maxima, self._variants, self._bootstrap)

    def superior_predictive_ability(self, *, studentised: bool = True) -> SuperiorPredictiveAbility:
        """Raises InputError without a block length, and for a constant excess where it is to be studentised."""
        self._check_any()
        self._bootstrap.check_block_length()
        if studentised and self._constant is not None:
            raise constant_excess(self._constant)
        plain = 0 if studentised else 1
        maxima = self._maxima[3 * plain : 3 * plain + 3]
        best, index = float(self._best[plain]), int(self._index[plain])
        return decide_superior_predictive_ability(
            best, index, maxima, self._variants, self._bootstrap, studentised=studentised
        )

    def _check_any(self) -> None:
        if self._variants == 0:
            raise InputError("there must be at least one variant", "none", "excess", "Add a chunk first")


def null_centres(sums: Floats, statistics: Floats, days: int) -> Floats:
    """Returns the centres lower, consistent and upper, (3, n), to be subtracted from the resampled sums; see above.

    sums: (n,) of the excess over T ``days``. statistics: (n,) √T·d̄/ω.
    """
    poor = -np.sqrt(2.0 * np.log(np.log(days)))
    return np.stack([np.maximum(sums, 0.0), np.where(statistics >= poor, sums, 0.0), sums])


def decide_reality_check(
    statistic: float, best: int, maxima: Floats, variants: int, bootstrap: Resamples
) -> RealityCheck:
    """White's test from sufficient statistics.

    statistic: the largest √T·d̄ of ``variants``, that of variant ``best``. maxima: (R,) the largest √T·(d̄* − d̄) of each
    resample.
    """
    p_value = float((maxima >= statistic).mean())
    return RealityCheck(statistic, best, p_value, bootstrap.error(p_value), maxima, variants, *bootstrap.origin)


def decide_superior_predictive_ability(
    statistic: float, best: int, maxima: Floats, variants: int, bootstrap: Resamples, *, studentised: bool = True
) -> SuperiorPredictiveAbility:
    """Hansen's test from sufficient statistics.

    statistic: the largest √T·d̄/ω of ``variants``, that of variant ``best``. maxima: (3, R) the largest of each
    resample with the centres lower, consistent and upper. Observed and resampled maxima below 0 count as 0.
    """
    statistic, maxima = max(statistic, 0.0), np.maximum(maxima, 0.0)
    lower, consistent, upper = (float((row >= statistic).mean()) for row in maxima)
    return SuperiorPredictiveAbility(
        statistic,
        best,
        lower,
        consistent,
        upper,
        (bootstrap.error(lower), bootstrap.error(consistent), bootstrap.error(upper)),
        maxima[_CONSISTENT],
        studentised,
        variants,
        *bootstrap.origin,
    )


def reality_check(
    excess: Chunks,
    indices: Array | None = None,
    block_length: float | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> RealityCheck:
    """White (2000), not studentised, all recentred. excess: (T, V) daily, or chunks of it; else as SuperiorityTest.

    The studentised form of this test is p_upper of superior_predictive_ability.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> returns[:, 7] += 0.002
    >>> found = reality_check(returns, block_length=5.0, resamples=500)
    >>> found.best, found.p_value, found.variants
    (7, 0.0, 20)
    """
    return _tested(excess, indices, block_length, resamples, seed).reality_check()


def superior_predictive_ability(
    excess: Chunks,
    indices: Array | None = None,
    block_length: float | None = None,
    *,
    studentised: bool = True,
    resamples: int = 1000,
    seed: int = 0,
) -> SuperiorPredictiveAbility:
    """Hansen (2005). excess: (T, V) daily, variant less benchmark, or chunks of it; else as SuperiorityTest.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> returns[:, 7] += 0.002
    >>> found = superior_predictive_ability(returns, block_length=5.0, resamples=500)
    >>> found.best, found.p_consistent <= found.p_upper <= 0.01
    (7, True)
    """
    test = _tested(excess, indices, block_length, resamples, seed)
    return test.superior_predictive_ability(studentised=studentised)


def _tested(
    excess: Chunks, indices: Array | None, block_length: float | None, resamples: int, seed: int
) -> SuperiorityTest:
    test = None
    for chunk in chunks_of(excess, "excess"):
        test = test or SuperiorityTest(len(chunk), indices, block_length, resamples=resamples, seed=seed)
        test._add(chunk)
    assert test is not None
    return test
