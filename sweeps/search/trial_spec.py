"""The recipe of a search: all that its trials need, small enough to travel to workers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gridproof.kernels.backend import resolve
from gridproof.signals.data.market import Market
from gridproof.sweeps.search.dimensions import Choice, Dimensions
from gridproof.sweeps.search.objectives import Requirement, SearchObjective, parse_objectives, parse_requirements
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.timed_backend import KernelClock
from gridproof.sweeps.search.trial_evaluation import AROUND, CellEvaluator, PointEvaluator, TrialEvaluator, check_aims
from gridproof.sweeps.study.study import Study


@dataclass(frozen=True)
class TrialSpec:
    """``days``: of the window that may be seen; None: those in sample."""

    study: Study
    market: Market
    backend: str
    objectives: tuple[str, ...]
    require: tuple[str, ...]
    cells: int
    points: int | None
    days: int | None = None

    @cached_property
    def aims(self) -> tuple[SearchObjective, ...]:
        return parse_objectives(self.objectives)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        return parse_requirements(self.require)

    @cached_property
    def dimensions(self) -> Dimensions:
        return Dimensions(self.study, self.points is None, self.cells)

    @property
    def around(self) -> bool:
        """Whether points are evaluated with those around them."""
        return any(aim.name in AROUND for aim in self.aims)

    def points_of(self, choice: Choice) -> list[Choice]:
        return [choice, *(self.dimensions.around(choice) if self.around else [])]

    def ground(self, clock: KernelClock) -> SearchContext:
        return SearchContext(self.study, self.market, resolve(self.backend), self.days, clock)

    def check(self) -> None:
        """Raises InputError where the aims, the requirements or the space are at fault."""
        check_aims(self.aims, self.study, self.points is not None)
        _ = self.requirements, self.dimensions

    def finder(self, clock: KernelClock) -> TrialEvaluator:
        """What evaluates choices here. Raises InputError."""
        ground = self.ground(clock)
        if self.points is None:
            return CellEvaluator(ground, self.dimensions, self.aims, self.requirements)
        return PointEvaluator(ground, self.points_of, self.aims, self.requirements)
