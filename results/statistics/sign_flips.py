"""Tests of timing for a rule that reads the price of what it holds: the signs of the market's returns are drawn anew.

Such a rule's positions depend on the returns before them, and shifted positions do not, so shifts are no fair
comparison. Where nothing can be known, each day's return less its mean is as likely to be above 0 as below, whatever
came before. Returns with random signs are such a market, with the same volatility on the same days.

Past returns are also in the mean weight (``own_past``), so that observed and drawn returns are corrected.
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
from gridproof.results.statistics.own_past import correct_own_past, flip_signs, positions_memory
from gridproof.results.statistics.shift import STATISTICS, observed_timing
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
    """statistic: as in ``circular_shift_test``; observed: with the bias of past returns taken out."""

    statistic: str
    observed: float
    p_value: float  # (1 + shifts of drawn markets that reach ``observed``) / (1 + all of them); NaN where it is NaN
    monte_carlo_error: float  # of the p-value, from the differences between the drawn markets
    memory: int  # days
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
    made against it. Observed and drawn returns are corrected for the positions' memory (``correct_own_past``).

    draws: at most. 32 are drawn at a time, until p differs from ``level`` by more than four of its Monte Carlo errors,
    or this error is at most 0.005. NaN and different shapes raise InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = sign_flip_test(held, rng.normal(0, 0.01, 1000) + 0.002 * held, "sharpe")
    >>> found.p_value < 0.05, found.memory > 10
    (True, True)
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
    doubted = [] if excluded is None else [_Count(drawn, "total", 0.0, level, below=drawn.covariance - excluded * own)]
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

    Arguments and result are those of ``timing_effect``; the estimate is corrected for the positions' memory. draws:
    markets with random signs.

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
    sums = [drawn.totals(flip_signs(drawn.centred, drawn.memory, rng)) for _ in range(draws)]
    return _effect(drawn, own, np.stack(sums), confidence)


class _Positions:
    """Positions (T, A) and the returns that they earn, corrected for the positions' memory."""

    def __init__(self, weights: Floats, earned: Floats) -> None:
        self.weights, self.mean = weights, earned.mean(axis=0)
        self.centred = earned - self.mean
        self.memory = positions_memory(weights)
        self.corrected = np.ascontiguousarray(self.mean + correct_own_past(self.centred, self.memory))
        self.changes = change_charges(weights, 1.0)
        self.invested = float((self.mean * weights.sum(axis=0)).sum())  # what the mean returns earn under every shift
        # Σ(w − w̄)r
        self.covariance = float(((weights - weights.mean(axis=0)) * correct_own_past(self.centred, self.memory)).sum())

    def totals(self, drawn: Floats) -> Floats:
        """(…, T) the sums of every shift over drawn returns (…, T, A), which have mean 0."""
        return shifted_sums(self.weights, drawn)


class _Count:
    """How many shifts of drawn markets have a statistic at or above the observed one."""

    def __init__(
        self, positions: _Positions, statistic: str, cost: float, level: float, below: float | None = None
    ) -> None:
        """below: count instead the shifts whose sum of drawn returns is at most this."""
        self._positions, self._statistic, self._level, self._below = positions, statistic, level, below
        self._charges = cost * positions.changes
        weights = np.ascontiguousarray(positions.weights)
        self.observed = observed_timing(weights, self._charges, positions.corrected, statistic)
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

    def add(self, totals: Floats, squares: Floats | None, charged: Floats | None) -> None:
        """totals: (n, T) of drawn returns with mean 0. squares: (n, T) before cost. charged: (n, T) for a cost of 1."""
        if self._below is not None:
            reached = totals <= self._below
        else:
            reached = self._statistics(totals, squares, charged) >= self.observed
        self._reached.append(reached.sum(axis=1))
        p_value, error = self._share()
        self.open = error > PRECISE and abs(p_value - self._level) <= CLEAR * error

    def test(self, seed: int) -> SignFlipTest:
        p_value, error = (np.nan, np.nan) if np.isnan(self.observed) else self._share()
        memory = self._positions.memory
        return SignFlipTest(self._statistic, self.observed, p_value, error, memory, self.draws, seed)

    def _statistics(self, totals: Floats, squares: Floats | None, charged: Floats | None) -> Floats:
        days = totals.shape[-1]
        unit, charges = self._positions.changes, self._charges
        # The change into the day that a shift puts first is not charged.
        found: Floats = totals + self._positions.invested - (charges.sum() - charges[-np.arange(days)])
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
    """Draws markets as long as a count needs more. Returns (n, T): the sum of every shift over each drawn market."""
    rng, done, sums = np.random.default_rng(seed), 0, [np.empty((0, len(positions.weights)))]
    while done < most and any(one.open for one in counts):
        size = min(BATCH, most - done)
        drawn = np.stack([flip_signs(positions.centred, positions.memory, rng) for _ in range(size)])
        totals, opened = positions.totals(drawn), [one for one in counts if one.open]
        squares = charged = None
        if any(one.needs_squares for one in opened):
            earned = positions.mean + drawn
            squares, _ = squares_before_cost(positions.weights, earned)
            if any(one.charged for one in opened):
                charged = shifted_charged(positions.weights, positions.changes, earned)
        for one in opened:
            one.add(totals, squares, charged)
        sums.append(totals)
        done += size
    return np.concatenate(sums)


def _columns(positions: npt.ArrayLike, returns: npt.ArrayLike, where: str) -> tuple[Floats, Floats]:
    """(T, A) each."""
    weights, earned = positions_and_returns(positions, returns, where)
    return weights.reshape(len(weights), -1), earned.reshape(len(earned), -1)


def _own_effect(positions: _Positions, where: str) -> float:
    """What an effect of 1 adds to Σ(w − w̄)r: it is corrected as the returns are."""
    weights = positions.weights
    varies = bool((weights != weights[0]).any())
    rule, remedy = "positions must change to have a timing effect", "Leave out a leg that is always held"
    require(varies, rule, "constant weights", f"{where}: positions", remedy)
    active = weights - weights.mean(axis=0)
    return float((active * correct_own_past(active, positions.memory)).sum())


def _effect(positions: _Positions, own: float, sums: Floats, confidence: float) -> TimingEffect:
    """sums: (n, T) of every shift over drawn markets; their returns have mean 0, so that w̄ adds nothing."""
    observed, days = positions.covariance, len(positions.weights)
    low, high = np.quantile(sums, [1.0 - confidence, confidence])
    lower, upper = (observed - high) / own, (observed - low) / own
    return TimingEffect(observed / own, float(lower), float(upper), observed / days, confidence)
