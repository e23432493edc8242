"""The objective of every variant under circular shifts of the returns against the positions and what switches pay.

The Sharpe ratio follows from the sums of the daily returns and of their squares, total return and CAGR from the sum of
their logarithms. These add up over blocks of days, so they are computed once for each pattern, eight shifts at a time,
in whole numbers: a variant has the same value in every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, largest_size
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cpu.patterns.pattern_sums import LANES, add_joins, add_runs, turn_days, whole_scale
from gridproof.kernels.cpu.patterns.simd_rows import sum_rows
from gridproof.kernels.cpu.patterns.switches import held_before, switching_costs
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

# The objectives that sums over days give.
FROM_SUMS = ("sharpe", "cagr", "total_return")

_EIGHT = np.uint64(LANES)


class ShiftedObjectives(NamedTuple):
    """Of J variants under K shifts each."""

    best: Floats  # (K,) the largest value; −inf where none is defined
    below: Ints  # (K,) how many variants' values are below the one given, and equal to it
    equal: Ints
    defined: Ints  # (K,) how many variants have a value

    def joined(self, other: ShiftedObjectives) -> ShiftedObjectives:
        """These variants and others, under the same shifts."""
        ranks = (mine + theirs for mine, theirs in zip(self[1:], other[1:], strict=True))
        return ShiftedObjectives(np.maximum(self.best, other.best), *ranks)


class Terms(NamedTuple):
    """How sums become values: daily mean and variance, or the sum of logarithms, in units of the whole numbers."""

    sharpe: bool
    scale: float
    square_scale: float
    periods: float
    risk_free: float


class TurnedSwitches(NamedTuple):
    """What the switch into each of M runs pays, and the overnight returns of switches at the open: those are turned."""

    paid: Floats  # (M,) the share of NAV; 0 without a switch
    before: Array  # (M,) int32: the allocation before
    opened: Floats  # (days, A): 1 + overnight; (0, A) where all switches are made at the close

    @classmethod
    def of(cls, problem: Problem, patterns: Patterns) -> TurnedSwitches:
        costs, before, after = switching_costs(problem, patterns), held_before(patterns), patterns.runs[:, 2]
        if problem.overnight is None:
            return cls(costs, before, np.empty((0, problem.allocations)))
        day = patterns.runs[:, 0]
        opened = np.ascontiguousarray(1.0 + problem.overnight[patterns.cost, :, : patterns.edges[-1]].T)
        paid = 1.0 - (1.0 - costs) * (opened[day, after] / opened[day, before])
        return cls(np.where(before == after, 0.0, paid), before, opened)

    def whole_logs(self, terms: Terms) -> Floats:
        """(days, A) log(1 + overnight) in whole numbers."""
        logs: Floats = np.rint(np.log(self.opened) * terms.scale)
        return logs


def shifted_objectives(
    problem: Problem,
    patterns: Sequence[Patterns],
    shifts: Ints,
    objective: str,
    given: Floats | None = None,
) -> ShiftedObjectives:
    """The values of an objective (``FROM_SUMS``) under shifts (K,): the returns are turned, positions and costs stay.

    patterns: of J jobs. given: (K,) a value for each shift with which all are compared; NaN compares with none.
    """
    count = len(shifts)
    batches = -(-count // LANES)
    padded = np.zeros(batches * LANES, dtype=np.int64)
    padded[:count] = shifts
    best = np.full(batches * LANES, -np.inf)
    against = np.full(batches * LANES, np.nan)
    if given is not None:
        against[:count] = summed(given, objective, patterns[0].edges[-1] / problem.periods)
    ranks = np.zeros((3, batches * LANES), dtype=np.int64)
    for each in patterns:
        days = int(each.edges[-1])
        returns = np.ascontiguousarray(problem.returns[each.payoff, :, :days].T)
        switches = TurnedSwitches.of(problem, each)
        values, terms = whole_values(problem, returns, switches.paid, objective == "sharpe", switches.opened)
        logs = switches.whole_logs(terms).ravel()
        flat = switches._replace(opened=switches.opened.ravel())
        run_ranges(_evaluate, batches, each, returns, values, flat, logs, terms, padded, against, best, ranks)
    best = unsummed(best[:count], objective, patterns[0].edges[-1] / problem.periods)
    return ShiftedObjectives(best, *ranks[:, :count])


def summed(values: Floats, objective: str, years: float) -> Floats:
    """What variants are compared by: the Sharpe ratio itself, or the sum of the logarithms of the daily growth."""
    if objective == "sharpe":
        return values
    logs: Floats = np.log1p(values)
    return logs * years if objective == "cagr" else logs


def unsummed(best: Floats, objective: str, years: float) -> Floats:
    """The inverse of ``summed``; −inf stays."""
    if objective == "sharpe":
        return best
    grown: Floats = np.expm1(best / years if objective == "cagr" else best)
    return np.where(np.isfinite(best), grown, -np.inf)


def whole_values(
    problem: Problem, returns: Floats, costs: Floats, sharpe: bool, opened: Floats | None = None
) -> tuple[Floats, Terms]:
    """What a day adds to the sums, (days, A, 2 or 1), in whole numbers. costs: of the switches. opened: as in
    ``TurnedSwitches``."""
    days = len(returns)
    gap = 1.0 if opened is None or not len(opened) else float(opened.max() / opened.min())
    largest = (1.0 + largest_size(returns)) * (1.0 + largest_size(costs)) * gap - 1.0
    if sharpe:
        scale, square_scale = whole_scale(days * largest), whole_scale(days * largest**2)
        values = np.stack([returns * scale, returns**2 * square_scale], axis=2)
    else:
        logs = np.log1p(returns)
        lost = np.log1p(-np.array([costs.min(initial=0.0), costs.max(initial=0.0)]))
        most = largest_size(logs) + largest_size(lost) + float(np.log(gap))
        scale, square_scale = whole_scale(days * most), 1.0
        values = (logs * scale)[:, :, None]
    terms = Terms(sharpe, scale, square_scale, float(problem.periods), float(problem.risk_free))
    return np.ascontiguousarray(np.rint(values)), terms


@jit(nogil=True)
def _evaluate(
    low: int, high: int, patterns: Patterns, returns: Floats, values: Floats, switches: TurnedSwitches, logs: Floats,
    terms: Terms, shifts: Ints, against: Floats, best: Floats, ranks: Ints,
) -> None:  # fmt: skip
    """Batches [low, high) of eight shifts. values: (days, A, sums) whole. logs: of ``switches.opened``, whole, flat."""
    days, allocations, sums = values.shape
    prefix = np.zeros((days + 1) * allocations * sums * LANES)
    table = np.empty((len(patterns.before) + len(patterns.joins)) * sums * LANES)
    total, highest, bounds = np.empty(2 * LANES), np.empty(LANES), np.empty(LANES)
    counts = np.zeros(3 * LANES, dtype=np.int64)
    flat, roots, gross = values.ravel(), patterns.roots.ravel(), returns.ravel()
    for batch in range(low, high):
        for lane in range(LANES):
            highest[lane], bounds[lane] = best[batch * LANES + lane], against[batch * LANES + lane]
            turn_days(flat, days, shifts[batch * LANES + lane], lane, prefix)
        counts[:] = 0
        add_runs(patterns, prefix, allocations, sums, table)
        for lane in range(LANES):
            _add_costs(patterns, gross, switches, logs, days, shifts[batch * LANES + lane], lane, sums, terms, table)
        add_joins(table, patterns.joins, len(patterns.before), sums)
        _rank_all(patterns, roots, table, sums, days, terms, total, bounds, highest, counts)
        for lane in range(LANES):
            best[batch * LANES + lane] = highest[lane]
            for one in range(3):
                ranks[one, batch * LANES + lane] += counts[one * LANES + lane]


@jit(counted=False)
def _add_costs(
    patterns: Patterns, returns: Floats, switches: TurnedSwitches, logs: Floats, days: int, shift: int, lane: int,
    sums: int, terms: Terms, table: Floats,
) -> None:  # fmt: skip
    """Add to lane ``lane`` of the rows of all patterns what their switches change. returns: flat (days, A)."""
    allocations = len(returns) // days
    at_open = len(switches.opened) > 0
    for pattern in range(len(patterns.before)):
        at = np.uint64(pattern * sums * LANES + lane)
        for run in range(patterns.begins[pattern], patterns.begins[pattern + 1]):
            if switches.paid[run] != 0.0 or (at_open and switches.before[run] != patterns.runs[run, 2]):
                day = (np.int64(patterns.runs[run, 0]) + shift) % days
                there = np.uint64(day * allocations + patterns.runs[run, 2])
                here = np.uint64(day * allocations + switches.before[run])
                if terms.sharpe:
                    gross = returns[there]
                    kept = 1.0 - switches.paid[run]
                    if at_open:
                        kept *= switches.opened[here] / switches.opened[there]
                    net = (1.0 + gross) * kept - 1.0
                    table[at] += np.rint(net * terms.scale) - np.rint(gross * terms.scale)
                    more = np.rint(net * net * terms.square_scale) - np.rint(gross * gross * terms.square_scale)
                    table[at + _EIGHT] += more
                else:
                    table[at] += np.rint(np.log1p(-switches.paid[run]) * terms.scale)
                    if at_open:
                        table[at] += logs[here] - logs[there]


@jit(counted=False)
def _rank_all(
    patterns: Patterns, roots: Array, table: Floats, sums: int, days: int, terms: Terms, total: Floats, bounds: Floats,
    highest: Floats, counts: Ints,
) -> None:  # fmt: skip
    """Raise highest (8,) to all variants' values; count those below and equal to bounds, and those defined."""
    count = np.uint64(len(roots)) // np.uint64(len(patterns.jobs))
    width = np.uint64(sums) * _EIGHT
    for job in range(np.uint64(len(patterns.jobs))):
        sum_rows(total, np.uint64(0), table, np.uint64(0), width, roots, job * count, count, 1.0 / terms.scale)
        if terms.sharpe:
            sum_rows(total, _EIGHT, table, _EIGHT, width, roots, job * count, count, 1.0 / terms.square_scale)
        for lane in range(_EIGHT):
            value = total[lane]
            if terms.sharpe:
                mean, square = value / days, total[_EIGHT + lane] / days
                variance = (square - mean * mean) * days / (days - 1.0)
                if not variance > FLAT * square:
                    continue
                value = (mean * terms.periods - terms.risk_free) / np.sqrt(variance * terms.periods)
            counts[np.uint64(2) * _EIGHT + lane] += 1
            if value > highest[lane]:
                highest[lane] = value
            if value < bounds[lane]:
                counts[lane] += 1
            elif value == bounds[lane]:
                counts[_EIGHT + lane] += 1
