"""One variant of a plan day by day: what it holds, what it earns, what it trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.cpu.bootstrap_maxima import daily_returns
from gridproof.kernels.cpu.holding_periods import HoldingPeriodLister
from gridproof.kernels.problem import Work
from gridproof.sweeps.plan.listed_grid import ListedGrid
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.study.held import holdings, trade_units
from gridproof.sweeps.verdict.candidates import Candidates


@dataclass(frozen=True)
class DailyVariant:
    """D days of the window, the first T of them in sample; A allocations of L legs."""

    plan: Plan
    execution: int
    held: Ints  # (D,) the allocation of each day
    returns: Floats  # (D,) after cost

    @property
    def days(self) -> int:
        """In sample."""
        return self.plan.days_in_sample

    @property
    def holdings(self) -> dict[str, Floats]:
        """(D,) what each static holding of the study earns in excess of cash: each leg, before cost, and each mix."""
        problem, free = self.plan.problem, self.plan.risk_free_of_a_day
        return {
            name: problem.held_throughout(self.execution, number) - free
            for name, number in holdings(self.plan.study).items()
        }

    @property
    def excess_of_positions(self) -> Floats:
        """(T, L) in sample: what a position in each leg earns in excess of cash, before cost; at the open from one open
        to the next."""
        problem = self.plan.problem
        tables = int(problem.payoff_of[self.execution]), int(problem.cost_of[self.execution])
        earned = problem.position_returns(*tables, self.days)[: len(self.plan.study.legs)]
        excess: Floats = earned.T - self.plan.risk_free_of_a_day
        return excess

    @property
    def gross(self) -> Floats:
        """(D,) what the variant earns before the cost of switches and of rebalancing; of a switch at the open the night
        of the allocation before."""
        problem = self.plan.problem
        earned: Floats = problem.returns[problem.payoff_of[self.execution], self.held, np.arange(len(self.held))]
        if problem.overnight is not None or problem.rebalancing is not None:
            earned = (1.0 + self.returns) / (1.0 - problem.paid_in_all(self.execution, self.held)) - 1.0
        return earned

    @property
    def traded(self) -> Floats:
        """(D,) value traded over NAV at the beginning of each day: 1 a side. The first position is not charged."""
        return self.plan.problem.traded_by_day(self.execution, self.held)

    @property
    def switches(self) -> int:
        """In sample."""
        held = self.held[: self.days]
        return int((held[1:] != held[:-1]).sum())

    @property
    def unit_cost(self) -> float:
        """The mean cost paid in sample, a unit of traded weight, as a share of NAV; 0 if it never trades."""
        held = self.held[: self.days]
        units = trade_units(self.plan.study, held)
        return float(self.plan.problem.paid(self.execution, held).sum() / units) if units else 0.0


def candidate_by_day(candidates: Candidates, name: str) -> DailyVariant:
    """Base or best."""
    plan = candidates.plan
    execution = plan.study.space.execution(candidates.index[name])
    return DailyVariant(plan, execution, candidates.held(name), candidates.returns[name])


class DailyVariants:
    """Variants of one plan by day; what all of them share is prepared once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lister = HoldingPeriodLister(plan.problem, plan.problem.returns.shape[2])

    def of(self, work: Work) -> list[DailyVariant]:
        """The jobs of a work, in order."""
        periods = self._lister(work)
        returns = daily_returns(self._plan.problem, periods)
        return [
            DailyVariant(self._plan, int(execution), periods.held(job), returns[:, job])
            for job, execution in enumerate(periods.execution)
        ]


def variants_by_day(plan: Plan) -> list[DailyVariant]:
    """All variants of a small plan, in grid order."""
    piece = ListedGrid(plan, range(plan.study.space.size)).piece(0)
    found = DailyVariants(plan).of(piece.work)
    return [found[job] for job in piece.job_of]
