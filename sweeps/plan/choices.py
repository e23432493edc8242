"""The choices of a plan: its variants under the environment of the base.

What a trader decides is a choice: thresholds, windows, the structure of the rule. What the market imposes is the
environment: lag, costs, carry, interest and releases. Base and best are compared among the choices alone, since the
best of all variants would always be one without costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridproof.kernels.arrays import Ints
from gridproof.sweeps.plan.plan import Plan


@dataclass(frozen=True)
class Choices:
    """``plan``: the plan with every axis of the environment at the base. It is ``whole`` itself where none varies."""

    plan: Plan
    whole: Plan

    def whole_index(self, variants: Ints) -> Ints:
        """Returns (n,) int64: the index in the whole grid of each variant (n,) of the choices."""
        fixed, space = self.plan.study.space, self.whole.study.space
        digits = fixed.digits(np.asarray(variants, dtype=np.int64))
        held = [narrow != full for narrow, full in zip(fixed.dims, space.dims, strict=True)]
        digits[:, held] = np.array(space.base, dtype=np.int64)[held]
        index = np.zeros(len(digits), dtype=np.int64)
        for axis, size in enumerate(space.dims):
            index = index * size + digits[:, axis]
        return index


def choices_of(plan: Plan) -> Choices:
    """The choices of a plan. Only the paths that they have are left in it, numbered anew in their order."""
    study, problem = plan.study, plan.problem
    space, environment = study.space, study.environment
    base = study.base
    fixed = space.narrowed({name: (base[name],) for name in environment})
    if fixed.dims == space.dims:
        return Choices(plan, plan)
    held = {axis for axis, name in enumerate(space.names) if name in environment}
    paths: dict[str, Ints] = {}
    distinct: dict[str, int] = {}
    first: dict[str, int] = {}
    rows: list[Ints] = []
    for signal in study.signals:
        table = plan.paths[signal.name]
        for place, axis in enumerate(space.uses[signal.name]):
            if axis in held:
                table = np.take(table, [space.base[axis]], axis=place)
        known, numbers = np.unique(table, return_inverse=True)
        width = len(signal.bits) + int(study.rule.holds)
        first[signal.name] = sum(len(part) for part in rows)
        rows.append((plan.first_row[signal.name] + known[:, None] * width + np.arange(width)).ravel())
        paths[signal.name] = numbers.reshape(table.shape).astype(np.int64)
        distinct[signal.name] = len(known)
    execution = np.array([space.execution(space.base_index)])
    narrowed = replace(
        problem,
        path_bits=problem.path_bits[np.concatenate(rows)] if rows else problem.path_bits,
        lags=problem.lags[execution],
        payoff_of=problem.payoff_of[execution],
        cost_of=problem.cost_of[execution],
    )
    part = replace(study, space=fixed)
    return Choices(
        replace(plan, study=part, problem=narrowed, paths=paths, distinct_paths=distinct, first_row=first), plan
    )
