"""Deflation: the Sharpe ratio expected of the best of N trials without skill, and the effective number of trials.

Bailey, López de Prado, *The Deflated Sharpe Ratio* (2014). All Sharpe ratios and their variance are per observation (an
annual variance is divided by the periods a year). The functions broadcast over arrays. Where an argument is NaN, the
result is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.metrics import is_flat
from gridproof.results.statistics.inputs import finite_array, require, require_finite
from gridproof.results.statistics.roots import find_root
from gridproof.results.statistics.sharpe import probabilistic_sharpe
from gridproof.results.statistics.spectrum import cross_products, symmetric_eigenvalues

# Beyond this many trials 1/N has too few digits left.
_MOST_TRIALS = 1e300

# Columns standardised at once: a few tens of MiB.
_COLUMNS = 1024


def expected_maximum_sharpe(trials: npt.ArrayLike, variance: npt.ArrayLike) -> Any:
    """SR₀ = √V·((1−γ)·Φ⁻¹(1−1/N) + γ·Φ⁻¹(1−1/(N·e))): the expected best of N independent trials without skill.

    trials: N, from 1 to 1e300; it need not be an integer (an effective number). variance: of the trials' Sharpe ratios,
    per observation. The result is 0 for one trial, which leaves no choice, and below about 1.3 trials, where the
    approximation would be negative. Returns a float, or a float64 array of the broadcast shape.

    >>> float(round(expected_maximum_sharpe(100, 1.0), 4))
    2.5306
    """
    where = "expected_maximum_sharpe"
    count, spread = np.asarray(trials, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    known = not ((count < 1.0) | (count > _MOST_TRIALS)).any()
    require(
        known, "trials must lie between 1 and 1e300", trials, f"{where}: trials", "Give the number of variants tried"
    )
    require(
        not (spread < 0.0).any(),
        "variance must not be negative",
        variance,
        f"{where}: variance",
        "Give the variance of the trials' Sharpe ratios",
    )
    return (np.sqrt(spread) * _expected_maximum(count))[()]


def deflated_sharpe(
    sharpe: npt.ArrayLike,
    observations: npt.ArrayLike,
    trials: npt.ArrayLike,
    variance: npt.ArrayLike,
    skewness: npt.ArrayLike = 0.0,
    kurtosis: npt.ArrayLike = 3.0,
    version: str = "2012",
    autocorrelation: npt.ArrayLike = 0.0,
) -> Any:
    """DSR: the probability, 0 to 1, that the true Sharpe ratio exceeds SR₀ = expected_maximum_sharpe(trials, variance).

    The other arguments, the versions and the errors are those of probabilistic_sharpe ("2012" is the formula of the
    paper of 2014; the version of 2025 takes the variance at SR₀, of a single trial). An array of trials gives the curve
    over N. The result depends strongly on N: report N with it.

    >>> float(round(deflated_sharpe(2.5 / 250**0.5, 1250, 100, 0.5 / 250, -3.0, 10.0), 4))
    0.9004
    """
    benchmark = expected_maximum_sharpe(trials, variance)
    return probabilistic_sharpe(sharpe, observations, skewness, kurtosis, benchmark, version, autocorrelation)


def implied_trials(maximum: npt.ArrayLike, variance: npt.ArrayLike) -> Any:
    """The number of independent trials whose expected maximum is ``maximum``: the inverse of expected_maximum_sharpe.

    maximum: the mean of the largest Sharpe ratio of the whole sweep over bootstrap resamples of recentred returns.
    variance: of one variant's Sharpe ratio over the same resamples, positive. Both per observation. Returns 1 for a
    maximum of 0 or less, and infinity for one beyond 37 standard deviations (1e300 trials).

    >>> from gridproof.statistics import expected_maximum_sharpe
    >>> float(round(implied_trials(expected_maximum_sharpe(100, 0.002), 0.002), 6))
    100.0
    """
    spread = np.asarray(variance, dtype=np.float64)
    positive = not (spread <= 0.0).any()
    require(
        positive,
        "variance must be positive",
        variance,
        "implied_trials: variance",
        "Give the variance of one variant's Sharpe ratio",
    )
    deviations = np.asarray(maximum, dtype=np.float64) / np.sqrt(spread)
    return np.vectorize(_trials, otypes=[np.float64])(deviations)[()]


@dataclass(frozen=True)
class EffectiveTrials:
    """Between 1 (all variants move as one) and the number of variants (all independent). NaN without any variance."""

    variants: int
    constant: int  # variants without volatility: they have no correlation and are left out of both numbers
    entropy_rank: float  # exp(−Σ p·ln p), p the eigenvalues as shares of their sum: Roy, Vetterli (2007)
    participation_ratio: float  # (Σ λ)² / Σ λ²


def effective_trials(returns: npt.ArrayLike) -> EffectiveTrials:
    """Effective number of variants from their daily returns (T, V), float32 or float64; a memory map is accepted.

    V may be large. With V > T the eigenvalues are those of the T × T Gram matrix of the standardised columns, which is
    summed over blocks of columns. The time is at most T²·V + T³, the memory T² besides the returns. At most T − 1
    eigenvalues differ from zero, so no sweep has more effective trials than days. NaN, or a correlation matrix, raises
    InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> returns = rng.normal(0.0005, 0.01, (500, 20))
    >>> found = effective_trials(np.concatenate([returns, returns], axis=1))
    >>> found.variants, round(found.entropy_rank, 1)
    (40, 19.6)
    """
    where = "effective_trials: returns"
    days = np.asarray(returns)
    shaped = days.ndim == 2 and days.dtype.kind in "iuf" and len(days) > 1 and days.shape[1] > 0
    remedy = "Give daily returns, days as rows, variants as columns"
    require(
        shaped, "must be an array of numbers (T, V) with T ≥ 2", f"shape {days.shape} of {days.dtype}", where, remedy
    )
    count, variants = days.shape
    # A square array with ones on the diagonal is a correlation matrix, not returns: a return of 1 is 100%.
    correlations = count == variants and (np.abs(np.diagonal(days) - 1.0) <= 1e-6).all()
    remedy = "Call effective_trials_from_correlation"
    require(not correlations, "must be returns, not correlations", f"shape {days.shape}", where, remedy)
    wide = variants > count
    gram: Floats = np.zeros((count, count) if wide else (0, 0))
    blocks: list[Floats] = []
    constant = 0
    for begin in range(0, variants, _COLUMNS):
        block = _standardised(days[:, begin : begin + _COLUMNS], where)
        constant += min(_COLUMNS, variants - begin) - block.shape[1]
        if wide:
            gram += cross_products(block.T)
        else:
            blocks.append(block)
    if not wide:
        gram = cross_products(np.concatenate(blocks, axis=1))
    return _effective(gram, variants, constant)


def effective_trials_from_correlation(correlation: npt.ArrayLike) -> EffectiveTrials:
    """As ``effective_trials``, from a correlation matrix (V, V).

    Negative eigenvalues (of a matrix that was rounded, or estimated pair by pair) count as zero. Anything that is not
    symmetric with a unit diagonal and numbers between −1 and 1 raises InputError.
    """
    where = "effective_trials_from_correlation: correlation"
    matrix = finite_array(correlation, (2,), where)
    shaped = matrix.shape[0] == matrix.shape[1]
    require(shaped, "must be square", f"shape {matrix.shape}", where, "Give a (V, V) matrix")
    unit = np.abs(np.diagonal(matrix) - 1.0).max()
    skewed = np.abs(matrix - matrix.T).max()
    largest = np.abs(matrix).max()
    holds = max(unit, skewed, largest - 1.0) <= 1e-6
    value = f"diagonal off by {unit:.2g}, asymmetry {skewed:.2g}, largest {largest:.6g}"
    require(holds, "must be symmetric, 1 on the diagonal, within −1 to 1", value, where, "Give correlations")
    return _effective(matrix, len(matrix), 0)


def _expected_maximum(trials: Floats) -> Floats:
    """In standard deviations. Φ⁻¹(1−p) is taken as −Φ⁻¹(p): 1 − 1/N is 1 in floating point long before N ends."""
    gamma = np.euler_gamma
    value = -(1.0 - gamma) * ndtri(1.0 / trials) - gamma * ndtri(1.0 / (trials * np.e))
    result: Floats = np.maximum(value, 0.0)
    return result


def _trials(deviations: float) -> float:
    most = np.log(_MOST_TRIALS)
    if np.isnan(deviations) or deviations <= 0.0:
        return np.nan if np.isnan(deviations) else 1.0
    if deviations >= _expected_maximum(np.exp(most)):
        return np.inf
    root = find_root(lambda power: float(_expected_maximum(np.exp(power)) - deviations), 0.0, float(most), 1e-13)
    return float(np.exp(root))


def _standardised(columns: Array, where: str) -> Floats:
    """(T, v) without the constant columns, each with mean 0 and sum of squares 1."""
    require_finite(columns, where)
    days = np.asarray(columns, dtype=np.float64)
    mean = days.mean(axis=0)
    centred = days - mean
    square = (centred**2).sum(axis=0)
    moving = ~is_flat(square, square + len(days) * mean**2)
    result: Floats = centred[:, moving] / np.sqrt(square[moving])
    return result


def _effective(matrix: Floats, variants: int, constant: int) -> EffectiveTrials:
    if constant == variants:
        return EffectiveTrials(variants, constant, np.nan, np.nan)
    values = np.maximum(symmetric_eigenvalues(matrix), 0.0)
    shares = values[values > 0.0] / values.sum()
    entropy = -(shares * np.log(shares)).sum()
    return EffectiveTrials(variants, constant, float(np.exp(entropy)), float(1.0 / (shares**2).sum()))
