"""Portfolios of the quantiles of a factor: daily returns and trades, with weights that drift between formations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.panel.backend import PanelBackend
from gridproof.kernels.panel.ranking import Ranking
from gridproof.kernels.panel.selection import counts_of_shares, selection_problem


class Portfolios(NamedTuple):
    """T − 1 return days, the second day of the window to the last; Q quantiles, the lowest factor first.

    Stocks have equal weights at a formation.
    """

    returns: Floats  # (T − 1, Q) before costs; NaN where the quantile holds nothing
    traded: Floats  # (T − 1, Q) Σ |new weight − drifted weight| at the close before; 0 for the first purchase


def quantile_portfolios(
    value: Floats, ranking: Ranking, quantiles: int, every: int, backend: PanelBackend
) -> Portfolios:
    """value: (T, S) as in ``kernels.panel.ranking.checked_value``. ranking: (T, S) by the factor.

    Of n ranked stocks the k-th, from 0, is in quantile floor(Q·k/n). Quantiles are formed at the first close and at
    every ``every``-th after it.
    """
    always = np.ones(value.shape, dtype=np.bool_)
    counts = counts_of_shares(ranking.eligible, np.arange(1, quantiles + 1) / quantiles)
    schedule = np.array([[every, 0]])
    found = backend.select(selection_problem(value, ranking, always, always, schedule, counts, parted=True))
    members = np.diff(counts, axis=1, prepend=0)
    day = np.arange(len(value) - 1)
    formed = day - day % every  # the close at which the basket of the next day was formed
    held = members[formed] > 0
    started = began_before(held)
    returns = np.where(held, found.gross[0].T, np.nan)
    return Portfolios(returns, np.where(started, (found.bought[0] + found.sold[0]).T, 0.0))


def began_before(held: Bools) -> Bools:
    """Whether something was held on any day before, of the same shape: days first. held: (days, …)."""
    began: Bools = np.zeros_like(held)
    began[1:] = np.logical_or.accumulate(held, axis=0)[:-1]
    return began
