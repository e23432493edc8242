"""How days are cut: spans of days, one after another, each into blocks, and blocks into the nodes below.

A leaf has four days; two neighbours make a node, up to a block of ``4 · 2^top`` days.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.cpu.product.limits import versions
from gridproof.kernels.paths import flips
from gridproof.kernels.problem import Problem

LEAF = 4
LONG = 5  # blocks of 4 · 2^LONG days or more are long


class DayTree(NamedTuple):
    """The nodes of K spans, level by level, leaves first."""

    spans: Ints  # (K, 2): first and past-last return day
    segments: Ints  # (K,): the segment that a span is, −1 for the days before the first, which do not count
    nodes: Ints  # (K, levels + 1): the first node of each level and the past-last of all


def cut_days(problem: Problem, top: int, before: int) -> DayTree:
    """before: the days before the first segment that decide what is held on its first day."""
    spans = [(int(low), int(high)) for low, high in pairwise(problem.bounds)]
    segments = list(range(len(spans)))
    if before > 0:
        spans, segments = [(-before, 1), *spans], [-1, *segments]
    nodes = np.empty((len(spans), top + 2), dtype=np.int64)
    first = 0
    for span, (begin, end) in enumerate(spans):
        blocks = -(-(end - begin) // (LEAF << top))
        for level in range(top + 1):
            nodes[span, level] = first
            first += blocks << (top - level)
        nodes[span, -1] = first
    return DayTree(np.array(spans, dtype=np.int64), np.array(segments, dtype=np.int64), nodes)


def choose_top(problem: Problem) -> int:
    """The length of blocks, 4 · 2^top days. As measured: 128 days at one switch a year of each path, 16 at twenty. If
    entries come in many versions, blocks are shorter, if they are not long."""
    changes = np.bitwise_count(flips(problem.path_bits, problem.decision_days)).sum(axis=1, dtype=np.int64)
    a_day = changes[changes > 0].mean() / problem.decision_days if changes.any() else 0.0
    top = int(np.clip(round(-0.5 - 0.694 * np.log2(max(a_day, 1e-3))), 0, 6))
    return top if top >= LONG else max(0, top - round(1.25 * np.log2(max(4, versions(problem)) / 4)))
