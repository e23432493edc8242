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
    gaps: np.ndarray | None = None,
) -> list[float]:
    """The daily returns of an account that holds fund ``held[d]`` on day d; all arrays are (days, legs).

    It trades at the close before a day where the fund changes, to the weights that the new one has then, and where its
    fund is rebalanced. Every trade in a leg costs its rate; the first position costs nothing. ``gaps``: the returns of
    the legs from the close before to the open; a change of the fund is then traded at the open.
    """
    weights = [weights_of(fund, growth, owed) for fund in funds]
    values, found = list(weights[held[0]][0]), []
    for day, fund in enumerate(held):
        before = sum(values)
        changed = day > 0 and fund != held[day - 1]
        at_close = held[day - 1] if changed and gaps is not None else fund
        if day and (funds[at_close].rebalanced[day] or (changed and gaps is None)):
            values = traded(values, weights[at_close][day], buying[day], selling[day])
        if changed and gaps is not None:
            opened = [value * (1.0 + gap) for value, gap in zip(values, gaps[day], strict=True)]
            wanted = [weight * (1.0 + gap) for weight, gap in zip(weights[fund][day], gaps[day], strict=True)]
            opened = traded(opened, [weight / sum(wanted) for weight in wanted], buying[day], selling[day])
            # As if held from the close before on: the day's growth is from there.
            values = [value / (1.0 + gap) for value, gap in zip(opened, gaps[day], strict=True)]
        values = grown(values, growth[day], owed[day])
        found.append(sum(values) / before - 1.0)
    return found


def traded(
    values: Sequence[float], weights: Sequence[float], buying: Sequence[float], selling: Sequence[float]
) -> list[float]:
    """The values by leg after the trades to these weights, and after their costs."""
    total = sum(values)
    trades = [weight * total - value for weight, value in zip(weights, values, strict=True)]
    paid = sum(max(trade, 0.0) * rate for trade, rate in zip(trades, buying, strict=True))
    paid += sum(max(-trade, 0.0) * rate for trade, rate in zip(trades, selling, strict=True))
    return [weight * (total - paid) for weight in weights]
