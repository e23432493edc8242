"""The objective of every variant under several payoffs and costs, from the sums of its patterns.

What a variant holds depends on the signals and the lag. Where only payoffs or costs differ, its patterns are the same,
and an objective that sums over days give is a few additions for each variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cpu.patterns.pattern_sums import sum_patterns, sum_runs
from gridproof.kernels.cpu.patterns.switches import switching_costs
from gridproof.kernels.cpu.shifted_objectives import Terms, whole_values
from gridproof.kernels.metrics import FLAT
from gridproof.kernels.problem import Problem

# How far a value may be off, relative to itself (or absolutely below 1). The rounding of whole numbers is far less.
_OFF = 1e-9
# How far a sum of squares may be off, relative to itself.
_SQUARES_OFF = 1e-13


class ObjectiveRange(NamedTuple):
    """Of J variants under E pairs of payoff and cost: the objective lies between these; both NaN where undefined.

    Total return and CAGR are given as the sum of the daily log growth, which orders variants alike.
    """

    least: Floats  # (E, J)
    most: Floats  # (E, J)


def objective_ranges(
    problem: Problem, patterns: Patterns, tables: Sequence[tuple[int, int]], objective: str
) -> ObjectiveRange:
    """An objective in ``FROM_SUMS``. tables: (payoff, cost) numbers of the E pairs; those of ``patterns`` are not used.

    The range of a variant depends on that variant and the pair alone.
    """
    days, sharpe = int(patterns.edges[-1]), objective == "sharpe"
    columns: list[Floats] = []
    terms: list[Terms] = []
    for payoff, cost in tables:
        under = patterns._replace(payoff=payoff, cost=cost)
        returns = np.ascontiguousarray(problem.returns[payoff, :, :days].T)
        costs = switching_costs(problem, under)
        values, term = whole_values(problem, returns, costs, sharpe)
        lost = np.add.reduceat(_lost(under, returns, costs, term), patterns.begins[:-1])
        columns.append(sum_runs(patterns, values) + lost)
        terms.append(term)
    sums = sum_patterns(patterns, np.concatenate(columns, axis=1))
    least, most = (np.empty((len(tables), len(sums))) for _ in range(2))
    width = 2 if sharpe else 1
    for place, term in enumerate(terms):
        least[place], most[place] = _range(sums[:, place * width : (place + 1) * width], days, term)
    return ObjectiveRange(least, most)


def _lost(patterns: Patterns, returns: Floats, costs: Floats, terms: Terms) -> Floats:
    """(M, sums) what the switch into each run changes in the sums, in whole numbers. returns: (days, A)."""
    if not terms.sharpe:
        logs: Floats = np.rint(np.log1p(-costs) * terms.scale)[:, None]
        return logs
    gross = returns[patterns.runs[:, 0], patterns.runs[:, 2]]
    net = (1.0 + gross) * (1.0 - costs) - 1.0
    first = np.rint(net * terms.scale) - np.rint(gross * terms.scale)
    second = np.rint(net * net * terms.square_scale) - np.rint(gross * gross * terms.square_scale)
    found: Floats = np.where(costs[:, None] != 0.0, np.stack([first, second], axis=1), 0.0)
    return found


def _range(sums: Floats, days: int, terms: Terms) -> tuple[Floats, Floats]:
    """The least and the most that the objective of each variant can be. sums: (J, 2 or 1), in whole numbers."""
    total = sums[:, 0] / terms.scale
    if not terms.sharpe:
        off = _OFF * np.maximum(1.0, np.abs(total))
        return total - off, total + off
    mean, square = total / days, sums[:, 1] / terms.square_scale / days
    variance = (square - mean * mean) * days / (days - 1.0)
    defined = variance > FLAT * square
    deviation = np.sqrt(np.where(defined, variance, np.nan) * terms.periods)
    value = (mean * terms.periods - terms.risk_free) / deviation
    off = _OFF * np.maximum(1.0, np.abs(value)) + np.abs(value) * _SQUARES_OFF * square / np.where(defined, variance, 1)
    return value - off, value + off
