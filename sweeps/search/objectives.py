"""What a search rewards and what it requires, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import METRICS, OBJECTIVES

# Equal parts of the days in sample, for the two statistics that look at parts.
PARTS = 5

# Of the study's objective over the cells of a trial; one in which it is undefined counts as the least defined one.
# The chosen cell is the one whose surroundings reach furthest.
STATISTICS = {
    "plateau": "lower quartile of the chosen cell and those one and two steps from it",
    "median": "median of all cells",
    "lower_quartile": "lower quartile of all cells",
    "best": "the best cell: rewards the luckiest",
    "worst_period": f"the worst of {PARTS} equal parts of the days, of the chosen cell",
    "walk_forward": f"chosen on the parts before, earned on the next, {PARTS - 1} times",
}

_REQUIREMENT = re.compile(r"^\s*(\w+)\s*(>=|<=)\s*(\S+)\s*$")


@dataclass(frozen=True, slots=True)
class SearchObjective:
    """A statistic of the objective, or a metric of the chosen cell."""

    name: str
    maximise: bool

    @property
    def meaning(self) -> str:
        return STATISTICS.get(self.name, f"{self.name} of the chosen cell")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound on a metric, in sample: only cells within it may be chosen."""

    metric: str
    least: bool
    bound: float

    @property
    def text(self) -> str:
        return f"{self.metric} {'>=' if self.least else '<='} {self.bound:g}"

    def lacking(self, metrics: Floats) -> Floats:
        """How far each of (n, 12 + A) metrics is from the bound, as a share of it or of 1; 0: met; undefined: 1."""
        values = metrics[:, METRICS.index(self.metric)]
        short = (self.bound - values if self.least else values - self.bound) / max(1.0, abs(self.bound))
        return np.where(np.isnan(values), 1.0, np.maximum(short, 0.0))


def parse_objectives(names: Sequence[str]) -> tuple[SearchObjective, ...]:
    """Raises InputError for a name that is none, or stands twice."""
    for name in names:
        if name not in STATISTICS and name not in METRICS:
            known = ", ".join((*STATISTICS, *METRICS))
            raise InputError("an objective of a search is one of its names", name, "--objective", f"Use {known}")
        if list(names).count(name) > 1:
            raise InputError("an objective stands once", name, "--objective", "Remove one")
    # Less is better of what no one ranks by: how often, how much and how long it trades, how much it swings.
    return tuple(
        SearchObjective(name, name in STATISTICS or name in OBJECTIVES or name == "skewness") for name in names
    )


def parse_requirements(texts: Sequence[str]) -> tuple[Requirement, ...]:
    """'METRIC>=BOUND' or 'METRIC<=BOUND'. Raises InputError."""
    found = []
    for text in texts:
        match = _REQUIREMENT.match(text)
        try:
            if match is None:
                raise ValueError
            metric, side, bound = match[1], match[2], float(match[3])
        except ValueError:
            remedy = "Write for example 'switches>=10'"
            raise InputError("a requirement is METRIC>=NUMBER or METRIC<=NUMBER", text, "--require", remedy) from None
        if metric not in METRICS or not np.isfinite(bound):
            remedy = f"Use one of {', '.join(METRICS)} and a finite number"
            raise InputError("a requirement bounds a metric", text, "--require", remedy)
        found.append(Requirement(metric, side == ">=", bound))
    return tuple(found)


def lacking(requirements: Sequence[Requirement], metrics: Floats) -> Floats:
    """What each of (n, 12 + A) metrics lacks of all requirements together; 0: it meets them."""
    short = np.zeros(len(metrics))
    for requirement in requirements:
        short += requirement.lacking(metrics)
    return short
