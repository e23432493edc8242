"""Selections by a plain loop over schedules, baskets and days."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Bools, Floats
from gridproof.kernels.panel.selection import SelectionProblem, Selections


def select(problem: SelectionProblem) -> Selections:
    """The returns and the trades of every schedule and basket."""
    found = Selections.zeros(problem)
    for schedule, (interval, offset) in enumerate(problem.schedules):
        for basket in range(problem.counts.shape[1]):
            _simulate(problem, int(interval), int(offset), basket, *(each[schedule, basket] for each in found))
    return found


def _simulate(
    problem: SelectionProblem, interval: int, offset: int, basket: int, gross: Floats, bought: Floats, sold: Floats
) -> None:
    stocks = problem.value.shape[1]
    held, weights, formed = np.zeros(stocks, dtype=np.bool_), np.zeros(stocks), False
    for day in range(problem.start + 1, len(problem.value)):
        close, at = day - 1, day - problem.start - 1
        if at >= offset and (at - offset) % interval == 0:
            held = _basket(problem, close, basket, held)
            formation = _weights(problem, close, held)
            if formed:
                bought[at] = np.maximum(formation - weights, 0.0).sum()
                sold[at] = np.maximum(weights - formation, 0.0).sum()
            weights, formed = formation, True
        invested = weights > 0.0
        if invested.any():
            grown = weights.copy()
            grown[invested] *= problem.value[day, invested] / problem.value[close, invested]
            gross[at] = grown.sum() - 1.0
            weights = grown / grown.sum()


def _basket(problem: SelectionProblem, close: int, number: int, held: Bools) -> Bools:
    """(S,) the stocks of the basket that is formed at this close, when ``held`` was the basket before."""
    decided = close - problem.lag + 1
    target = np.zeros_like(held)
    begin, end = problem.places(decided, number)
    target[problem.ranking.order[decided, begin:end]] = True
    buyable, sellable = problem.buyable[close], problem.sellable[close]
    basket: Bools = (target & (buyable | held)) | (held & ~sellable)
    return basket


def _weights(problem: SelectionProblem, close: int, basket: Bools) -> Floats:
    """(S,) adding up to 1, or all 0 where no stock of the basket has a weight."""
    if problem.weight is None:
        weights = basket.astype(np.float64)
    else:
        weights = np.where(basket, problem.weight[close - problem.lag + 1], 0.0)
    total = weights.sum()
    return weights / total if total > 0.0 else np.zeros_like(weights)
