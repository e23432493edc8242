"""Returns from which positions that depend on past returns earn nothing by construction, and random signs.

Past returns are also in the mean weight: a rule that holds less after a rise has a low mean weight where the mean
return is high. That alone gives Σ(w − w̄)(r − r̄) a mean other than 0 without any timing. An estimate of that mean is
itself uncertain, so here each weight is compared with the mean weight of the days before it, and each return with the
mean return of the days after it. Neither contains what the positions of the day can depend on.
"""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats

# The mean weight of the days before begins as if all allocations had been held alike for this share of all days.
_BEFORE = 0.1


def unanticipated_returns(returns: Floats) -> tuple[Floats, Floats]:
    """(…, T, A) g and (…) a constant c: for positions w (T, A), Σ w·g + c is what their timing earned.

    It is Σ (w − m)·e over days and allocations. e: √(n/(n + 1)) times the day's return less the mean return of the n
    days after it (forward orthogonal deviations; Arellano and Bover, "Another look at the instrumental variable
    estimation of error-components models", Journal of Econometrics 68 (1995), 29–51). m: the mean weight of the days
    before, and of T/10 days with 1/A in every allocation, ½ where A = 1. Where nothing predicts a return, each term
    has the mean 0 whatever past returns the positions depend on, and so has the sum; a constant added to the returns
    of an allocation changes nothing. returns: (…, T, A).
    """
    days, allocations = returns.shape[-2:]
    rows = np.array(np.swapaxes(returns, -1, -2), order="C")  # a copy, with the days side by side
    after = np.arange(days - 1, -1, -1.0)  # n
    so_far = np.cumsum(rows, axis=-1)
    so_far -= so_far[..., -1:]
    rows += so_far / np.maximum(after, 1.0)
    rows *= np.sqrt(after / (after + 1.0))  # e
    begun = _BEFORE * days
    shares = np.cumsum(rows / (begun + np.arange(days)), axis=-1)  # of the e of later days in each weight
    every = shares[..., -1:]
    constant: Floats = -begun / max(allocations, 2) * every.sum(axis=(-2, -1))
    rows += shares - every
    found: Floats = np.swapaxes(rows, -1, -2)
    return found, constant


def timing_gain(weights: Floats, returns: Floats) -> float:
    """Σ (w − m)·e of ``unanticipated_returns``. weights, returns: (T, A)."""
    earned, constant = unanticipated_returns(returns)
    return float((weights * earned).sum() + constant)


def flip_signs(centred: Floats, rng: np.random.Generator) -> Floats:
    """(T, A) returns, less their mean, with a random sign for each day; again less their mean."""
    signed: Floats = centred * rng.choice(np.array([-1.0, 1.0]), size=len(centred))[:, None]
    signed -= np.full(len(signed), 1.0 / len(signed)) @ signed
    return signed
