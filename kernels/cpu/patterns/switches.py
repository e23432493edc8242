"""The switches into the runs of patterns: from which allocation, and at what cost."""

from __future__ import annotations

import numpy as np

from gridproof.kernels.arrays import Array, Floats
from gridproof.kernels.cpu.patterns.block_patterns import Patterns
from gridproof.kernels.problem import Problem


def held_before(patterns: Patterns) -> Array:
    """(M,) int32: the allocation held on the day before each run; on the first day of all, the run's own."""
    held = np.concatenate([[0], patterns.runs[:-1, 2]]).astype(np.int32)
    held[patterns.begins[:-1]] = patterns.before
    return held


def switching_costs(problem: Problem, patterns: Patterns) -> Floats:
    """(M,) what the switch into each run costs, as in ``Problem.costs``; 0 without one."""
    day, to, held = patterns.runs[:, 0], patterns.runs[:, 2], held_before(patterns)
    found: Floats = np.where(held == to, 0.0, problem.costs[patterns.cost, held, to, day])
    return found
