"""The difference of two Sharpe ratios: studentised circular block bootstrap (Ledoit, Wolf 2008)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import is_flat
from gridproof.results.statistics.inputs import finite_array, require

# Resamples at a time: their blocks and sums stay in the caches.
_CHUNK = 256

# The largest singular value that the prewhitening keeps (Andrews, Monahan 1992).
_LARGEST = 0.97

# Two series are one times a constant if no day differs by more than this share of their deviation.
_SAME = 1e-9


@dataclass(frozen=True)
class SharpeDifference:
    """The difference of two daily Sharpe ratios (mean / std, ddof 1) and its bootstrap distribution.

    ``p_value``: one-sided, that a difference this large or larger appears where the true one is 0 or below.
    ``two_sided``: Ledoit and Wolf's p-value, that one this far from 0 appears where the true one is 0. ``lower`` and
    ``upper``: one-sided bounds of the true difference, each at ``confidence``. All are NaN if one of the two series
    has no volatility; the p-values and bounds are NaN if one series is the other times a constant. Tests of the same
    days, block length, resamples and seed drew the same days, so that their ``drawn`` have a joint distribution.
    """

    difference: float
    standard_error: float  # HAC, Parzen kernel, prewhitened
    p_value: float
    two_sided: float
    lower: float
    upper: float
    confidence: float
    block_length: int  # days
    resamples: int
    drawn: Floats  # (resamples,) (Δ* − Δ) / se*; NaN where a resample has no volatility; empty where nothing was drawn

    def __post_init__(self) -> None:
        self.drawn.flags.writeable = False


def sharpe_difference_test(
    returns: npt.ArrayLike,
    benchmark: npt.ArrayLike | None,
    block_length: int,
    resamples: int = 4999,
    seed: int = 0,
    confidence: float = 0.95,
) -> SharpeDifference:
    """Whether one series of returns has a higher Sharpe ratio than another one on the same days.

    returns, benchmark: (T,) daily, in excess of cash; a benchmark of None is cash itself, with a Sharpe ratio of 0.
    block_length: days of a block, at most half of T; the longest
    dependence that matters. The statistic is (Δ* − Δ) / se*, with Δ* the difference on resampled blocks of days (drawn
    for both series together, around the end to the beginning) and se* from the sums of its blocks; the observed Δ has a
    prewhitened HAC standard error. p = (1 + #) / (resamples + 1). NaN, series of different length and of fewer than
    eight days raise InputError.

    Source: Ledoit and Wolf, "Robust performance hypothesis testing with the Sharpe ratio", Journal of Empirical
    Finance 15 (2008), 850–859, section 3.2.2.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> market = rng.normal(0.0003, 0.01, 1000)
    >>> found = sharpe_difference_test(market + rng.normal(0.0008, 0.004, 1000), market, block_length=20, resamples=499)
    >>> round(found.difference, 3), found.p_value < 0.01, found.lower > 0
    (0.073, True, True)
    """
    where = "sharpe_difference_test"
    series = [_series(returns, f"{where}: returns")]
    if benchmark is not None:
        series.append(_same(returns, benchmark, where))
    pair = np.column_stack(series)  # (T, 2), or (T, 1) against cash
    days = len(pair)
    fits = 1 <= block_length <= days // 2
    rule, remedy = f"must be from 1 to half of the {days} days", "Use optimal_block_length as a lower bound"
    require(fits, rule, block_length, f"{where}: block_length", remedy)
    require(resamples >= 1, "must be at least 1", resamples, f"{where}: resamples", "Use for example 4999")
    within = 0.5 < confidence < 1.0
    require(within, "must lie between 0.5 and 1", confidence, f"{where}: confidence", "Use for example 0.95")
    nan, nothing = np.nan, np.empty(0)
    if is_flat(pair.var(axis=0), (pair**2).mean(axis=0)).any():
        return SharpeDifference(nan, nan, nan, nan, nan, nan, confidence, block_length, resamples, nothing)
    # The automatic bandwidth weighs the two series by their variances. Scaled to one variance, the result has no unit.
    scaled = pair / pair.std(axis=0)
    if pair.shape[1] == 2 and np.abs(scaled[:, 0] - scaled[:, 1]).max() <= _SAME:
        return SharpeDifference(0.0, 0.0, nan, nan, nan, nan, confidence, block_length, resamples, nothing)
    difference, error = _difference(scaled), _hac_error(scaled)
    drawn = _studentised(scaled, difference, block_length, resamples, seed)
    statistic = difference / error
    undefined = np.isnan(drawn)  # counted against every rejection, and beyond every bound
    above = int(np.count_nonzero(undefined | (drawn >= statistic)))
    beyond = int(np.count_nonzero(undefined | (np.abs(drawn) >= abs(statistic))))
    low = np.quantile(np.where(undefined, -np.inf, drawn), 1.0 - confidence, method="lower")
    high = np.quantile(np.where(undefined, np.inf, drawn), confidence, method="higher")
    return SharpeDifference(
        difference,
        error,
        (1 + above) / (resamples + 1),
        (1 + beyond) / (resamples + 1),
        difference - float(high) * error,
        difference - float(low) * error,
        confidence,
        block_length,
        resamples,
        drawn,
    )


def joint_upper_bounds(tests: Sequence[SharpeDifference], confidence: float = 0.95) -> Floats:
    """Upper bounds of several differences that hold all together with this confidence: (n,).

    tests: of one series against several benchmarks, by the same resamples. The bound of each is Δ − q·se, with q the
    1 − confidence quantile of the smallest (Δ* − Δ) / se* of each resample (Romano and Wolf 2005): "at least one
    difference is below x" is wrong with at most 1 − confidence, however many benchmarks there are. A test without
    resamples has NaN, and counts for nothing.

    >>> import numpy as np
    >>> from gridproof.statistics import sharpe_difference_test
    >>> rng = np.random.default_rng(0)
    >>> market, other = rng.normal(0.0003, 0.01, (2, 1000))
    >>> rule = market + rng.normal(0.0, 0.004, 1000)
    >>> tests = [sharpe_difference_test(rule, one, block_length=20, resamples=499) for one in (market, other, None)]
    >>> [bool(bound > test.upper) for bound, test in zip(joint_upper_bounds(tests), tests)]
    [True, True, True]
    """
    within = 0.5 < confidence < 1.0
    require(within, "must lie between 0.5 and 1", confidence, "joint_upper_bounds: confidence", "Use for example 0.95")
    drawn = [test.drawn for test in tests if len(test.drawn)]
    same = len({len(one) for one in drawn}) <= 1
    counts = sorted({len(one) for one in drawn})
    require(same, "all must have the same resamples", counts, "joint_upper_bounds: tests", "Give all the same seed")
    if not drawn:
        return np.full(len(tests), np.nan)
    smallest = np.min([np.where(np.isnan(one), -np.inf, one) for one in drawn], axis=0)
    low = float(np.quantile(smallest, 1.0 - confidence, method="lower"))
    return np.array([test.difference - low * test.standard_error if len(test.drawn) else np.nan for test in tests])


def _series(returns: npt.ArrayLike, where: str) -> Floats:
    days = finite_array(returns, (1,), where)
    require(len(days) >= 8, "there must be at least 8 days", len(days), where, "Give daily returns")
    return days


def _same(returns: npt.ArrayLike, benchmark: npt.ArrayLike, where: str) -> Floats:
    days = _series(benchmark, f"{where}: benchmark")
    length = len(np.asarray(returns))
    rule, remedy = f"must have as many days as the returns, {length}", "Give both on the same days"
    require(len(days) == length, rule, len(days), f"{where}: benchmark", remedy)
    return days


def _difference(pair: Floats) -> float:
    sharpe = pair.mean(axis=0) / pair.std(axis=0, ddof=1)
    return float(_signed(sharpe).sum())


def _signed(values: Floats) -> Floats:
    """(..., 1 or 2): the second of two with the other sign."""
    return np.concatenate([values[..., :1], -values[..., 1:]], axis=-1)


def _gradient(means: Floats, variance: Floats) -> Floats:
    """(..., 2k): the derivatives of the difference by the means and the mean squares of k series.

    means, variance: (..., k).
    """
    cubes = variance**1.5
    return np.concatenate([_signed((variance + means**2) / cubes), _signed(-0.5 * means / cubes)], axis=-1)


def _studentised(pair: Floats, difference: float, length: int, resamples: int, seed: int) -> Floats:
    """(resamples,) (Δ* − Δ) / se* of each resample of ``length``-day blocks. NaN: a series without volatility in it."""
    days, count = pair.shape
    blocks = days // length
    terms = np.column_stack([pair, pair**2])
    running = np.concatenate(
        [np.zeros((1, 2 * count)), np.cumsum(np.concatenate([terms, terms[: length - 1]]), axis=0)]
    )
    sums = running[length:] - running[:-length]  # (days, 2k): the block that begins on each day
    generator = np.random.default_rng(seed)
    result = np.empty(resamples)
    for begin in range(0, resamples, _CHUNK):
        end = min(begin + _CHUNK, resamples)
        drawn = sums[generator.integers(days, size=(end - begin, blocks))]
        moments = drawn.sum(axis=1) / (blocks * length)
        means, squares = moments[:, :count], moments[:, count:]
        variance = squares - means**2
        variance[is_flat(variance, squares)] = np.nan
        unbiased = np.sqrt(variance * (blocks * length) / (blocks * length - 1))
        drawn_difference = _signed(means / unbiased).sum(axis=1)
        deviations = (drawn - length * moments[:, None, :]) / np.sqrt(length)
        projected = np.einsum("rbk,rk->rb", deviations, _gradient(means, variance))
        error = np.sqrt((projected**2).mean(axis=1) / days)
        result[begin:end] = (drawn_difference - difference) / error
    return result


def _hac_error(pair: Floats) -> float:
    """The prewhitened HAC standard error of the difference: Parzen kernel, automatic bandwidth (Andrews 1991)."""
    days, count = pair.shape
    terms = np.column_stack([pair, pair**2])
    means = terms.mean(axis=0)
    gradient = _gradient(means[:count], means[count:] - means[:count] ** 2)
    centred = terms - means
    before, after = centred[:-1], centred[1:]
    coefficients = np.linalg.lstsq(before, after, rcond=None)[0].T
    left, singular, right = np.linalg.svd(coefficients)
    matrix = left @ np.diag(np.minimum(singular, _LARGEST)) @ right
    whitened = after - before @ matrix.T
    colour = np.linalg.inv(np.eye(2 * count) - matrix)
    variance = colour @ _parzen_variance(whitened) @ colour.T
    return float(np.sqrt(gradient @ variance @ gradient / days))


def _parzen_variance(terms: Floats) -> Floats:
    """(k, k) long-run covariance of (n, k) centred terms."""
    count, width = terms.shape
    numerator = denominator = 0.0
    for column in terms.T:
        slope, variance = _autoregression(column)
        numerator += 4.0 * slope**2 * variance**2 / (1.0 - slope) ** 8
        denominator += variance**2 / (1.0 - slope) ** 4
    bandwidth = min(2.6614 * (numerator / denominator * count) ** 0.2, count - 1)
    total = terms.T @ terms / count
    lag = 1
    while lag < bandwidth:
        at = lag / bandwidth
        weight = 1.0 - 6.0 * at**2 + 6.0 * at**3 if at <= 0.5 else 2.0 * (1.0 - at) ** 3
        product = terms[lag:].T @ terms[:-lag] / count
        total += weight * (product + product.T)
        lag += 1
    covariance: Floats = total * count / (count - width)
    return covariance


def _autoregression(series: Floats) -> tuple[float, float]:
    """The slope and the residual variance of an autoregression of order 1 with a constant, by least squares."""
    before, after = series[:-1] - series[:-1].mean(), series[1:] - series[1:].mean()
    slope = float(before @ after / (before @ before))
    residual = after - slope * before
    return slope, float((residual**2).mean())
