"""What remains of the best factor variants after correction for the number of variants tried."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.results.run.record import number
from gridproof.results.statistics.deflation import deflated_sharpe, effective_trials, expected_maximum_sharpe
from gridproof.results.statistics.sharpe import return_moments
from gridproof.results.statistics.superior_predictive_ability import stepwise_multiple_test, superior_predictive_ability
from gridproof.sweeps.verdict.bootstrap import RESAMPLES, Bootstrap, draw_bootstrap

# The level of StepM, and the deflated Sharpe ratio that is needed.
LEVEL, NEEDED = 0.05, 0.95
# So many days are needed, of the window and of each variant.
_LEAST_DAYS = 60
# Variants with at least this part of the most days that a variant has returns on have about as many.
_AS_MANY = 0.9
# A variance is taken over so many resamples or more.
_LEAST_RESAMPLES = 100
# A spread below this part of the variant's own is rounding error.
_ROUNDING = 1e-8


def judge(net: Floats, trials: int, periods: float) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The tests of all variants' long–short returns after costs, and for each variant what they say of it.

    net: (days, V) daily. trials: how many variants were ever tried on this panel, at least V. periods: days of a year.

    StepM tests all variants at once against earning nothing. The deflated Sharpe ratio is the probability that the true
    Sharpe ratio exceeds the expected best of so many trials without skill. The variance of a trial's Sharpe ratio is
    that without skill, from the resamples: factors differ in what they truly earn, so the variance across variants,
    which the paper takes, would count a true effect as luck. It is recorded too.

    A day earns exactly 0 where nothing is held. Variants with returns on fewer than 60 days, or that never vary, are
    not tested; ``untested`` has the reason.
    """
    days = np.count_nonzero(net, axis=0)
    varies = (net.std(axis=0) > 1e-9) & np.isfinite(return_moments(net).sharpe)
    rows: list[dict[str, Any]] = [
        {"superior": None, "deflated_sharpe": None, "untested": _untested(int(count), bool(moves))}
        for count, moves in zip(days, varies, strict=True)
    ]
    moving = np.array([place for place, row in enumerate(rows) if row["untested"] is None], dtype=np.int64)
    if not len(moving):
        why = rows[int(days.argmax())]["untested"] if days.any() else "no variant earns anything"
        return {"why": why, "trials": trials, "superior": None}, rows
    tested = np.ascontiguousarray(net[:, moving])
    moments = return_moments(tested)
    sharpes = np.asarray(moments.sharpe)
    best = int(np.argmax(sharpes))
    bootstrap = draw_bootstrap([tested[:, best]])
    steps = stepwise_multiple_test(tested, bootstrap.indices, bootstrap.block_length, LEVEL)
    ability = superior_predictive_ability(tested, bootstrap.indices, bootstrap.block_length)
    effective = effective_trials(tested).entropy_rank if len(moving) > 1 else 1.0
    variance, across = (
        _null_variance(tested, sharpes, bootstrap),
        float(sharpes.var(ddof=1)) if len(moving) > 1 else 0.0,
    )

    def deflated(spread: float) -> Floats:
        shape = moments.skewness, moments.kurtosis
        return np.atleast_1d(deflated_sharpe(sharpes, moments.observations, float(trials), spread, *shape))

    for place, superior, probability in zip(moving, steps.superior, deflated(variance), strict=True):
        rows[place] |= {"superior": bool(superior), "deflated_sharpe": number(probability)}
    return {
        "best": int(moving[best]),
        "level": LEVEL,
        "needed": NEEDED,
        "superior": int(steps.superior.sum()),
        "tested": len(moving),
        "p_value": number(ability.p_consistent),
        "p_value_error": number(ability.monte_carlo_errors[1]),
        "block_length": bootstrap.block_length,
        "resamples": RESAMPLES,
        "trials": trials,
        "effective_trials": number(effective),
        "null_variance": number(variance),
        "variance_across_variants": number(across),
        "deflated_sharpe_across_variants": number(deflated(across)[best]),
        "threshold": number(expected_maximum_sharpe(float(trials), variance) * math.sqrt(periods)),
    }, rows


def _null_variance(returns: Floats, sharpes: Floats, bootstrap: Bootstrap) -> float:
    """The variance of a daily Sharpe ratio over all days without skill, over resamples of recentred returns.

    returns: (T, V). sharpes: (V,). bootstrap: of the T days. NaN where it is not known.

    It is the mean over the variants that have returns on about as many days as the one with most. Without skill the
    Sharpe ratio over all days has about the same variance for one that has them on few days: for it, resamples in
    blocks as long as its days would all be alike, and the variance too small. Where all of these earn 0 on some days,
    the others alone are resampled, and the variance is that of their Sharpe ratio times their share. A variant has
    mean 0 on the days on which it has returns, so these alone are recentred. Resamples in which nothing varies are
    left out.
    """
    active = returns != 0.0
    count = active.sum(axis=0)
    chosen = np.flatnonzero(count >= _AS_MANY * count.max())
    inside = active[:, chosen].any(axis=1)
    if not inside.all():
        bootstrap = draw_bootstrap([returns[inside, chosen[np.argmax(sharpes[chosen])]]])
    own, active = returns[inside][:, chosen], active[inside][:, chosen]
    centred = np.where(active, own - own.sum(axis=0) / count[chosen], 0.0)
    counts, days = bootstrap.resamples.counts, len(own)
    mean = counts @ centred / days
    square = counts @ centred**2 / days - mean**2
    varied = square > _ROUNDING**2 * (centred**2).mean(axis=0)
    ratios = np.where(varied, mean / np.sqrt(np.where(varied, square, 1.0) * days / (days - 1)), np.nan)
    known = varied.sum(axis=0) >= _LEAST_RESAMPLES
    return float(np.nanvar(ratios[:, known], axis=0, ddof=1).mean()) * days / len(returns) if known.any() else np.nan


def _untested(days: int, varies: bool) -> str | None:
    """Why a variant that earns something on so many days is not tested; None where it is."""
    if days < _LEAST_DAYS:
        return f"returns on {days:,} days, {_LEAST_DAYS} are needed"
    return None if varies else "returns that do not vary"
