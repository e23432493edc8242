"""What funds hold: the weights of indices that explain their returns, none below 0 and at most 1 in sum."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.signals.models.row_cache import RowCache

# How heavily the weights, cash included, are held to the sum of 1, beside the scaled returns.
_SUM_WEIGHT = 1e5


def constrained_weights(funds: Floats, indices: Floats, half_life: float | None = None) -> Floats:
    """Estimate the weights of K indices in each of S funds from their returns over the same n days.

    ``funds``: (n, S), ``indices``: (n, K), returns as shares, all known, the latest last. ``half_life``: days after
    which a day counts half; None: all days count the same. Returns (S, K) float64: for each fund the weights w ≥ 0 with
    Σw ≤ 1 that minimise Σ (fund − indices·w)²; the rest earns nothing, as cash. The sum may exceed 1 by rounding.

    Source: Sharpe, Asset Allocation: Management Style and Performance Measurement, 1992; ``scipy.optimize.nnls`` with a
    column for cash and a heavy row for the sum.

    >>> import numpy as np
    >>> indices = np.array([[0.01, 0.0], [0.0, 0.02], [0.01, -0.01]])
    >>> constrained_weights(indices @ np.array([[0.5], [0.25]]), indices).round(6)
    array([[0.5 , 0.25]])
    """
    from scipy.optimize import nnls  # not above: a study without models need not wait for it

    days, count = indices.shape
    ages = np.arange(days)[::-1]
    root = np.ones(days) if half_life is None else 0.5 ** (ages / (2.0 * half_life))
    scale = float(np.sqrt(np.mean(indices * indices))) or 1.0
    system = np.zeros((days + 1, count + 1))
    system[:days, :count] = indices * (root / scale)[:, None]
    system[days] = _SUM_WEIGHT
    target = np.append(funds * (root / scale)[:, None], np.full((1, funds.shape[1]), _SUM_WEIGHT), axis=0)
    orthogonal, upper = np.linalg.qr(system)
    found = np.empty((funds.shape[1], count))
    for fund in range(len(found)):
        found[fund] = nnls(upper, orthogonal.T @ target[:, fund])[0][:count]
    return found


def mean_weights(
    funds: Floats, indices: Floats, at: Ints, window: int, half_life: float | None, cache: RowCache
) -> Floats:
    """Estimate the mean weights of all funds on days ``at``, each from the ``window`` days that end there.

    ``funds``: (T, S), ``indices``: (T, K): returns, NaN where unknown. A fund counts on a day if all its returns of the
    window are known. Returns (D, K) float64, NaN where an index or all funds lack a return.
    """
    result = np.full((len(at), indices.shape[1]), np.nan)
    for row, day in enumerate(at.tolist()):
        if day + 1 < window:
            continue
        part, beside = slice(day + 1 - window, day + 1), indices[day + 1 - window : day + 1]
        whole = np.isfinite(funds[part]).all(axis=0)
        if not whole.any() or not np.isfinite(beside).all():
            continue
        chosen = np.ascontiguousarray(funds[part][:, whole])
        result[row] = cache.row(
            (chosen, beside, half_life),
            lambda chosen=chosen, beside=beside: constrained_weights(chosen, beside, half_life).mean(axis=0),  # type: ignore[misc]
        )
    return result
