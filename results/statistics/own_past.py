"""What the past returns of a market do to positions that depend on them, and markets whose past tells nothing.

Past returns are also in the mean weight: a rule that holds less after a rise has a low mean weight where the mean
return is high. That alone gives Σ(w − w̄)(r − r̄) the mean −Σ(1 − k/T)·c(k) without any timing, where c(k) is the
covariance of a day's weight with the return k days earlier. ``correct_own_past`` adds its estimate to the returns.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from gridproof.kernels.arrays import Floats

# Positions depend on as many past days as it takes until their autocorrelation is below this, a quarter of all at most.
_CORRELATED = 0.1
_LONGEST = 4


def positions_memory(positions: Floats) -> int:
    """The days on which positions (T, A) depend: until their autocorrelation is at most 0.1, T / 4 at most.

    Positions that depend on the returns of K days are correlated over about K days. 0 for constant positions.
    """
    days = len(positions)
    reach = days // _LONGEST
    active = np.ascontiguousarray((positions - positions.mean(axis=0)).T)
    length = next_fast_len(days + reach, real=True)  # no lag below ``reach`` meets the other end
    overlap = irfft((np.abs(rfft(active, n=length)) ** 2).sum(axis=0), n=length)[:reach]
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
