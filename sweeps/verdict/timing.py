"""Whether a rule switches at better times than chance, and the size of the effect.

Positions are compared with themselves at another time; those of a rule that reads the price of what it holds with
markets in which the days' returns have random signs (``results.statistics.sign_flips``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, rfft

from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.conclusion import LEVEL
from gridproof.results.run.conclusion_record import TimingRecord
from gridproof.results.run.record import number
from gridproof.results.statistics.flipped_markets import MOST
from gridproof.results.statistics.shift import circular_shift_test
from gridproof.results.statistics.sign_flips import sign_flip_timing
from gridproof.results.statistics.timing_effect import TimingEffect, timing_effect
from gridproof.sweeps.verdict.bootstrap import SEED

# Markets with random signs at most: where the environment is the base's, and in others.
DRAWS, FEWER_DRAWS = MOST, 128


def measure_timing(
    held: Ints,
    gross: Floats,
    costs: Sequence[float],
    periods: float,
    own_price: bool = False,
    draws: int = DRAWS,
    weights: Floats | None = None,
) -> list[TimingRecord]:
    """held: (T,) allocation of each day. gross: (T, L) what each leg earns in excess of cash, before cost. weights:
    (A, L) of the legs in the allocations; None: each of them is one leg.

    costs: shares of NAV a unit of traded weight, one way; the result has a record for each. own_price: the rule reads
    the price of a leg, and is compared with random signs of the returns instead of shifts. draws: of signs, at
    most.
    """
    weights = (np.eye(gross.shape[1]) if weights is None else weights)[held]
    switches = int((held[1:] != held[:-1]).sum())
    volatility = number(pairwise_volatility(gross) * math.sqrt(periods))
    compared: list[_Comparison] = [_NOTHING] * len(costs)
    if switches:
        compare = _by_signs if own_price else _by_shifts
        # Of two allocations with weights w and 1 − w, an effect δ on each is one of 2δ on their difference.
        compared = compare(weights, gross, costs, 2.0 * periods, volatility, draws)
    spells, largest = number(effective_spells(weights)) if switches else None, float(weights.mean(axis=0).max())
    return [
        {
            "null": "signs" if own_price else "shifts",
            "draws": one.draws,
            "p_value": one.p_value,
            "p_error": one.p_error,
            "p_mean": one.p_mean,
            "p_mean_error": one.p_mean_error,
            "switches": switches,
            "spells": spells,
            "largest_weight": largest,
            "effect": one.effect,
            "lower": one.lower,
            "upper": one.upper,
            "volatility": volatility,
        }
        for one in compared
    ]


class _Comparison(NamedTuple):
    """The p-values with their Monte Carlo errors, None where all shifts are counted; the effect a year."""

    draws: int | None = None
    p_value: float | None = None
    p_error: float | None = None
    p_mean: float | None = None
    p_mean_error: float | None = None
    effect: float | None = None
    lower: float | None = None
    upper: float | None = None


_NOTHING = _Comparison()


def _by_signs(
    weights: Floats, gross: Floats, costs: Sequence[float], unit: float, volatility: float | None, draws: int
) -> list[_Comparison]:
    """unit: an effect of 1 a day in annual terms."""
    excluded = None if volatility is None else volatility / unit
    return [
        _Comparison(
            max(found.sharpe.draws, found.mean.draws),
            number(found.sharpe.p_value),
            number(found.sharpe.monte_carlo_error),
            number(found.mean.p_value),
            number(found.mean.monte_carlo_error),
            *_annual(found.effect, unit),
        )
        for found in sign_flip_timing(weights, gross, costs, excluded, draws, SEED, LEVEL)
    ]


def _by_shifts(
    weights: Floats, gross: Floats, costs: Sequence[float], unit: float, _volatility: float | None, _draws: int
) -> list[_Comparison]:
    effect = _annual(timing_effect(weights, gross), unit)
    rows = []
    for cost in costs:
        sharpe, mean = (circular_shift_test(weights, gross, each, cost).p_value for each in ("sharpe", "mean"))
        rows.append(_Comparison(None, number(sharpe), None, number(mean), None, *effect))
    return rows


def _annual(found: TimingEffect, unit: float) -> tuple[float | None, float | None, float | None]:
    return number(unit * found.effect), number(unit * found.lower), number(unit * found.upper)


def pairwise_volatility(returns: Floats) -> float:
    """The root mean variance of the difference between two of the (T, A) series: a day."""
    allocations = returns.shape[1]
    if allocations < 2:
        return 0.0
    apart = returns - returns.mean(axis=1, keepdims=True)
    return float(np.sqrt(2.0 / (allocations - 1) * apart.var(axis=0).sum()))


def effective_spells(weights: Floats) -> float:
    """T / Σρ² over all circular lags of the weights (T, A): how many independent positions they amount to."""
    days = len(weights)
    active = weights - weights.mean(axis=0)
    overlap = irfft((np.abs(rfft(active, axis=0)) ** 2).sum(axis=1), n=days)
    return float(days / ((overlap / overlap[0]) ** 2).sum())
