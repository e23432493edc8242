"""Markets with random signs, the positions they are drawn for, and how many shifts reach what was observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.metrics import FLAT
from gridproof.results.statistics.own_past import flip_signs, timing_gain, unanticipated_returns
from gridproof.results.statistics.shifted_sums import (
    change_charges,
    shifted_charged,
    shifted_sums,
    squares_before_cost,
    squares_of_charges,
)

# Markets with random signs; all T shifts of the positions are made against each. They are drawn so many at a time,
# until the p-value is further from the level than so many of its Monte Carlo errors, or this error is small enough. A
# share of mean p has a variance of at most p(1 − p): at p = 0.05 the most that are drawn give an error of 0.005.
BATCH, MOST = 32, 2048
CLEAR, PRECISE = 4.0, 0.005


class TimedPositions:
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


class ReachedShifts:
    """How many shifts of drawn markets have a statistic at or above the observed one."""

    def __init__(
        self, positions: TimedPositions, statistic: str, cost: float, level: float, below: float | None = None
    ) -> None:
        """below: count instead the shifts whose timing earns at most this."""
        self.statistic = statistic
        self._positions, self._level, self._below = positions, level, below
        self._charges = cost * positions.changes
        self.observed = positions.observed(self._charges, statistic)
        self._reached: list[Array] = []
        self.open = not np.isnan(self.observed)

    @property
    def draws(self) -> int:
        return sum(len(one) for one in self._reached)

    @property
    def needs_squares(self) -> bool:
        return self.statistic == "sharpe"

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
        p_value, error = self.share()
        self.open = error > PRECISE and abs(p_value - self._level) <= CLEAR * error

    def share(self) -> tuple[float, float]:
        """The p-value and its Monte Carlo error; NaN where the observed statistic is NaN."""
        if np.isnan(self.observed):
            return np.nan, np.nan
        reached, days = np.concatenate(self._reached), len(self._positions.weights)
        p_value = (1 + int(reached.sum())) / (1 + len(reached) * days)
        return p_value, float((reached / days).std(ddof=1) / np.sqrt(len(reached)))

    def _statistics(self, gains: Floats, squares: Floats | None, charged: Floats | None) -> Floats:
        days = gains.shape[-1]
        unit, charges = self._positions.changes, self._charges
        # The change into the day that a shift puts first is not charged.
        found: Floats = gains + self._positions.invested - (charges.sum() - charges[-np.arange(days)])
        if self.statistic == "total":
            return found
        if self.statistic == "mean":
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


def draw_until_clear(positions: TimedPositions, counts: Sequence[ReachedShifts], most: int, seed: int) -> Floats:
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
