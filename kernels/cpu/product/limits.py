"""Which problems can be evaluated as products, and how the days in each allocation are counted."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.cpu.product.entry import SHAPE, SUMS
from gridproof.kernels.payoff_groups import KEPT_BYTES
from gridproof.kernels.problem import Problem


def count_bits(problem: Problem) -> int:
    """Bits of each count of days or switches that is packed into one sum."""
    return int(problem.returns.shape[2]).bit_length()


def packs(problem: Problem) -> bool:
    """Whether the counts of all allocations fit into one float64. Else there are counts beside the sums."""
    return problem.allocations * count_bits(problem) <= 53


def versions(problem: Problem) -> int:
    """How many entries a combination of path classes may have: one for each allocation held before, if the rule ever
    depends on that."""
    return problem.allocations if (problem.rule != problem.rule[0]).any() else 1


def fits(problem: Problem) -> bool:
    """Whether products of a problem are evaluated as such; else as lists.

    What is held under restrictions depends on the days before, so that a day's classes do not decide it; so does what
    an allocation earns that drifts from the day of entry. And the rule must stay put while the code does not change.
    Where counts do not pack, the tables of all executions are kept.
    """
    if problem.restrictions is not None or problem.drift is not None:
        return False
    codes = problem.rule.shape[1]
    settled = np.array_equal(problem.rule[problem.rule, np.arange(codes)], problem.rule)
    return settled and codes <= 2**16 and (packs(problem) or _tables_fit(problem))


def fits_packed(problem: Problem) -> bool:
    """As ``fits``, for a backend whose entries have no counts beside the sums."""
    return packs(problem) and fits(problem)


def _tables_fit(problem: Problem) -> bool:
    _, allocations, days = problem.returns.shape
    tables = len(np.unique(np.stack([problem.payoff_of, problem.cost_of, problem.traded_of], axis=1), axis=0))
    each = (days + 1) * allocations * ((1 + allocations) * SUMS + SHAPE) * 8
    return count_bits(problem) <= 16 and tables * each <= KEPT_BYTES
