"""The specification of a search's trials: all that evaluating them needs, small enough to send to workers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gridproof.kernels.backend import resolve
from gridproof.kernels.errors import InputError
from gridproof.signals.data.market import Market
from gridproof.sweeps.search.cell_evaluator import CellEvaluator
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import (
    NEIGHBOUR_STATISTICS,
    Requirement,
    SearchObjective,
    parse_objectives,
    parse_requirements,
)
from gridproof.sweeps.search.options import SearchOptions
from gridproof.sweeps.search.point_evaluator import PointEvaluator
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_result import TrialEvaluator
from gridproof.sweeps.search.trial_statistics import ADDITIVE_OBJECTIVES
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True)
class TrialSpec:
    """``days``: how many days of the window the trials may see, from its first; None: those in sample."""

    study: Study
    market: Market
    backend: str
    options: SearchOptions
    days: int | None = None

    @cached_property
    def objectives(self) -> tuple[SearchObjective, ...]:
        return parse_objectives(self.options.objectives)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        return parse_requirements(self.options.require)

    @cached_property
    def dimensions(self) -> Dimensions:
        return Dimensions(self.study, self.options.points is None, self.options.cells)

    @property
    def needs_neighbours(self) -> bool:
        """Whether a point is evaluated together with the points around it."""
        return any(objective.name in NEIGHBOUR_STATISTICS for objective in self.objectives)

    def points_of(self, choice: Choice) -> list[Choice]:
        """The choice itself, then the points around it where the objectives need them."""
        return [choice, *(self.dimensions.around(choice) if self.needs_neighbours else [])]

    def context(self, clock: KernelClock) -> SearchContext:
        return SearchContext(self.study, self.market, resolve(self.backend), self.days, clock)

    def check(self) -> None:
        """Raises InputError where the objectives, the requirements or the space cannot be used."""
        if any(objective.name == "walk_forward" for objective in self.objectives):
            where, objective = "--objective", self.study.spec.objective
            if self.options.points is not None:
                remedy = "Leave --points out, or use worst_period"
                raise InputError("the objective walk_forward needs dense levels", "single points", where, remedy)
            if objective not in ADDITIVE_OBJECTIVES:
                rule = f"walk_forward needs a study objective that adds up over days: {', '.join(ADDITIVE_OBJECTIVES)}"
                raise InputError(rule, objective, where, "Use another")
        _ = self.requirements, self.dimensions

    def evaluator(self, clock: KernelClock) -> TrialEvaluator:
        """Evaluates choices in this process. Raises InputError."""
        context = self.context(clock)
        if self.options.points is None:
            return CellEvaluator(context, self.dimensions, self.objectives, self.requirements)
        return PointEvaluator(context, self.points_of, self.objectives, self.requirements)
