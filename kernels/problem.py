"""The problem a backend evaluates: what every variant of one study shares, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints, Words


@dataclass(frozen=True, slots=True)
class Problem:
    """T decision days, D days of returns, A allocations, B signal bits, R packed bit paths, E executions.

    Decision day j (bit j of a path) is known at its close; with lag l it sets the position that earns return
    day j − lead + l. Return day 0 is the first of the window, so ``lead`` ≥ every lag.
    """

    path_bits: Words  # (R, ceil(T/64)): one packed bit path a row
    decision_days: int  # T
    lead: int
    rule: Ints  # (A, 2^B): F[allocation held, code]; bit b of the code is the state of path b
    start: int  # the allocation held before decision day 0
    lags: Ints  # (E,)
    payoff_of: Ints  # (E,) which payoff table
    cost_of: Ints  # (E,) which cost table
    returns: Floats  # (payoff tables, A, D): simple daily return of holding an allocation
    costs: Floats  # (cost tables, A, A, D): share of NAV lost when day d is the first of `to` after `from`
    traded: Floats  # (A, A): traded value over NAV of that switch
    invested: Floats  # (A,): weight outside cash
    bounds: Ints  # (S + 1,): segments [bounds[s], bounds[s+1]) of return days, e.g. in sample, after publication
    periods: float  # a year
    risk_free: float  # annual

    @property
    def segments(self) -> int:
        return len(self.bounds) - 1

    @property
    def allocations(self) -> int:
        return int(self.returns.shape[1])


@dataclass(frozen=True, slots=True)
class Jobs:
    """The variants to evaluate: N tuples of bit paths, each under one or more executions (J in all)."""

    rows: Array  # (N, B) int32: for each bit its row in Problem.path_bits
    first: Ints  # (N + 1,): jobs of tuple i are first[i] .. first[i+1]
    execution: Ints  # (J,): index into Problem.lags

    def jobs(self) -> Jobs:
        return self


@dataclass(frozen=True, slots=True)
class Box:
    """A product of variants: every combination of one path of each signal, each under every execution given.

    The last signal varies faster than those before it, and the execution fastest. A bit of the code belongs to one
    signal; all bits together are those of ``Problem.rule``.
    """

    paths: tuple[Array, ...]  # for each signal (n, its bits) int32: rows in Problem.path_bits
    places: tuple[Ints, ...]  # for each signal (its bits,): which bits of the code they are
    executions: Ints  # (E,): indices into Problem.lags

    def __len__(self) -> int:
        return prod(len(paths) for paths in self.paths) * len(self.executions)

    def jobs(self) -> Jobs:
        """The same variants one by one."""
        count = prod(len(paths) for paths in self.paths)
        rows = np.empty((count, sum(len(places) for places in self.places)), dtype=np.int32)
        digits = np.indices([len(paths) for paths in self.paths]).reshape(len(self.paths), count)
        for paths, places, digit in zip(self.paths, self.places, digits, strict=True):
            rows[:, places] = paths[digit]
        cells = len(self.executions)
        return Jobs(rows, np.arange(count + 1, dtype=np.int64) * cells, np.tile(self.executions, count))


Work = Jobs | Box


class Evaluator(Protocol):
    """A problem bound to a backend."""

    def __call__(self, work: Work, /) -> Floats:
        """The metrics of J variants in the order of the work, (J, S, 12 + A) for S segments and A allocations.

        ``metrics.METRICS`` in order, then the share of days in each allocation.
        """
