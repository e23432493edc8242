"""The jobs of a problem by payoff tables, some tables at a time, so that what is made of them need not all be kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.kernels.problem import Jobs, Problem

# Bytes of the range tables (``cpu.range_tables``) that an evaluator keeps, and those that it makes at a time where all
# would be more.
KEPT_BYTES, AT_ONCE_BYTES = 2**30, 2**26


class PayoffGroup(NamedTuple):
    """Some of the jobs of a problem. What a job earns does not depend on its group."""

    problem: Problem  # with the payoff tables of these jobs alone
    jobs: Jobs
    places: Ints  # (j,) which of the jobs they are


def range_table_bytes(problem: Problem) -> int:
    """The bytes of the range tables of one payoff table."""
    _, allocations, days = problem.returns.shape
    return int(days + 1) * int(allocations) * 8 * (8 + 4 * max(1, int(days).bit_length()))


def fits_at_once(problem: Problem) -> bool:
    """Whether the range tables of all payoff tables may be kept."""
    return len(problem.returns) * range_table_bytes(problem) <= KEPT_BYTES


def payoff_groups(problem: Problem, jobs: Jobs) -> Iterator[PayoffGroup]:
    """The jobs in groups, each of the jobs that need some consecutive payoff tables."""
    payoff = problem.payoff_of[jobs.execution]
    order = np.argsort(payoff, kind="stable")
    tables, begins = np.unique(payoff[order], return_index=True)
    begins = np.append(begins, len(order))
    tuple_of = np.repeat(np.arange(len(jobs.rows), dtype=np.int64), np.diff(jobs.first))
    at_once = max(1, AT_ONCE_BYTES // range_table_bytes(problem))
    number_of = np.zeros(len(problem.returns), dtype=np.int64)
    for low in range(0, len(tables), at_once):
        own = tables[low : low + at_once]
        places = np.sort(order[begins[low] : begins[low + len(own)]])
        number_of[own] = np.arange(len(own))
        payoff_of = np.where(np.isin(problem.payoff_of, own), number_of[problem.payoff_of], 0)
        rebalancing = problem.rebalancing
        if rebalancing is not None:
            rebalancing = rebalancing.of(own)
        drift = None if problem.drift is None else problem.drift.of(own)
        tuples, counts = np.unique(tuple_of[places], return_counts=True)
        yield PayoffGroup(
            replace(problem, returns=problem.returns[own], payoff_of=payoff_of, rebalancing=rebalancing, drift=drift),
            Jobs(jobs.rows[tuples], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), jobs.execution[places]),
            places,
        )
