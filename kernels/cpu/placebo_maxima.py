"""The largest active t-statistic over all variants, under circular shifts of the returns against the positions.

The active return of a day is Σ(w − w̄)(r − r̄) over the allocations: what a variant earns beyond the constant mix of its
own mean weights. With one allocation held at a time its sum is Σ r′ over the days held, r′ = r − r̄, and its sum of
squares follows from Σ r′(a)·r′(b) over the days on which a is held, for all b. All of them add up over blocks of days,
so they are computed once for each pattern (``patterns.block_patterns``), eight shifts at a time. They are rounded to
whole numbers, so that the sums are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Bools, Floats, Ints
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.cpu.patterns.pattern_sums import (
    LANES,
    add_joins,
    add_runs,
    add_turned_runs,
    days_held,
    turn_days,
    whole_scale,
)
from gridproof.kernels.cpu.patterns.simd_rows import sum_rows
from gridproof.kernels.jit import jit
from gridproof.kernels.metrics import FLAT, LEVEL
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges, thread_count

_EIGHT = np.uint64(LANES)

# From so many sets of patterns a thread on, threads take whole sets; of fewer they share each.
_SETS = 4

# A run that is turned alone takes as long as so many days and allocations of the sums over all.
_FEW = 4

# A square below this share of what it is compared with is below it, whatever the rounding.
_SURELY = 1.0 - 1e-12


class ActiveDays(NamedTuple):
    """What the active returns of J variants are summed from. Two allocations that never move have no active return."""

    values: Floats  # (T, A, sums) what a day held adds to each sum, in whole numbers
    units: Floats  # (sums,) the unit of each
    weights: Floats  # (J, moving) the mean weights in the allocations whose returns move
    mixed: Floats  # (J,) Σ of the squares of what the mean weights earn

    @classmethod
    def of(cls, problem: Problem, patterns: Patterns) -> ActiveDays:
        # (A, T), so that what is summed over days lies side by side; centred: (T, A).
        returns = problem.returns[patterns.payoff, :, : patterns.edges[-1]]
        rows = returns - returns.mean(axis=1, keepdims=True)
        rows[np.abs(rows).max(axis=1) <= LEVEL] = 0.0
        values, units = _whole_sums(rows)
        centred = rows.T
        weights = days_held(patterns, problem.allocations) / len(centred)
        mixed = np.einsum("ja,ab,jb->j", weights, np.einsum("ta,tb->ab", centred, centred), weights)
        moving = np.flatnonzero((centred != 0.0).any(axis=0))
        return cls(values, units, np.ascontiguousarray(weights[:, moving]), mixed)


def active_t(weights: Floats, returns: Floats) -> float:
    """The definition, by NumPy: Σx / √Σx² of the active returns x. weights, returns: (T, A). NaN without any."""
    active = (weights - weights.mean(axis=0)) * (returns - returns.mean(axis=0))
    days = active.sum(axis=1)
    squares = float((days**2).sum())
    flat = FLAT * float((weights * (returns - returns.mean(axis=0)) ** 2).sum())
    return float(days.sum() / np.sqrt(squares)) if squares > flat else np.nan


def active_t_maxima(
    problem: Problem, patterns: Sequence[Patterns], shifts: Ints, eligible: Bools, added: Floats | None = None
) -> Floats:
    """Returns (K,) the largest active t of the eligible jobs, with the returns turned by ``shifts`` (K,) days each.

    patterns: of J jobs. eligible: (J,). added: (J,) is added to each job's Σx under every shift, what it earns that
    does not turn with the returns; None adds nothing. Shift 0 is the observed sweep. Costs are left out: a shift keeps
    every switch. −inf where no job is eligible or none has active returns. The result does not depend on threads, nor
    on how jobs are split into calls (take the maximum of the calls).
    """
    count = len(shifts)
    batches = -(-count // LANES)
    padded = np.zeros(batches * LANES, dtype=np.int64)
    padded[:count] = shifts
    maxima = np.full(batches * LANES, -np.inf)
    more = np.zeros(len(eligible)) if added is None else added
    lock = Lock()

    def raise_sets(low: int, high: int) -> None:
        """Sets of patterns [low, high), each by this thread alone."""
        for each in patterns[low:high]:
            own = maxima.copy()
            if arguments := arguments_of(each):
                _raise(0, batches, *arguments, own)
            with lock:
                np.maximum(maxima, own, out=maxima)

    def arguments_of(each: Patterns) -> tuple[Any, ...]:
        """The arguments of ``_raise`` for a set of patterns; none where no job of it is eligible."""
        chosen = eligible[each.jobs]
        if not chosen.any():
            return ()
        days = ActiveDays.of(problem, each)
        few = has_few_runs(each, problem)
        return each, days.values, days.units, days.weights, days.mixed, more[each.jobs], chosen, padded, few

    if len(patterns) > _SETS * thread_count():
        run_ranges(raise_sets, len(patterns))
        return maxima[:count]
    for each in patterns:
        if arguments := arguments_of(each):
            run_ranges(_raise, batches, *arguments, maxima)
    return maxima[:count]


def has_few_runs(patterns: Patterns, problem: Problem) -> bool:
    """Whether turning the runs alone takes less than turning all days."""
    return _FEW * len(patterns.runs) < int(patterns.edges[-1]) * problem.allocations


def _whole_sums(centred: Floats) -> tuple[Floats, Floats]:
    """What a day held adds to the sums, (T, A, sums), in whole numbers, and the unit of each sum.

    centred: (A, T). The sums: r′ of the allocation held, its product with each r′ that moves, and its square; where
    only one moves the square is that product.
    """
    moving = np.flatnonzero((centred != 0.0).any(axis=1))
    allocations, days = centred.shape
    values = np.empty((1 + len(moving) + (len(moving) != 1), allocations, days))
    values[0] = centred
    for place, one in enumerate(moving, start=1):
        np.multiply(centred, centred[one], out=values[place])
    if len(moving) != 1:
        np.multiply(centred, centred, out=values[-1])
    most = np.maximum(values.max(axis=(1, 2), initial=0.0), -values.min(axis=(1, 2), initial=0.0))
    scales = np.array([whole_scale(days * one) for one in most])
    values *= scales[:, None, None]
    return np.ascontiguousarray(np.rint(values, out=values).transpose(2, 1, 0)), 1.0 / scales


@jit(nogil=True)
def _raise(
    low: int, high: int, patterns: Patterns, values: Floats, units: Floats, weights: Floats, mixed: Floats,
    added: Floats, chosen: Bools, shifts: Ints, few: bool, maxima: Floats,
) -> None:  # fmt: skip
    """Batches [low, high) of eight shifts. values: (days, A, sums) whole. weights: (J, moving). few: of the runs."""
    days, allocations, sums = values.shape
    width = allocations * sums
    prefix = np.zeros((days + 1) * width * (1 if few else LANES))
    table = np.empty((len(patterns.before) + len(patterns.joins)) * sums * LANES)
    total, best, highest = np.empty(sums * LANES), np.empty(LANES), np.empty(LANES)
    flat, roots, mean = values.ravel(), patterns.roots.ravel(), weights.ravel()
    if few:
        for at in range(days * width):
            prefix[at + width] = prefix[at] + flat[at]
    for batch in range(low, high):
        for lane in range(LANES):
            best[lane] = maxima[batch * LANES + lane]
            shift = shifts[batch * LANES + lane]
            if few:
                add_turned_runs(patterns, prefix, days, allocations, sums, shift, lane, table)
            else:
                turn_days(flat, days, shift, lane, prefix)
        if not few:
            add_runs(patterns, prefix, allocations, sums, table)
        add_joins(table, patterns.joins, len(patterns.before), sums)
        _raise_all(patterns, roots, table, sums, units, mean, mixed, added, chosen, total, best, highest)
        for lane in range(LANES):
            maxima[batch * LANES + lane] = best[lane]


@jit(counted=False)
def _raise_all(
    patterns: Patterns, roots: Array, table: Floats, sums: int, units: Floats, weights: Floats, mixed: Floats,
    added: Floats, chosen: Bools, total: Floats, best: Floats, highest: Floats,
) -> None:  # fmt: skip
    """Raise best (8,) to the active t of the chosen variants. weights: flat (J, moving). highest: (8,) scratch."""
    count = np.uint64(len(roots)) // np.uint64(len(patterns.jobs))
    moving = np.uint64(len(weights)) // np.uint64(len(patterns.jobs))
    width = np.uint64(sums) * _EIGHT
    square = np.uint64(sums - 1) * _EIGHT
    for lane in range(_EIGHT):
        highest[lane] = best[lane] * best[lane] if best[lane] > 0.0 else 0.0
    for job in range(np.uint64(len(patterns.jobs))):
        if not chosen[job]:
            continue
        for place in range(np.uint64(sums)):
            at = place * _EIGHT
            sum_rows(total, at, table, at, width, roots, job * count, count, units[place])
        for lane in range(_EIGHT):
            whole = total[square + lane] + mixed[job]
            squares = whole
            for one in range(moving):
                squares -= 2.0 * weights[job * moving + one] * total[(one + np.uint64(1)) * _EIGHT + lane]
            summed = total[lane] + added[job]
            # Most variants raise no maximum: a product tells so, without a root and a division.
            if highest[lane] > 0.0 and (summed <= 0.0 or summed * summed < _SURELY * highest[lane] * squares):
                continue
            if squares > FLAT * whole:
                value = summed / np.sqrt(squares)
                if value > best[lane]:
                    best[lane] = value
                    highest[lane] = value * value if value > 0.0 else 0.0
