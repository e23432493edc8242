"""Tests of timing for a rule that reads the price of what it holds: the signs of the market's returns are drawn anew.

Such a rule's positions depend on the returns before them, and shifted positions do not, so shifts are no fair
comparison. Where nothing can be known, each day's return less its mean is as likely to be above 0 as below, whatever
came before. Returns with random signs are such a market, with the same volatility on the same days.

Past returns are also in the mean weight, so that each weight is compared with the mean weight of the days before it,
and each return with the mean of the days after it (``own_past``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gridproof.kernels.arrays import Floats
from gridproof.results.statistics.flipped_markets import MOST, ReachedShifts, TimedPositions, draw_until_clear
from gridproof.results.statistics.inputs import positions_and_returns, require
from gridproof.results.statistics.own_past import flip_signs, timing_gain
from gridproof.results.statistics.shift import STATISTICS
from gridproof.results.statistics.timing_effect import TimingEffect


@dataclass(frozen=True)
class SignFlipTest:
    """statistic: as in ``circular_shift_test``; observed: with the bias that past returns give the mean taken out."""

    statistic: str
    observed: float
    p_value: float  # (1 + shifts of drawn markets that reach ``observed``) / (1 + all of them); NaN where it is NaN
    monte_carlo_error: float  # of the p-value, from the differences between the drawn markets
    draws: int  # markets drawn
    seed: int


class SignFlipTiming(NamedTuple):
    """The tests of one cost, and the effect by all markets that they drew."""

    sharpe: SignFlipTest
    mean: SignFlipTest
    effect: TimingEffect


def sign_flip_test(
    positions: npt.ArrayLike,
    returns: npt.ArrayLike,
    statistic: str = "total",
    cost: float = 0.0,
    draws: int = MOST,
    seed: int = 0,
    level: float = 0.05,
) -> SignFlipTest:
    """Whether positions that depend on past returns are better timed than by chance.

    positions: weights (T,) or (T, A) that earn the returns, (T,) or (T, A), of the same day (already lagged). statistic
    and cost: as in ``circular_shift_test``. Null hypothesis: the past tells nothing of the sign of a day's return less
    its mean. Each draw gives every day a random sign, the same for all A, and all circular shifts of the positions are
    made against it. In observed and drawn markets each weight is compared with the mean weight of the days before it,
    and each return with the mean of the days after it (``unanticipated_returns``); shifts turn both ends together.

    draws: at most. 32 are drawn at a time, until p differs from ``level`` by more than four of its Monte Carlo errors,
    or this error is at most 0.005. NaN and different shapes raise InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = sign_flip_test(held, rng.normal(0, 0.01, 1000) + 0.002 * held, "sharpe")
    >>> found.p_value < 0.05
    True
    """
    where = "sign_flip_test"
    weights, earned = _columns(positions, returns, where)
    rule = f"must be one of {', '.join(STATISTICS)}"
    require(statistic in STATISTICS, rule, statistic, f"{where}: statistic", "Choose one of them")
    require(draws >= 2, "there must be at least 2 draws", draws, f"{where}: draws", f"Use {MOST}")
    require(0.0 < level < 1.0, "must lie between 0 and 1", level, f"{where}: level", "Use for example 0.05")
    positions_drawn = TimedPositions(weights, earned)
    count = ReachedShifts(positions_drawn, statistic, cost, level)
    draw_until_clear(positions_drawn, [count], draws, seed)
    return _test(count, seed)


def sign_flip_timing(
    positions: npt.ArrayLike,
    returns: npt.ArrayLike,
    costs: Sequence[float] = (0.0,),
    excluded: float | None = None,
    draws: int = MOST,
    seed: int = 0,
    level: float = 0.05,
) -> list[SignFlipTiming]:
    """Both tests and the effect of positions under each of several costs, from the same draws.

    As ``sign_flip_test`` of the Sharpe ratio and of the mean, and ``sign_flip_effect`` with confidence 1 − level by as
    many draws as the tests of that cost need. excluded: an effect, a day, of which it must be as clear whether the
    upper bound lies below. Positions that never change raise InputError.
    """
    where = "sign_flip_timing"
    weights, earned = _columns(positions, returns, where)
    drawn = TimedPositions(weights, earned)
    own = _own_effect(drawn, where)
    groups = [[ReachedShifts(drawn, statistic, cost, level) for statistic in ("sharpe", "mean")] for cost in costs]
    doubted = [] if excluded is None else [ReachedShifts(drawn, "total", 0.0, level, below=drawn.gain - excluded * own)]
    sums = draw_until_clear(drawn, [*(one for group in groups for one in group), *doubted], draws, seed)
    found = []
    for sharpe, mean in groups:
        needed = max(one.draws for one in (sharpe, mean, *doubted))
        effect = _effect(drawn, own, sums[:needed], 1.0 - level)
        found.append(SignFlipTiming(_test(sharpe, seed), _test(mean, seed), effect))
    return found


def sign_flip_effect(
    positions: npt.ArrayLike, returns: npt.ArrayLike, confidence: float = 0.95, draws: int = 256, seed: int = 0
) -> TimingEffect:
    """The bounds of ``timing_effect`` for positions that depend on past returns, by inverting ``sign_flip_test``.

    Arguments and result are those of ``timing_effect``; what the timing earned is measured as by ``sign_flip_test``.
    draws: markets with random signs.

    >>> import numpy as np
    >>> rng = np.random.default_rng(3)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = sign_flip_effect(held, rng.normal(0, 0.01, 1000) + 0.002 * held)
    >>> found.lower < 0.002 < found.upper
    True
    """
    where = "sign_flip_effect"
    weights, earned = _columns(positions, returns, where)
    within = 0.5 < confidence < 1.0
    require(within, "must lie between 0.5 and 1", confidence, f"{where}: confidence", "Use for example 0.95")
    require(draws >= 1, "there must be at least 1 draw", draws, f"{where}: draws", "Use 256")
    drawn = TimedPositions(weights, earned)
    own, rng = _own_effect(drawn, where), np.random.default_rng(seed)
    sums = [drawn.gains(flip_signs(drawn.centred, rng)) for _ in range(draws)]
    return _effect(drawn, own, np.stack(sums), confidence)


def _test(count: ReachedShifts, seed: int) -> SignFlipTest:
    return SignFlipTest(count.statistic, count.observed, *count.share(), count.draws, seed)


def _columns(positions: npt.ArrayLike, returns: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """(T, A) each."""
    weights, earned = positions_and_returns(positions, returns, where)
    return weights.reshape(len(weights), -1), earned.reshape(len(earned), -1)


def _own_effect(positions: TimedPositions, where: str) -> float:
    """What an effect of 1 a day adds to what the timing earns. Never below 0 where one allocation is held at a time."""
    weights = positions.weights
    varies = bool((weights != weights[0]).any())
    rule, remedy = "positions must change to have a timing effect", "Leave out a leg that is always held"
    require(varies, rule, "constant weights", f"{where}: positions", remedy)
    active = weights - weights.mean(axis=0)
    return timing_gain(weights, active)


def _effect(positions: TimedPositions, own: float, gains: Floats, confidence: float) -> TimingEffect:
    """gains: (n, T) of the timing of every shift over drawn markets."""
    observed, days = positions.gain, len(positions.weights)
    if own <= 0.0:
        return TimingEffect(np.nan, -np.inf, np.inf, observed / days, confidence)
    low, high = np.quantile(gains, [1.0 - confidence, confidence])
    lower, upper = (observed - high) / own, (observed - low) / own
    return TimingEffect(observed / own, float(lower), float(upper), observed / days, confidence)
