"""What watches the strategy's own NAV, after all costs: stops, and the control of its drawdown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Bools, Floats, Ints, cut_days
from gridproof.kernels.drift import Drift

# A fall or rise that misses a level by this part of it does so by the rounding of decimals.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class DrawdownControl:
    """How much of what the rule chooses is held under C settings: in N steps from none of it to all, by how far the NAV
    is below its high.

    At each close after which no change is due, a step that is too high or too low is changed ``lag`` return days later,
    to the first that is neither. The step is N on return day 0, and again where the high of the NAV begins anew.
    """

    most: Ints  # (C,): N, the step at which all is held
    # (C, 1 + the largest N) of each step: the shares of the high at or below which it is too high, below 0 for step 0,
    # and at or above which it is too low, infinite for step N.
    falls: Floats
    rises: Floats
    held: Ints  # (C, A, 1 + the largest N): what is held of an allocation at each step; all of it: itself

    @classmethod
    def of(cls, limits: Floats, most: Ints, held: Ints) -> DrawdownControl:
        """At step k of N, k / N of the allocation is held: that is too much from a drawdown of (1 − (k − 1) / N) of the
        limit on, and too little up to one of (1 − (k + 1) / N). limits, most: (C,); held: as the field."""
        step = np.arange(held.shape[2])[None]
        below, above = (1.0 - limits[:, None] * (1.0 - (step + by) / most[:, None]) for by in (-1, 1))
        falls = np.where(step > 0, below * (1.0 + _ROUNDING), -1.0)
        rises = np.where(step < most[:, None], above * (1.0 - _ROUNDING), np.inf)
        return cls(most, falls, rises, held)

    def __post_init__(self) -> None:
        rows = np.arange(len(self.most))
        assert (self.held[rows, :, self.most] == np.arange(self.held.shape[1])).all()
        assert (self.falls[:, 0] < 0.0).all()
        assert np.isposinf(self.rises[rows, self.most]).all()


@dataclass(frozen=True, slots=True)
class NavStops:
    """Stops on the strategy's own NAV, after all costs, for E executions; a share of 0 is no stop. And how much is held
    by its drawdown.

    At the close of a return day the NAV is compared with a share of the NAV at which the position was entered, just
    before that trade (``entry``), and with a share of the highest NAV at a close (``high``), that at the close before
    return day 0 included. At or below it a stop becomes effective ``lag`` return days later, as a stop of
    ``Restrictions`` does. The stop on the entry is dropped where the position has changed by then, and is not watched
    for ``Restrictions.refuge``. From the day on which the stop on the high becomes effective, the high begins anew with
    the next entry of another allocation than the refuge, at the NAV just before that trade.

    The position is what the rule and the restrictions choose. What is held is the part of it that ``control`` lets; a
    change of that part is a switch with its costs, but no entry.
    """

    entry: Floats  # (E,) below 1
    high: Floats  # (E,) below 1
    # The market in which the NAV is counted, as in ``Problem``. A problem may get another market, as in a placebo: what
    # is held stays.
    returns: Floats
    costs: Floats
    overnight: Floats | None
    payoff_of: Ints
    cost_of: Ints
    drift: Drift | None
    control_of: Ints  # (E,) which setting of ``control``; −1: all is held
    control: DrawdownControl | None = None  # None where no execution has any

    def watched(self) -> Bools:
        """(E,) whether the NAV is watched at all."""
        found: Bools = (self.entry > 0.0) | (self.high > 0.0) | (self.control_of >= 0)
        return found

    def of(self, executions: Ints) -> NavStops:
        """Those of some executions."""
        names = ("entry", "high", "payoff_of", "cost_of", "control_of")
        return replace(self, **{name: getattr(self, name)[executions] for name in names})

    def first_days(self, days: int) -> NavStops:
        """Those of the first return days alone."""
        overnight = None if self.overnight is None else cut_days(self.overnight, days)
        drift = None if self.drift is None else self.drift.first_days(days)
        returns, costs = cut_days(self.returns, days), cut_days(self.costs, days)
        return replace(self, returns=returns, costs=costs, overnight=overnight, drift=drift)

    def terms(self, execution: int) -> tuple[float, ...]:
        """The numbers of an execution on which depends what is held."""
        tables = (int(each[execution]) for each in (self.payoff_of, self.cost_of, self.control_of))
        return (*tables, float(self.entry[execution]), float(self.high[execution]))
