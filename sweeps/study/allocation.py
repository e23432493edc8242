"""An allocation: the weights of the legs that a strategy holds together; and mixes, which are allocations by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.results.axis_range import Value

DAILY, WEEKLY, MONTHLY, NEVER, ENTRY = "daily", "weekly", "monthly", "never", "entry"
REBALANCE = (DAILY, WEEKLY, MONTHLY, NEVER, ENTRY)
REST = "rest"
# Name of the signal that chooses the shares of sleeves.
SLEEVES = "sleeves"

# Allocations of a study at most: the kernels keep the number of one in eight bits.
MOST_ALLOCATIONS = 255

# A step of a graded weight is the nearest one; half a step less this rounding error of a formula still counts as half.
_HALF = 1e-9


@dataclass(frozen=True, slots=True)
class Allocation:
    """What is held together. ``weights``: the share of NAV in each leg, in the study's order; they sum to 1.

    ``name``: of its leg or mix, with its step where a weight follows a formula; under one value of each axis it occurs
    once. ``rebalance``: at which closes drifted weights are set back to these: daily, weekly, monthly or never; or
    entry: weights are these whenever it is entered, and drift from there. None, of what sleeves hold together and of a
    part of a leg: as the execution says.
    """

    name: str
    weights: tuple[float, ...]
    rebalance: str | None = DAILY

    @property
    def alone(self) -> bool:
        """Whether it is one leg and nothing else."""
        return sum(weight != 0.0 for weight in self.weights) == 1 and 1.0 in self.weights

    def drifts(self, of_sleeves: str = DAILY) -> bool:
        """Whether what it holds depends on the day of entry. ``of_sleeves``: when sleeves are set back."""
        return not self.alone and (self.rebalance or of_sleeves) == ENTRY


@dataclass(frozen=True, slots=True)
class GradedWeights:
    """The weights of legs of a mix that follow formulas in steps; all have the same steps.

    ``nodes``: the formulas, one a leg. ``step``, ``least``, ``most``: the axes of the step and of the bounds.
    ``missing``: as of a signal; off is the least weight.
    """

    legs: tuple[str, ...]
    nodes: tuple[int, ...]
    step: str
    least: str
    most: str
    missing: str | None


@dataclass(frozen=True, slots=True)
class Mix:
    """Legs that are held together under a name.

    ``weights``: by leg the axis of its weight. ``rest``: the leg that has what the others leave; None: no other leg.
    ``rebalance``: the axis. ``graded``: the legs whose weights follow formulas. ``allocations``: all that it may be, in
    the order in which its axes, last fastest, and then its steps first give them; ``first``: the number of the first
    among the allocations of the study; ``numbers``: for the values of ``axes`` its one number, (1,), or those of the
    steps of its graded weights, a dimension each; −1 where their sum is too large.
    """

    name: str
    weights: Mapping[str, str]
    rest: str | None
    rebalance: str
    graded: GradedWeights | None = None
    allocations: tuple[Allocation, ...] = ()
    first: int = 0
    numbers: Mapping[tuple[Value, ...], Ints] = field(default_factory=dict)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes on which its allocations depend; not those of a formula."""
        graded = () if self.graded is None else (self.graded.least, self.graded.most, self.graded.step)
        return (*self.weights.values(), *graded, self.rebalance)

    @property
    def chosen(self) -> bool:
        """Whether there is something to choose or to follow: several allocations."""
        return self.graded is not None or len(self.allocations) > 1

    @property
    def bits(self) -> tuple[str, ...]:
        """The bits of the number of its allocation, bit 0 first; none where there is one."""
        count = max(1, (len(self.allocations) - 1).bit_length()) if self.chosen else 0
        return tuple(f"{self.name}.{at}" for at in range(count))

    def steps(self, cell: tuple[Value, ...], values: Floats) -> Ints:
        """(T,) int64: the numbers of its allocations that follow the values of its formulas, (F, T) without NaN.

        ``cell``: the values of ``axes``.
        """
        *given, least, most, step = (float(value) for value in cell[:-1])
        room = room_of(len(values), sum(given), least, most, step)
        found: Ints = self.numbers[cell][tuple(nearest_steps(values, least, most, step, room))]
        return found


@dataclass(frozen=True, slots=True)
class SleeveShares:
    """The shares of NAV that sleeves may have. ``axes``: of each sleeve that of its share. ``cells``: their values in
    every combination that occurs, by its number."""

    axes: tuple[str, ...]
    cells: tuple[tuple[float, ...], ...]

    @property
    def bits(self) -> tuple[str, ...]:
        """The bits of the number of a combination, bit 0 first; none where there is one."""
        return tuple(f"{SLEEVES}.{at}" for at in range((len(self.cells) - 1).bit_length()))

    def number(self, parameters: Mapping[str, Value], owners: Mapping[str, str]) -> int:
        """That of a variant. ``parameters``: the value of each axis; ``owners``: the axis that gives each its value."""
        if len(self.cells) == 1:
            return 0
        return self.cells.index(tuple(float(parameters[owners[axis]]) for axis in self.axes))


def grades(least: float, most: float, step: float) -> list[float]:
    """The weights that a graded weight may have: from ``least`` in steps, none above ``most``."""
    return [round(least + at * step, 12) for at in range(highest_step(least, most, step) + 1)]


def room_of(count: int, given: float, least: float, most: float, step: float) -> int:
    """How many steps several graded weights may have together: with the weights that are ``given`` they sum to at most
    1, or to ``most`` where that is larger. One alone has no bound but its own."""
    if count == 1:
        return highest_step(least, most, step)
    return highest_step(count * least, max(1.0, most) - given, step)


def nearest_steps(values: Floats, least: float, most: float, step: float, room: int) -> Ints:
    """(F, T) int64: the steps of F graded weights on each day, from 0 on, for the values of their formulas, (F, T).

    Each is the nearest one within the bounds, of two equally near ones the higher. While they are more than ``room``
    together, the one that is farthest above its value, of several the last, is a step lower.
    """
    count, highest = len(values), highest_step(least, most, step)
    wanted = (np.clip(values, least, least + highest * step) - least) / step
    found: Ints = np.minimum(np.floor(wanted + (0.5 + _HALF)), highest).astype(np.int64)
    while len(days := np.flatnonzero(found.sum(axis=0) > room)):
        above = np.where(found[:, days] > 0, found[:, days] - wanted[:, days], -np.inf)
        # Differences below a rounding error are none.
        farthest = count - 1 - np.argmax(above[::-1] > above.max(axis=0) - _HALF, axis=0)
        found[farthest, days] -= 1
    return found


def highest_step(least: float, most: float, step: float) -> int:
    """How many steps there are from ``least`` to ``most``; below 0 where it is larger."""
    return floor((most - least) / step + _HALF)
