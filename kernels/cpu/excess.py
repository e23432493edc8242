"""What the tests of a sweep need of each variant, from the daily returns of its patterns.

The long-run variance of an excess adds products of days that lie apart. Within a block these are sums of its own, and
between blocks they follow from what a block passes on: the days before it, weighted by how far back they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.patterns.block_patterns import Patterns, variants_of
from gridproof.kernels.cpu.patterns.switches import switching_costs
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges


class Excess(NamedTuple):
    """Of J variants, K benchmarks and G parts of the days. Returns are daily, above the risk-free rate."""

    sums: Floats  # (K, J) of the excess over a benchmark; 0 where that never leaves ±1e-12
    deviations: Floats  # (K, J) its long-run ω; 0 where there is no variation, −1 where it is constant but not 0
    total: Floats  # (J,) of the returns
    spread: Floats  # (J,) their standard deviation (ddof 1)
    parts: Floats  # (3, G, J) of each part: Σr, Σr², Σlog(1 + r)


class Weights(NamedTuple):
    """The weights of the long-run variance, for T days: κ_i = (1 − i/T)·q^i + (i/T)·q^(T−i)."""

    powers: Floats  # (T + 1,) of q
    of_day: Floats  # (T,) Σ κ of a day's distances to all other days
    all: float  # Σ κ over all pairs of days

    @classmethod
    def of(cls, days: int, block_length: float) -> Weights:
        stay = 1.0 - 1.0 / float(block_length)
        powers = np.array([stay**day for day in range(days + 1)])
        apart = np.arange(days)
        kappa = (1.0 - apart / days) * powers[:-1] + apart / days * powers[:0:-1]
        kappa[0] = 0.0
        reached = np.cumsum(kappa)
        of_day = reached + reached[::-1]
        return cls(powers, of_day, 0.5 * float(of_day.sum()))


def measure_excess(
    problem: Problem, patterns: Sequence[Patterns], benchmarks: Floats, block_length: float, edges: Ints
) -> Excess:
    """patterns: of J jobs, whose blocks end at ``edges``. benchmarks: (K, days) daily, above the risk-free rate.

    edges: (G + 1,) ascending, from day 0 to the last. ω² = γ₀ + 2·Σ κ_i·γ_i of the autocovariances γ (Hansen 2005),
    κ as in ``Weights``. The numbers of a variant depend on that variant and the edges alone.
    """
    jobs, kinds, groups = variants_of(patterns), len(benchmarks), len(edges) - 1
    found = Excess(
        np.empty((kinds, jobs)), np.empty((kinds, jobs)), np.empty(jobs), np.empty(jobs), np.zeros((3, groups, jobs))
    )
    weights = Weights.of(benchmarks.shape[1], block_length)
    free = problem.risk_free / problem.periods
    for each in patterns:
        returns = np.ascontiguousarray(problem.returns[each.payoff, :, : each.edges[-1]].T)
        sums, moments = np.zeros((len(each.before), 3)), np.zeros((len(each.before), kinds, _MOMENTS))
        run_ranges(
            _measure_patterns, len(each.of), each, returns, returns_of_switches(problem, each, returns), free,
            np.ascontiguousarray(benchmarks.T), weights, sums, moments,
        )  # fmt: skip
        part_of = np.searchsorted(edges, each.edges[:-1], side="right") - 1
        run_ranges(_measure_variants, len(each.jobs), each, weights, sums, moments, part_of, found, least=64)
    return found


def returns_of_switches(problem: Problem, patterns: Patterns, returns: Floats) -> Floats:
    """(M,) the return of the first day of each run, after the cost of the switch into it. returns: (days, A)."""
    day, to, cost = patterns.runs[:, 0], patterns.runs[:, 2], switching_costs(problem, patterns)
    earned: Floats = np.where(cost != 0.0, (1.0 + returns[day, to]) * (1.0 - cost) - 1.0, returns[day, to])
    return earned


# The moments of a pattern's excess d, q^i of a distance i: Σd, max |d|, Σd², Σd·(the day's weight); Σq^i·d·d and
# Σi·q^i·d·d over pairs of its days; Σq^i·d and Σi·q^i·d by the distance from its first day, then to the day after its
# last; Σq^t·d and Σt·q^t·d by the day t, Σq^(T−t)·d and Σt·q^(T−t)·d; Σ(t−s)·q^(T−t+s)·d·d over pairs s < t.
(
    _SUM, _LARGEST, _SQUARE, _WEIGHTED, _NEAR, _AGING, _HEAD, _HEAD_AGED, _TAIL, _TAIL_AGED, _EARLY, _EARLY_DAY, _LATE,
    _LATE_DAY, _FAR,
) = range(15)  # fmt: skip
_MOMENTS = 15


@jit(nogil=True)
def _measure_patterns(
    low: int, high: int, patterns: Patterns, returns: Floats, switched: Floats, free: float, benchmarks: Floats,
    weights: Weights, sums: Floats, moments: Floats,
) -> None:  # fmt: skip
    """Of the patterns of blocks [low, high): sums (P, 3) Σr, Σr², Σlog(1 + r), and moments (P, K, 15) of the excess.

    benchmarks: (days, K).
    """
    powers = weights.powers
    days, kinds = benchmarks.shape
    stay = powers[1]
    for block in range(low, high):
        first = patterns.edges[block]
        for pattern in range(patterns.first[block], patterns.first[block + 1]):
            growth = 1.0
            for run in range(patterns.begins[pattern], patterns.begins[pattern + 1]):
                begin, end, allocation = patterns.runs[run, 0], patterns.runs[run, 1], patterns.runs[run, 2]
                for day in range(begin, end):
                    value = (switched[run] if day == begin else returns[day, allocation]) - free
                    sums[pattern, 0] += value
                    sums[pattern, 1] += value * value
                    growth *= 1.0 + value
                    for kind in range(kinds):
                        _add_day(moments[pattern, kind], value - benchmarks[day, kind], day, first, days, weights, stay)
            sums[pattern, 2] = np.log(growth)


@jit()
def _add_day(moment: Floats, x: float, day: int, first: int, days: int, weights: Weights, stay: float) -> None:
    """Add day ``day`` of a block that begins on day ``first``, with the excess x."""
    powers = weights.powers
    moment[_SUM] += x
    moment[_LARGEST] = max(moment[_LARGEST], abs(x))
    moment[_SQUARE] += x * x
    moment[_WEIGHTED] += x * weights.of_day[day]
    moment[_NEAR] += x * moment[_TAIL]
    moment[_AGING] += x * moment[_TAIL_AGED]
    moment[_TAIL_AGED] = stay * (moment[_TAIL_AGED] + moment[_TAIL] + x)
    moment[_TAIL] = stay * (moment[_TAIL] + x)
    moment[_HEAD] += x * powers[day - first]
    moment[_HEAD_AGED] += x * powers[day - first] * (day - first)
    early, late = powers[day], powers[days - day]
    moment[_FAR] += late * x * (day * moment[_EARLY] - moment[_EARLY_DAY])
    moment[_EARLY] += early * x
    moment[_EARLY_DAY] += early * x * day
    moment[_LATE] += late * x
    moment[_LATE_DAY] += late * x * day


@jit(nogil=True)
def _measure_variants(
    low: int, high: int, patterns: Patterns, weights: Weights, sums: Floats, moments: Floats, part_of: Ints,
    found: Excess,
) -> None:  # fmt: skip
    """Variants [low, high), from block to block. part_of: (B,) the part of each block."""
    blocks, kinds = len(patterns.of), moments.shape[1]
    days = int(patterns.edges[blocks])
    for at in range(low, high):
        job = patterns.jobs[at]
        total = square = 0.0
        for block in range(blocks):
            pattern, part = patterns.of[block, at], part_of[block]
            for one in range(3):
                found.parts[one, part, job] += sums[pattern, one]
            total += sums[pattern, 0]
            square += sums[pattern, 1]
        found.total[job] = total
        found.spread[job] = np.sqrt(max(square - total * total / days, 0.0) / (days - 1.0))
        for kind in range(kinds):
            excess = largest = square = weighted = near = aging = far = 0.0
            tail = aged = early = early_day = 0.0
            for block in range(blocks):
                moment = moments[patterns.of[block, at], kind]
                length = patterns.edges[block + 1] - patterns.edges[block]
                excess += moment[_SUM]
                largest = max(largest, moment[_LARGEST])
                square += moment[_SQUARE]
                weighted += moment[_WEIGHTED]
                near += moment[_NEAR] + tail * moment[_HEAD]
                aging += moment[_AGING] + aged * moment[_HEAD] + tail * moment[_HEAD_AGED]
                far += moment[_FAR] + moment[_LATE_DAY] * early - moment[_LATE] * early_day
                aged = weights.powers[length] * (aged + length * tail) + moment[_TAIL_AGED]
                tail = weights.powers[length] * tail + moment[_TAIL]
                early += moment[_EARLY]
                early_day += moment[_EARLY_DAY]
            mean = excess / days
            variance = max(square / days - mean * mean, 0.0)
            # Products of deviations from the mean, from those of the numbers themselves.
            pairs = near + (far - aging) / days - mean * weighted + mean * mean * weights.all
            found.sums[kind, job] = excess
            found.deviations[kind, job] = np.sqrt(max(variance + 2.0 / days * pairs, 0.0))
            if largest <= LEVEL:
                found.sums[kind, job] = found.deviations[kind, job] = 0.0
            elif variance <= FLAT * (variance + mean * mean):
                found.deviations[kind, job] = -1.0
