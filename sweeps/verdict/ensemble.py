"""The plateau ensemble: the mean position of all cells within one standard error of the best, as one strategy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import number
from gridproof.results.run.strategy_record import EnsembleRecord
from gridproof.sweeps.verdict.population import Population

_LISTED = 8192
# So many of them by day.
_BY_DAY = 256


@dataclass(frozen=True)
class Ensemble:
    returns: Floats  # (D,) daily after cost, over the whole window
    weights: Floats  # (D, A) the mean position
    cells: int
    share: float  # of the cells evaluated
    threshold: float  # annual Sharpe ratio in sample
    agreement: float  # mean over the days in sample of the largest weight
    turnover: float  # traded value over NAV a year, both sides
    standard_error: float  # of the best's annual Sharpe ratio

    def record(self) -> EnsembleRecord:
        return {
            "cells": self.cells,
            "share": self.share,
            "standard_error": number(self.standard_error),
            "threshold": number(self.threshold),
            "agreement": number(self.agreement),
        }


def average(population: Population, standard_error: float) -> Ensemble | None:
    """standard_error: of the best's annual Sharpe ratio. Trades are net; the first day is not charged.

    A move of mean weight from one allocation to another costs what that switch costs. Where several weights fall and
    several rise on one day, the moves are shared out in proportion. The cost and payoff are those of the base's
    execution. Where allocations drift from the day of entry, every cell is an account of its own instead: what the
    ensemble earns and trades is the mean of what they do, each under its own execution. None if no variant has a Sharpe
    ratio, or the best has no standard error.
    """
    plan = population.plan
    problem, space = plan.problem, plan.study.space
    sharpes = population.metrics[:, 0, METRICS.index("sharpe")]
    if not np.isfinite(standard_error) or np.isnan(sharpes).all():
        return None
    threshold = float(np.nanmax(sharpes)) - standard_error
    chosen = np.flatnonzero(sharpes >= threshold)
    days = problem.returns.shape[2]
    change = np.zeros((days + 1, problem.allocations))
    lister = HoldingPeriodLister(problem, days)
    earned = np.zeros(days)
    for low in range(0, len(chosen), _LISTED):
        part = chosen[low : low + _LISTED]
        periods = lister(population.jobs(part))
        owner = np.repeat(np.arange(len(part)), np.diff(periods.begins))
        cells = population.cells[part][owner].astype(np.float64)
        begins, allocations = periods.periods[:, 0], periods.periods[:, 1]
        ends = np.append(begins[1:], days)
        ends[periods.begins[1:] - 1] = days
        np.add.at(change, (begins, allocations), cells)
        np.add.at(change, (ends, allocations), -cells)
        for begin in range(0, len(part) if problem.drift is not None else 0, _BY_DAY):
            several = periods.part(begin, min(begin + _BY_DAY, len(part)))
            of_each = population.cells[part[begin : begin + _BY_DAY]]
            earned += (daily_returns(problem, several) * of_each).sum(axis=1)
    total = population.cells[chosen].sum()
    weights = np.cumsum(change[:-1], axis=0) / total
    found = partial(
        Ensemble,
        weights=weights,
        cells=int(total),
        share=float(total / population.cells.sum()),
        threshold=threshold,
        agreement=float(weights[: population.days].max(axis=1).mean()),
        standard_error=standard_error,
    )
    if problem.drift is not None:
        # Of each segment a year: its share of the days.
        turnovers = population.metrics[chosen, :, METRICS.index("turnover")] @ (np.diff(problem.bounds) / days)
        return found(returns=earned / total, turnover=float((turnovers * population.cells[chosen]).sum() / total))
    execution = space.execution(space.base_index)
    gross = (weights * problem.returns[problem.payoff_of[execution]].T).sum(axis=1)
    moved = np.diff(weights, axis=0, prepend=weights[:1])
    up, down = np.maximum(moved, 0.0), np.maximum(-moved, 0.0)
    amount = up.sum(axis=1)
    flow = down[:, :, None] * up[:, None, :] / np.where(amount > 0.0, amount, 1.0)[:, None, None]
    cost = (flow * problem.costs[problem.cost_of[execution]].transpose(2, 0, 1)).sum(axis=(1, 2))
    traded = (flow * problem.traded[problem.traded_of[execution]].transpose(2, 0, 1)).sum()
    if problem.rebalancing is not None:
        # A move into an allocation is netted with what that rebalances on the day.
        own = problem.rebalancing.traded[problem.payoff_of[execution]].T
        traded += ((weights - up) * own).sum()
    return found(returns=(1.0 + gross) * (1.0 - cost) - 1.0, turnover=float(traded * problem.periods / days))
