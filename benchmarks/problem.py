"""The benchmark problem: synthetic returns, and all combinations of paths with a given number of switches.

All paths of a signal differ, so merging equal paths gains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Array, Floats, Ints
from gridproof.kernels.paths import pack
from gridproof.kernels.problem import Box, Jobs, Problem, Work
from gridproof.sweeps.plan.grid import worthwhile

PERIODS = 243.0
PIECE = 262_144  # variants that a run passes to a backend at once, see sweeps/plan/grid


@dataclass(frozen=True, slots=True)
class Case:
    """``yearly``: switches a year of each path. ``legs`` besides cash: 1 is in or out, 2 a rotation."""

    name: str
    signals: int = 3
    yearly: float = 1.0
    legs: int = 2
    variants: int = 1_000_000
    days: int = 4300
    cost: float = 0.001
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Grid:
    case: Case
    problem: Problem
    states: Array  # (R, T) uint8: the paths of problem.path_bits unpacked, for engines that read a day at a time
    rows: Array  # (N, signals) int32, the last signal varies fastest

    @property
    def variant_days(self) -> int:
        return len(self.rows) * self.states.shape[1]

    @property
    def paths(self) -> int:
        """Of each signal."""
        return len(self.states) // self.case.signals

    def pieces(self) -> list[Jobs]:
        return [jobs_of(self.rows[begin : begin + PIECE]) for begin in range(0, len(self.rows), PIECE)]

    def boxes(self) -> list[Box]:
        """The same variants in the same order as products, cut along the first signal."""
        signals, count = self.case.signals, self.paths
        axes = [(np.arange(count, dtype=np.int32) + count * signal)[:, None] for signal in range(signals)]
        places = tuple(np.array([signal]) for signal in range(signals))
        parts = np.array_split(axes[0], -(-count // max(1, PIECE // count ** (signals - 1))))
        return [Box((part, *axes[1:]), places, np.array([0])) for part in parts]

    def works(self) -> Sequence[Work]:
        """Boxes or lists, whichever a run would choose."""
        return self.boxes() if worthwhile([self.paths] * self.case.signals) else self.pieces()

    def sample(self, count: int) -> Array:
        """``count`` tuples spread evenly over the grid."""
        return self.rows[np.linspace(0, len(self.rows) - 1, min(count, len(self.rows))).astype(np.int64)]

    def free_of_cost(self) -> Problem:
        return replace(self.problem, costs=np.zeros_like(self.problem.costs))


def build(case: Case) -> Grid:
    """The number of variants is the nearest product of equal path counts: 100 x 100 x 100 for a million of three."""
    rng = np.random.default_rng(case.seed)
    count = round(case.variants ** (1 / case.signals))
    states = np.concatenate([distinct_paths(rng, count, case) for _ in range(case.signals)])
    axes = [np.arange(count, dtype=np.int32) + count * signal for signal in range(case.signals)]
    rows = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    allocations = case.legs + 1
    returns = rng.normal(0.0004, 0.012, (1, allocations, case.days))
    returns[:, -1] = 0.0  # cash
    traded = np.full((allocations, allocations), 2.0)
    traded[-1] = traded[:, -1] = 1.0
    np.fill_diagonal(traded, 0.0)
    costs = np.repeat((case.cost * traded)[None, :, :, None], case.days, axis=3)
    problem = Problem(
        path_bits=pack(states),
        decision_days=case.days,
        lead=1,
        rule=rule_table(case.signals, case.legs),
        start=allocations - 1,
        lags=np.array([1]),
        payoff_of=np.array([0]),
        cost_of=np.array([0]),
        returns=returns,
        costs=costs,
        traded=traded[None, :, :, None],
        traded_of=np.array([0]),
        invested=np.array([1.0] * case.legs + [0.0]),
        bounds=np.array([0, case.days]),
        periods=PERIODS,
        risk_free=0.0,
    )
    return Grid(case, problem, states.astype(np.uint8), np.ascontiguousarray(rows))


def distinct_paths(rng: np.random.Generator, count: int, case: Case) -> Array:
    """(count, T) states, each with exactly the same number of switches on days of its own."""
    flips = min(case.days - 1, max(1, round(case.yearly * case.days / PERIODS)))
    paths = np.zeros((0, case.days), dtype=np.bool_)
    while len(paths) < count:
        batch = np.zeros((count - len(paths), case.days), dtype=np.uint8)
        for path in batch:
            path[rng.choice(case.days - 1, flips, replace=False) + 1] = 1
            path[0] = rng.integers(2)
        drawn = np.concatenate([paths, np.cumsum(batch, axis=1) % 2 == 1])
        _, first = np.unique(np.packbits(drawn, axis=1), axis=0, return_index=True)
        paths = drawn[np.sort(first)]
    return paths


def rule_table(signals: int, legs: int) -> Ints:
    """F[held, code]. The first signal sends to cash; the others vote: all on, all off, else hold.

    With two legs they choose the first or the second; with one, the leg or cash. A single signal: out when it is on.
    """
    cash, other = legs, legs - 1 if legs > 1 else legs
    rule = np.empty((legs + 1, 2**signals), dtype=np.int64)
    for code in range(2**signals):
        votes = code >> 1
        if code & 1:
            rule[:, code] = cash
        elif votes == 2 ** (signals - 1) - 1:
            rule[:, code] = 0
        elif votes == 0:
            rule[:, code] = other
        else:
            rule[:, code] = np.arange(legs + 1)
    return rule


def jobs_of(rows: Array) -> Jobs:
    """One job for each tuple, all under the one execution."""
    return Jobs(rows, np.arange(len(rows) + 1, dtype=np.int64), np.zeros(len(rows), dtype=np.int64))


def closes(problem: Problem) -> Floats:
    """(T + 1, legs) prices that earn the legs' returns, the close before the first day included."""
    growth = np.cumprod(1.0 + problem.returns[0, :-1], axis=1).T
    return 100.0 * np.concatenate([np.ones((1, growth.shape[1])), growth])
