"""The stationary bootstrap (Politis, Romano 1994) of daily returns, and the optimal length of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, next_fast_len, rfft

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import is_flat

Indices: TypeAlias = npt.NDArray[np.int32]


# Days drawn for all resamples together, 4 bytes each.
_MOST_DRAWN = 2_000_000_000


@dataclass(frozen=True)
class BlockLength:
    """Optimal mean block lengths in days, not rounded. Where a length is below 1, use 1: single days may be drawn."""

    stationary: float
    circular: float
    version: str = "Politis–White 2004, corrected by Patton–Politis–White 2009"


@dataclass(frozen=True)
class Resamples:
    """The days of each of R resamples, the same for all variants."""

    counts: Floats  # (R, T): how often each day is drawn, so that the sums of all resamples are counts @ returns
    block_length: float | None  # mean, in days; None where the indices were given without it
    seed: int | None  # None where the indices were given

    @property
    def resamples(self) -> int:
        return len(self.counts)

    @property
    def origin(self) -> tuple[int, float | None, int | None]:
        """R, block length and seed, as results report them."""
        return self.resamples, self.block_length, self.seed

    def check_block_length(self) -> None:
        if self.block_length is None:
            rule = "the studentised test needs the block length with which the indices were drawn"
            raise InputError(rule, "none", "block_length", "Give it in days, or use reality_check")

    def error(self, share: float) -> float:
        """Returns the Monte Carlo standard error √(p(1−p)/R) of a share p of the resamples.

        p is taken as at least 1/R and at most 1 − 1/R.
        """
        least = 1.0 / self.resamples
        inside = min(max(share, least), 1.0 - least)
        return float(np.sqrt(max(inside * (1.0 - inside), 0.0) / self.resamples))


def optimal_block_length(returns: npt.ArrayLike) -> BlockLength:
    """The block lengths that minimise the mean squared error of the bootstrapped variance of the mean.

    b = (2·g²/d · T)^(1/3) with g = Σ h(k/m)·|k|·γ_k, d = 2·(Σ h(k/m)·γ_k)² (stationary) or 4/3 of that square
    (circular), sums over |k| ≤ m, h flat to ½ and falling to 0 at 1. m is twice the first lag that begins a run of K =
    max(5, ⌊log₁₀ T⌋) autocorrelations within ±2·√(log₁₀ T / T), at most ⌈√T⌉ + K; b at most min(3·√T, T/3). The
    autocorrelation at lag k is divided by the norms of the series without its first, and without its last, k + 1 days,
    as in ``arch`` and in Patton's program.

    returns: (T,) daily, T ≥ 20. Raises InputError for fewer, for NaN, and for a series that does not vary.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=1000)
    >>> optimal_block_length(noise).stationary < optimal_block_length(np.cumsum(noise)).stationary
    True
    """
    series = _series(returns)
    days = len(series)
    deviations = series - series.mean()
    run = max(5, int(np.log10(days)))
    longest = int(np.ceil(np.sqrt(days))) + run
    band = 2.0 * np.sqrt(np.log10(days) / days)
    lags = np.arange(longest + 1)
    # By a Fourier transform, not by a matrix product: that of a BLAS library depends on its threads.
    length = next_fast_len(days + longest, real=True)
    products = irfft(np.abs(rfft(deviations, n=length)) ** 2, n=length)[: longest + 1]
    running = np.cumsum(deviations**2)
    after, before = running[-1] - running[lags], running[days - lags - 2]
    small = np.abs(products) < band * np.sqrt(after * before)
    begins = [lag for lag in range(1, len(lags) - run) if small[lag : lag + run].all()]
    reach = min(2 * begins[0], longest) if begins else longest
    autocovariance = products[1 : reach + 1] / days
    lag = np.arange(1, reach + 1)
    weight = np.minimum(1.0, 2.0 * (1.0 - lag / reach))
    slope = 2.0 * (weight * lag * autocovariance).sum()
    long_run = products[0] / days + 2.0 * (weight * autocovariance).sum()
    upper = float(np.ceil(min(3.0 * np.sqrt(days), days / 3.0)))
    stationary, circular = (
        min(float(np.cbrt(2.0 * slope**2 / (factor * long_run**2) * days)), upper) for factor in (2.0, 4.0 / 3.0)
    )
    return BlockLength(stationary, circular)


def stationary_bootstrap_indices(observations: int, block_length: float, resamples: int, seed: int) -> Indices:
    """(R, T) int32: the days of each resample. Blocks of geometric length, mean ``block_length``, wrapping around.

    The draw: one ``numpy.random.default_rng(seed)``; for each resample in turn T integers below T, the days at which
    blocks would begin, then T uniforms. Day 0 begins a block, day t where its uniform is at most 1 / block_length; any
    other day of the resample is the one after the day before it, and the first day of the series follows the last. So
    asking for more resamples does not change the earlier ones, and the indices are those of
    ``arch.bootstrap.StationaryBootstrap`` with the same seed.

    block_length: days, ≥ 1. Raises InputError for a shorter block, T < 2, R < 1 or a negative seed.

    >>> stationary_bootstrap_indices(5, block_length=2.0, resamples=2, seed=0).shape
    (2, 5)
    """
    where = "stationary_bootstrap_indices"
    if observations < 2:
        raise InputError("there must be at least two days", observations, f"{where}: observations", "Give more days")
    if not 1.0 <= block_length < np.inf:
        raise InputError(
            "must be finite and at least 1", block_length, f"{where}: block_length", "Give the mean length in days"
        )
    if resamples < 1:
        raise InputError("there must be at least one resample", resamples, f"{where}: resamples", "Give 1000")
    if resamples * observations > _MOST_DRAWN:
        rule = f"{observations:,} observations can be resampled at most {_MOST_DRAWN // observations:,} times"
        raise InputError(rule, f"{resamples:,}", f"{where}: resamples", "Give 1000")
    if seed < 0:
        raise InputError("must not be negative", seed, f"{where}: seed", "Give a whole number")
    generator = np.random.default_rng(seed)
    days = np.arange(observations)
    drawn = np.empty((resamples, observations), dtype=np.int32)
    for resample in range(resamples):
        starts = generator.integers(observations, size=observations, dtype=np.int64)
        begins = generator.random(observations) <= 1.0 / block_length
        begins[0] = True
        begun = np.maximum.accumulate(np.where(begins, days, 0))
        drawn[resample] = (starts[begun] + days - begun) % observations
    return drawn


def resample_counts(indices: Array, observations: int) -> Floats:
    """Returns how often each day occurs in each resample, (R, T) float64; counts @ returns sums the resamples.

    indices: (R, T), the days of each resample.

    Raises InputError for indices that are not integers from 0 to T − 1, or for rows of another length than T.
    """
    where = "resample_counts: indices"
    if indices.ndim != 2 or indices.dtype.kind not in "iu" or len(indices) == 0:
        value = f"shape {indices.shape} of {indices.dtype}"
        raise InputError(
            "must be a two-dimensional array of integers", value, where, "Give one row of days for each resample"
        )
    if indices.shape[1] != observations:
        rule = f"a resample must have as many days as the returns, {observations}"
        raise InputError(rule, indices.shape[1], where, "Draw the indices for this number of days")
    if indices.min() < 0 or indices.max() >= observations:
        value = f"{indices.min()} to {indices.max()}"
        raise InputError(f"days are counted from 0 to {observations - 1}", value, where, "Count from 0")
    return np.stack([np.bincount(row, minlength=observations) for row in indices]).astype(np.float64)


def draw_resamples(
    observations: int, indices: Array | None, block_length: float | None, resamples: int, seed: int
) -> Resamples:
    """Counts the given indices, or draws new ones. Raises InputError where neither indices nor a length are given."""
    if block_length is not None and not 1.0 <= block_length < np.inf:
        raise InputError("must be finite and at least 1", block_length, "block_length", "Give the mean length in days")
    if indices is not None:
        return Resamples(resample_counts(np.asarray(indices), observations), block_length, None)
    if block_length is None:
        rule = "either the indices or the block length must be given"
        raise InputError(rule, "neither", "block_length", "Give optimal_block_length of the best variant's returns")
    drawn = stationary_bootstrap_indices(observations, block_length, resamples, seed)
    return Resamples(resample_counts(drawn, observations), block_length, seed)


def _series(returns: npt.ArrayLike) -> Floats:
    where = "optimal_block_length: returns"
    series = np.asarray(returns)
    if series.ndim != 1 or len(series) < 20 or series.dtype.kind not in "biuf":
        rule, value = "must be one series of at least 20 days", f"shape {series.shape} of {series.dtype}"
        raise InputError(rule, value, where, "Give one variant at a time")
    series = series.astype(np.float64)
    if not np.isfinite(series).all():
        day = int(np.flatnonzero(~np.isfinite(series))[0])
        raise InputError("every number must be finite", series[day], f"{where}, day {day}", "Remove undefined values")
    if is_flat(series.var(), (series**2).mean()):
        raise InputError("the series must vary", f"{series[0]} every day", where, "Leave constant variants out")
    return series
