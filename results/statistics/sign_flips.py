"""Tests of timing for a rule that reads the price of what it holds: the signs of the market's returns are drawn anew.

Such a rule's positions depend on the returns before them, and shifted positions do not, so shifts are no fair
comparison. Where nothing can be known, each day's return less its mean is as likely to be above 0 as below, whatever
came before. Returns with random signs are such a market, with the same volatility on the same days.

Past returns are also in the mean weight: a rule that holds less after a rise has a low mean weight where the mean
return is high. That alone gives Σ(w − w̄)(r − r̄) the mean −Σ(1 − k/T)·c(k) without any timing, where c(k) is the
covariance of a day's weight with the return k days earlier. ``correct_own_past`` adds its estimate to the returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.fft import irfft, rfft

from gridproof.kernels.arrays import Floats
from gridproof.kernels.metrics import FLAT
from gridproof.results.statistics.inputs import positions_and_returns, require
from gridproof.results.statistics.shift import STATISTICS, circular_shift_test
from gridproof.results.statistics.shifted_sums import change_charges, shifted_squares, shifted_sums, shifted_totals
from gridproof.results.statistics.timing_effect import TimingEffect

# Markets with random signs; all T shifts of the positions are made against each.
DRAWS = 32

# Positions depend on as many past days as it takes until their autocorrelation is below this, a quarter of all at most.
_CORRELATED = 0.1
_LONGEST = 4


@dataclass(frozen=True)
class SignFlipTest:
    """statistic: as in ``circular_shift_test``; observed: with the bias of past returns taken out."""

    statistic: str
    observed: float
    p_value: float  # (1 + shifts of drawn markets that reach ``observed``) / (1 + all of them); NaN where it is NaN
    monte_carlo_error: float  # of the p-value, from the differences between the drawn markets
    memory: int  # days
    draws: int
    seed: int


def sign_flip_test(
    positions: npt.ArrayLike,
    returns: npt.ArrayLike,
    statistic: str = "total",
    cost: float = 0.0,
    draws: int = DRAWS,
    seed: int = 0,
) -> SignFlipTest:
    """Whether positions that depend on past returns are better timed than by chance.

    positions: weights (T,) or (T, A) that earn the returns, (T,) or (T, A), of the same day (already lagged). statistic
    and cost: as in ``circular_shift_test``. Null hypothesis: the past tells nothing of the sign of a day's return less
    its mean. Each draw gives every day a random sign, the same for all A, and all circular shifts of the positions are
    made against it. Observed and drawn returns are corrected for the positions' memory (``correct_own_past``). NaN and
    different shapes raise InputError.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = sign_flip_test(held, rng.normal(0, 0.01, 1000) + 0.002 * held, "sharpe")
    >>> found.p_value < 0.05, found.memory > 10
    (True, True)
    """
    where = "sign_flip_test"
    weights, earned = positions_and_returns(positions, returns, where)
    rule = f"must be one of {', '.join(STATISTICS)}"
    require(statistic in STATISTICS, rule, statistic, f"{where}: statistic", "Choose one of them")
    require(draws >= 2, "there must be at least 2 draws", draws, f"{where}: draws", "Use 32")
    weights, earned = (one.reshape(len(one), -1) for one in (weights, earned))
    days, memory, mean = len(weights), positions_memory(weights), earned.mean(axis=0)
    corrected = mean + correct_own_past(earned - mean, memory)
    observed = circular_shift_test(weights, corrected, statistic, cost).observed
    if np.isnan(observed):
        return SignFlipTest(statistic, observed, np.nan, np.nan, memory, draws, seed)
    drawn = mean + _draw(earned - mean, memory, draws, seed)
    charges = change_charges(weights, cost)
    totals = shifted_totals(weights, charges, drawn)
    if statistic == "mean":
        totals /= days
    elif statistic == "sharpe":
        squares, _ = shifted_squares(weights, charges, drawn)
        deviations = squares - totals**2 / days
        flat = deviations <= FLAT * squares
        totals = totals / days / np.sqrt(np.where(flat, np.nan, deviations) / (days - 1))
    reached = (totals >= observed).sum(axis=1)
    p_value = (1 + int(reached.sum())) / (1 + draws * days)
    error = float((reached / days).std(ddof=1) / np.sqrt(draws))
    return SignFlipTest(statistic, observed, p_value, error, memory, draws, seed)


def sign_flip_effect(
    positions: npt.ArrayLike, returns: npt.ArrayLike, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> TimingEffect:
    """The bounds of ``timing_effect`` for positions that depend on past returns, by inverting ``sign_flip_test``.

    Arguments and result are those of ``timing_effect``; the estimate is corrected for the positions' memory.

    >>> import numpy as np
    >>> rng = np.random.default_rng(3)
    >>> held = np.repeat(rng.integers(0, 2, 40), 25)
    >>> found = sign_flip_effect(held, rng.normal(0, 0.01, 1000) + 0.002 * held)
    >>> found.lower < 0.002 < found.upper
    True
    """
    where = "sign_flip_effect"
    weights, earned = positions_and_returns(positions, returns, where)
    within = 0.5 < confidence < 1.0
    require(within, "must lie between 0.5 and 1", confidence, f"{where}: confidence", "Use for example 0.95")
    weights, earned = (one.reshape(len(one), -1) for one in (weights, earned))
    active, memory = weights - weights.mean(axis=0), positions_memory(weights)
    # An effect of δ is corrected as the returns are, so it adds δ times this.
    own = float((active * correct_own_past(active, memory)).sum())
    varies = bool((weights != weights[0]).any())
    rule, remedy = "positions must change to have a timing effect", "Leave out a leg that is always held"
    require(varies, rule, "constant weights", f"{where}: positions", remedy)
    centred = earned - earned.mean(axis=0)
    observed = float((active * correct_own_past(centred, memory)).sum())
    drawn = shifted_sums(active, _draw(centred, memory, draws, seed))
    low, high = np.quantile(drawn, [1.0 - confidence, confidence])
    lower, upper = (observed - high) / own, (observed - low) / own
    return TimingEffect(observed / own, float(lower), float(upper), observed / len(weights), confidence)


def positions_memory(positions: Floats) -> int:
    """The days on which positions (T, A) depend: until their autocorrelation is at most 0.1, T / 4 at most.

    Positions that depend on the returns of K days are correlated over about K days. 0 for constant positions.
    """
    days = len(positions)
    active = positions - positions.mean(axis=0)
    overlap = irfft((np.abs(rfft(active, n=2 * days, axis=0)) ** 2).sum(axis=1), n=2 * days)[: days // _LONGEST]
    apart = np.flatnonzero(overlap <= _CORRELATED * overlap[:1])
    return int(apart[0]) if len(apart) else len(overlap)


def correct_own_past(centred: Floats, memory: int) -> Floats:
    """(T, A) returns, plus 1/T of the sum of the last ``memory`` days before each; again less their mean.

    Σ(w − w̄) times these has no bias where w depends on the last ``memory`` days of returns that are otherwise
    unpredictable. centred: (T, A), with mean 0.
    """
    days = len(centred)
    sums = np.concatenate([np.zeros((1, centred.shape[1])), np.cumsum(centred, axis=0)])
    corrected = centred + (sums[:days] - sums[np.maximum(np.arange(days) - memory, 0)]) / days
    result: Floats = corrected - corrected.mean(axis=0)
    return result


def flip_signs(centred: Floats, memory: int, rng: np.random.Generator) -> Floats:
    """(T, A) returns, less their mean, with a random sign for each day, corrected as the observed ones are."""
    signed = centred * rng.choice(np.array([-1.0, 1.0]), size=len(centred))[:, None]
    return correct_own_past(signed - signed.mean(axis=0), memory)


def _draw(centred: Floats, memory: int, draws: int, seed: int) -> Floats:
    """(draws, T, A) markets of random signs."""
    rng = np.random.default_rng(seed)
    return np.stack([flip_signs(centred, memory, rng) for _ in range(draws)])
