"""Selections by a plain loop over schedules, baskets and days."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Floats
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
            held = problem.basket(close, basket, held)
            formation = problem.basket_weights(close, held)
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
