"""An account with several legs, day by day in a plain loop: what the tests of mixes compare with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fund(NamedTuple):
    """Target weights by leg, and on which days they are set back at the close before."""

    weights: Sequence[float]
    rebalanced: Sequence[bool]


def grown(values: list[float], growth: Sequence[float], owed: Sequence[float]) -> list[float]:
    return [value * (owed[leg] if value < 0.0 else growth[leg]) for leg, value in enumerate(values)]


def weights_of(fund: Fund, growth: np.ndarray, owed: np.ndarray) -> list[list[float]]:
    """Its weights from the close before each day on, if it is held from the first day on."""
    values, found = list(fund.weights), []
    for day in range(len(growth)):
        if day and fund.rebalanced[day]:
            values = [weight * sum(values) for weight in fund.weights]
        found.append([value / sum(values) for value in values])
        values = grown(values, growth[day], owed[day])
    return found


def account_returns(
    held: Sequence[int],
    funds: Sequence[Fund],
    growth: np.ndarray,
    owed: np.ndarray,
    buying: np.ndarray,
    selling: np.ndarray,
) -> list[float]:
    """The daily returns of an account that holds fund ``held[d]`` on day d; all arrays are (days, legs).

    It trades at the close before a day where the fund changes, to the weights that the new one has then, and where its
    fund is rebalanced. Every trade in a leg costs its rate; the first position costs nothing.
    """
    weights = [weights_of(fund, growth, owed) for fund in funds]
    values, found = list(weights[held[0]][0]), []
    for day, fund in enumerate(held):
        before = sum(values)
        if day and (fund != held[day - 1] or funds[fund].rebalanced[day]):
            trades = [weight * before - value for weight, value in zip(weights[fund][day], values, strict=True)]
            paid = sum(max(trade, 0.0) * rate for trade, rate in zip(trades, buying[day], strict=True))
            paid += sum(max(-trade, 0.0) * rate for trade, rate in zip(trades, selling[day], strict=True))
            values = [weight * (before - paid) for weight in weights[fund][day]]
        values = grown(values, growth[day], owed[day])
        found.append(sum(values) / before - 1.0)
    return found
