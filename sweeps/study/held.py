"""What the variants of a study hold, in legs, and what could be held without its rule."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.metrics import METRICS
from gridproof.sweeps.study.execution_keys import REBALANCE, defaults
from gridproof.sweeps.study.sleeves import ALL_SLEEVES
from gridproof.sweeps.study.study import Study


def holdings(study: Study) -> dict[str, int]:
    """What could be held throughout, without any rule, by name the number of its allocation.

    Each leg; each mix with the weights of the base, unless they change from day to day; and all sleeves invested.
    """
    steps = {one.name for mix in study.mixes if mix.graded is not None for one in mix.allocations}
    given = {one.name for one in study.allocations[: len(study.legs)]} | {mix.name for mix in study.mixes}
    found = {name: number for name, number in study.numbers(study.base).items() if name in given - steps}
    if study.sleeves is not None:
        invested = study.sleeves.invested[study.sleeves.shares.number(study.base, study.space.owners)]
        if invested not in found.values():
            found[ALL_SLEEVES] = invested
    return found


def drifts(study: Study) -> bool:
    """Whether what some variant holds drifts from the day of entry."""
    fixed = defaults(study.spec)
    of_sleeves = [fixed[REBALANCE]] if REBALANCE in fixed else study.space.values_of(REBALANCE)
    return any(one.drifts(str(every)) for one in study.allocations for every in of_sleeves)


def holding_weights(study: Study) -> Floats:
    """(A, H) the weights of each allocation in ``holdings``: those of its legs; a mix counts as the legs in it."""
    return np.pad(study.weights, ((0, 0), (0, len(holdings(study)) - len(study.legs))))


def by_leg(study: Study, metrics: Array) -> Array:
    """(..., 12 + L): metrics of variants, (..., 12 + A), with the mean weight of each leg in place of the share of days
    in each allocation."""
    if not study.mixed:
        return metrics
    shares = metrics[..., len(METRICS) :] @ study.weights.astype(metrics.dtype)
    return np.concatenate([metrics[..., : len(METRICS)], shares], axis=-1)


def trade_units(study: Study, held: Ints) -> float:
    """Σ|Δw| over all legs, cash too, of the switches between allocations, (T,) by day: 2 for two whole legs."""
    weights = study.weights
    moved = np.flatnonzero(held[1:] != held[:-1])
    return float(np.abs(weights[held[moved + 1]] - weights[held[moved]]).sum())
