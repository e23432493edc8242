"""What remains of the best factor variants after correction for the number of variants tried."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.results.statistics.deflation import deflated_sharpe, effective_trials, expected_maximum_sharpe
from gridproof.results.statistics.sharpe import return_moments
from gridproof.results.statistics.superior_predictive_ability import stepwise_multiple_test, superior_predictive_ability
from gridproof.sweeps.verdict.bootstrap import RESAMPLES, Bootstrap, draw_bootstrap

# The level of StepM, and the deflated Sharpe ratio that is needed.
LEVEL, NEEDED = 0.05, 0.95


def judge(net: Floats, trials: int, periods: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The tests of all variants' long–short returns after costs, and for each variant what they say of it.

    net: (days, V) daily. trials: how many variants were ever tried on this panel, at least V. periods: days of a year.

    StepM tests all variants at once against earning nothing. The deflated Sharpe ratio is the probability that the true
    Sharpe ratio exceeds the expected best of so many trials without skill. The variance of a trial's Sharpe ratio is
    that without skill, from the resamples: factors differ in what they truly earn, so the variance across variants,
    which the paper takes, would count a true effect as luck. It is recorded too. Variants that never vary are not
    tested.
    """
    moving = np.flatnonzero(net.std(axis=0) > 1e-9)
    rows: list[dict[str, Any]] = [{"superior": None, "deflated_sharpe": None} for _ in range(net.shape[1])]
    if not len(moving) or len(net) < 60:
        why = "no variant earns anything" if not len(moving) else f"{len(net)} days, 60 are needed"
        return {"why": why, "trials": trials, "superior": None}, rows
    tested = np.ascontiguousarray(net[:, moving])
    moments = return_moments(tested)
    sharpes = np.asarray(moments.sharpe)
    best = int(np.argmax(sharpes))
    bootstrap = draw_bootstrap([tested[:, best]])
    steps = stepwise_multiple_test(tested, bootstrap.indices, bootstrap.block_length, LEVEL)
    ability = superior_predictive_ability(tested, bootstrap.indices, bootstrap.block_length)
    effective = effective_trials(tested).entropy_rank if len(moving) > 1 else 1.0
    variance, across = _null_variance(tested, bootstrap), float(sharpes.var(ddof=1)) if len(moving) > 1 else 0.0

    def deflated(spread: float) -> Floats:
        shape = moments.skewness, moments.kurtosis
        return np.atleast_1d(deflated_sharpe(sharpes, moments.observations, float(trials), spread, *shape))

    for place, superior, probability in zip(moving, steps.superior, deflated(variance), strict=True):
        rows[place] = {"superior": bool(superior), "deflated_sharpe": _number(probability)}
    return {
        "best": int(moving[best]),
        "level": LEVEL,
        "needed": NEEDED,
        "superior": int(steps.superior.sum()),
        "tested": len(moving),
        "p_value": ability.p_consistent,
        "p_value_error": ability.monte_carlo_errors[1],
        "block_length": bootstrap.block_length,
        "resamples": RESAMPLES,
        "trials": trials,
        "effective_trials": _number(effective),
        "null_variance": variance,
        "variance_across_variants": across,
        "deflated_sharpe_across_variants": _number(deflated(across)[best]),
        "threshold": float(expected_maximum_sharpe(float(trials), variance) * math.sqrt(periods)),
    }, rows


def _null_variance(returns: Floats, bootstrap: Bootstrap) -> float:
    """The variance of a daily Sharpe ratio without skill, over resamples of recentred returns; mean of the variants."""
    centred = returns - returns.mean(axis=0)
    counts, days = bootstrap.resamples.counts, len(returns)
    mean = counts @ centred / days
    spread = np.sqrt((counts @ centred**2 / days - mean**2) * days / (days - 1))
    return float((mean / spread).var(axis=0, ddof=1).mean())


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
