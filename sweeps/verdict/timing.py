"""Whether a rule switches at better times than chance, and the size of the effect.

Positions are compared with themselves at another time; those of a rule that reads the price of what it holds with
markets in which the days' returns have random signs (``results.statistics.sign_flips``).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import irfft, rfft

from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.run.conclusion_record import EffectRecord, TimingRecord
from gridproof.results.statistics.shift import circular_shift_test
from gridproof.results.statistics.sign_flips import positions_memory, sign_flip_effect, sign_flip_test
from gridproof.results.statistics.timing_effect import timing_effect
from gridproof.sweeps.verdict.bootstrap import SEED
from gridproof.sweeps.verdict.strategy_statistics import number


def measure_timing(held: Ints, gross: Floats, cost: float, periods: float, own_price: bool = False) -> TimingRecord:
    """held: (T,) allocation of each day. gross: (T, A) what each earns in excess of cash, before cost.

    cost: share of NAV a unit of traded weight, one way. own_price: the rule reads the price of an allocation, and is
    compared with random signs of the returns instead of shifts.
    """
    weights = np.eye(gross.shape[1])[held]
    switches = int((held[1:] != held[:-1]).sum())
    (p_value, p_error), (p_mean, p_mean_error) = (
        _compare(weights, gross, statistic, cost, own_price) if switches else (None, None)
        for statistic in ("sharpe", "mean")
    )
    return {
        "null": "signs" if own_price else "shifts",
        "memory": positions_memory(weights) if own_price else None,
        "p_value": p_value,
        "p_error": p_error,
        "p_mean": p_mean,
        "p_mean_error": p_mean_error,
        "switches": switches,
        "spells": number(effective_spells(weights)) if switches else None,
        "largest_weight": float(weights.mean(axis=0).max()),
        **measure_effect(held, gross, periods, own_price),
    }


def _compare(
    weights: Floats, gross: Floats, statistic: str, cost: float, own_price: bool
) -> tuple[float | None, float | None]:
    """The p-value of the positions and its Monte Carlo error, None where all shifts are counted."""
    if own_price:
        drawn = sign_flip_test(weights, gross, statistic, cost, seed=SEED)
        return number(drawn.p_value), number(drawn.monte_carlo_error)
    return number(circular_shift_test(weights, gross, statistic, cost).p_value), None


def measure_effect(held: Ints, gross: Floats, periods: float, own_price: bool = False) -> EffectRecord:
    """The timing effect of positions with its bounds, a year. They are null where the positions never change."""
    volatility = number(pairwise_volatility(gross) * math.sqrt(periods))
    if (held == held[0]).all():
        return {"effect": None, "lower": None, "upper": None, "volatility": volatility}
    weights = np.eye(gross.shape[1])[held]
    found = sign_flip_effect(weights, gross, seed=SEED) if own_price else timing_effect(weights, gross)
    # Of two allocations with weights w and 1 − w, an effect δ on each is one of 2δ on their difference.
    effect, lower, upper = (number(2.0 * value * periods) for value in (found.effect, found.lower, found.upper))
    return {"effect": effect, "lower": lower, "upper": upper, "volatility": volatility}


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
