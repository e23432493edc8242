"""What a rule is compared with: every static holding, of the same days, by the difference of Sharpe ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import is_flat
from gridproof.results.run.conclusion_record import CASH, HoldingRecord, WorthRecord
from gridproof.results.run.record import number
from gridproof.results.statistics.bootstrap import optimal_block_length
from gridproof.results.statistics.sharpe_difference import SharpeDifference, joint_upper_bounds, sharpe_difference_test
from gridproof.sweeps.verdict.bootstrap import SEED, least_block_length

# Resamples of the difference.
RESAMPLES = 4999

# The normal quantiles of a test at 5 % with 80 % power.
_DETECTABLE = 1.645 + 0.84

MIX = "constant mix of its mean weights"


def mean_weights(held: Ints, weights: Floats) -> Floats:
    """(L,) the mean weight of each leg. held: (T,) the allocation of each day. weights: (A, L) of the allocations."""
    shares: Floats = np.bincount(held, minlength=len(weights)) / len(held)
    return shares @ weights


def matched_mix(legs: Mapping[str, Floats], weights: Floats) -> Floats | None:
    """(T,) the constant mix of these weights, rebalanced daily, free of charge. None where it is cash, or one leg.

    legs: (T,) by name. weights: (legs,) the rule's mean weight of each.
    """
    mix: Floats = np.sum([weight * returns for weight, returns in zip(weights, legs.values(), strict=True)], axis=0)
    return None if _flat(mix) or weights.max() == 1.0 else mix


def static_holdings(legs: Mapping[str, Floats], weights: Floats) -> dict[str, Floats]:
    """The returns of every static holding, (T,) each in excess of cash: each leg, and the mix of the mean weights.

    legs: (T,) in excess of cash, by name. weights: (legs,) the rule's mean weight of each. A leg without excess returns
    is cash, which is not among them. The mix is rebalanced daily, free of charge; it is left out where it is one of the
    others times a constant, with the same Sharpe ratio.
    """
    held = {name: returns for name, returns in legs.items() if not _flat(returns)}
    mix = matched_mix(legs, weights)
    if mix is None or any(abs(np.corrcoef(mix, returns)[0, 1]) > 1.0 - 1e-9 for returns in held.values()):
        return {f"hold {name}": returns for name, returns in held.items()}
    return {f"hold {name}": returns for name, returns in held.items()} | {MIX: mix}


def compare_with_holdings(
    rule: Floats,
    legs: Mapping[str, Floats],
    held: Ints,
    periods: float,
    resamples: int = RESAMPLES,
    weights: Floats | None = None,
) -> WorthRecord:
    """The difference of Sharpe ratios between a rule and each static holding, and the least that these days could show.

    rule: (T,) daily returns after cost, in excess of cash. legs: (T,) each, likewise. held: (T,) the allocation of each
    day. weights: (A, L) of the legs in the allocations; None: each of them is one leg. The last holding is cash: the
    Sharpe ratio of the rule itself. The upper bounds hold together. Against a holding that earns the same on every day,
    or the same times a constant, the difference and its bounds are 0, and p is 1.
    """
    days = len(rule)
    holdings = static_holdings(legs, mean_weights(held, np.eye(len(legs)) if weights is None else weights))
    length = block_length([rule, *holdings.values()])
    year = math.sqrt(periods)
    tests = {
        name: sharpe_difference_test(rule, returns, length, resamples, SEED)
        for name, returns in [*holdings.items(), (CASH, None)]
    }
    bounds = joint_upper_bounds(list(tests.values()))
    records = [
        _record(name, found, float(bound), rule, holdings.get(name), year, periods)
        for (name, found), bound in zip(tests.items(), bounds, strict=True)
    ]
    return {
        "days": days,
        "switches": int((held[1:] != held[:-1]).sum()),
        "block_length": length,
        "resamples": resamples,
        "holdings": records,
    }


def block_length(series: list[Floats]) -> int:
    """Days of a bootstrap block: the longest optimal length (Politis, White), at least the smaller of 120 and T/10."""
    days = len(series[0])
    optimal = [optimal_block_length(one).circular for one in series if not _flat(one) and days >= 20]
    longest = max([1.0, least_block_length(days), *optimal])
    return int(min(math.ceil(longest), days // 2))


def _record(
    name: str,
    found: SharpeDifference,
    upper: float,
    rule: Floats,
    returns: Floats | None,
    year: float,
    periods: float,
) -> HoldingRecord:
    other = np.zeros_like(rule) if returns is None else returns
    same = found.standard_error == 0.0
    return {
        "name": name,
        "sharpe": None if returns is None else number(other.mean() / other.std(ddof=1) * year),
        "difference": number(found.difference * year),
        "standard_error": number(found.standard_error * year),
        "p_value": 1.0 if same else number(found.p_value),
        "lower": 0.0 if same else number(found.lower * year),
        "upper": 0.0 if same else number(upper * year),
        "detectable": None if same else number(_DETECTABLE * found.standard_error * year),
        "return_difference": number((rule - other).mean() * periods),
    }


def _flat(returns: Floats) -> bool:
    return bool(is_flat(returns.var(), (returns**2).mean()))
