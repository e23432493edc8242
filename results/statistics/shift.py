"""Tests of timing: the positions shifted by any number of days, and Sharpe ratios by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT
from gridproof.kernels.threads import run_ranges
from gridproof.results.statistics.inputs import finite_array, positions_and_returns, require
from gridproof.results.statistics.sharpe import daily_sharpe
from gridproof.results.statistics.shifted_sums import change_charges, shifted_squares, shifted_totals

STATISTICS = ("total", "mean", "sharpe")

# Two shifts closer than this (of the largest total that the positions could make; in units of a daily Sharpe ratio)
# are equal: equal sums in another order differ in their last bits.
_TIE = 1e-12
_TIE_SHARPE = 1e-10

# A shift whose sum of squared deviations is below this share of the largest sum that the positions could make is added
# up day by day: a Fourier transform rounds in units of that largest sum.
_ROUGH = 1e-4


@dataclass(frozen=True)
class ShiftTest:
    statistic: str
    observed: float
    p_value: float  # at_least / T, exact: no resampling, no Monte-Carlo error; NaN where ``observed`` is
    at_least: int  # shifts whose statistic reaches the observed one, which is among them
    shifted: Floats  # (T,) the statistic of every shift, the observed one first; NaN: a shift without volatility


def circular_shift_test(
    positions: npt.ArrayLike, returns: npt.ArrayLike, statistic: str = "total", cost: float = 0.0
) -> ShiftTest:
    """All T circular shifts of the positions against the returns; p is the share of shifts with statistic ≥ observed.

    positions: weights (T,) or (T, A) that earn the returns, (T,) or (T, A), of the same day (already lagged). A day
    earns Σ weight·return − cost·Σ|change of weight|. The position of the first day is not charged. The unshifted
    positions are one of the T shifts. cost: share of the value traded, one way. statistic: ``"total"``, the sum over
    the days, ``"mean"`` (the same p) or ``"sharpe"``, the daily mean / std (ddof 1).

    A shift keeps exposure, holding times and switches, so only timing is tested: constant positions have p = 1. Takes
    O(T log T) time. NaN and different shapes raise InputError.

    >>> found = circular_shift_test([0, 1, 1, 0, 0, 0], [-0.01, 0.02, 0.01, -0.02, 0.0, -0.01])
    >>> found.at_least, round(found.p_value, 3)
    (1, 0.167)
    """
    where = "circular_shift_test"
    weights, earned = positions_and_returns(positions, returns, where)
    known = statistic in STATISTICS
    rule = f"must be one of {', '.join(STATISTICS)}"
    require(known, rule, statistic, f"{where}: statistic", "Choose one of them")
    require(
        0.0 <= cost < 1.0,
        "must be a share of the traded value, from 0 to below 1",
        cost,
        f"{where}: cost",
        "Give 0.001 for 0.1 %",
    )
    days = len(weights)
    # Copies in one layout: the loop is compiled once.
    weights, earned = np.array(weights.reshape(days, -1), order="C"), np.array(earned.reshape(days, -1), order="C")
    charges = change_charges(weights, cost)
    if statistic == "sharpe":
        shifted, tie = _sharpes(weights, charges, earned), _TIE_SHARPE
    else:
        shifted = shifted_totals(weights, charges, earned)
        tie = _TIE * (np.sqrt((weights**2).sum() * (earned**2).sum()) + charges.sum())
        # The observed one as the definition says; the transform rounds.
        shifted[0] = float((weights * earned).sum() - charges[1:].sum())
        scale = days if statistic == "mean" else 1
        shifted, tie = shifted / scale, tie / scale
    observed = float(shifted[0])
    if np.isnan(observed):
        return ShiftTest(statistic, observed, np.nan, 0, shifted)
    at_least = int(np.count_nonzero(shifted >= observed - tie))
    return ShiftTest(statistic, observed, at_least / days, at_least, shifted)


@dataclass(frozen=True)
class SubperiodTest:
    """Daily Sharpe ratios (mean / std, ddof 1) of B periods, in the order of their labels."""

    labels: Array  # (B,)
    observations: Ints  # (B,)
    sharpe: Floats  # (B,); NaN: without volatility, or a single day; not in the statistic
    overall: float
    statistic: float  # Σ (SR_b − SR)²·T_b
    degrees: int  # defined periods − 1
    p_value: float  # that independent normal days of one Sharpe ratio vary as much; NaN below two defined periods


def subperiod_test(returns: npt.ArrayLike, labels: npt.ArrayLike) -> SubperiodTest:
    """Whether periods differ: χ² = Σ (SR_b − SR)²·T_b with B − 1 degrees of freedom; SR is the ratio of all days.

    returns: (T,) daily. labels: (T,), the year or the regime of each day, any type that sorts; days of one label need
    not be neighbours. The variance 1/T_b of SR_b is that of a daily Sharpe ratio near 0. NaN raises InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> found = subperiod_test(rng.normal(0.0005, 0.01, 500), np.repeat([2023, 2024], 250))
    >>> found.labels.tolist(), found.degrees, round(found.p_value, 3)
    ([2023, 2024], 1, 0.646)
    """
    where = "subperiod_test"
    days = finite_array(returns, (1,), f"{where}: returns")
    names = np.asarray(labels)
    same = names.shape == days.shape
    rule = f"there must be one label for each of {len(days)} days"
    require(same, rule, f"shape {names.shape}", f"{where}: labels", "Give the year of each day")
    periods, member = np.unique(names, return_inverse=True)
    sharpe = np.array([daily_sharpe(days[member == period]) for period in range(len(periods))])
    observations = np.bincount(member).astype(np.int64)
    overall, defined = float(daily_sharpe(days)), ~np.isnan(sharpe)
    degrees = int(defined.sum()) - 1
    if degrees < 1:
        return SubperiodTest(periods, observations, sharpe, overall, np.nan, max(degrees, 0), np.nan)
    statistic = float(((sharpe[defined] - overall) ** 2 * observations[defined]).sum())
    return SubperiodTest(periods, observations, sharpe, overall, statistic, degrees, float(chdtrc(degrees, statistic)))


def _sharpes(weights: Floats, charges: Floats, returns: Floats) -> Floats:
    """Daily Sharpe ratio of every shift. weights, returns: (T, A). charges: (T,) of the change into each day.

    Sums and sums of squares over the days are circular correlations: O(A²·T log T). Shifts of little
    variation are added up day by day, and so is the observed one.
    """
    days = len(returns)
    total = shifted_totals(weights, charges, returns)
    squares, size = shifted_squares(weights, charges, returns)
    mean = total / days
    deviations = squares - total * mean
    rough = ~(deviations > _ROUGH * size) | ~(deviations > 100.0 * FLAT * squares)
    rough[0] = True
    result: Floats = mean / np.sqrt(np.where(rough, 1.0, deviations) / (days - 1))
    again = np.flatnonzero(rough)
    run_ranges(_shifted_sharpes, len(again), again, *_twice(weights, charges), returns, result)
    return result


def _twice(weights: Floats, charges: Floats) -> tuple[Floats, Floats]:
    """The days of the positions repeated, so that no shift wraps."""
    return np.concatenate([weights, weights]), np.concatenate([charges, charges])


@jit(nogil=True)
def _shifted_sharpes(
    low: int, high: int, shifts: Ints, weights: Floats, charges: Floats, returns: Floats, result: Floats
) -> None:
    """weights (2T, A) and charges (2T,) repeat the T days, so no shift wraps."""
    days, legs = returns.shape
    for place in range(low, high):
        shift = shifts[place]
        begin = days - shift
        total = squares = 0.0
        for day in range(days):
            value = -charges[begin + day] if day else 0.0
            for leg in range(legs):
                value += weights[begin + day, leg] * returns[day, leg]
            total += value
            squares += value * value
        mean, square = total / days, squares / days
        variance = (square - mean * mean) * days / (days - 1)
        result[shift] = mean / np.sqrt(variance) if variance > FLAT * square else np.nan
