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

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.metrics import FLAT
from gridproof.results.statistics.inputs import positions_and_returns, require
from gridproof.results.statistics.own_past import flip_signs, timing_gain, unanticipated_returns
from gridproof.results.statistics.shift import STATISTICS
from gridproof.results.statistics.shifted_sums import (
    change_charges,
    shifted_charged,
    shifted_sums,
    squares_before_cost,
    squares_of_charges,
)
from gridproof.results.statistics.timing_effect import TimingEffect

# Markets with random signs; all T shifts of the positions are made against each. They are drawn so many at a time,
# until the p-value is further from the level than so many of its Monte Carlo errors, or this error is small enough. A
# share of mean p has a variance of at most p(1 − p): at p = 0.05 the most that are drawn give an error of 0.005.
BATCH, MOST = 32, 2048
CLEAR, PRECISE = 4.0, 0.005


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
    positions_drawn = _Positions(weights, earned)
    count = _Count(positions_drawn, statistic, cost, level)
    _draw_until_clear(positions_drawn, [count], draws, seed)
    return count.test(seed)


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
    drawn = _Positions(weights, earned)
    own = _own_effect(drawn, where)
    groups = [[_Count(drawn, statistic, cost, level) for statistic in ("sharpe", "mean")] for cost in costs]
    doubted = [] if excluded is None else [_Count(drawn, "total", 0.0, level, below=drawn.gain - excluded * own)]
    sums = _draw_until_clear(drawn, [*(one for group in groups for one in group), *doubted], draws, seed)
    found = []
    for sharpe, mean in groups:
        needed = max(one.draws for one in (sharpe, mean, *doubted))
        effect = _effect(drawn, own, sums[:needed], 1.0 - level)
        found.append(SignFlipTiming(sharpe.test(seed), mean.test(seed), effect))
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
    drawn = _Positions(weights, earned)
    own, rng = _own_effect(drawn, where), np.random.default_rng(seed)
    sums = [drawn.gains(flip_signs(drawn.centred, rng)) for _ in range(draws)]
    return _effect(drawn, own, np.stack(sums), confidence)


class _Positions:
    """Positions (T, A), the returns that they earn, and what their timing earns of them."""

    def __init__(self, weights: Floats, earned: Floats) -> None:
        self.weights, self.mean = weights, earned.mean(axis=0)
        self.centred = earned - self.mean
        self.before_cost = (weights * earned).sum(axis=1)
        self.changes = change_charges(weights, 1.0)
        self.invested = float((self.mean * weights.sum(axis=0)).sum())  # what the mean returns earn under every shift
        self.gain = timing_gain(weights, self.centred)

    def gains(self, drawn: Floats) -> Floats:
        """(…, T) what the timing of every shift earns of drawn returns (…, T, A)."""
        apart, constant = unanticipated_returns(drawn)
        gains: Floats = shifted_sums(self.weights, apart) + constant[..., None]
        return gains

    def observed(self, charges: Floats, statistic: str) -> float:
        """charges: (T,) the cost of the change into each day; that of day 0 is not charged."""
        days = len(charges)
        total = self.invested + self.gain - float(charges[1:].sum())
        if statistic != "sharpe":
            return total / days if statistic == "mean" else total
        net = self.before_cost - np.append(0.0, charges[1:])
        squares = float(net @ net)
        deviations = squares - total**2 / days
        return total / days / float(np.sqrt(deviations / (days - 1))) if deviations > FLAT * squares else np.nan


