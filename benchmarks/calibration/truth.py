"""Markets whose truth is known: their returns, and how much better than holding a rule truly is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.calibration.markets import CORRELATION, DAILY, PERIODS
from gridproof.kernels.arrays import Floats

_YEAR = math.sqrt(PERIODS)


@dataclass(frozen=True)
class Truth:
    """Two allocations: a leg and cash, or two risky legs.

    sharpe: the annual Sharpe ratio of each leg before any effect. An effect is what the first allocation returns more,
    less the second, on days on which a rule holds it than on others: in annual volatilities of this difference a year.
    """

    legs: int
    sharpe: float

    @cached_property
    def mean(self) -> Floats:
        """(2,) a day."""
        return self.sharpe * DAILY / _YEAR * (np.arange(2) < self.legs)

    @cached_property
    def covariance(self) -> Floats:
        """(2, 2) a day."""
        risky = np.arange(2) < self.legs
        return DAILY**2 * np.where(np.eye(2, dtype=bool), 1.0, CORRELATION) * np.outer(risky, risky)

    def step(self, effect: float) -> Floats:
        """(2,) what an effect adds to each allocation a day and unit of active weight."""
        sides = np.array([1.0, 0.0]) if self.legs == 1 else np.array([0.5, -0.5])
        apart = np.array([1.0, -1.0])
        return effect * math.sqrt(float(apart @ self.covariance @ apart)) / _YEAR * sides

    def returns(self, shocks: Floats, weights: Floats, effect: float) -> Floats:
        """(T, 2) daily returns in excess of cash. shocks: (T, legs). weights: (T,) of the first allocation."""
        earned = np.zeros((len(shocks), 2)) + self.mean
        earned[:, : self.legs] += DAILY * shocks
        return earned + np.outer(weights - weights.mean(), self.step(effect))

    def difference(self, effect: Floats, share: float) -> Floats:
        """(n,) the rule's annual Sharpe ratio less that of the best static holding, for each of (n,) effects.

        share: of days on which the rule holds the first allocation.
        """
        shares, covariance = np.array([share, 1.0 - share]), self.covariance
        added = effect[:, None] * self.step(1.0)  # (n, allocation)
        inside = self.mean + added * [1.0 - share, share] * [
            1.0,
            -1.0,
        ]  # on days on which it is held
        mean = inside @ shares
        rule = mean / np.sqrt((np.diagonal(covariance) + inside**2) @ shares - mean**2)
        best = np.zeros_like(effect)
        for mix in [*np.eye(2)[: self.legs], shares]:
            variance = mix @ covariance @ mix + share * (1.0 - share) * (added @ mix) ** 2
            best = np.maximum(best, mix @ self.mean / np.sqrt(variance))
        different: Floats = (rule - best) * _YEAR
        return different

    def effect_for(self, difference: float, share: float) -> float:
        """The smallest effect with which the rule is by so much better than the best static holding."""
        effects = np.linspace(0.0, 10.0, 4001)
        return float(np.interp(difference, self.difference(effects, share), effects))
