"""The candidates base and best with their daily returns, and the benchmarks that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from gridproof.kernels.arrays import Floats, Ints
from gridproof.kernels.metrics import METRICS
from gridproof.results.run.record import number
from gridproof.results.run.strategy_record import SegmentStatistics, ShiftRecord, StrategyStatistics
from gridproof.results.statistics.sharpe import ReturnMoments, return_moments, sharpe_standard_error
from gridproof.sweeps.execution.evaluation import GridEvaluation
from gridproof.sweeps.execution.summary import hold_returns
from gridproof.sweeps.plan.plan import Plan
from gridproof.sweeps.plan.point import Point
from gridproof.sweeps.study.held import holdings, trade_units
from gridproof.sweeps.verdict.bootstrap import Bootstrap, draw_bootstrap
from gridproof.sweeps.verdict.ensemble import Ensemble
from gridproof.sweeps.verdict.strategy_statistics import SHORTEST, segment_statistics, time_shift


@dataclass(frozen=True)
class Candidates:
    """D days of the window, the first T of them in sample.

    Points, index, metrics, returns and moments are those of base and best.
    """

    plan: Plan
    points: dict[str, Point]
    index: dict[str, int]  # of the grid
    metrics: dict[str, Floats]  # (S, 12 + A), evaluated as the grid is
    holds: dict[str, Floats]  # (D,) of holding each leg or mix throughout

    @property
    def days(self) -> int:
        """In sample."""
        return self.plan.days_in_sample

    @cached_property
    def returns(self) -> dict[str, Floats]:
        """(D,) each."""
        return {name: point.curve["return"].to_numpy() for name, point in self.points.items()}

    @cached_property
    def moments(self) -> dict[str, ReturnMoments]:
        """In sample, above the risk-free rate."""
        return {
            name: return_moments(returns[: self.days] - self.plan.risk_free_of_a_day)
            for name, returns in self.returns.items()
        }

    @property
    def holds_in_sample(self) -> dict[str, Floats]:
        """(T,) of holding each leg or mix."""
        return {name: returns[: self.days] for name, returns in self.holds.items()}

    def benchmarks(self) -> dict[str, Floats]:
        """(T,) above the risk-free rate: each leg and mix held, and the daily rebalanced equal mix of all legs
        except cash."""
        above = {name: returns - self.plan.risk_free_of_a_day for name, returns in self.holds_in_sample.items()}
        found = {f"hold {name}": returns for name, returns in above.items()}
        risky = [above[leg.name] for leg in self.plan.study.legs if not leg.cash]
        if len(risky) > 1:
            found["equal mix"] = np.mean(risky, axis=0)
        return found

    def bootstrap(self) -> Bootstrap:
        """The bootstrap of the days in sample, with the block length that base and legs need."""
        return draw_bootstrap([self.returns["base"][: self.days], *self.holds_in_sample.values()])

    @property
    def standard_error(self) -> float:
        """The standard error of the best variant's annual Sharpe ratio; NaN where its returns do not vary."""
        best = self.moments["best"]
        if not np.isfinite(best.sharpe):
            return np.nan
        error = sharpe_standard_error(best.sharpe, best.observations, best.skewness, best.kurtosis)
        return float(error) * float(np.sqrt(self.plan.problem.periods))

    def strategies(self, ensemble: Ensemble | None, bootstrap: Bootstrap) -> dict[str, StrategyStatistics]:
        """The statistics of base, best, the plateau ensemble and each leg held, in sample and after publication."""
        problem = self.plan.problem
        returns_of = dict(self.returns)
        if ensemble is not None:
            returns_of["ensemble"] = ensemble.returns
        returns_of |= {f"hold {name}": returns for name, returns in self.holds.items()}
        record: dict[str, StrategyStatistics] = {}
        for name, returns in returns_of.items():
            parts: list[SegmentStatistics] = []
            for segment, (low, high) in enumerate(pairwise(problem.bounds)):
                drawn = bootstrap.indices if segment == 0 else None
                if segment == 1 and high - low >= SHORTEST:
                    drawn = draw_bootstrap([returns[low:high]]).indices
                part = segment_statistics(returns[low:high], problem.periods, problem.risk_free, drawn)
                exact = None if name not in self.metrics else self.metrics[name][segment]
                part["switches"] = None if exact is None else int(exact[METRICS.index("switches")])
                part["turnover"] = None if exact is None else number(exact[METRICS.index("turnover")])
                parts.append(part)
            record[name] = {"in_sample": parts[0], "after_publication": parts[1] if len(parts) > 1 else None}
        return record

    def shifts(self) -> dict[str, ShiftRecord]:
        """The shift tests of base and best, each with its own mean cost for a unit of traded weight."""
        problem = self.plan.problem
        record: dict[str, ShiftRecord] = {}
        for name in self.points:
            execution = self.plan.study.space.execution(self.index[name])
            weights = self.plan.study.weights[self.held(name)[: self.days]]
            tables = int(problem.payoff_of[execution]), int(problem.cost_of[execution])
            gross = problem.position_returns(*tables, self.days)[: weights.shape[1]].T
            record[name] = time_shift(weights, gross, self.unit_cost(name), problem.periods, problem.risk_free)
        return record

    def unit_cost(self, name: str) -> float:
        """The mean cost of a candidate in sample, a unit of traded weight, as a share of NAV; 0 if it never trades."""
        held = self.held(name)[: self.days]
        units = trade_units(self.plan.study, held)
        cost = self.points[name].curve["cost"].to_numpy()[: self.days].sum()
        return float(cost / units) if units else 0.0

    def held(self, name: str) -> Ints:
        """(D,) the allocation of each day."""
        numbers = self.plan.study.numbers(self.points[name].parameters)
        return np.array([numbers[one] for one in self.points[name].held], dtype=np.int64)


def find_candidates(evaluation: GridEvaluation, best: int) -> Candidates:
    """best: the grid index of the best variant. Raises RuntimeError if reference and backend disagree."""
    plan = evaluation.plan
    index = {"base": plan.study.space.base_index, "best": best}
    return Candidates(
        plan,
        {name: evaluation.point(one) for name, one in index.items()},
        index,
        {name: evaluation.metrics(one) for name, one in index.items()},
        {name: hold_returns(plan, number)[0] for name, number in holdings(plan.study).items()},
    )
