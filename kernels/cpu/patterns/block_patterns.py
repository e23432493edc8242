"""The patterns of variants: within a block of days, variants that hold the same share one pattern.

A pattern is what a variant holds from day to day in a block, with the allocation held on the day before, which decides
what a switch on the first day costs. Whatever adds up over days is computed once for each pattern, and a variant is a
sum over its blocks. Neighbouring blocks are joined as long as few variants differ there (``joins``): a variant is then
a sum of few rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Array, Ints
from gridproof.kernels.cpu.holding_periods import HoldingPeriods
from gridproof.kernels.jit import jit
from gridproof.kernels.problem import Problem
from gridproof.kernels.threads import run_ranges

# The longest block, in days. Longer ones have more patterns, shorter ones need more joins.
_LONGEST = 64

# Two blocks are joined where their joint patterns are at most this share of the variants: a join costs three rows of
# memory for each of them and saves one for each variant. Few variants are joined in any case.
_SHARE, _FEW = 4, 64


class Patterns(NamedTuple):
    """Of J variants with the same payoffs and costs; P patterns in B blocks of days.

    Rows 0 to P − 1 of a table are the patterns; row P + i is the sum of the two rows ``joins[i]``. A variant is the sum
    of the rows ``roots`` names.
    """

    jobs: Ints  # (J,) which of the holding periods' jobs they are
    payoff: int  # the number of the payoff table, and of the cost table
    cost: int
    edges: Ints  # (B + 1,) the days that bound the blocks
    of: Array  # (B, J) int32: the pattern of each variant in each block
    first: Ints  # (B + 1,) the patterns of block b are first[b] to first[b + 1]
    before: Array  # (P,) int32: the allocation held on the day before; on the first day of all, the one held then
    begins: Ints  # (P + 1,) the runs of pattern p are begins[p] to begins[p + 1]
    runs: Array  # (M, 3) int32: first and past-last day, and allocation, of each run
    joins: Array  # (N, 2) int32
    roots: Array  # (J, Q) int32


def find_patterns(problem: Problem, held: HoldingPeriods, edges: Ints | None = None) -> list[Patterns]:
    """The patterns of jobs, one set for each pair of payoff and cost table; sets that hold the same share their arrays.

    edges: ascending days from 0 to the last at which blocks must end; None: only there.
    """
    marks = np.array([0, held.days], dtype=np.int64) if edges is None else edges
    cuts = np.concatenate([[0], *(_cut(int(low), int(high)) for low, high in pairwise(marks))]).astype(np.int64)
    tables = problem.payoff_of[held.execution] * len(problem.costs) + problem.cost_of[held.execution]
    order = np.argsort(tables, kind="stable")
    numbers, begins = np.unique(tables[order], return_index=True)
    found: list[Patterns] = []
    known: dict[bytes, Patterns] = {}  # by what their variants hold
    for number, jobs in zip(numbers, np.split(order, begins[1:]), strict=True):
        payoff, cost = divmod(int(number), len(problem.costs))
        key = _digest(held, jobs) if len(numbers) > 1 else b""
        if key in known:
            found.append(known[key]._replace(jobs=jobs, payoff=payoff, cost=cost))
        else:
            found.append(_find(held, jobs, payoff, cost, cuts))
            known[key] = found[-1]
    return found


def _digest(held: HoldingPeriods, jobs: Ints) -> bytes:
    """What jobs hold, in their order, whatever that earns and costs."""
    chosen = held.take(jobs)
    return blake2b(chosen.begins.tobytes() + chosen.periods.tobytes(), digest_size=16).digest()


def variants_of(patterns: Sequence[Patterns]) -> int:
    """How many variants there are in all."""
    return sum(len(each.jobs) for each in patterns)


def _cut(low: int, high: int) -> Ints:
    """The ends of equal blocks from low to high, none longer than the longest."""
    blocks = -(-(high - low) // _LONGEST)
    return low + (high - low) * np.arange(1, blocks + 1) // max(1, blocks)


def _find(held: HoldingPeriods, jobs: Ints, payoff: int, cost: int, edges: Ints) -> Patterns:
    blocks, count = len(edges) - 1, len(jobs)
    of = np.empty((blocks, count), dtype=np.int32)
    examples = np.empty((blocks, count), dtype=np.int32)
    counts, lengths = np.zeros(blocks, dtype=np.int64), np.zeros(blocks, dtype=np.int64)
    run_ranges(_number, blocks, held.begins, held.periods, jobs, edges, of, examples, counts, lengths)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    run_first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    before = np.empty(first[-1], dtype=np.int32)
    begins = np.empty(first[-1] + 1, dtype=np.int64)
    runs = np.empty((run_first[-1], 3), dtype=np.int32)
    begins[-1] = len(runs)
    run_ranges(_write, blocks, held.begins, held.periods, jobs, edges, examples, first, run_first, before, begins, runs)
    of += first[:-1, None].astype(np.int32)
    joins, roots = _join(of, int(first[-1]))
    return Patterns(jobs, payoff, cost, edges, of, first, before, begins, runs, joins, roots)


@jit()
def _at(begins: Ints, periods: Array, job: int, day: int) -> int:
    """The last period of a job that begins on this day or before."""
    low, high = begins[job], begins[job + 1]
    while high - low > 1:
        middle = (low + high) >> 1
        if periods[middle, 0] <= day:
            low = middle
        else:
            high = middle
    return int(low)


@jit(nogil=True)
def _number(
    low: int, high: int, begins: Ints, periods: Array, jobs: Ints, edges: Ints, of: Array, examples: Array,
    counts: Ints, lengths: Ints,
) -> None:  # fmt: skip
    """Number the patterns of blocks [low, high) as they appear. examples: a job of each. lengths: their runs."""
    size = 64
    while size < 2 * len(jobs):
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.zeros(size, dtype=np.int32)
    stamps = np.full(size, -1, dtype=np.int32)
    for block in range(low, high):
        begin, end = edges[block], edges[block + 1]
        count = 0
        for at in range(len(jobs)):
            job = jobs[at]
            last = begins[job + 1]
            place = _at(begins, periods, job, max(begin - 1, 0))
            before = periods[place, 1]
            code = np.uint64(before)
            upto = place + 1
            while upto < last and periods[upto, 0] < end:
                code = (code ^ np.uint64(periods[upto, 0] * 256 + periods[upto, 1])) * np.uint64(0x9E3779B97F4A7C15)
                code ^= code >> np.uint64(29)
                upto += 1
            slot = (code * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(24)) & mask
            while True:
                if stamps[slot] != block:
                    stamps[slot] = block
                    slots[slot] = count
                    of[block, at] = count
                    examples[block, count] = job
                    starts_inside = place + 1 < upto and periods[place + 1, 0] <= begin
                    lengths[block] += upto - place - (1 if starts_inside else 0)
                    count += 1
                    break
                other = examples[block, slots[slot]]
                there = _at(begins, periods, other, max(begin - 1, 0))
                same = periods[there, 1] == before
                step = 1
                while same and place + step < upto:
                    same = (
                        there + step < begins[other + 1]
                        and periods[there + step, 0] == periods[place + step, 0]
                        and periods[there + step, 1] == periods[place + step, 1]
                    )
                    step += 1
                if same and (there + step >= begins[other + 1] or periods[there + step, 0] >= end):
                    of[block, at] = slots[slot]
                    break
                slot = (slot + np.uint64(1)) & mask
        counts[block] = count


@jit(nogil=True)
def _write(
    low: int, high: int, job_begins: Ints, periods: Array, jobs: Ints, edges: Ints, examples: Array, first: Ints,
    run_first: Ints, before: Array, begins: Ints, runs: Array,
) -> None:  # fmt: skip
    """Write the patterns of blocks [low, high) from their examples."""
    for block in range(low, high):
        begin, end = edges[block], edges[block + 1]
        run = run_first[block]
        for pattern in range(first[block], first[block + 1]):
            job = examples[block, pattern - first[block]]
            place = _at(job_begins, periods, job, max(begin - 1, 0))
            before[pattern] = periods[place, 1]
            begins[pattern] = run
            place = _at(job_begins, periods, job, begin)
            day = begin
            while day < end:
                later = place + 1 < job_begins[job + 1]
                until = min(end, np.int64(periods[place + 1, 0])) if later else end
                runs[run, 0], runs[run, 1], runs[run, 2] = day, until, periods[place, 1]
                day = until
                run += 1
                place += 1


def _join(of: Array, patterns: int) -> tuple[Array, Array]:
    """Joins neighbours where few variants differ. Returns joins (N, 2) and roots (J, Q)."""
    jobs = of.shape[1]
    most = max(jobs // _SHARE, min(jobs, _FEW))
    rows = list(of)
    joins: list[Array] = []
    number = patterns
    while True:
        pairs = len(rows) // 2
        left, right = (
            np.stack(rows[side : 2 * pairs : 2]) if pairs else np.empty((0, jobs), np.int32) for side in (0, 1)
        )
        joined = np.empty((pairs, jobs), dtype=np.int32)
        made = np.empty((pairs, most, 2), dtype=np.int32)
        counts = np.zeros(pairs, dtype=np.int64)
        run_ranges(_join_pairs, pairs, left, right, joined, made, counts)
        following: list[Array] = []
        for pair in range(pairs):
            if counts[pair] < 0:
                following += [left[pair], right[pair]]
                continue
            following.append(joined[pair] + np.int32(number))
            joins.append(made[pair, : counts[pair]])
            number += int(counts[pair])
        following += rows[2 * pairs :]
        if (counts < 0).all():
            break
        rows = following
    every = np.concatenate(joins) if joins else np.empty((0, 2), dtype=np.int32)
    return every, np.ascontiguousarray(np.stack(rows, axis=1))


@jit(nogil=True)
def _join_pairs(low: int, high: int, left: Array, right: Array, joined: Array, made: Array, counts: Ints) -> None:
    """Number the different pairs (left, right) of pairs of blocks [low, high); −1 where there are too many."""
    jobs, most = left.shape[1], made.shape[1]
    size = 64
    while size < 2 * most + 2:
        size *= 2
    mask = np.uint64(size - 1)
    slots = np.zeros(size, dtype=np.int32)
    stamps = np.full(size, -1, dtype=np.int32)
    for pair in range(low, high):
        count = 0
        for job in range(jobs):
            one, other = left[pair, job], right[pair, job]
            code = (np.uint64(one) << np.uint64(32)) ^ np.uint64(other)
            code = (code ^ (code >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
            slot = (code >> np.uint64(28)) & mask
            while stamps[slot] == pair and not (
                made[pair, slots[slot], 0] == one and made[pair, slots[slot], 1] == other
            ):
                slot = (slot + np.uint64(1)) & mask
            if stamps[slot] != pair:
                if count == most:
                    count = -1
                    break
                stamps[slot] = pair
                slots[slot] = count
                made[pair, count, 0], made[pair, count, 1] = one, other
                count += 1
            joined[pair, job] = slots[slot]
        counts[pair] = count
