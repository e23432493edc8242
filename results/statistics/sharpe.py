"""The uncertainty of a Sharpe ratio: standard error, probability of beating a benchmark, minimum track record.

All Sharpe ratios are per observation (daily returns: daily Sharpe ratios, and T days), never annual; skewness and raw
kurtosis (normal = 3) are population moments. Two versions, by name, with the variance of the estimated Sharpe ratio

``"2012"``  [1 − γ₃·SR + (γ₄−1)/4·SR²] / (T−1), at the observed SR: Mertens (2002); Bailey, López de Prado (2012)
``"2025"``  [a − b·γ₃·SR₀ + c·(γ₄−1)/4·SR₀²] / T, at the benchmark SR₀, with a = (1+ρ)/(1−ρ),
            b = 1 + ρ/(1−ρ) + ρ²/(1−ρ²), c = (1+ρ²)/(1−ρ²) for an AR(1) of coefficient ρ:
            López de Prado, Lipton, Zoonekynd, *How to Use the Sharpe Ratio* (2025)

The functions broadcast over arrays. They return a float where all arguments are single numbers, else a float64 array.
Where an argument is NaN, or the variance is not positive (impossible moments), the result is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, is_flat
from gridproof.kernels.threads import run_ranges
from gridproof.results.statistics.inputs import finite_array, require


@dataclass(frozen=True)
class ReturnMoments:
    """The moments that the other functions take: floats from a series (T,), arrays (V,) from returns (T, V)."""

    sharpe: Any
    observations: int
    skewness: Any
    kurtosis: Any


def return_moments(returns: npt.ArrayLike) -> ReturnMoments:
    """Sharpe ratio (mean / std with ddof 1, as everywhere here), population skewness and raw kurtosis of daily returns.

    returns: (T,) or (T, V), T ≥ 2; NaN raises InputError. A series without volatility has NaN moments.
    """
    days = finite_array(returns, (1, 2), "return_moments: returns")
    observations = len(days)
    require(
        observations > 1, "there must be at least two days", observations, "return_moments: returns", "Give more days"
    )
    mean = days.mean(axis=0)
    centred = days - mean
    square = centred**2
    variance = square.mean(axis=0)
    flat = is_flat(variance * observations / (observations - 1), variance + mean**2)
    variance = np.where(flat, np.nan, variance)
    return ReturnMoments(
        (mean / np.sqrt(variance * observations / (observations - 1)))[()],
        observations,
        ((square * centred).mean(axis=0) / variance**1.5)[()],
        ((square**2).mean(axis=0) / variance**2)[()],
    )


def daily_sharpe(returns: Floats) -> Floats:
    """Mean / std (ddof 1) of daily returns (T,), or of each row of (K, T); NaN without volatility or for one day."""
    if returns.shape[-1] < 2:
        return np.full(returns.shape[:-1], np.nan)
    variance = returns.var(axis=-1, ddof=1)
    flat = is_flat(variance, (returns**2).mean(axis=-1))
    result: Floats = np.where(flat, np.nan, returns.mean(axis=-1) / np.sqrt(np.where(flat, 1.0, variance)))
    return result


def probabilistic_sharpe(
    sharpe: npt.ArrayLike,
    observations: npt.ArrayLike,
    skewness: npt.ArrayLike = 0.0,
    kurtosis: npt.ArrayLike = 3.0,
    benchmark: npt.ArrayLike = 0.0,
    version: str = "2012",
    autocorrelation: npt.ArrayLike = 0.0,
) -> Any:
    """PSR: the probability, 0 to 1, that the true Sharpe ratio exceeds the benchmark: Φ[(SR − SR*) / σ].

    sharpe, benchmark: per observation. observations: T ≥ 2. kurtosis: raw; a value below 1 must be an excess kurtosis
    and raises InputError. autocorrelation: ρ of the returns, only in version "2025".

    >>> float(round(probabilistic_sharpe(0.458, 24), 3))
    0.982
    """
    where = "probabilistic_sharpe"
    ratio, against = np.asarray(sharpe, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    at = ratio if _is_2012(version, where) else against
    error = _standard_error(at, observations, skewness, kurtosis, version, autocorrelation, where)
    return ndtr((ratio - against) / error)[()]


def minimum_track_record_length(
    sharpe: npt.ArrayLike,
    skewness: npt.ArrayLike = 0.0,
    kurtosis: npt.ArrayLike = 3.0,
    benchmark: npt.ArrayLike = 0.0,
    confidence: float = 0.95,
    version: str = "2012",
    autocorrelation: npt.ArrayLike = 0.0,
) -> Any:
    """MinTRL: the number of observations at which the PSR reaches ``confidence``, if the moments stay the same.

    1 + [1 − γ₃·SR + (γ₄−1)/4·SR²]·(z / (SR − SR*))² in version "2012"; version "2025" uses its own variance and does
    not add 1. Infinite for SR ≤ SR*. Divide by the observations of a year to get years.

    >>> float(round(minimum_track_record_length(2 / 250**0.5, benchmark=1 / 250**0.5) / 250, 2))
    2.73
    """
    where = "minimum_track_record_length"
    known = 0.5 < confidence < 1.0
    require(known, "confidence must lie between 0.5 and 1", confidence, f"{where}: confidence", "Give 0.95")
    ratio, against = np.asarray(sharpe, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    at, least = (ratio, 2.0) if _is_2012(version, where) else (against, 1.0)
    error = _standard_error(at, least, skewness, kurtosis, version, autocorrelation, where)
    gap = np.where(ratio <= against, np.nan, ratio - against)
    length = (error * ndtri(confidence) / gap) ** 2 + (least - 1.0)
    return np.where(ratio <= against, np.inf, length)[()]


def sharpe_standard_error(
    sharpe: npt.ArrayLike,
    observations: npt.ArrayLike,
    skewness: npt.ArrayLike = 0.0,
    kurtosis: npt.ArrayLike = 3.0,
    version: str = "2012",
    autocorrelation: npt.ArrayLike = 0.0,
) -> Any:
    """Standard error of a Sharpe ratio per observation: the root of the variance of version "2012" (Mertens 2002)."""
    at = np.asarray(sharpe, dtype=np.float64)
    return _standard_error(at, observations, skewness, kurtosis, version, autocorrelation, "sharpe_standard_error")[()]


@dataclass(frozen=True)
class SharpeInterval:
    """Daily Sharpe ratios, as the returns are daily; multiply by √P for annual ones."""

    sharpe: float
    percentile: tuple[float, float]
    studentised: tuple[float, float]
    bootstrap_error: float  # standard deviation of the resampled Sharpe ratios
    mertens_error: float  # of independent days, to hold beside
    confidence: float
    resamples: int
    undefined: int  # resamples without volatility, or with moments that give no standard error; left out


def sharpe_interval(returns: npt.ArrayLike, indices: npt.ArrayLike, confidence: float = 0.95) -> SharpeInterval:
    """Two-sided intervals of a daily Sharpe ratio (mean / std, ddof 1).

    returns: (T,) daily. indices: (resamples, T) integers, each row the days of one stationary bootstrap resample
    (Politis, Romano 1994). The percentile interval takes the quantiles of the resampled ratios; the studentised one
    takes the quantiles q of (SR* − SR) / σ* and is SR − q·σ, so the upper quantile gives the lower end. Both σ are
    standard errors of Mertens (2002).

    Raises InputError for NaN in returns, days outside the series and fewer than 100 resamples. Returns without
    volatility give NaN.

    >>> import numpy as np
    >>> from gridproof.statistics import stationary_bootstrap_indices
    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, 500)
    >>> found = sharpe_interval(returns, stationary_bootstrap_indices(500, 5.0, 200, seed=0))
    >>> round(found.sharpe, 3), [round(end, 3) for end in found.percentile]
    (0.072, [-0.0, 0.15])
    """
    where = "sharpe_interval"
    days = finite_array(returns, (1,), f"{where}: returns")
    rows = np.asarray(indices)
    shaped = rows.ndim == 2 and rows.dtype.kind in "iu" and rows.shape[1] == len(days) and len(rows) >= 100
    rule = f"must be at least 100 rows of {len(days)} days each, as integers"
    require(shaped, rule, f"shape {rows.shape} of {rows.dtype}", f"{where}: indices", "Give one index for each day")
    low, high = int(rows.min()), int(rows.max())
    inside = low >= 0 and high < len(days)
    rule = f"days must lie in 0 to {len(days) - 1}"
    require(inside, rule, f"{low} to {high}", f"{where}: indices", "Draw from the days of the series")
    known = 0.0 < confidence < 1.0
    require(known, "confidence must lie between 0 and 1", confidence, f"{where}: confidence", "Give 0.95")
    moments = return_moments(days)
    sharpe = float(moments.sharpe)
    error = float(sharpe_standard_error(sharpe, len(days), moments.skewness, moments.kurtosis))
    drawn = np.empty((len(rows), 2))
    run_ranges(_resample, len(rows), days - days.mean(), float(days.mean()), np.ascontiguousarray(rows), drawn)
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    undefined = len(rows) - len(drawn)
    if not np.isfinite(error) or len(drawn) < 2:
        none = (np.nan, np.nan)
        return SharpeInterval(sharpe, none, none, np.nan, error, confidence, len(rows), undefined)
    tails = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    below, above = (float(value) for value in np.quantile(drawn[:, 0], tails))
    least, most = (float(value) for value in np.quantile((drawn[:, 0] - sharpe) / drawn[:, 1], tails))
    turned = (sharpe - most * error, sharpe - least * error)
    deviation = float(drawn[:, 0].std(ddof=1))
    return SharpeInterval(sharpe, (below, above), turned, deviation, error, confidence, len(rows), undefined)


def _is_2012(version: str, where: str) -> bool:
    known = version in ("2012", "2025")
    require(known, "the version must be one of 2012 and 2025", version, f"{where}: version", 'Give "2012" or "2025"')
    return version == "2012"


def _standard_error(
    sharpe: Floats,
    observations: npt.ArrayLike,
    skewness: npt.ArrayLike,
    kurtosis: npt.ArrayLike,
    version: str,
    autocorrelation: npt.ArrayLike,
    where: str,
) -> Floats:
    old = _is_2012(version, where)
    count, third, fourth, rho = (
        np.asarray(values, dtype=np.float64) for values in (observations, skewness, kurtosis, autocorrelation)
    )
    fewest = 2 if old else 1
    few = count[count < fewest]
    rule = f"there must be at least {fewest} observations"
    require(not few.size, rule, few, f"{where}: observations", "Give the number of days")
    odd = rho[(rho != 0.0) if old else (np.abs(rho) >= 1.0)]
    rule = "only version 2025 uses autocorrelation" if old else "autocorrelation must lie between −1 and 1"
    remedy = 'Give version "2025"' if old else "Give the autocorrelation of the returns at lag 1"
    require(not odd.size, rule, odd, f"{where}: autocorrelation", remedy)
    carry, square = rho / (1.0 - rho), rho**2 / (1.0 - rho**2)
    radicand = (1.0 + 2.0 * carry) - (1.0 + carry + square) * third * sharpe
    radicand = radicand + (1.0 + 2.0 * square) * (fourth - 1.0) / 4.0 * sharpe**2
    positive = radicand > 0.0
    # Rounding may leave the kurtosis of two equally frequent values a little below 1.
    excess = (np.zeros_like(radicand) + fourth)[positive & (fourth < 1.0 - 1e-9)]
    rule, remedy = "raw kurtosis must be at least 1 (3 for a normal distribution)", "Add 3 to an excess kurtosis"
    require(not excess.size, rule, excess, f"{where}: kurtosis", remedy)
    result: Floats = np.sqrt(np.where(positive, radicand, np.nan) / (count - 1.0 if old else count))
    return result


@jit(nogil=True)
def _resample(low: int, high: int, centred: Floats, mean: float, rows: Array, result: Floats) -> None:
    """Writes (resamples, 2): Sharpe ratio and Mertens standard error of each, from power sums about the mean."""
    count = len(centred)
    for row in range(low, high):
        first = second = third = fourth = 0.0
        for position in range(count):
            value = centred[rows[row, position]]
            square = value * value
            first += value
            second += square
            third += square * value
            fourth += square * square
        shift, second, third, fourth = first / count, second / count, third / count, fourth / count
        variance = second - shift**2
        cubed = third - 3.0 * shift * second + 2.0 * shift**3
        fourfold = fourth - 4.0 * shift * third + 6.0 * shift**2 * second - 3.0 * shift**4
        own = mean + shift
        unbiased = variance * count / (count - 1)
        sharpe = own / np.sqrt(unbiased) if unbiased > FLAT * (variance + own**2) else np.nan
        radicand = 1.0 - cubed / variance**1.5 * sharpe + (fourfold / variance**2 - 1.0) / 4.0 * sharpe**2
        result[row, 0] = sharpe
        result[row, 1] = np.sqrt(radicand / (count - 1)) if radicand > 0.0 else np.nan
