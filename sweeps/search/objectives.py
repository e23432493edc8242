"""What a search optimises and what it requires, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats
from gridproof.kernels.errors import InputError
from gridproof.kernels.metrics import BY_NAME, METRICS

# Equal parts of the days in sample, for the statistics worst_period and walk_forward.
PARTS = 5

# Statistics of the study's objective over the cells of a trial. A cell with an undefined objective counts as the worst
# cell with a defined one. The chosen cell is the one with the best neighbourhood.
STATISTICS = {
    "plateau": "lower quartile of the chosen cell and those one and two steps from it",
    "median": "median of all cells",
    "lower_quartile": "lower quartile of all cells",
    "best": "the best cell: rewards the luckiest",
    "worst_period": f"the worst of {PARTS} equal parts of the days, of the chosen cell",
    "walk_forward": f"chosen on the parts before, earned on the next, {PARTS - 1} times",
}
# Statistics of a point that need the points around it.
NEIGHBOUR_STATISTICS = ("plateau", "median", "lower_quartile", "best")

_REQUIREMENT = re.compile(r"^\s*(\w+)\s*(>=|<=)\s*(\S+)\s*$")


@dataclass(frozen=True, slots=True)
class SearchObjective:
    """A statistic of the study's objective, or a metric of the chosen cell, and its direction."""

    name: str
    maximise: bool

    @property
    def meaning(self) -> str:
        return STATISTICS.get(self.name, f"{self.name} of the chosen cell")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bound on a metric in sample. Only cells within it may be chosen."""

    metric: str
    is_minimum: bool
    bound: float

    @property
    def text(self) -> str:
        return f"{self.metric} {'>=' if self.is_minimum else '<='} {self.bound:g}"

    def violation(self, metrics: Floats) -> Floats:
        """How far each row of metrics, (n, 12 + A), is outside the bound, as a share of max(1, |bound|).

        0 where the bound is met, 1 where the metric is undefined. Returns (n,).
        """
        values = metrics[:, BY_NAME[self.metric].column]
        distance = (self.bound - values if self.is_minimum else values - self.bound) / max(1.0, abs(self.bound))
        return np.where(np.isnan(values), 1.0, np.maximum(distance, 0.0))


def parse_objectives(names: Sequence[str]) -> tuple[SearchObjective, ...]:
    """Raises InputError for an unknown name, or one given twice."""
    for name in names:
        if name not in STATISTICS and name not in BY_NAME:
            known = ", ".join((*STATISTICS, *METRICS))
            raise InputError("unknown objective", name, "--objective", f"Use {known}")
        if list(names).count(name) > 1:
            raise InputError("an objective must be given once", name, "--objective", "Remove one")
    return tuple(SearchObjective(name, name in STATISTICS or BY_NAME[name].larger_is_better) for name in names)


def parse_requirements(texts: Sequence[str]) -> tuple[Requirement, ...]:
    """Each text is 'METRIC>=BOUND' or 'METRIC<=BOUND'. Raises InputError."""
    requirements = []
    for text in texts:
        match = _REQUIREMENT.match(text)
        try:
            if match is None:
                raise ValueError
            metric, sign, bound = match[1], match[2], float(match[3])
        except ValueError:
            remedy = "Write for example 'switches>=10'"
            raise InputError(
                "a requirement must be METRIC>=NUMBER or METRIC<=NUMBER", text, "--require", remedy
            ) from None
        if metric not in BY_NAME or not np.isfinite(bound):
            remedy = f"Use one of {', '.join(METRICS)} and a finite number"
            raise InputError("a requirement must compare a metric with a number", text, "--require", remedy)
        requirements.append(Requirement(metric, sign == ">=", bound))
    return tuple(requirements)


def total_violation(requirements: Sequence[Requirement], metrics: Floats) -> Floats:
    """The sum of the violations of all requirements for each row of metrics, (n, 12 + A). Returns (n,)."""
    total = np.zeros(len(metrics))
    for requirement in requirements:
        total += requirement.violation(metrics)
    return total
