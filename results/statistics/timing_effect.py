"""The size of a timing effect: bounds by inverting the circular-shift test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridproof.kernels.errors import InputError
from gridproof.results.statistics.inputs import positions_and_returns, require
from gridproof.results.statistics.shifted_sums import shifted_sums

# Overlaps closer to the full one than this share of it are the same positions turned on themselves.
_SAME = 1e-12


@dataclass(frozen=True)
class TimingEffect:
    """How much more a leg returns on the days on which it is held than on the others, a day and unit of weight.

    ``effect``: the least-squares estimate, Σ(w − w̄)r / Σ(w − w̄)². ``lower`` and ``upper``: one-sided bounds, each at
    ``confidence``; −inf or inf where the shifts exclude no effect. ``gain``: what the estimate earns a day,
    Σ(w − w̄)r / T.
    """

    effect: float
    lower: float
    upper: float
    gain: float
    confidence: float


def timing_effect(positions: npt.ArrayLike, returns: npt.ArrayLike, confidence: float = 0.95) -> TimingEffect:
    """Bounds of the timing effect δ: returns r − δ(w − w̄) whose shifts show nothing unusual at the positions held.

    positions: weights (T,) or (T, A) that earn the returns, (T,) or (T, A), of the same day (already lagged); w̄ is the
    mean of each column. For two risky legs give the weight of one and the difference of their returns. For each δ the
    circular-shift test of the mean is made; δ is inside the bound if its p-value is above 1 − confidence. The p-value
    is monotone in δ, so each bound is one order statistic of (C₀ − C_s) / (A₀ − A_s) over the shifts s, where C is the
    sum of weight times return and A the sum of weight times weight: exact, O(T log T). Costs are left out.

    Positions that never change have no timing: InputError, as for NaN and for different shapes.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = timing_effect(held, rng.normal(0, 0.01, 1000) + 0.002 * held)
    >>> round(found.effect, 4), 0 < found.lower < found.effect < found.upper
    (0.0035, True)
    """
    where = "timing_effect"
    weights, earned = positions_and_returns(positions, returns, where)
    within = 0.5 < confidence < 1.0
    require(within, "must lie between 0.5 and 1", confidence, f"{where}: confidence", "Use for example 0.95")
    days = len(weights)
    active = weights.reshape(days, -1) - weights.reshape(days, -1).mean(axis=0)
    earned = earned.reshape(days, -1)
    own = float((active**2).sum())
    if own <= _SAME * float((weights**2).sum()):
        rule, remedy = "positions must change to have a timing effect", "Leave out a leg that is always held"
        raise InputError(rule, "constant weights", f"{where}: positions", remedy)
    overlap, profit = shifted_sums(active, active), shifted_sums(active, earned)
    overlap[0], profit[0] = own, float((active * earned).sum())
    apart = own - overlap
    moved = apart > _SAME * own  # a shift that leaves the positions as they are says nothing about δ
    limits = np.sort((profit[0] - profit[moved]) / apart[moved])
    # Upper: p(δ) = share of shifts with a statistic at or below the observed one; shifts with limit ≥ δ, and the equal.
    allowed = int(np.floor((1.0 - confidence) * days)) - (days - len(limits))
    lower = float(limits[allowed]) if 0 <= allowed < len(limits) else -np.inf
    upper = float(limits[-1 - allowed]) if 0 <= allowed < len(limits) else np.inf
    observed = float(profit[0])
    return TimingEffect(observed / own, lower, upper, observed / days, confidence)
