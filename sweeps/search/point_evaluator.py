"""The evaluation of trials that are single points, each with the points around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np

from gridproof.kernels.metrics import BY_NAME
from gridproof.sweeps.plan.signal_values import UndefinedSignalError
from gridproof.sweeps.search.dimensions import Choice
from gridproof.sweeps.search.objectives import Requirement, SearchObjective, total_violation
from gridproof.sweeps.search.search_context import SearchContext
from gridproof.sweeps.search.trial_result import TrialResult, pruned, trial_result
from gridproof.sweeps.search.trial_statistics import spread_statistics, worst_period


class PointEvaluator:
    """Evaluates each choice as one variant, with those one and two steps from it along each axis, in one batch.

    points_of: returns a choice and the points around it.
    """

    def __init__(
        self,
        context: SearchContext,
        points_of: Callable[[Choice], list[Choice]],
        objectives: Sequence[SearchObjective],
        requirements: Sequence[Requirement],
    ) -> None:
        self._context, self._points_of = context, points_of
        self._objectives, self._requirements = objectives, requirements
        self._objective = context.study.spec.objective
        self._column = BY_NAME[self._objective].column

    def evaluate(self, choices: Sequence[Choice]) -> list[TrialResult]:
        groups = [self._points_of(choice) for choice in choices]
        points = [point for group in groups for point in group]
        columns = {name: np.array([point[name] for point in points], dtype=object) for name in points[0]}
        context = self._context
        try:
            metrics = context.evaluate_points(context.in_sample, columns)[:, 0]
        except UndefinedSignalError as error:
            if len(choices) == 1:
                return [pruned(str(error))]
            half = len(choices) // 2
            return [*self.evaluate(choices[:half]), *self.evaluate(choices[half:])]
        by_part = None
        if any(objective.name == "worst_period" for objective in self._objectives):
            by_part = context.evaluate_points(context.parts, columns)[:, :, self._column]
        violations = total_violation(self._requirements, metrics)
        results = []
        ends = list(accumulate(len(group) for group in groups))
        for group, end in zip(groups, ends, strict=True):
            first = end - len(group)  # the choice itself; the points around it follow
            values = metrics[first:end, self._column]
            if not np.isfinite(values[0]):
                results.append(pruned(f"the point has no {self._objective}", len(group)))
                continue
            statistics = spread_statistics(values)
            statistics["plateau"] = statistics["lower_quartile"]
            if by_part is not None:
                statistics["worst_period"] = worst_period(by_part[first])
            results.append(
                trial_result(
                    self._objectives, statistics, metrics[first], len(group), group[0], float(violations[first])
                )
            )
        return results