class _Count:
    """How many shifts of drawn markets have a statistic at or above the observed one."""

    def __init__(
        self, positions: _Positions, statistic: str, cost: float, level: float, below: float | None = None
    ) -> None:
        """below: count instead the shifts whose timing earns at most this."""
        self._positions, self._statistic, self._level, self._below = positions, statistic, level, below
        self._charges = cost * positions.changes
        self.observed = positions.observed(self._charges, statistic)
        self._reached: list[Array] = []
        self.open = not np.isnan(self.observed)

    @property
    def draws(self) -> int:
        return sum(len(one) for one in self._reached)

    @property
    def needs_squares(self) -> bool:
        return self._statistic == "sharpe"

    @property
    def charged(self) -> bool:
        return bool(self._charges.any())

    def add(self, gains: Floats, squares: Floats | None, charged: Floats | None) -> None:
        """gains: (n, T) of the timing. squares: (n, T) before cost. charged: (n, T) for a cost of 1."""
        if self._below is not None:
            reached = gains <= self._below
        else:
            reached = self._statistics(gains, squares, charged) >= self.observed
        self._reached.append(reached.sum(axis=1))
        p_value, error = self._share()
        self.open = error > PRECISE and abs(p_value - self._level) <= CLEAR * error

    def test(self, seed: int) -> SignFlipTest:
        p_value, error = (np.nan, np.nan) if np.isnan(self.observed) else self._share()
        return SignFlipTest(self._statistic, self.observed, p_value, error, self.draws, seed)

    def _statistics(self, gains: Floats, squares: Floats | None, charged: Floats | None) -> Floats:
        days = gains.shape[-1]
        unit, charges = self._positions.changes, self._charges
        # The change into the day that a shift puts first is not charged.
        found: Floats = gains + self._positions.invested - (charges.sum() - charges[-np.arange(days)])
        if self._statistic == "total":
            return found
        if self._statistic == "mean":
            found /= days
            return found
        assert squares is not None
        if charged is not None and charges.any():
            cost = charges.sum() / unit.sum()
            squares = squares + (squares_of_charges(charges) - 2.0 * cost * charged)
        deviations = squares - found**2 / days
        flat = deviations <= FLAT * squares
        ratios: Floats = found / days / np.sqrt(np.where(flat, np.nan, deviations) / (days - 1))
        return ratios

    def _share(self) -> tuple[float, float]:
        """The p-value and its Monte Carlo error."""
        reached, days = np.concatenate(self._reached), len(self._positions.weights)
        p_value = (1 + int(reached.sum())) / (1 + len(reached) * days)
        return p_value, float((reached / days).std(ddof=1) / np.sqrt(len(reached)))


def _draw_until_clear(positions: _Positions, counts: Sequence[_Count], most: int, seed: int) -> Floats:
    """Draws markets as long as a count needs more. Returns (n, T): what the timing of every shift earns in each."""
    rng, done, sums = np.random.default_rng(seed), 0, [np.empty((0, len(positions.weights)))]
    while done < most and any(one.open for one in counts):
        size = min(BATCH, most - done)
        drawn = np.stack([flip_signs(positions.centred, rng) for _ in range(size)])
        gains, opened = positions.gains(drawn), [one for one in counts if one.open]
        squares = charged = None
        if any(one.needs_squares for one in opened):
            earned = positions.mean + drawn
            squares, _ = squares_before_cost(positions.weights, earned)
            if any(one.charged for one in opened):
                charged = shifted_charged(positions.weights, positions.changes, earned)
        for one in opened:
            one.add(gains, squares, charged)
        sums.append(gains)
        done += size
    return np.concatenate(sums)


def _columns(positions: npt.ArrayLike, returns: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """(T, A) each."""
    weights, earned = positions_and_returns(positions, returns, where)
    return weights.reshape(len(weights), -1), earned.reshape(len(earned), -1)


def _own_effect(positions: _Positions, where: str) -> float:
    """What an effect of 1 a day adds to what the timing earns. Never below 0 where one allocation is held at a time."""
    weights = positions.weights
    varies = bool((weights != weights[0]).any())
    rule, remedy = "positions must change to have a timing effect", "Leave out a leg that is always held"
    require(varies, rule, "constant weights", f"{where}: positions", remedy)
    active = weights - weights.mean(axis=0)
    return timing_gain(weights, active)


def _effect(positions: _Positions, own: float, gains: Floats, confidence: float) -> TimingEffect:
    """gains: (n, T) of the timing of every shift over drawn markets."""
    observed, days = positions.gain, len(positions.weights)
    if own <= 0.0:
        return TimingEffect(np.nan, -np.inf, np.inf, observed / days, confidence)
    low, high = np.quantile(gains, [1.0 - confidence, confidence])
    lower, upper = (observed - high) / own, (observed - low) / own
    return TimingEffect(observed / own, float(lower), float(upper), observed / days, confidence)
